# Debian's servers for a test, on loopback and ports of their own, with their data in the test's folder.

servers=()

stop_servers() {
    for process in "${servers[@]}"; do
        kill -9 "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
}

# A port that nobody listens on, in $port.
choose_port() {
    port=$((20000 + RANDOM % 10000))
    while is_open; do
        port=$((20000 + RANDOM % 10000))
    done
}

is_open() {
    (echo >"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

until_true() {
    for _ in {1..600}; do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    fault "in vain: $*" "$(cat ./*.log pub.err 2>/dev/null)"
}

# An InfluxDB with the database facecheck, at $url.
serve_influx() {
    command -v influxd >/dev/null || skip 'no influxd'
    choose_port
    cat >influxdb.conf <<END
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
dir = "$PWD/db/meta"
[data]
dir = "$PWD/db/data"
wal-dir = "$PWD/db/wal"
[http]
bind-address = "127.0.0.1:$port"
log-enabled = false
END
    influxd -config influxdb.conf >influxd.log 2>&1 5>&- &
    servers+=($!)
    url=http://127.0.0.1:$port
    until_true curl -sf "$url/ping"
    until_true curl -sf --data-urlencode 'q=CREATE DATABASE facecheck' "$url/query"
}

# configure_broker LINE...: mosquitto.conf, for the port $port. It keeps what a slow subscriber has not read yet; 1000 are its default.
configure_broker() {
    command -v mosquitto >/dev/null || skip 'no mosquitto'
    command -v mosquitto_sub >/dev/null || skip 'no mosquitto_sub'
    choose_port
    {
        printf 'listener %s 127.0.0.1\nmax_queued_messages 0\npersistence true\npersistence_location %s/\nuser %s\n' "$port" "$PWD" "$(id -un)"
        printf '%s\n' "$@"
    } >mosquitto.conf
}

start_broker() {
    mosquitto -c mosquitto.conf >>broker.log 2>&1 5>&- &
    broker=$!
    servers+=("$broker")
    until_true is_open
}

stop_broker() {
    kill "$broker"
    wait "$broker" || true
}
