load common
load servers

# What dashboards get: points read back from InfluxDB, figures checked by promtool.

teardown() {
    stop_servers
}

write_points() {
    [ "$(curl -sS -o answer -w '%{http_code}' --data-binary @- "$url/write?db=facecheck&precision=ns")" = 204 ] || fault "$(<answer)"
}

ask_influx() {
    curl -sSG --data-urlencode db=facecheck --data-urlencode epoch=ns --data-urlencode "q=$1" "$url/query"
}

@test "every point is read back from InfluxDB as it was, whatever names and cameras are called" {
    serve_influx
    names=('Ann, "the\ boss"' 'a=b c' "O'Neil #1 + 2" 'Zoë 王 🙂' 'x\' '\')
    cameras=('front, door' 'back "gate"' 'a=b' 'c:\d\' $'new\nline' 'Straße #/+')
    shown=('front, door' 'back "gate"' 'a=b' 'c:\d\x5c' 'new\nline' 'Straße #/+')
    fc-embed ann.jpg | jq -c '.camera = "x"' >record
    : >points
    : >want
    for i in "${!names[@]}"; do
        rm -f people.fcg
        fc-enroll -q -g people.fcg --id "${names[i]}" ann2.jpg >log
        jq -c --arg c "${cameras[i]}" --argjson i "$i" '.camera = $c | .time = 1600000000.25 + $i' record |
            fc-match -g people.fcg --no-timings -f influx --tag-person >>points
        jq -c --arg c "${cameras[i]}" --argjson i "$i" '.camera = $c' record | fc-match -q -g people.fcg --no-timings |
            jq -c --arg c "${shown[i]}" --argjson i "$i" '[1600000000250000001 + $i * 1000000000, $c,
                (if .id | endswith("\\") then .id[:-1] + "\\x5c" else .id end), .similarity, .threshold, .model]' >>want
    done
    [ "$(wc -l <points)" -eq 12 ]
    write_points <points
    ask_influx 'SELECT camera, person, similarity, threshold, contract FROM facecheck_match' |
        jq -c '.results[0].series[0].values[]' >got
    # jq has no integers of 64 bits: times to the microsecond
    jq -c '.[0] |= (. / 1000 | floor)' want | sort >want.us
    jq -c '.[0] |= (. / 1000 | floor)' got | sort | diff - want.us
    [ "$(ask_influx 'SELECT sum(faces) FROM facecheck_picture' | jq '.results[0].series[0].values[0][1]')" = 6 ]
}

@test "points of one picture, and of one second, are all kept" {
    serve_influx
    fc-embed group.jpg | jq -c '.camera = "c" | .time = 1600000000' | tee again >record
    cat record again | fc-match -q --no-timings -f influx ann.jpg - >points || [ $? -eq 1 ]
    write_points <points
    [ "$(ask_influx 'SELECT count(similarity) FROM facecheck_match' | jq '.results[0].series[0].values[0][1]')" = 6 ]
    [ "$(ask_influx 'SELECT count(faces) FROM facecheck_picture' | jq '.results[0].series[0].values[0][1]')" = 2 ]
    # of files, whose time is that of the clock
    fc-match -q -f influx ann.jpg group.jpg ann.jpg ann.jpg missing.jpg >points || [ $? -eq 3 ]
    write_points <points
    [ "$(ask_influx "SELECT count(similarity) FROM facecheck_match WHERE camera = ''" | jq '.results[0].series[0].values[0][1]')" = 5 ]
    ask_influx "SELECT decode_ms, embed_ms FROM facecheck_picture WHERE result = 'faces' AND camera = ''" |
        jq -e '.results[0].series[0].values | length == 3 and all(.[]; .[1] > 0 and .[2] > 0)'
    ask_influx "SELECT code, faces FROM facecheck_picture WHERE result = 'error'" | jq -e '.results[0].series[0].values[0][1:] == ["missing", 0]'
    ask_influx "SELECT * FROM facecheck_match" | jq -e '.results[0].series[0].columns | index("person") | not'
}

@test "Prometheus reads the figures, and counters go on after a restart" {
    fc-enroll -q -g people.fcg --id 'Ann "A" \ ü' ann2.jpg >log
    for run in 1 2 3; do
        run -3 fc-match -q -g people.fcg -f prom -o face.prom ann.jpg group.jpg ice.jpg missing.jpg
        [ -z "$output" ]
        grep -qx "facecheck_pictures_total{result=\"faces\"} $((2 * $run))" face.prom
        grep -qx "facecheck_pictures_total{result=\"none\"} $run" face.prom
        grep -qx "facecheck_errors_total{code=\"missing\"} $run" face.prom
        grep -qx "facecheck_faces_total{decision=\"match\"} $run" face.prom
        grep -qx "facecheck_similarity_count{decision=\"no_match\"} $((3 * $run))" face.prom
        grep -qx "facecheck_stage_duration_seconds_count{stage=\"match\"} $((2 * $run))" face.prom
        grep -qx 'facecheck_gallery_people 1' face.prom
    done
    ! grep -q Ann face.prom || false
    [ "$(stat -c %a face.prom)" = 644 ]
    cp face.prom last
    # a run that fails before it begins changes nothing
    run -2 fc-match -q -g nobody.fcg -f prom -o face.prom ann.jpg
    cmp face.prom last
    # who it is, when that is asked for
    fc-match -q -g people.fcg -f prom --tag-person ann.jpg >stdout
    grep -qF 'facecheck_faces_total{decision="match",person="Ann \"A\" \\ ü"} 1' stdout
    # a file that has names loses them when they are no longer asked for, and no count
    cp stdout named.prom
    fc-match -q -g people.fcg -f prom -o named.prom --tag-person ann.jpg
    grep -q 'person="Ann .* 2$' named.prom
    fc-match -q -g people.fcg -f prom -o named.prom ann.jpg group.jpg
    ! grep -q Ann named.prom || false
    grep -qx 'facecheck_faces_total{decision="match"} 3' named.prom
    grep -qx 'facecheck_faces_total{decision="no_match"} 3' named.prom
    # without timings, nothing of the clock
    fc-match -q -g people.fcg -f prom --no-timings ann.jpg >one
    fc-match -q -g people.fcg -f prom --no-timings ann.jpg | cmp - one
    ! grep -qE 'seconds' one || false
    # a classifier's and a reference's, too
    fc-match -q -f prom ann.jpg ann2.jpg | grep -qx 'facecheck_faces_total{decision="match"} 1'
    command -v promtool >/dev/null || skip 'no promtool'
    promtool check metrics <face.prom
    promtool check metrics <stdout
}

@test "a file that is not ours, and options that do not go together" {
    echo notes >notes.txt
    run -2 --separate-stderr fc-match -q -f prom -o notes.txt ann.jpg ann2.jpg
    [[ $stderr == *'notes.txt: line 1 '*'it is left as it is' ]]
    [ "$(<notes.txt)" = notes ]
    echo 'node_load1 3' >other.prom
    run -2 --separate-stderr fc-match -q -f prom -o other.prom ann.jpg ann2.jpg
    [[ $stderr == *'another program'* ]]
    run -2 fc-match -q -o x ann.jpg ann2.jpg
    run -2 fc-match -q --tag-person ann.jpg ann2.jpg
    fc-enroll -q -g people.fcg --id Ann ann2.jpg >log
    run -2 fc-match -q -g people.fcg --attendance -f influx ann.jpg
    run -2 fc-match -q -f prom -o /dev/full ann.jpg ann2.jpg
    [[ $output == *'No space left'* ]]
    run -2 bash -c 'fc-match -q -f influx ann.jpg ann2.jpg >/dev/full'
    [ ! -e x ]
}

@test "the figures are in the file while the run goes on" {
    fc-embed ann.jpg >record
    mkfifo pipe
    fc-match -q -f prom -o face.prom record - <pipe &
    server=$!
    servers+=("$server")
    exec 5>pipe
    cat record >&5
    for _ in {1..300}; do
        grep -qsx 'facecheck_pictures_total{result="faces"} 1' face.prom && break
        kill -0 "$server"
        sleep 0.1
    done
    grep -qx 'facecheck_pictures_total{result="faces"} 1' face.prom
    # killed: what was counted stays
    kill -9 "$server"
    exec 5>&-
    fc-match -q -f prom -o face.prom record record
    grep -qx 'facecheck_pictures_total{result="faces"} 2' face.prom
}
