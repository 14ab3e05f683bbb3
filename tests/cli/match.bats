load common

@test "the same person, another person, no face" {
    fc-match --no-timings ann.jpg ann2.jpg bob.png ice.jpg 2>err | jq -c ".model |= split(\":\")[0]" | near match.jsonl 0.5
    grep -qx 'fc-match: ice.jpg: no face' err
}

@test "an embedding that is none is told with file, line and face" {
    fc-embed -q ann.jpg >good
    jq -c '.faces[0].embedding.f32 |= "AADAfw" + .[6:]' good >nan # its first number
    cat good nan good >mixed
    for tool in 'fc-match ann.jpg' 'fc-embed -f npy -o out.npy' 'fc-enroll -q -g people --id Ann'; do
        run -2 --separate-stderr $tool mixed
        [[ $stderr == *"mixed:2: faces[0]: embedding.f32: number 0 is not finite"* ]] || fault "$tool: $stderr"
    done
    run -2 --separate-stderr fc-match nan ann.jpg
    [[ $stderr == *"nan:1: faces[0]: "* ]]
}

@test "exit status: 0 a match, 1 none, 2 no answer, 3 an input that failed" {
    fc-match -q ann.jpg ann2.jpg bob.png
    run fc-match -q ann.jpg bob.png
    [ "$status" -eq 1 ]
    run fc-match -q ann.jpg ice.jpg
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    golden match-no-reference 2 fc-match missing.jpg ann.jpg
    golden match-faceless-reference 2 fc-match ice.jpg ann.jpg
    cp "$FC_TESTS/bad/truncated.jpg" .
    golden match-truncated-reference 2 fc-match truncated.jpg ann.jpg
    filter='[.probe, .match, .error.code]' golden match-truncated-probe 3 fc-match ann.jpg truncated.jpg ann2.jpg
    golden match-truncated-probe-tsv 3 bash -c 'fc-match -f tsv ann.jpg truncated.jpg ann2.jpg | cut -f 1-4; exit ${PIPESTATUS[0]}'
    golden match-usage 2 fc-match
    golden match-two-stdins 2 fc-match - - </dev/null
    golden match-only-reference 2 fc-match - </dev/null
    no_probe fc-match ann.jpg
    [ -z "$output" ]
}

@test "every face of a probe is compared with the best face of the reference" {
    filter='[.probe, .face, .match]' golden match-group 0 fc-match group2.jpg group.jpg
    [ "$(fc-match -q --faces center group2.jpg group.jpg | wc -l)" -eq 1 ]
    best=$(fc-detect group2.jpg | jq '.faces | max_by(.score) | .score')
    fc-match -q group2.jpg group.jpg | jq -e -s "all(.[]; .ref_score == $best)"
}

@test "a record with an embedding is a reference, without its picture and at once" {
    fc-match --no-timings ann.jpg ann2.jpg bob.png >want
    fc-embed ann.jpg >ann.jsonl
    rm ann.jpg
    fc-match --no-timings ann.jsonl ann2.jpg bob.png | cmp - want
    fc-embed ann2.jpg bob.png >probes.jsonl
    rm ann2.jpg bob.png
    fc-match --no-timings ann.jsonl probes.jsonl | cmp - want
    fc-match --no-timings ann.jsonl <probes.jsonl | cmp - want
    fc-match --no-timings - probes.jsonl <ann.jsonl | cmp - want
    fc-match ann.jsonl probes.jsonl | jq -e '.ms | keys == ["match"] or (.ref == null and .probe == null)'
}

@test "a reference of any stage" {
    fc-match -q --no-timings ann.jpg ann2.jpg >want
    fc-detect ann.jpg >detected
    fc-align ann.jpg >aligned
    fc-match --no-timings detected ann2.jpg | cmp - want
    fc-match --no-timings aligned ann2.jpg | cmp - want
}

@test "a reference made with --flip is compared with --flip" {
    fc-embed --flip ann.jpg >flip.jsonl
    fc-match --no-timings flip.jsonl ann2.jpg >one
    fc-match --no-timings --flip ann.jpg ann2.jpg | cmp - one
    [ "$(jq -r .model one)" = "$(jq -r '.faces[0].embedding.model' flip.jsonl)" ]
    fc-embed ann.jpg >plain.jsonl
    run --separate-stderr fc-match --flip plain.jsonl ann2.jpg
    [ "$status" -eq 2 ]
    [ -z "$output" ]
}

@test "one reference is wanted" {
    fc-embed ann.jpg bob.png >two.jsonl
    golden match-two-references 2 fc-match two.jsonl ann2.jpg
    golden match-folder-reference 2 fc-match photos ann2.jpg
    golden match-empty-reference 2 fc-match - ann2.jpg </dev/null
    : >empty
    golden match-empty-file-reference 2 fc-match empty ann2.jpg
}

@test "metrics and thresholds" {
    fc-match --no-timings ann.jpg ann2.jpg bob.png >cosine
    fc-match --no-timings --metric euclidean ann.jpg ann2.jpg bob.png >euclidean
    # the same answers; of unit vectors |a - b|^2 = 2 - 2 cos
    [ "$(jq .match cosine)" = "$(jq .match euclidean)" ]
    jq -e -n --slurpfile c cosine --slurpfile e euclidean '
        [$c, $e] | transpose | all(.[]; (.[1].distance * .[1].distance - 2 + 2 * .[0].similarity | fabs) < 1e-4
            and .[0].similarity == .[1].similarity and (.[0].distance + .[0].similarity - 1 | fabs) < 2e-6)'
    [ "$(jq -c '[.metric, .threshold]' cosine | sort -u)" = '["cosine",0.45]' ]
    [ "$(jq -c '[.metric, .threshold]' euclidean | sort -u)" = '["euclidean",1.048809]' ]
    similarity=$(head -n 1 cosine | jq .similarity)
    fc-match --no-timings --threshold "$similarity" ann.jpg ann2.jpg | jq -e .match
    run fc-match --threshold 0.9999 ann.jpg ann2.jpg
    [ "$status" -eq 1 ]
    fc-match --threshold -1 ann.jpg bob.png | jq -e .match
    golden match-threshold-cosine 2 fc-match --threshold 1.5 ann.jpg bob.png
    golden match-threshold-euclidean 2 fc-match --metric euclidean --threshold -0.5 ann.jpg bob.png
}

@test "a table" {
    fc-match -f tsv --no-timings ann.jpg ann2.jpg bob.png >table
    head -n 1 table | tr '\t' '\n' >columns
    [ "$(tr '\n' ' ' <columns)" = "ref probe face match similarity distance metric threshold model ref_score probe_score x y w h decode_ms detect_ms align_ms embed_ms match_ms engine frame pts " ]
    awk -F '\t' 'NF != 23 { exit 1 }' table
    fc-match --no-timings ann.jpg ann2.jpg bob.png |
        jq -r '[.ref, .probe, .face, .match, .similarity, .distance, .metric, .threshold, .model] | map(tostring) | join("\t")' >want
    tail -n +2 table | cut -f 1-9 | diff - want
    fc-match -f tsv ann.jpg ann2.jpg | tail -n 1 | cut -f 16-20 | grep -qE '^([0-9.]+	){4}[0-9.]+$'
}

@test "every line has the milliseconds of every stage" {
    fc-match ann.jpg ann2.jpg | jq -e '(.ms | keys) == ["match", "probe", "ref"]
        and (.ms.probe | keys) == ["align", "decode", "detect", "embed"]
        and (.ms.ref | keys) == ["align", "decode", "detect", "embed"] and .ms.match >= 0'
}

@test "paths that are not UTF-8, in both places" {
    one=$'a\xff.jpg' two=$'b\n\xfe.jpg'
    cp small.jpg "$one"
    cp small.jpg "$two"
    fc-match "$one" "$two" | jq -c '[.ref_b64, .probe_b64, .match]' >out
    [ "$(cat out)" = "[\"$(printf %s "$one" | base64)\",\"$(printf %s "$two" | base64)\",true]" ]
    [ "$(fc-match -f tsv "$one" "$two" | tail -n 1 | cut -f 1,2)" = $'a\\xff.jpg\tb\\n\\xfe.jpg' ]
}

@test "the same bytes at any -j" {
    for jobs in 1 2 4; do
        fc-match -q --no-timings "-j$jobs" group2.jpg photos small.jpg bob.png >"out$jobs"
    done
    cmp out1 out2
    cmp out1 out4
}
