load common

# Records of people with labels: three of Ann, three of Bob, one of Eve.
labelled() {
    fc-embed -q ann.jpg ann2.jpg bob.png group.jpg >embedded
    jq -c '. as $r | .faces | to_entries[] | $r + {faces: [.value], n: .key}' embedded |
        jq -c 'if .src == "group.jpg" then .id = "Guest\(.n)" else .id = (.src[:3]) end'
}

@test "trained on records and on a gallery, it names people and knows strangers" {
    labelled >records
    fc-knn-train -k 1 -o model records >report 2>err
    head -n 1 report | grep -qx '6 samples of 5 people, k = 1, distance vote'
    fc-match --no-timings --knn model ann.jpg bob.png >got
    [ "$(jq -r .id got | tr '\n' ' ')" = "ann bob " ]
    jq -e -s 'all(.[]; .match and .votes == 1 and .k == 1 and .similarity > 0.99 and .score >= .threshold)' got
    run fc-match -q --no-timings --knn model group2.jpg --threshold 0.99
    [ "$status" -eq 1 ]
    jq -e -s 'all(.[]; .id == "unknown" and (.nearest | length > 0))' <<<"$output"
    fc-enroll -q --no-check -g g records >/dev/null
    fc-knn-train -g g -k 1 -o again >report2 2>/dev/null
    cmp report report2
    fc-match --no-timings --knn again ann.jpg bob.png | cmp - got
    fc-match --no-timings -f tsv --knn model ann.jpg bob.png | cut -f 1-5 >table
    printf 'probe\tface\tid\tmatch\tnearest\nann.jpg\t0\tann\ttrue\tann\nbob.png\t0\tbob\ttrue\tbob\n' | diff - table
}

@test "the report" {
    fc-enroll -q --no-check -g g --id Ann --augment 3 ann.jpg ann2.jpg >/dev/null
    fc-enroll -q --no-check -g g --id Bob --augment 3 bob.png >/dev/null
    fc-knn-train -g g -k 3 --fpir 0 -o model -f json >report
    jq -e '.people == 2 and .samples == 12 and .tested == 8 and .accuracy == 1 and .fpir == 0 and .held_out == 12' report
    jq -e '.k == 3 and .vote == "distance" and .confusions == [] and .strangers == [] and .threshold > 0' report
    # somebody else's photos under two names
    fc-gallery export -g g Ann | jq -c '.id = "Anna"' | fc-enroll -q --no-check -g g >/dev/null
    fc-knn-train -g g -k 3 --vote majority -o model -f json >report
    jq -e '.vote == "majority" and .accuracy < 1 and ([.confusions[] | .is, .taken_for] | unique == ["Ann", "Anna"])' report
    fc-knn-train -g g -k 3 --fpir 1 -o model >report
    grep -Eq '^  stranger (Ann|Anna|Bob) is taken for (Ann|Anna|Bob) \([0-9]+, score ' report
}

@test "people with few samples are warned about, those without are left out" {
    labelled >records
    fc-detect ice.jpg 2>/dev/null | jq -c '.id = "Ghost"' >>records
    run --separate-stderr fc-knn-train -k 3 -o model records
    [ "$status" -eq 0 ]
    [[ $stderr == *"warning: ann has 2 samples, fewer than k = 3"* ]]
    [[ $stderr == *"warning: bob has 1 sample, fewer than k = 3"* ]]
    [[ $stderr == *"warning: Ghost has no sample, and is left out"* ]]
    [[ $output == "6 samples of 5 people"* ]]
}

@test "wrong usage says what is wanted" {
    labelled >records
    check() {
        local want=$1
        shift
        run --separate-stderr fc-knn-train "$@" </dev/null
        [ "$status" -eq 2 ] || fault "exit status $status: $*"
        [ -z "$output" ]
        [[ $stderr == *"$want"* ]] || fault "$* says: $stderr"
        [ ! -e model ]
    }
    check "k = 4 is even: two people could get as many votes each; take 3 or 5" -k 4 -o model records
    check "want 1..999, got '0'" -k 0 -o model records
    check "no file to write" records
    check "want one of them" -o model -g g records
    check "no records (fc-embed makes them)" -o model ann.jpg
    check 'no "name" that says whose it is' -o model --id-field name records
    check "no embeddings to learn from" -o model
    grep ann records >one
    check "samples of 1 people" -k 1 -o model one
    jq -c 'if .id == "bob" then .faces[0].embedding.model = "other:1" else . end' records >mixed
    check "mixed:3: embeddings of mobilefacenet:" -o model mixed
    fc-detect ann.jpg | jq -c '.id = "ann"' >detected
    check "detected:1: no embedding" -o model detected
    check "missing" -o model -g missing
    cp records same
    check "./same: is an input, and the output same would replace it" -o same -g ./same
    cmp records same
    run bash -c 'fc-knn-train -k 1 -o model records >/dev/full'
    [ "$status" -eq 2 ]
}

@test "models are checked" {
    labelled >records
    fc-knn-train -k 1 -o model records >/dev/null 2>&1
    [ "$(stat -c %a model)" = 600 ]
    fc-embed -q bob.png >probe
    fc-match --no-timings --knn model probe >want
    size=$(stat -c %s model)
    for ((round = 0; round < 60; round++)); do
        cp model damaged
        at=$((round < 20 ? round * 37 : (round * 7919) % size))
        old=$(od -An -tu1 -j $at -N 1 model)
        # shellcheck disable=SC2059
        printf "\\x$(printf %x $((old ^ (1 << round % 8))))" | dd of=damaged bs=1 seek=$at conv=notrunc status=none
        run --separate-stderr fc-match --no-timings --knn damaged probe
        if [ "$status" -eq 0 ]; then
            [ "$output" = "$(<want)" ]
        else
            [ "$status" -eq 2 ]
            [ -z "$output" ]
            [ -n "$stderr" ]
        fi
    done
    head -c 5000 model >short
    run --separate-stderr fc-match --knn short probe
    [ "$status" -eq 2 ]
    [[ $stderr == *"short: 5000 bytes, want $size"* ]]
    run --separate-stderr fc-match --knn ann.jpg probe
    [ "$status" -eq 2 ]
    [[ $stderr == *"ann.jpg: not a file of this kind"* ]]
    run --separate-stderr fc-match --knn missing probe
    [ "$status" -eq 2 ]
    run --separate-stderr fc-match --knn model -g g probe
    [ "$status" -eq 2 ]
    # of another contract
    run --separate-stderr fc-match --flip --knn model bob.png
    [ "$status" -eq 2 ]
    [[ $stderr == *"model holds embeddings of mobilefacenet:"*"those of mobilefacenet:"* ]]
}
