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
    no_probe fc-match --knn model
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
    [[ $stderr != *warning* ]]
    grep ann records >one
    check "samples of 1 people: to tell people apart takes two" -k 1 -o model one
    jq -c 'if .id == "bob" then .faces[0].embedding.model = "other:1" else . end' records >mixed
    check "mixed:3: embeddings of $(jq -r '.faces[0].embedding.model' one | head -n 1) and of other:1 cannot be compared" -o model mixed
    fc-detect ann.jpg | jq -c '.id = "ann"' >detected
    check "detected:1: no embedding" -o model detected
    check "missing" -o model -g missing
    cp records same
    check "./same: is an input, and the output same would replace it" -o same -g ./same
    cmp records same
    # before anything is read
    run -2 --separate-stderr fc-knn-train -k 1 -o missing/model nowhere
    [ "$stderr" = "fc-knn-train: missing/model: No such file or directory" ]
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
    # unit.knn changes 1,200 bytes and more; here is what the program says
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
    [[ $stderr == *"model holds embeddings of mobilefacenet:"*", and this run makes those of mobilefacenet:"* ]]
}

# made ID X Y...: a record with the embedding of these numbers, and zeros behind them.
made() {
    local id=$1
    shift
    jq -cn --arg id "$id" --arg f32 "$(perl -e 'print pack("f<192", @ARGV, (0) x 192)' "$@" | base64 -w 0)" \
        --arg model "$contract" '{v: 1, id: $id, faces: [{embedding: {model: $model, f32: $f32}}]}'
}

@test "the score that the threshold was set to refuse is refused by fc-match too" {
    contract=$(fc-embed -q ann.jpg | jq -r '.faces[0].embedding.model')
    made Ann 1 0 >ann.rec
    made Eve 0.4567896 0.8895747822 >eve.rec # a unit vector; the cosine of the two is 0.4567896
    similarity=$(fc-match --no-timings --threshold -1 ann.rec eve.rec | jq .similarity)
    [ "$similarity" = 0.45679 ]
    # Eve held out is a stranger at just that score, and none may be taken for somebody
    cat ann.rec eve.rec >people
    fc-knn-train -q -k 1 --fpir 0 --floor -1 -o two.knn people -f json people >report
    jq -e '.threshold == 0.456791 and .fpir == 0' report
    cp ann.rec one
    made Zoe 0 0 1 >>one # somebody else, so that there are two
    fc-knn-train -q -k 1 --fpir 0 --floor -1 -o one.knn one >/dev/null
    run fc-match --no-timings --knn one.knn --threshold "$(jq .threshold report)" eve.rec
    [ "$status" -eq 1 ]
    jq -e '.match == false and .score == 0.45679 and .nearest == "Ann"' <<<"$output"
    fc-match --no-timings --knn one.knn --threshold 0.45679 eve.rec | jq -e .match
    # the same in a gallery and for two faces
    fc-gallery import -q -g g ann.rec
    for against in ann.rec '-g g'; do
        # shellcheck disable=SC2086
        run fc-match --no-timings --threshold 0.456791 $against eve.rec
        [ "$status" -eq 1 ]
        # shellcheck disable=SC2086
        fc-match --no-timings --threshold 0.4567904 $against eve.rec | jq -e '.match and .threshold == 0.45679'
    done
    distance=$(fc-match --no-timings --metric euclidean --threshold 2 ann.rec eve.rec | jq .distance)
    fc-match --no-timings --metric euclidean --threshold "$distance" ann.rec eve.rec | jq -e .match
    run fc-match --no-timings --metric euclidean --threshold "$(jq -n "$distance - 0.000001")" ann.rec eve.rec
    [ "$status" -eq 1 ]
}

@test "few strangers show little: an interval, a warning, and the model's own threshold at least" {
    labelled >records
    run --separate-stderr fc-knn-train -k 1 --fpir 0.01 -o model records
    [ "$status" -eq 0 ]
    [[ $output == *"of 6 strangers 0 taken for somebody (FPIR 0.00 %, 95 % interval 0.00 to 45.93 %)"* ]] || fault "$output"
    [[ $stderr == *"warning: 6 samples held out cannot show an FPIR of 0.01; that takes 300: of strangers up to 45.9 % may be taken for somebody (95 % interval)"* ]] ||
        fault "$stderr"
    [[ $output == *"threshold 0.450000, the floor:"* ]] || fault "$output"
    fc-knn-train -q -k 1 --fpir 1e-9 -f json -o model records >report 2>err
    [ ! -s err ]
    jq -e '.threshold == 0.45 and .floor == 0.45 and .fpir_wanted == 1e-9 and .fpir_interval == [0, 0.459258]
        and .fnir_interval[0] == 0 and .held_out == 6' report
    # what the strangers show counts where it is more; 3 / n is enough
    run --separate-stderr fc-knn-train -k 1 --fpir 0.5 --floor -1 -f json -o model records
    [ "$status" -eq 0 ]
    [[ $stderr != *"cannot show"* ]]
    jq -e '.threshold < 0.45 and .floor == null' <<<"$output"
    # somebody who cannot reach it
    run -0 --separate-stderr fc-knn-train -k 3 -o model records
    [[ $stderr == *"warning: bob has 1 sample, fewer than k = 3: the score, at most 0.333, never reaches the threshold, 0.450000"* ]] ||
        fault "$stderr"
    [[ $stderr == *"warning: ann has 2 samples, fewer than k = 3"$'\n'* ]]
    head -n 1 records | jq -c '. as $r | range(25) | "p\(.)" as $id | $r | .id = $id' >many
    run -0 --separate-stderr fc-knn-train -k 3 -o model many
    [[ $stderr == *"warning: 5 more people with fewer samples than k = 3"* ]]
    # an unknown model has no threshold of its own
    sed 's/mobilefacenet:[0-9a-f]*/other:1/' records >others
    run -0 --separate-stderr fc-knn-train -k 1 -o model -f json others
    [[ $stderr == *"warning: no model of other:1 is known here, so that the threshold has no floor"* ]]
    jq -e '.floor == null' <<<"$output"
    fc-knn-train -q -k 1 -o model --models "$FC_TESTS/../models" records >/dev/null
    run --separate-stderr fc-knn-train -k 1 -o model --floor 2 records
    [ "$status" -eq 2 ]
}

@test "a name belongs to one face: no door takes a group photo's record" {
    fc-embed -q group.jpg | jq -c '.id = "Guest"' >group
    fc-embed -q ann.jpg | jq -c '.id = "Ann"' >good
    for door in "fc-knn-train -k 1 -o model" "fc-gallery import -g g"; do
        # shellcheck disable=SC2086
        run --separate-stderr $door good group
        [ "$status" -eq 2 ] || fault "$door: $status"
        [ "$stderr" = "${door%% *}: group:1: 3 faces, not one" ] || fault "$stderr"
        [ -z "$output" ]
    done
    [ ! -e model ]
    run --separate-stderr fc-enroll --no-check -g h group
    [ "$status" -eq 3 ]
    [[ $stderr == *"3 faces, not one"* ]]
    # a face each is what they take
    fc-embed -q group.jpg | jq -c '. as $r | .faces | to_entries[] | $r + {faces: [.value], id: "Guest\(.key)"}' >each
    fc-gallery import -q -g i each
    fc-knn-train -q -k 1 -o model each | grep -q '^3 samples of 3 people'
}

@test "a sealed gallery's embeddings are written in plain only where that is asked for" {
    printf 'correct horse battery' >key
    chmod 600 key
    fc-enroll -q -g g --seal --key-file key --id Ann ann.jpg ann2.jpg >/dev/null
    fc-enroll -q -g g --key-file key --id Bob bob.png >/dev/null
    check() {
        run --separate-stderr "$@"
        [ "$status" -eq 2 ] || fault "exit status $status: $*"
        [ -z "$output" ]
        [[ $stderr == *"g: sealed, and "*" would hold its embeddings unencrypted; --plain writes them all the same" ]] ||
            fault "$* says: $stderr"
    }
    check fc-knn-train -g g --key-file key -k 1 -o model
    check fc-gallery export -g g --key-file key
    check fc-gallery export -g g --key-file key Bob
    check fc-gallery export -g g --key-file key -f npy -o x.npy
    [ ! -e model ] && [ ! -e x.npy ]
    fc-embed bob.png | jq -r '.faces[0].embedding.f32' | base64 -d | tr '\0' '\n' | awk 'length >= 9 && length <= 60' >needles
    [ -s needles ]
    run ! grep -qaF -f needles g
    fc-gallery export -g g --key-file key -f tsv | grep -q Bob # which has no embeddings
    # that the fault was one: they are in the file
    fc-knn-train -q -g g --key-file key -k 1 --plain -o model >/dev/null
    grep -qaF -f needles model
    [ "$(fc-gallery export -g g --key-file key --plain | wc -l)" -eq 3 ]
    fc-gallery export -g g --key-file key --plain -f npy -o x.npy
    # one that is not sealed needs no word
    fc-enroll -q -g h --id Bob bob.png >/dev/null
    [ "$(fc-gallery export -g h | wc -l)" -eq 1 ]
}

@test "progress on a terminal, and none where it is not wanted" {
    command -v script >/dev/null || skip "no script(1)"
    local samples=4000
    contract=$(fc-embed -q ann.jpg | jq -r '.faces[0].embedding.model')
    # so many that they take more than the second after which it shows, on whatever CPU
    until [ -s typescript ] && grep -qaE "[0-9]+ of $samples samples" typescript; do
        samples=$((2 * samples))
        [ $samples -le 256000 ]
        perl -e 'srand 1; print pack("f<192", map { rand(2) - 1 } 1..192) for 1..shift' $samples | base64 -w 1024 |
            awk -v model="$contract" '{ printf "{\"v\":1,\"id\":\"P%d\",\"faces\":[{\"embedding\":{\"model\":\"%s\",\"f32\":\"%s\"}}]}\n", NR % 3000, model, $0 }' >many
        script -qec "fc-knn-train -j1 -k 1 -o model many >/dev/null" typescript </dev/null >/dev/null
    done
    for quiet in -q --no-progress; do
        script -qec "fc-knn-train -j3 -k 1 $quiet -o quiet many >/dev/null" typescript </dev/null >/dev/null
        run ! grep -qaE "of $samples samples" typescript
        cmp model quiet # any number of threads, the same file
    done
}
