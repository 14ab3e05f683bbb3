load common

@test "one answer for each face, and its candidates" {
    fc-enroll -q --no-check -g g --id Ann ann2.jpg >/dev/null
    fc-enroll -q --no-check -g g --id Bob bob.png >/dev/null
    fc-match --no-timings -g g ann.jpg group.jpg bob.png >got
    jq -c '[.probe, .face, .match, .id, [.candidates[] | .id]]' got >short
    cat >want <<'EOF'
["ann.jpg",0,true,"Ann",["Ann","Bob"]]
["group.jpg",0,false,"unknown",["Ann","Bob"]]
["group.jpg",1,false,"unknown",["Ann","Bob"]]
["group.jpg",2,false,"unknown",["Ann","Bob"]]
["bob.png",0,true,"Bob",["Bob","Ann"]]
EOF
    sed 's/\["\(Ann\|Bob\)","\(Ann\|Bob\)"\]\]$/[]]/' short | diff <(sed 's/\["\(Ann\|Bob\)","\(Ann\|Bob\)"\]\]$/[]]/' want) -
    jq -e -s '.[0].candidates[0].match and (.[0].candidates[1].match | not) and .[0].candidates[0].sample == 1' got
    jq -e -s 'all(.[]; .similarity == .candidates[0].similarity and .similarity >= .candidates[1].similarity)' got
    jq -e -s 'all(.[]; .threshold == 0.38163 and .threshold_by == "curve" and .fpir == 0.01 and .fuse == "max" and (.box | length) == 4 and .probe_score > 0.9)' got
    # the similarity is that of two pictures
    [ "$(jq -s '.[0].similarity' got)" = "$(fc-match ann2.jpg ann.jpg | jq .similarity)" ]
    fc-match --no-timings -g g -k 1 ann.jpg | jq -e '.candidates | length == 1'
    fc-match -g g ann.jpg | jq -e '.ms.match >= 0 and .ms.detect > 0'
    fc-match -f tsv -g g -k 1 ann.jpg group.jpg | cut -f 1-4,7 >table
    printf 'probe\tface\tid\trank\tmatch\nann.jpg\t0\tAnn\t1\ttrue\n' >want
    for face in 0 1 2; do printf 'group.jpg\t%d\tunknown\t1\tfalse\n' $face >>want; done
    diff want table
}

@test "exit status: 0 somebody, 1 nobody, 2 no answer, 3 an input that failed" {
    fc-enroll -q --no-check -g g --id Ann ann2.jpg >/dev/null
    fc-match -q -g g ann.jpg bob.png >/dev/null
    run fc-match -q -g g bob.png ice.jpg
    [ "$status" -eq 1 ]
    run --separate-stderr fc-match -g g ann.jpg missing.jpg ice.jpg
    [ "$status" -eq 3 ]
    [ "$(jq -c '[.probe, .id, .error.code]' <<<"$output" | tr '\n' ' ')" = '["ann.jpg","Ann",null] ["missing.jpg",null,"missing"] ' ]
    [[ $stderr == *"ice.jpg: no face"* ]]
    no_probe fc-match -g g
    no_probe fc-match -g g --attendance
    [ -n "$output" ] # that all are absent
    check() {
        local want=$1
        shift
        run --separate-stderr fc-match "$@"
        [ "$status" -eq 2 ] || fault "exit status $status: $*"
        [ -z "$output" ]
        [[ $stderr == *"$want"* ]] || fault "$* says: $stderr"
    }
    check "missing: No such file" -g missing ann.jpg
    check "ann.jpg: not a gallery" -g ann.jpg ann.jpg
    check "people are found by cosine" -g g --metric euclidean ann.jpg
    check "want -g GALLERY" --unique ann.jpg ann2.jpg
    check "want one of them" -g g --knn m ann.jpg
    check "want -1..1 for cosine" -g g --threshold 1.5 ann.jpg
    check "want 1..1000, got '0'" -g g -k 0 ann.jpg
    check "g holds embeddings of mobilefacenet:" -g g --flip ann.jpg
    fc-embed ann.jpg | jq -c '.faces[0].embedding.model = "other:1"' >other
    check "other:1" -g g other
    run bash -c 'fc-match -q -g g ann.jpg >/dev/full'
    [ "$status" -eq 2 ]
}

@test "an empty gallery knows nobody" {
    fc-enroll -q --no-check -g g --id Ann ann.jpg >/dev/null
    fc-gallery rm -g g Ann
    run fc-match -q --no-timings -g g ann.jpg
    [ "$status" -eq 1 ]
    jq -e '.id == "unknown" and .similarity == null and .candidates == []' <<<"$output"
    [ "$(fc-match -q -f tsv -g g ann.jpg | sed -n 2p | cut -f 3-7)" = $'unknown\t\t\t\tfalse' ]
    [ "$(fc-match -q -g g --attendance ann.jpg)" = $'id\tstatus\tpictures\tsimilarity\tsrc' ]
}

@test "steps, one process, an index, and any -j give the same bytes" {
    fc-enroll -q --no-check -g g --id Ann ann2.jpg >/dev/null
    fc-enroll -q --no-check -g g --id Three --faces all group2.jpg >/dev/null
    fc-match -q --no-timings -g g -j1 photos bob.png >want
    fc-match -q --no-timings -g g -j3 photos bob.png | cmp - want
    fc-embed -q photos bob.png | fc-match -q --no-timings -g g | cmp - want
    fc-detect photos bob.png | fc-match -q --no-timings -g g - | cmp - want
    fc-gallery index -g g
    fc-match -q --no-timings -g g -j2 photos bob.png | cmp - want
}

@test "a person's similarity: the best sample, or a mean" {
    # Mix is Ann and Bob
    fc-enroll -q --no-check -g g --id Mix ann2.jpg bob.png >/dev/null
    near=$(fc-match --no-timings ann2.jpg ann.jpg | jq .similarity)
    far=$(fc-match --no-timings bob.png ann.jpg | jq .similarity)
    similarity() {
        fc-match -q --no-timings -g g --fuse "$1" ann.jpg | jq ".similarity - ($2) | fabs < 0.000002"
    }
    [ "$(similarity max "$near")" = true ]
    [ "$(similarity mean "($near + $far) / 2")" = true ]
    [ "$(similarity top3 "($near + $far) / 2")" = true ]
    fc-enroll -q --no-check -g g --id Mix --faces all group.jpg >/dev/null
    [ "$(similarity max "$near")" = true ]
    [ "$(similarity mean "($near + $far) / 2")" = false ]
    fc-match -q --no-timings -g g --fuse top3 ann.jpg | jq -e ".similarity < ($near + $far) / 2 and .fuse == \"top3\""
}

@test "with --unique nobody is in a picture twice" {
    fc-embed -q ann.jpg ann2.jpg bob.png >embedded
    # a picture of three faces: Ann, Ann again, Bob
    jq -c -s '.[0] + {src: "all.jpg", faces: [.[].faces[0]]}' embedded >all
    fc-enroll -q --no-check -g g --id Ann ann2.jpg >/dev/null
    fc-enroll -q --no-check -g g --id Bob bob.png >/dev/null
    [ "$(fc-match -q -g g all | jq -r .id | tr '\n' ' ')" = "Ann Ann Bob " ]
    fc-match -q --no-timings -g g --unique all >got
    [ "$(jq -r .id got | tr '\n' ' ')" = "unknown Ann Bob " ]
    jq -e -s '.[0].candidates[0].id == "Ann" and (.[0].candidates[0].match | not) and .[1].candidates[0].match' got
    # two pictures are two
    [ "$(fc-match -q -g g --unique ann.jpg ann2.jpg | jq -r .id | tr '\n' ' ')" = "Ann Ann " ]
    # more faces than -k: the person further down is found all the same
    [ "$(fc-match -q -g g --unique -k 1 --threshold -1 all | jq -r .id | sort | tr '\n' ' ')" = "Ann Bob unknown " ]
    [ "$(fc-match -q -g g --unique --threshold 0.999 all | jq -r .id | tr '\n' ' ')" = "unknown Ann Bob " ]
}

# crowd PEOPLE FACES: records of so many people, each with two of the embedding's numbers alone, into crowd.jsonl, and a
# picture of those faces, all equally like 380 others, into crowd
crowd() {
    perl -MMIME::Base64 -MDigest::SHA=sha256_hex -e '
        my ($people, $faces, $model, $dim) = @ARGV;
        my @e;
        for my $i (0 .. $dim - 1) {
            for my $k ($i + 1 .. $dim - 1) {
                my @v = (0) x $dim;
                @v[$i, $k] = (sqrt(0.5)) x 2;
                push @e, sprintf("\"embedding\":{\"model\":\"%s\",\"f32\":\"%s\"}", $model, encode_base64(pack("f<*", @v), ""));
                goto enough if @e == $people;
            }
        }
        enough:
        open my $out, ">", "crowd.jsonl";
        for my $i (0 .. $people - 1) {
            printf $out "{\"v\":1,\"src\":\"%d\",\"id\":\"P%d\",\"sha256\":\"%s\",\"face\":0,\"view\":0,\"meta\":{},\"faces\":[{\"quality\":1,%s}]}\n",
                $i, $i, sha256_hex($i), $e[$i];
        }
        open $out, ">", "crowd";
        print $out "{\"v\":1,\"src\":\"crowd.jpg\",\"faces\":[", join(",", map { "{\"box\":[0,0,9,9],\"score\":1,$e[$_]}" } reverse 0 .. $faces - 1), "]}\n";
    ' "$1" "$2" "$(fc-embed -q ann.jpg | jq -r '.faces[0].embedding.model')" 192
    fc-gallery import -q -g crowd.fcg crowd.jsonl
}

# strangers N STEP MODEL: records of so many faces, the i-th like the first of an embedding's axes by i STEP, and else like the last
strangers() {
    perl -MMIME::Base64 -e '
        my ($n, $step, $model) = @ARGV;
        for my $i (1 .. $n) {
            my @v = (0) x 192;
            @v[0, 191] = ($i * $step, sqrt(1 - ($i * $step) ** 2));
            printf "{\"v\":1,\"src\":\"s%d\",\"faces\":[{\"box\":[0,0,9,9],\"score\":1,\"embedding\":{\"model\":\"%s\",\"f32\":\"%s\"}}]}\n",
                $i, $model, encode_base64(pack("f<*", @v), "");
        }
    ' "$@"
}

@test "--unique and a crowd: 3,000 faces of 3,000 people, in little time and memory" {
    crowd 3000 3000
    [ -n "$FC_SANITIZE" ] || ulimit -v 400000
    SECONDS=0
    fc-match -q -j1 --no-timings -g crowd.fcg --unique crowd >got
    [ -n "$FC_SANITIZE" ] || [ "$SECONDS" -lt 25 ] || fault "it took $SECONDS s"
    jq -r .id got >ids
    seq 2999 -1 0 | sed 's/^/P/' | diff - ids
    jq -e -s 'all(.[]; .candidates | length == 5 and .[0].match and .[0].similarity == 1 and (.[1:] | all(.match | not)))' got
    # one person less: a face is nobody, and nobody is there twice
    fc-gallery -g crowd.fcg rm P7
    fc-match -q -j1 --no-timings -g crowd.fcg --unique -f tsv -k 1 --threshold 0.4 crowd >got
    [ "$(cut -f 3 got | tail -n +2 | sort | uniq -d)" = "" ]
    [ "$(grep -c '	unknown	' got)" -eq 1 ]
}

@test "who a face is, is said although others are listed: --unique, -k 1" {
    crowd 40 3
    jq -c '.faces = [range(30) as $i | .faces[0]]' crowd >thirty
    fc-match -q --no-timings -g crowd.fcg --unique -k 1 --threshold 0.4 thirty >got
    # P2 looks like itself, and half like all the others here
    [ "$(jq -r .id got | sort | uniq -d)" = "" ]
    jq -e -s '[.[] | select(.id == "P2")] | length == 1 and .[0].similarity == 1' got
    jq -e -s 'all(.[]; .match and (.candidates | length == 1 and .[0].id == "P2"))' got
    jq -e -s '[.[] | select(.similarity == 0.5)] | length == 29 and all(.[]; .candidates[0].match | not)' got
    # a person is in a picture once, however many of its faces are of them
    fc-match -q -g crowd.fcg --attendance thirty crowd thirty | grep -q $'^P2\tpresent\t3\t'
}

@test "attendance: who is in any of the pictures, and who is in none" {
    fc-enroll -q --no-check -g g --id Ann ann2.jpg >/dev/null
    fc-enroll -q --no-check -g g --id Bob bob.png >/dev/null
    fc-detect group.jpg | jq -c '.id = "Lead" | .faces = [.faces[1]]' | fc-enroll -q --no-check -g g >/dev/null
    fc-match -q -g g --attendance photos group2.jpg ann2.jpg >got
    cut -f 1-3,5 got >short
    {
        printf 'id\tstatus\tpictures\tsrc\nAnn\tpresent\t2\tann2.jpg\nBob\tabsent\t0\t\n'
        grep ^Lead short
    } | diff - short
    grep -Eq $'^Lead\tpresent\t[12]\tphotos/group.jpg' short
    grep -q $'^Ann\tpresent\t2\t1.0\tann2.jpg$' got
    run --separate-stderr fc-match -g g --attendance bob.png missing.jpg
    [ "$status" -eq 3 ]
    grep -q $'^Bob\tpresent\t1' <<<"$output"
    run fc-match -q -g g --attendance ice.jpg
    [ "$status" -eq 1 ]
}

@test "the threshold is that of the number of people, and of a rate" {
    fc-embed -q ann.jpg >probe
    crowd 100 1
    # the curve of models.yaml: for two people 1 - 0.99^(1/2) = 5.01e-3, so that of 5e-3; for 100, 1.005e-4: 1e-4
    run --separate-stderr fc-match --no-timings -g crowd.fcg probe
    jq -e '.threshold == 0.531036 and .threshold_by == "curve" and .fpir == 0.01' <<<"$output"
    [ "$stderr" = "fc-match: threshold 0.531036 for an FPIR of 0.01 among 100 people: by the model's curve ('fc-gallery calibrate' measures it)" ]
    run --separate-stderr fc-match --no-timings -g crowd.fcg --fpir 0.1 probe # 1.05e-3
    jq -e '.threshold == 0.450754 and .fpir == 0.1' <<<"$output"
    run --separate-stderr fc-match --no-timings -g crowd.fcg --fpir 1e-4 probe
    jq -e '.threshold == 0.608734 and .threshold_by == "curve"' <<<"$output"
    [[ $stderr == *"threshold "*" for an FPIR of 0.0001 among 100 people: the strictest of the model's curve, which ends at a false match rate of 5e-06 and not at the 1e-06 that this takes ('fc-gallery calibrate' measures it)" ]]
    run --separate-stderr fc-match -q --no-timings -g crowd.fcg --threshold 0.3 probe
    [ -z "$stderr" ]
    jq -e '.threshold == 0.3 and (has("threshold_by") or has("fpir") | not)' <<<"$output"
    # two photos are two comparisons for the best of them, and one for their mean; a view is none
    fc-enroll -q --no-check -g g --id Ann --augment 5 ann2.jpg >/dev/null
    run --separate-stderr fc-match --no-timings -g g probe
    jq -e '.threshold == 0.346938' <<<"$output"
    fc-enroll -q --no-check -g g --id Ann bob.png >/dev/null
    run --separate-stderr fc-match --no-timings -g g probe
    jq -e '.threshold == 0.38163' <<<"$output"
    [[ $stderr == *"among 1 person, 2 comparisons: by the model's curve"* ]]
    fc-match -q --no-timings -g g --fuse mean probe | jq -e '.threshold == 0.346938'
    for rate in 0 1 -0.1 nan 2; do
        run -2 --separate-stderr fc-match -g g --fpir $rate probe
        [ -z "$output" ]
        [[ $stderr == *"--fpir: want 0..1, got '$rate'"* || $stderr == *"an FPIR of $rate: want a rate above 0 and below 1"* ]] || fault "$stderr"
    done
    run -2 --separate-stderr fc-match --fpir 0.01 ann.jpg probe
    [[ $stderr == *"--fpir, --unique"*": want -g GALLERY"* ]]
}

@test "a calibrated gallery: its threshold, for its rate and others, and what is wrong with it" {
    crowd 100 1
    model=$(fc-embed -q ann.jpg | jq -r '.faces[0].embedding.model')
    # the people are pairs of axes; of 300 strangers one is like the first axis by 0.003, one by 0.006 ... one by 0.9
    strangers 300 0.003 "$model" >strangers
    fc-gallery calibrate -q -g crowd.fcg --cohort strangers --fpir 0.02 >said
    head -n 1 strangers >probe
    # of 300 floor(0.02 * 301) - 1 = 5 may be above it; their similarities are 0.003 i sqrt(0.5)
    want=$(cut -d ' ' -f 2 said)
    grep -qx "threshold $want for an FPIR of 0.02 among 100 people (max): of 300 faces of strangers 5 get a name (1.67 %, 95 % interval 0.54 to 3.85 %)" said ||
        fault "$(<said)"
    jq -n -e --argjson t "$want" '$t - 1e-6 - 295 * 0.003 * (0.5 | sqrt) | fabs < 2e-6'
    run --separate-stderr fc-match --no-timings -g crowd.fcg probe
    jq -e --argjson t "$want" '.threshold == $t and .threshold_by == "calibration" and .fpir == 0.02' <<<"$output"
    [ "$stderr" = "fc-match: threshold $want for an FPIR of 0.02 among 100 people: calibrated with 300 faces of strangers" ]
    # another rate, from the same strangers: floor(0.1 * 301) - 1 = 29
    fc-match -q --no-timings -g crowd.fcg --fpir 0.1 probe |
        jq -e '.threshold - 1e-6 - 271 * 0.003 * (0.5 | sqrt) | fabs < 2e-6'
    run --separate-stderr fc-match --no-timings -g crowd.fcg --fpir 0.001 probe
    [[ $stderr == *"warning: the gallery is calibrated with 300 faces of strangers, and an FPIR of 0.001 takes 3000"* ]]
    run --separate-stderr fc-match --no-timings -g crowd.fcg --fuse mean probe
    [[ $stderr == *"warning: the gallery is calibrated for --fuse max, and not for mean"* ]]
    jq -e '.threshold_by == "curve"' <<<"$output"
    # the index and sealed galleries
    fc-gallery index -g crowd.fcg
    fc-match -q --no-timings -g crowd.fcg probe | jq -e --argjson t "$want" '.threshold == $t'
    (umask 077 && echo 'a long passphrase' >key)
    fc-gallery import -q -g sealed --seal --key-file key crowd.jsonl
    fc-gallery calibrate -q -g sealed --key-file key --cohort strangers --fpir 0.02 | cmp - said
    fc-match -q --no-timings -g sealed --key-file key probe | jq -e --argjson t "$want" '.threshold == $t'
    run -2 --separate-stderr fc-gallery calibrate -g sealed --cohort strangers
    # 120 people are no more than 1.2 times as many, 121 are
    crowd 120 1
    fc-gallery calibrate -g crowd.fcg --cohort strangers -f json 2>/dev/null | jq -e '.people == 120'
    crowd 144 1
    run --separate-stderr fc-match --no-timings -g crowd.fcg probe
    [[ $stderr != *warning* ]]
    crowd 145 1
    run --separate-stderr fc-match --no-timings -g crowd.fcg probe
    [[ $stderr == *"warning: the gallery was calibrated for 120 people, and has 145: calibrate it again"* ]]
    run --separate-stderr fc-gallery check -g crowd.fcg
    [[ $stderr == *"warning: it was calibrated for 120 people, and has 145: calibrate it again"* ]]
    [ "$status" -eq 0 ]
}
