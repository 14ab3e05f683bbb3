load common

# decisions N MEAN: lines of fc-match, whose similarities are spread evenly around MEAN.
decisions() {
    jq -nc --argjson n "$1" --argjson mean "$2" 'range($n) | {v: 1, probe: "x", face: 0, match: true,
        similarity: ($mean + ((. * 7919 % $n) / $n - 0.5) * 0.4), box: [0, 0, (50 + . % 30), 60], ms: {decode: 1, embed: (2 + . % 5)}}'
}

@test "what moved, as a table and as JSON" {
    decisions 1000 0.6 >base
    decisions 1500 0.6 >same
    decisions 1500 0.5 >moved
    fc-drift base same >table
    grep -qE '^similarity +1000 +1500 ' table
    fc-drift -f json -o report base same >json
    cmp json report
    jq -e '.kind == "drift" and .values.similarity.psi < 0.01 and .values.similarity.ks < 0.01 and .values.similarity.p > 0.99
        and .values.face_px.psi < 0.001 and .base.match.rate == 1' json
    # a quarter of the range: 3/10 of the values below BASE's lowest quarter
    fc-drift -f json base moved | jq -e '.values.similarity | (.ks - 0.25 | fabs) < 0.005 and .p < 1e-20 and .psi > 0.5'
    fc-drift base - <same | cmp - table
    mkfifo pipe
    cat same >pipe &
    fc-drift base pipe | cmp - table
    # records
    fc-detect --timings ann.jpg group.jpg >two
    for _ in {1..250}; do cat two; done >many
    fc-drift -f json many many | jq -e '.values.score.base == 1000 and .values.detect_ms.now == 500 and .values.faces.psi == 0
        and .base.no_face.rate == 0'
}

@test "assertions" {
    decisions 1000 0.6 >base
    decisions 1000 0.5 >moved
    fc-drift base base --assert 'psi(similarity)<=0.2' --assert 'ks(face_px)<0.05' --assert 'p(embed_ms)>=0.5' >table
    run -1 --separate-stderr fc-drift base moved --assert 'psi(similarity)<=0.2' --assert 'psi(face_px)<=0.2'
    [[ $stderr == 'fc-drift: assertion failed: psi(similarity) is '*', wanted <= 0.2' ]]
    for wrong in 'psi(hat)<1' 'similarity<1' 'psi(similarity)=1' 'psi(similarity)<x' ''; do
        run -2 fc-drift base base --assert "$wrong"
    done
}

@test "too few samples: the least number is said" {
    decisions 1000 0.6 >base
    decisions 499 0.6 >few
    run -2 --separate-stderr fc-drift base few
    [[ $stderr == 'fc-drift: too few samples: at most 1000 and 499 (similarity); 10 bins want 500 of each at least' ]]
    [ -z "$output" ]
    fc-drift --bins 9 base few >table
    # a value of which there are too few is no reason to refuse the others, but it can be no assertion
    { decisions 600 0.6; decisions 300 0.3 | jq -c '.match = false'; } >mixed
    fc-drift base mixed >table
    grep -qE '^no_match_similarity +0 +300 too few samples' table
    run -2 --separate-stderr fc-drift base mixed --assert 'psi(no_match_similarity)<1'
    [[ $stderr == *'--assert psi(no_match_similarity): 0 and 300 samples; 10 bins want 500 of each at least' ]]
    # a bound that chance alone would pass
    run -2 --separate-stderr fc-drift base base --assert 'psi(similarity)<=0.01'
    [[ $stderr == *'--assert psi(similarity): 0.01 is less than twice what chance gives for 1000 and 1000 samples; 10 bins want 3600 of each' ]]
    # five values, and what is below the first and above the last: as many as are counted
    run -2 --separate-stderr fc-drift base base --assert 'psi(embed_ms)<=0.01'
    [[ $stderr == *'7 bins want 2400 of each' ]]
    run -2 --separate-stderr fc-drift base /dev/null
    [[ $stderr == *'no value has samples on both sides: 1000 and 0 lines' ]]
}

@test "broken input" {
    decisions 600 0.6 >base
    { cat base; echo '{"v":1,'; } >broken
    run -2 --separate-stderr fc-drift base broken
    [[ $stderr == *'broken:601: '* ]]
    { cat base; echo '[]'; } >broken
    run -2 --separate-stderr fc-drift broken base
    [[ $stderr == *'broken:601: no object'* ]]
    run -2 fc-drift base missing
    run -2 fc-drift base
    run -2 fc-drift base base base
    run -2 fc-drift - - <base
    run -2 bash -c 'fc-drift base base >/dev/full'
    run -2 fc-drift -o base base base
    [ "$(wc -l <base)" -eq 600 ]
    # blank lines and lines of other things are passed over
    { echo; cat base; echo '{"hello":1}'; printf ' \r\n'; } >odd
    fc-drift odd base >table
}
