load common
load servers

# facecheck-monitoring(7): its commands with the servers that they want, and the dashboard's queries.

teardown() {
    stop_servers
}

page=$FC_TESTS/../man/facecheck-monitoring.7

# run_examples WHAT PORT: the displays that are marked "not run: wants WHAT", with the server at $port for the usual PORT.
run_examples() {
    awk -v what="$1" '
        $0 == ".\\\" not run: wants " what { take = 1 }
        /^\.Bd / { inside = take; take = 0 }
        /^\.Ed/ { inside = 0; command = "" }
        inside && /^\$ / { command = ++n; print substr($0, 3) >(n ".command"); printf "" >(n ".want"); next }
        inside && command != "" && !/^\.Bd/ { print >(command ".rest") }
    ' "$page"
    # what belongs to a command: lines behind one that goes on, or up to the END of a text
    local i count=0
    for ((i = 1; ; i++)); do
        [ -e "$i.command" ] || break
        if [ -e "$i.rest" ]; then
            awk -v first="$(<"$i.command")" -v command="$i.command" -v want="$i.want" '
                BEGIN { more = first ~ /(\\e|\|)$/; here = first ~ /<</ }
                here { print >>command; if ($0 == "END") here = 0; next }
                more { print >>command; more = $0 ~ /(\\e|\|)$/; next }
                { print >want }' "$i.rest"
        fi
        sed -i "s/\\\\e/\\\\/g; s/\\b$2\\b/$port/g" "$i.command"
        bash -o pipefail -c "$(<"$i.command")" >"$i.got" 2>err || fault "exit status $?: $(<"$i.command")" "$(<err)"
        [ ! -s "$i.want" ] || diff -u "$i.want" "$i.got" >&2 || fault "$(<"$i.command")" "$(<err)"
        count=$((count + 1))
    done
    [ "$count" -ge 2 ]
}

@test "the page's commands, with InfluxDB" {
    command -v influx >/dev/null || skip 'no influx'
    serve_influx
    run_examples influxdb 8086
}

@test "the page's commands, with mosquitto" {
    command -v fc-publish >/dev/null || skip 'no fc-publish'
    configure_broker 'allow_anonymous true'
    start_broker
    run_examples mosquitto 1883
}

@test "the page's commands, with promtool" {
    command -v promtool >/dev/null || skip 'no promtool'
    port=0
    run_examples promtool 0
}

@test "the dashboard asks for figures that are there, in queries that Prometheus takes" {
    dashboard=$FC_TESTS/../docs/grafana-dashboard.json
    jq -e '[.panels[].id] | length == (unique | length)' "$dashboard"
    fc-enroll -q -g people.fcg --id Ann ann2.jpg >log
    fc-embed ann.jpg group.jpg | jq -c '.camera = "c"' | fc-match -q -g people.fcg -f prom - >figures
    fc-match -q -f prom ann.jpg missing.jpg 2>/dev/null >>figures || true
    jq -r '.panels[].targets[].expr' "$dashboard" >queries
    [ "$(wc -l <queries)" -ge 10 ]
    grep -oE 'facecheck_[a-z_]+' queries | sort -u >names
    while read -r name; do
        grep -qE "^$name(\{| )" figures || fault "$name is no figure"
    done <names
    # and the page names all that there are
    for name in $(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' figures | sort -u); do
        grep -q "^\.It $name Ta" "$page" || fault "the page leaves $name out"
    done
    command -v promtool >/dev/null || skip 'no promtool'
    sed 's/\$__rate_interval/5m/g; s/\$camera/c/g' queries |
        jq -R -s '{groups: [{name: "g", rules: (split("\n") | map(select(. != "")) | to_entries | map({record: "r\(.key)", expr: .value}))}]}' >rules.yml
    promtool check rules rules.yml
}
