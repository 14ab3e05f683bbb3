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
    jq -e -s 'all(.[]; .threshold == 0.45 and .fuse == "max" and (.box | length) == 4 and .probe_score > 0.9)' got
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
    fc-gallery import -g g </dev/null 2>/dev/null
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
