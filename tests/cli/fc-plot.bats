load common

# Reports without measuring: numbers made up.
make_reports() {
    jq -nc '{v: 1, kind: "pairs", metrics: {eer: 0.02, auc: 0.99}, operating_points: [{far: 0.01, tar: 0.97, far_target: 0.01, threshold: 0.4}],
        roc: ([[null, 0, 0]] + [range(1; 100) | [1 - . / 100, pow(. / 100; 3), pow(. / 100; 0.1)]] + [[0, 1, 1]]),
        histogram: {range: [-1, 1], genuine: [range(256) | if . > 190 then . else 0 end], impostor: [range(256) | if . < 160 then . else 0 end]}}' >a.json
    jq -c '.metrics.eer = 0.03' a.json >b.json
    jq -nc '{v: 1, kind: "identify", metrics: {"rank-1": 0.95}, cmc: [range(20) | 0.95 + . / 400],
        operating_points: [], roc: [[null, 0, 0], [0.5, 0.01, 0.9], [0, 1, 1]]}' >id.json
    jq -nc '{v: 1, kind: "bench", variants: [("x", "y") | {name: ., latency: (["decode", "P-Net", "R-Net", "O-Net", "align", "embed", "match", "total"]
        | map({key: ., value: {ms: [range(1; 50) | . / 7]}}) | from_entries)}]}' >bench.json
}

# The size that a PNG says it has.
png_size() {
    head -c 24 "$1" | tail -c 8 | od -An -tu1 | awk '{ print ($1 * 256 + $2) * 65536 + $3 * 256 + $4, ($5 * 256 + $6) * 65536 + $7 * 256 + $8 }'
}

@test "every kind of figure, in every format, the same bytes each time" {
    make_reports
    for kind in roc det scores; do
        for format in svg png pdf; do
            fc-plot $kind -o "$kind.$format" a.json b.json --label "<one> & 'two'" --label $'Zwei\xc3\xa4'
            [ -s "$kind.$format" ]
        done
        sleep 1
        for format in svg png pdf; do
            cp "$kind.$format" "one.$format"
            fc-plot $kind -o "$kind.$format" a.json b.json --label "<one> & 'two'" --label $'Zwei\xc3\xa4'
            cmp "one.$format" "$kind.$format"
        done
        [ "$(head -c 5 $kind.pdf)" = "%PDF-" ]
        [ "$(png_size $kind.png)" = "960 800" ]
        if command -v xmllint >/dev/null; then
            xmllint --noout $kind.svg
        fi
    done
    fc-plot cmc -o cmc.png id.json --width 300 --height 200 --scale 1
    [ "$(png_size cmc.png)" = "300 200" ]
    fc-plot roc -o id.svg id.json
    fc-plot latency -o latency.svg bench.json
    grep -q '<svg' latency.svg
    # a picture is not empty: it has many colours
    if command -v identify >/dev/null; then
        [ "$(identify -format %k roc.png)" -gt 50 ]
    fi
}

@test "the steps of networks as bars" {
    jq -nc '{v: 1, kind: "layers", networks: ([range(12) | {network: "P-Net", level: ., ms: (12 - .), steps: [
        {step: "conv", kernel: "rowwise f43:avx2", ms: (8 - . / 2), gflops: 10, share: 0.5},
        {step: "rest", kernel: "-", ms: (4 - . / 2)}]}] + [{network: "model", level: null, ms: 3, steps: [range(80) | {step: "conv", kernel: "k\(. % 9):avx2", ms: 0.03}]},
        {network: "told nothing", level: null, ms: 2, steps: []}])}' >layers.json
    for format in svg png pdf; do
        fc-plot layers -o "layers.$format" layers.json
        fc-plot layers -o "again.$format" layers.json
        [ -s "layers.$format" ]
    done
    cmp layers.svg again.svg
    cmp layers.png again.png
    [ "$(png_size layers.png)" == "960 800" ]
    fc-plot layers -o small.png --width 150 --height 150 layers.json
    # a line at each floor, and how many of it the time is
    jq -c '.networks[0] |= (.floor = 6 | .times = 2)' layers.json >floor.json
    fc-plot layers -o floor.svg floor.json
    run -1 cmp -s floor.svg layers.svg
    jq -c '.networks[0].floor = 100' layers.json >beyond.json # the axis has room for it
    fc-plot layers -o beyond.svg beyond.json
    run -1 cmp -s beyond.svg floor.svg
    # numbers that are none, names without end, and nothing at all
    jq -c '.networks[0].steps[0] |= (.ms = "x" | .kernel = 5 | .share = -1) | .networks[1].ms = -3 | .networks[2].network = "n" * 5000
        | .networks[3].steps = 7 | .networks[4] = null
        | .networks[5].floor = -1 | .networks[6].floor = 1e300 | .networks[7].times = "x" | .networks[5].steps[0].ms = 1e308 | .networks[6].steps[0].ms = 5e-324' layers.json >odd.json
    fc-plot layers -o odd.png odd.json
    [ -s odd.png ]
    jq -c '.networks = []' layers.json >none.json
    jq -c '.networks = [range(65) | {}]' layers.json >many.json
    for bad in none many; do
        run -2 --separate-stderr fc-plot layers -o x.svg "$bad.json"
        [[ $stderr == *"$bad"* ]]
        [ ! -e x.svg ]
    done
    run -2 --separate-stderr fc-plot layers -o x.svg layers.json layers.json
    [[ $stderr == *"layers: wants one report, got 2"* ]]
}

@test "errors against what is left out" {
    jq -nc '{v: 1, kind: "quality", discard: [range(9) as $m | {measure: "measure \($m)", fmr: 0.001, mean_fnmr: (0.02 - $m / 1000),
        fnmr: [range(31) | 0.03 - . * $m / 10000]}, {measure: "measure \($m)", fmr: 0.01, mean_fnmr: 0.5, fnmr: [0.5, 0.5]}]}' >discard.json
    fc-plot discard -o discard.svg discard.json
    fc-plot discard -o again.svg discard.json
    cmp discard.svg again.svg
    fc-plot discard -o discard.png discard.json
    [ "$(png_size discard.png)" = "960 800" ]
    # the seven that help most; the worst of them is the third
    jq -c '.discard |= map(select(.measure != "measure 0" and .measure != "measure 1"))' discard.json >seven.json
    fc-plot discard -o seven.svg seven.json
    cmp seven.svg discard.svg
    jq -c '.discard[0].fnmr[3] = 2 | .discard |= .[:1]' discard.json >high.json
    jq -c '.discard[0].fnmr[3] = "x" | .discard |= .[:1]' discard.json >text.json
    jq -c '.discard[0].fnmr = [] | .discard |= .[:1]' discard.json >points.json
    jq -c '.discard = []' discard.json >none.json
    echo '{"v":1,"kind":"quality","discard":[1,{},{"fmr":"x"}]}' >odd.json
    for bad in high text points none odd; do
        run -2 --separate-stderr fc-plot discard -o x.svg $bad.json
        [[ $stderr == *"$bad"* ]]
        [ ! -e x.svg ]
    done
    run -2 --separate-stderr fc-plot discard -o x.svg discard.json discard.json
    [[ $stderr == *"one report"* ]]
}

@test "what cannot be drawn is refused, and leaves no file" {
    make_reports
    echo '{"v":1,"kind":"pairs","roc":[[1,2,3]]}' >broken.json
    echo '{"v":2,"kind":"pairs"}' >new.json
    echo '{' >cut.json
    run -2 fc-plot roc -o x.svg
    [[ $output == *'want 1 to 7 reports, got 0'* ]]
    for wrong in '' roc 'frob -o x.svg a.json' 'roc a.json' 'roc -o x.gif a.json' 'roc -o x.svg none.json' \
        'roc -o x.svg broken.json' 'roc -o x.svg new.json' 'roc -o x.svg cut.json' 'roc -o x.svg bench.json' 'cmc -o x.svg a.json' \
        'latency -o x.svg a.json' 'roc -o x.svg a.json id.json' 'roc -o x.svg a.json b.json --label one' \
        'roc -o x.svg a.json a.json a.json a.json a.json a.json a.json a.json' 'roc -o /nonexistent/x.svg a.json' \
        'roc -o x.svg --files-from a.json a.json' 'roc -o x.svg --day 2026-01-01 a.json'; do
        # shellcheck disable=SC2086
        run --separate-stderr fc-plot $wrong
        [ "$status" -eq 2 ] || fault "$wrong"
        [ -z "$output" ]
        [ -n "$stderr" ]
        [ ! -e x.svg ]
    done
}

@test "a map of faces, of pictures and of records, the same for the same seed" {
    mkdir -p people/Ann people/Bob
    cp ann.jpg ann2.jpg people/Ann
    cp bob.png people/Bob
    cp bob.png people/Bob/again.png
    fc-plot map -r people group.jpg -o one.svg
    fc-embed -r people group.jpg | fc-plot map -o two.svg
    cmp one.svg two.svg
    fc-plot map -r people group.jpg -o thumbs.svg --thumbs
    [ "$(grep -c '<image' thumbs.svg)" -ge 4 ]
    [ "$(grep -c '<image' one.svg)" -eq 0 ]
    fc-plot map -r people group.jpg -o pca.png --method pca --width 400 --height 300
    [ "$(png_size pca.png)" = "800 600" ]
    run --separate-stderr fc-plot map -o none.svg ice.jpg
    [ "$status" -eq 2 ]
    [[ $stderr == *"no face to draw"* ]]
    # pictures that are gone: the map is drawn, the faces are not
    fc-embed -r people >gone.jsonl
    rm -r people
    run --separate-stderr fc-plot map --thumbs -o gone.svg gone.jsonl
    [ "$status" -eq 0 ]
    [[ $stderr == *"--thumbs: none of the pictures can be read again"* ]]
    echo text >bad.jpg
    run --separate-stderr fc-plot map -o part.svg ann.jpg bad.jpg
    [ "$status" -eq 3 ]
    [ -s part.svg ]
}

@test "names that are not UTF-8 are drawn, escaped" {
    make_reports
    fc-plot roc -o one.png a.json --label $'p\xe9dro'
    fc-plot roc -o two.png a.json --label $'p\xe8dro'
    run ! cmp -s one.png two.png
    odd=$'people/p\xe9dro'
    mkdir -p "$odd" people/bob || skip "no such names on this file system"
    cp ann.jpg ann2.jpg "$odd"
    cp bob.png people/bob
    fc-plot map -r people -o map.png
    [ "$(png_size map.png)" = "1440 1280" ]
}

@test "a time line: who was seen when" {
    jq -nc '(["Ann", "Bob & <Co>", "unknown"][]) as $p | range(4) |
        {v: 1, type: "start", id: "\(.)\($p)", camera: ["door", "yard"][. % 2], person: $p, time: (1795766400 + . * 3600), first: (1795766400 + . * 3600),
         last: (1795766400 + . * 3600)} | ., (.type = "end" | .last += 900 | .time = .last)' >events
    TZ=UTC fc-plot timeline -o day.svg events
    grep -q 'svg' day.svg
    TZ=UTC fc-plot timeline -o same.svg <events
    cmp day.svg same.svg
    TZ=UTC fc-plot timeline --day 2026-11-27 -o day.png events
    file day.png | grep -q 'PNG image data, 1440 x'
    TZ=Asia/Tokyo fc-plot timeline --day 2026-11-27 -o tokyo.png events
    ! cmp -s day.png tokyo.png || false
    run -2 fc-plot timeline --day 2026-11-29 -o x.png events
    [[ $output == *'no event in that time'* ]]
    [ ! -e x.png ]
    run -2 fc-plot timeline --day yesterday -o x.png events
    run -2 fc-plot timeline --day 2020-09-31 -o x.png events
    [[ $output == "fc-plot: --day: there is no '2020-09-31'"* ]] || fault "$output"
    run -2 fc-plot timeline --day 2021-02-29 -o x.png events
    [[ $output == *"there is no '2021-02-29'"* ]]
    run -2 fc-plot timeline --day 2020-02-29 -o x.png events
    [[ $output == *'no event in that time'* ]]
    run -2 fc-plot roc --day 2026-11-27 -o x.png events
    run -2 fc-plot timeline -o x.png /dev/null
    [[ $output == *'no events: fc-events makes them' ]]
    echo '{"type":"start","id":"a","first":"x","last":1}' >broken
    run -2 fc-plot timeline -o x.png broken
    [[ $output == *'broken:1: an event without first and last'* ]]
    echo '{"type":"start","id":"a","first":2,"last":1}' >broken
    run -2 fc-plot timeline -o x.png broken
    [[ $output == *'broken:1: an event that ends before it begins'* ]]
    echo '{"type":"start","id":"a","first":2,"last":1e300}' >broken
    run -2 fc-plot timeline -o x.png broken
    [[ $output == *'broken:1: an event beyond the year 5000'* ]]
    # of a video: no time of day
    jq -c '.pts = .time | del(.time) | .first -= 1795766400 | .last -= 1795766400' events | fc-plot timeline -o video.svg
    cat events <(jq -c 'del(.time)' events) >mixed
    run -2 fc-plot timeline -o x.png mixed
    [[ $output == *'some events have the time of day, and others that of a video' ]]
}
