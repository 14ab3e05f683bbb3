load common

# A data set as small as can be: two people with three pictures each, in two folds. Of one person two are the same
# picture in different files; the third is nobody's face (ice), so that it is not detected.
make_lfw() {
    mkdir -p lfw/Ann lfw/Bob
    cp ann.jpg lfw/Ann/Ann_0001.jpg
    cp ann2.jpg lfw/Ann/Ann_0002.jpg
    cp bob.png lfw/Bob/Bob_0001.jpg
    cp bob.png lfw/Bob/Bob_0002.jpg
    echo >>lfw/Bob/Bob_0002.jpg
    cp ice.jpg lfw/Bob/Bob_0003.jpg
    printf '2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\nBob\t1\t2\nAnn\t2\tBob\t2\n' >pairs.txt
}

@test "pairs: the protocol is in the report, and everything repeats" {
    make_lfw
    fc-eval pairs --root lfw --pairs pairs.txt -j1 -f json | jq -S 'del(.run)' >one
    fc-eval pairs --root lfw --pairs pairs.txt -j2 -o two.json --cache cache >table
    jq -S 'del(.run)' two.json | diff -u one - >&2
    jq -e '.kind == "pairs" and .metrics.accuracy == 1 and .metrics.auc == 1 and .metrics.fte == 0
        and (.folds | map(.right) == [2, 2]) and .answers.right == "1111" and .errors == []
        and .protocol.folds == 2 and .protocol.pairs == 4 and .protocol.images == 4
        and .protocol.detector.faces == "center" and .protocol.flip == false' one
    [ "$(jq -r .protocol.pairs_sha256 one)" = "$(sha256sum <pairs.txt | cut -d ' ' -f 1)" ]
    [ "$(jq -r .protocol.dataset_sha256 one)" = \
        "$(cd lfw && sha256sum Ann/*[12].jpg Bob/*[12].jpg | LC_ALL=C sort | sha256sum | cut -d ' ' -f 1)" ]
    grep -q '^accuracy  *100.00 % +- 0.00' table
    # the line that repeats it does
    eval "$(jq -r .protocol.repeat one) -f json" | jq -S 'del(.run)' | diff -u one - >&2
    # and from the cache it is the same
    fc-eval pairs --root lfw --pairs pairs.txt --cache cache -f json >three
    [ "$(jq .run.cached three)" -eq 4 ]
    jq -S 'del(.run)' three | diff -u one - >&2
}

@test "compare: two models, or a model and a head, on the same pairs" {
    make_lfw
    compare() { fc-eval compare --root lfw --pairs pairs.txt --cache cache -q "$@"; }
    compare -m mobilefacenet -m mobilefacenet -o same.json --assert 'accuracy-after>=1' >table
    fc-eval pairs --root lfw --pairs pairs.txt --cache cache -q -f json >pairs.json
    jq -e --slurpfile p pairs.json '.kind == "compare" and .paired == {lost: 0, won: 0, p: 1} and .sides[0] == .sides[1] and
        .sides[0].name == "mobilefacenet" and .sides[0].contract == .protocol.contract and .protocol.after.contract == .protocol.contract
        and .sides[0].accuracy == $p[0].metrics.accuracy and .sides[0].auc == $p[0].metrics.auc and .sides[0].roc == $p[0].roc and
        .sides[0].genuine.pairs == 2 and (.sides[0].genuine.cosine - ($p[0].pairs.score[0] + $p[0].pairs.score[2]) / 2 | fabs) < 1e-9 and
        .sides[0].genuine.l2 < .sides[0].impostor.l2 and .protocol.pairs_sha256 == $p[0].protocol.pairs_sha256' same.json
    grep -q '^ *mobilefacenet *mobilefacenet$' table
    grep -q '^accuracy  *100.00 % +- 0.00  *100.00 % +- 0.00$' table
    grep -q "^McNemar's test  *p = 1  *0 right answers lost, 0 won" table
    eval "$(jq -r .protocol.repeat same.json) -q -f json" | jq -S 'del(.run)' | diff - <(jq -S 'del(.run)' same.json)
    fc-plot scores same.json -o scores.png
    fc-plot roc same.json -o roc.svg
    # a head's space
    fc-embed -q -r --faces center lfw | jq -c 'select(.faces | length > 0) | .id = (.src | split("/")[1])' >records
    fc-head-train -q --type triplet --dim 8 --epochs 3 -o head records >/dev/null
    compare --head head -f json | jq -e '.sides[1].name == "head" and .sides[0].genuine != .sides[1].genuine and
        .protocol.after.settings.dim == 8 and .sides[1].contract == .protocol.contract'
    refused() {
        run -2 --separate-stderr compare "${@:2}"
        [[ $stderr == *"$1"* ]] || fault "$*: $stderr"
    }
    refused "want two models (-m A -m B), or one and --head HEAD"
    refused "want two models (-m A -m B), or one and --head HEAD" -m mobilefacenet -m mobilefacenet --head head
    refused "want two models (-m A -m B), got 3" -m a -m b -m c
    refused "no model" -m mobilefacenet -m nothing
    refused "--baseline is for one model" --head head --baseline same.json
    # the page and the pictures show pairs that one of the two answers wrongly
    cp -r lfw hard
    convert ann2.jpg -resize 9.5% hard/Ann/Ann_0002.jpg # dlib-face says that is not Ann
    compare --root hard -m mobilefacenet -m dlib-face --html page.html --worst 5 worst -f json |
        jq -e '.paired == {lost: 1, won: 0, p: 1} and .sides[0].accuracy == 1'
    grep -q '<h1>fc-eval compare: mobilefacenet' page.html
    [ "$(grep -c '<figure role="img"' page.html)" -eq 3 ]
    [ "$(ls worst)" = 001.png ]
    [ "$(grep -c 'alt="comparison' page.html)" -eq 1 ]
    # and none where there is none
    compare --head head --html none.html --worst 5 unchanged -f json | jq -e '.paired | .lost + .won == 0'
    run ! grep 'alt="comparison' none.html
    [ ! -e unchanged ] || [ -z "$(ls unchanged)" ]
    fc-head-train -q -o mean records >/dev/null
    refused "mean: a head of type mean leaves embeddings as they are" --head mean
    fc-head-train -q --type triplet --epochs 1 -o other <(jq -c '.faces[0].embedding.model = "other:1"' records) >/dev/null
    refused "other: the head is of embeddings of other:1, the model's are of mobilefacenet:" --head other
    refused "not a safetensors file" --head pairs.txt
    refused "there are accuracy-before" --head head --assert 'accuracy>=1'
    # elsewhere the last model that is named counts
    fc-eval pairs --root lfw --pairs pairs.txt --cache cache -q -m nothing -m mobilefacenet | grep -q '^repeat.* --model mobilefacenet --'
}

@test "pairs: other endings of pictures, blanks for tabs, CRLF and a byte-order mark are the same data set" {
    make_lfw
    fc-eval pairs --root lfw --pairs pairs.txt -f json | jq -S '[.metrics, .answers.right, .pairs.score]' >want
    mv lfw/Ann/Ann_0001.jpg lfw/Ann/Ann_0001.JPG
    mv lfw/Ann/Ann_0002.jpg lfw/Ann/Ann_0002.Jpeg
    mv lfw/Bob/Bob_0001.jpg lfw/Bob/Bob_0001.png
    touch lfw/Ann/Ann_0001.txt lfw/Ann/Ann_00010.png lfw/Ann/Ann_0001.orig.jpg lfw/Ann/._Ann_0001.png
    tr '\t' ' ' <pairs.txt >blanks.txt
    sed 's/$/\r/' pairs.txt >crlf.txt
    { printf '\357\273\277'; cat pairs.txt; } >marked.txt
    for pairs in pairs.txt blanks.txt crlf.txt marked.txt; do
        fc-eval pairs --root lfw --pairs $pairs -f json | jq -S '[.metrics, .answers.right, .pairs.score]' |
            diff -u want - >&2
    done
    cp lfw/Ann/Ann_0001.JPG lfw/Ann/Ann_0001.png
    run -2 fc-eval pairs --root lfw --pairs pairs.txt
    [[ $output == *"lfw/Ann: Ann_0001.JPG and Ann_0001.png are there; which of them is Ann_0001.jpg?" ]]
    run -2 fc-eval pairs --root . --pairs pairs.txt
    [[ $output == *".: no picture that pairs.txt names is there, neither Ann/Ann_0001.jpg nor one with another ending"* ]]
    tr '\t' , <pairs.txt >commas.txt
    run -2 fc-eval pairs --root lfw --pairs commas.txt
    [[ $output == *"commas.txt, line 1: want the number of folds"*", with tabs or blanks between them and not ','"* ]]
    iconv -f UTF-8 -t UTF-16 pairs.txt >wide.txt
    run -2 fc-eval pairs --root lfw --pairs wide.txt
    [[ $output == *"wide.txt: is UTF-16 text"* ]]
}

@test "a data set's pictures beside the people's folders are nobody's; what systems put there and --exclude are passed over" {
    make_lfw
    fc-eval all-pairs --root lfw -f json | jq -S '[.protocol.people, .protocol.images, .metrics]' >want
    cp bob.png lfw/stray.png
    mkdir -p lfw/@eaDir lfw/Ann/@eaDir lfw/Cat
    cp ann.jpg lfw/@eaDir/ann.jpg
    cp ann.jpg lfw/Ann/@eaDir/ann.jpg
    cp bob.png lfw/Cat/Cat_0001.png
    fc-eval all-pairs --root lfw --exclude Cat -f json 2>err >report
    jq -S '[.protocol.people, .protocol.images, .metrics]' report | diff -u want - >&2
    grep -q "lfw: 1 picture in the folder itself, such as stray.png, passed over" err
    eval "$(jq -r .protocol.repeat report) -q -f json" 2>err | jq -S 'del(.run)' |
        diff -u - <(jq -S 'del(.run)' report) >&2
    [ ! -s err ]
}

@test "pairs: pictures without a template are named, counted and answered with 'different'" {
    make_lfw
    { printf '3\t40\n'
        for fold in 'Ann\t1\t2 Ann\t1\tBob\t1' 'Bob\t1\t3 Ann\t2\tBob\t9' 'Bob\t1\t2 Ann\t2\tBob\t2'; do
            for pair in $fold; do
                for _ in {1..40}; do echo -e "$pair"; done
            done
        done; } >pairs.txt
    run --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt -f json --cache cache
    [ "$status" -eq 3 ]
    [[ $stderr == *"lfw/Bob/Bob_0009.jpg: No such file or directory"* ]]
    jq -e '(.failures | map(.state)) == ["not detected", "not decoded"] and .causes."not detected" == 40
        and (.metrics.fte * 3 | round) == 1 and .answers.right == ("1" * 80 + "0" * 40 + "1" * 120) and .errors[0].score == null
        and .errors[0].cause == "not detected" and (.operating_points | length) == 1 and .operating_points[0].genuine == [80, 120]' <<<"$output"
    # what was not found is known the second time; what is missing is looked for again
    run -3 --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt -f json --cache cache
    jq -e '.run.cached == 5 and (.failures | length) == 2' <<<"$output"
}

@test "the wrong face of a picture is told apart from one that is not alike" {
    make_lfw
    cp group.jpg lfw/Ann/Ann_0001.jpg
    cp group2.jpg lfw/Ann/Ann_0002.jpg
    # the largest faces of the two group photos are not those of one woman
    printf '2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\nBob\t1\t2\nAnn\t2\tBob\t2\n' >pairs.txt
    for faces in largest best center; do
        fc-eval pairs --root lfw --pairs pairs.txt --faces $faces -f json >report
        jq -r '.errors[] | .cause' report
    done | sort -u >causes
    grep -q 'wrong face chosen' causes
}

@test "a broken entry in the cache is made again" {
    make_lfw
    fc-eval pairs --root lfw --pairs pairs.txt --cache cache -f json | jq -S 'del(.run)' >one
    for entry in cache/*/*/*.jsonl; do
        head -c 100 "$entry" >short
        cat short >"$entry"
    done
    fc-eval pairs --root lfw --pairs pairs.txt --cache cache -f json >two
    [ "$(jq .run.cached two)" -eq 0 ]
    jq -S 'del(.run)' two | diff -u one - >&2
    # other settings are another context
    fc-eval pairs --root lfw --pairs pairs.txt --cache cache --flip -f json >three
    [ "$(jq .run.cached three)" -eq 0 ]
    [ "$(jq -r .protocol.contract two)" != "$(jq -r .protocol.contract three)" ]
    [ "$(find cache -name context.txt | wc -l)" -eq 2 ]
}

@test "assertions: all of them, exit 1 and the reason on stderr" {
    make_lfw
    # as many pairs as these rates take
    { printf '2\t500\n'
        for _ in {1..500}; do echo "Ann	1	2"; done
        for _ in {1..500}; do echo "Ann	1	Bob	1"; done
        for _ in {1..500}; do echo "Bob	1	2"; done
        for _ in {1..500}; do echo "Ann	2	Bob	2"; done; } >pairs.txt
    fc-eval pairs --root lfw --pairs pairs.txt --cache cache --assert 'accuracy>=0.992' --assert 'tar@far=1e-3>=97.5%' \
        --assert 'eer<=0' --assert 'fte == 0' --junit junit.xml >/dev/null
    grep -q 'tests="4" failures="0"' junit.xml
    run --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt --cache cache --assert 'accuracy<1' --assert 'auc>0.5' \
        --assert 'fnmr@fmr=0.01>1%' --junit junit.xml
    [ "$status" -eq 1 ]
    [[ $stderr == *"assertion failed: accuracy is 1, wanted < 1"* ]]
    [[ $stderr == *"assertion failed: fnmr@fmr=0.01 is 0, wanted > 0.01"* ]]
    [[ $stderr != *auc* ]]
    [[ $output == *"accuracy"*"100.00 %"* ]]
    grep -q 'tests="3" failures="2"' junit.xml
    [ "$(grep -c '<failure message=' junit.xml)" -eq 2 ]
    if command -v xmllint >/dev/null; then
        xmllint --noout junit.xml
    fi
    for bad in accuracy 'accuracy>=' 'accuracy>=x' '>=1' 'tar@far=2>=1' 'rank-1>0' 'accuracy=>1' 'accuracy>=1 %' 'eer=1>0'; do
        run --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt --assert "$bad"
        [ "$status" -eq 2 ] || fault "$bad"
        [[ $stderr == *"--assert: "* ]]
        [ -z "$output" ]
    done
}

# One false match of four is 0.25: what is less cannot be seen in four impostor pairs.
@test "rates that the set cannot show are neither asserted nor printed" {
    make_lfw
    fc-embed -r lfw --faces center >set.jsonl
    for rate in tar@far=1e-6 fnmr@fmr=0.2499; do
        run --separate-stderr fc-eval all-pairs set.jsonl --assert "$rate>=0"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "$stderr" = "fc-eval: --assert $rate: the rate is less than one of the 4 impostors there are, which cannot show it" ] ||
            fault "$stderr"
    done
    fc-eval all-pairs set.jsonl --assert 'tar@far=0.25>=1' --assert 'fnmr@fmr=0.5<=0' >table
    grep -q '^FNMR at FMR 1e-02  *not measurable  less than one of the 4 impostor pairs$' table
    grep -q '^FNMR at FMR 1e-06  *not measurable' table
    fc-eval pairs --root lfw --pairs pairs.txt -o report >table
    grep -q '^TAR at FAR 1e-02  *not measurable  less than one of the 2 impostor pairs$' table
    jq -e '.operating_points == []' report
    for rate in tar@far=0.01 fnmr@fmr=1e-3; do
        run --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt --assert "$rate<=1"
        [ "$status" -eq 2 ]
        [[ $stderr == *"$rate: the rate is less than one of the 2 impostors"* ]]
    done
    run --separate-stderr fc-eval calibrate --dry-run set.jsonl --fmr 0.3 --assert 'tar@far=0.01>=0'
    [ "$status" -eq 2 ]
    cp lfw/Bob/Bob_0001.jpg lfw/Bob/Bob_0003.jpg
    mkdir lfw/Cat
    cp group.jpg lfw/Cat/
    run --separate-stderr fc-eval identify --root lfw --enroll 1 --min-images 2 --assert 'tpir@fpir=0.1>=0'
    [ "$status" -eq 2 ]
    fc-eval identify --root lfw --enroll 1 --min-images 2 >table
    grep -q "^FNIR at FPIR 1e-01  *not measurable  less than one of the 1 strangers' probes\$" table
}

# The threshold is on the grid of six places, where fc-match compares, and refuses what calibrate counted as refused.
@test "calibrate counts as fc-match decides" {
    make_lfw
    fc-embed -r lfw --faces center >set.jsonl
    cp -r "$FC_TESTS/../models" models
    chmod -R u+w models
    for fmr in 0.25 0.5; do
        fc-eval calibrate --models models set.jsonl --fmr $fmr -f json >report 2>/dev/null
        jq -e '.metrics.threshold | . * 1e6 - (. * 1e6 | round) | fabs < 1e-6' report
        grep -h Bob set.jsonl | jq -c 'select(.faces | length > 0)' >bobs
        grep -h Ann set.jsonl | head -n 1 >ann1
        grep -h Ann set.jsonl | tail -n 1 >ann2
        { fc-match --models models --no-timings ann1 bobs || true; fc-match --models models --no-timings ann2 bobs || true; } >lines
        jq -es --slurpfile r report 'length == 4 and (map(select(.match)) | length) == $r[0].operating_points[0].impostor[0]' lines
    done
}

# Turns answers of a report into wrong ones: as if the run had been that bad.
@test "a baseline: better, worse, the same, and what cannot be compared" {
    make_lfw
    { printf '2\t8\n'
        for fold in 1 2; do
            for _ in 1 2 3 4 5 6 7 8; do echo "Ann	1	2"; done
            for _ in 1 2 3 4 5 6 7 8; do echo "Ann	1	Bob	$fold"; done
        done; } >pairs.txt
    fc-eval pairs --root lfw --pairs pairs.txt --cache cache -o good.json >/dev/null
    jq -c '.answers.right |= sub("^1111111"; "0000000")' good.json >bad.json
    fc-eval pairs --root lfw --pairs pairs.txt --cache cache --baseline good.json | grep -q 'p = 1: no significant difference'
    fc-eval pairs --root lfw --pairs pairs.txt --cache cache --baseline bad.json -f json >better
    jq -e '.baseline | .won == 7 and .lost == 0 and .verdict == "better" and (.p - 0.015625 | fabs) < 1e-12' better
    # the faces chosen badly: the largest one of the group photo for Ann's
    cp group.jpg lfw/Ann/Ann_0002.jpg
    run --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt --cache cache --baseline good.json
    [ "$status" -eq 2 ]
    [[ $stderr == *"--baseline: other questions were asked there (other pictures)" ]]
    cp ann2.jpg lfw/Ann/Ann_0002.jpg
    sed -i 's/Bob\t1$/Bob\t2/' pairs.txt
    run --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt --cache cache --baseline good.json
    [ "$status" -eq 2 ]
    for bad in '{}' '[' '{"v":2,"kind":"pairs"}' '{"v":1,"kind":"knn"}' '{"v":1,"kind":"pairs"}'; do
        echo "$bad" >bad.json
        run --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt --cache cache --baseline bad.json
        [ "$status" -eq 2 ] || fault "$bad"
    done
}

@test "a run that is significantly worse than its baseline fails" {
    make_lfw
    { printf '2\t8\n'
        for _ in 1 2; do
            for _ in 1 2 3 4 5 6 7 8; do echo "Ann	1	2"; done
            for _ in 1 2 3 4 5 6 7 8; do echo "Ann	1	Bob	3"; done
        done; } >pairs.txt
    # all matched pairs are lost where no face is small enough to be left out
    fc-eval pairs --root lfw --pairs pairs.txt -o good.json >/dev/null
    jq -e '.metrics.accuracy == 1' good.json
    jq -c '.answers.right |= gsub("1"; "0")' good.json >worse.json
    fc-eval pairs --root lfw --pairs pairs.txt --baseline worse.json >/dev/null
    run --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt --min-face 400 --baseline good.json --junit junit.xml
    if [ "$status" -eq 2 ]; then # no pair has a score left
        [[ $stderr == *"no pair of the other folds has a score"* ]]
    else
        [ "$status" -eq 1 ]
        [[ $stderr == *"worse than the baseline (1.0000 of the answers right)"* ]]
        grep -q '<failure message="worse than the baseline' junit.xml
    fi
}

@test "all pairs of folders and of records" {
    make_lfw
    mkdir lfw/Cat
    cp group.jpg lfw/Cat/1.jpg
    fc-eval all-pairs --root lfw -f json >folders
    # 5 templates: Ann 2, Bob 2, Cat 1
    jq -e '.protocol.genuine == 2 and .protocol.impostor == 8 and .protocol.people == 3 and .metrics.auc == 1
        and (.metrics.fte * 6 | round) == 1' folders
    fc-embed -r lfw --faces center >set.jsonl
    fc-eval all-pairs set.jsonl -f json >records
    jq -e -n --slurpfile a folders --slurpfile b records '$a[0].roc == $b[0].roc and $a[0].histogram == $b[0].histogram'
    # an id goes before the folder
    jq -c '.id = "x"' set.jsonl >one.jsonl
    run --separate-stderr fc-eval all-pairs one.jsonl
    [ "$status" -eq 2 ]
    [[ $stderr == *"0 impostor"* ]]
    run --separate-stderr fc-eval all-pairs ann.jpg bob.png
    [ "$status" -eq 2 ]
    [[ $stderr == *"ann.jpg: whose face? It is in no folder, and has no id"* ]]
}

@test "calibrate writes the threshold into the model's description, and nothing else" {
    make_lfw
    cp -r "$FC_TESTS/../models" models
    chmod -R u+w models
    fc-eval calibrate --models models --root lfw --fmr 0.5 --dry-run -f json >dry 2>err
    grep -q 'only [0-2] false matches are behind this threshold; a rate wants 30 or more' err
    diff -r "$FC_TESTS/../models" models
    fc-eval calibrate --models models --root lfw --fmr 0.5 -f json >wet
    [ "$(jq .metrics.threshold dry)" = "$(jq .metrics.threshold wet)" ]
    grep -qF "threshold: {cosine: $(jq .metrics.threshold wet), meaning: \"$(jq -r .meaning wet)\"}" models/models.yaml
    [ "$(diff "$FC_TESTS/../models/models.yaml" models/models.yaml | grep -c '^>')" -eq 1 ]
    # the tools take it
    fc-match --models models ann.jpg bob.png >verdict || true
    jq -e --argjson t "$(jq .metrics.threshold wet)" '.threshold == $t' verdict
    run --separate-stderr fc-eval calibrate --models models --root lfw --fmr 1e-4
    [ "$status" -eq 2 ]
    [[ $stderr == *"--fmr 0.0001: less than one of the 4 impostor pairs"* ]]
}

@test "identify and knn" {
    make_lfw
    cp lfw/Bob/Bob_0002.jpg lfw/Bob/Bob_0003.jpg
    echo >>lfw/Bob/Bob_0003.jpg
    cp ann.jpg lfw/Ann/Ann_0003.jpg
    echo >>lfw/Ann/Ann_0003.jpg
    mkdir lfw/Cat lfw/Dog
    cp group.jpg lfw/Cat/
    cp ice.jpg lfw/Dog/
    fc-eval identify --root lfw --enroll 2 --min-images 3 -f json --assert 'rank-1==1' --assert 'fnir@fpir=0.5<=0' >report
    jq -e '.metrics."rank-1" == 1 and .protocol.enrolled == 2 and .protocol.probes == 2 and .protocol.strangers == 2
        and .protocol.probes_of_strangers == 2 and .operating_points == [] and (.roc | length) > 1 and (.cmc | length) == 20' report
    fc-eval identify --root lfw --enroll 2 --min-images 3 --strangers 0 -f json >closed
    jq -e '.roc == null and .metrics."rank-1" == 1' closed
    fc-eval identify --root lfw --enroll 2 --min-images 3 -f json --baseline report >again
    jq -e '.baseline.p == 1' again
    for type in mean linear; do
        fc-eval identify --root lfw --enroll 2 --min-images 3 --head $type -f json --assert 'head-rank-1>=cosine' \
            --assert 'head-rank-1==1' >with
        jq -e --arg type $type '.head.type == $type and .head."rank-1" == 1 and .metrics."head-rank-1" == 1 and
            .head."rank-1_paired" == {lost: 0, won: 0, p: 1} and .head.operating_points == []' with
        [ "$(jq -c '.metrics | del(."head-rank-1")' with)" = "$(jq -c .metrics report)" ]
    done
    run --separate-stderr fc-eval identify --root lfw --enroll 2 --min-images 3 --head mean --assert 'head-rank-1<cosine'
    [ "$status" -eq 1 ]
    [[ $stderr == *"assertion failed: head-rank-1 is 1, wanted < 1, the cosine's"* ]]
    refused() {
        run -2 --separate-stderr fc-eval identify --root lfw --enroll 2 --min-images 3 "${@:2}"
        [[ $stderr == *"$1"* ]] || fault "$*: $stderr"
    }
    refused "want mean, linear, lda or triplet, got 'best'" --head best
    refused "lda: no photos of other people" --head lda
    refused "this run has no head-rank-1" --assert 'head-rank-1>=0.5'
    refused "this run has no head-fnir@fpir=0.01" --head mean --assert 'head-fnir@fpir=0.01<=cosine'
    refused "want METRIC>=NUMBER" --assert 'rank-1>=cosine'
    refused "want METRIC>=NUMBER" --assert 'head-rank-1>=cosines'
    fc-eval knn --root lfw -k 1 --folds 3 --min-images 3 -f json --assert 'accuracy==1' >knn
    jq -e '.protocol.enrolled == 2 and (.folds == [1, 1, 1]) and .metrics."strangers-named" <= 1' knn
    run --separate-stderr fc-eval identify --root lfw --enroll 4 --min-images 4
    [ "$status" -eq 2 ]
    [[ $stderr == *"no person has 4 pictures"* ]]
    # folders may be called what nobody can be enrolled as
    mv lfw/Ann lfw/unknown
    mv lfw/Bob "lfw/$(printf 'x%.0s' {1..200})"
    fc-eval knn --root lfw -k 1 --folds 3 --min-images 3 -f json --assert 'accuracy==1' >odd
    [ "$(jq -c .metrics odd)" = "$(jq -c .metrics knn)" ]
    if mv lfw/unknown $'lfw/\xe9' 2>/dev/null; then
        fc-eval knn --root lfw -k 1 --folds 3 --min-images 3 --assert 'accuracy==1' >/dev/null
    fi
    run --separate-stderr fc-eval knn --root lfw -k 2 --folds 3 --min-images 3
    [ "$status" -eq 2 ]
}

@test "what does not fit is a usage error before any work" {
    make_lfw
    for wrong in '' frobnicate pairs 'pairs --root lfw' 'pairs --pairs pairs.txt' 'pairs --root lfw --pairs pairs.txt x' \
        'all-pairs --root lfw x' 'all-pairs --pairs pairs.txt lfw' 'pairs --root lfw --pairs pairs.txt --faces all' \
        'pairs --root lfw --pairs pairs.txt --junit x.xml' 'identify --root lfw --enroll 5 --min-images 2' \
        'pairs --root lfw --pairs pairs.txt --worst 3' 'pairs --root lfw --pairs pairs.txt --worst x y'; do
        # shellcheck disable=SC2086
        run --separate-stderr fc-eval $wrong
        [ "$status" -eq 2 ] || fault "$wrong"
        [ -z "$output" ]
        [[ $stderr == "fc-eval: "* ]]
    done
    # what another command has is not passed over
    while read -r option message; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt $option
        [[ $stderr == "fc-eval: $message"* ]] || fault "$option: $stderr"
    done <<'END'
--head=mean --head: only for identify, compare
--folds=3 --folds: only for knn
-k3 --neighbours: only for knn
--fpir=0.01 --fpir: only for identify
--dry-run --dry-run: only for calibrate
--files-from=pairs.txt --files-from: only for data sets, not for lists of pairs
END
    run --separate-stderr fc-eval pairs --root lfw --pairs ann.jpg
    [ "$status" -eq 2 ]
    [[ $stderr == *"ann.jpg, line 1"* ]]
    printf '1\nAnn\t1\t2\nAnn\t1\tBob\t1\n' >one
    run --separate-stderr fc-eval pairs --root lfw --pairs one
    [ "$status" -eq 2 ]
    [[ $stderr == *"one: one fold; thresholds come from the other folds, so that two are wanted" ]]
}

@test "a report that cannot be written is an error" {
    make_lfw
    run fc-eval pairs --root lfw --pairs pairs.txt -o /nonexistent/x.json
    [ "$status" -eq 2 ]
    run bash -c 'fc-eval pairs --root lfw --pairs pairs.txt -f json >/dev/full'
    [ "$status" -eq 2 ]
    [[ $output == *"No space left"* ]]
    run fc-eval pairs --root lfw --pairs pairs.txt --cache /dev/null/x
    [ "$status" -eq 2 ]
}

@test "the worst comparisons are pictures, whatever their names" {
    make_lfw
    nasty=$(printf 'Ann\nq"<b>')
    mv lfw/Ann "lfw/$nasty"
    fc-eval identify --root lfw --enroll 1 --min-images 2 --worst 5 worst --html page.html -f json >report
    [ "$(find worst -name '*.png' | wc -l)" -le 5 ]
    run ! grep -q '<b>' page.html
    fc-eval pairs --root lfw --pairs <(sed 's/Ann/Bob/g; s/Bob\t2\tBob\t2/Bob\t2\tCat\t1/; s/Bob\t1\tBob\t1/Bob\t1\tCat\t1/' pairs.txt) \
        --worst 2 pairs-worst >/dev/null 2>&1 || [ $? -eq 3 ]
    for picture in pairs-worst/001.png pairs-worst/002.png; do
        [ "$(head -c 8 "$picture" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
    done
}

@test "the page is one file, and a browser shows all of it" {
    make_lfw
    fc-eval pairs --root lfw --pairs pairs.txt --html page.html --assert 'accuracy>=0.5' >table
    run ! grep -E '(src|href)="?(http|//|file|[a-z]+/)' page.html
    grep -q '<title>fc-eval pairs: mobilefacenet</title>' page.html
    [ "$(grep -c '<svg' page.html)" -eq 3 ]
    # no two elements of one name
    [ -z "$(grep -o ' id="[^"]*"' page.html | sort | uniq -d)" ]
    browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "no Chromium"
    # a copy that says in its title what was drawn
    sed 's|</body>|<script>onload = () => { document.title = [...document.images].filter(i => i.naturalWidth > 100).length + " pictures, " + [...document.querySelectorAll("svg")].filter(s => s.getBBox().width > 300).length + " figures, " + [...document.querySelectorAll("svg use")].filter(u => u.getBBox().width > 0).length + " letters" }</script>&|' page.html >seen.html
    timeout 100 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/seen.html" \
        >dom 2>/dev/null
    title=$(grep -o '<title>[^<]*' dom)
    [[ $title =~ ([0-9]+)" pictures, 3 figures, "([0-9]+)" letters" ]] || fault "$title"
    [ "${BASH_REMATCH[1]}" -eq "$(grep -c '<img' page.html)" ]
    [ "${BASH_REMATCH[1]}" -eq 4 ]
    [ "${BASH_REMATCH[2]}" -gt 100 ]
}

@test "what decides a result is in the line that repeats it, and other settings take nothing from the cache" {
    unset ONEDNN_MAX_CPU_ISA DNNL_MAX_CPU_ISA
    make_lfw
    evaluate() { fc-eval pairs --root lfw --pairs pairs.txt --cache cache -q -f json "$@"; }
    evaluate >one
    # limits of the machine, not of the result
    [ "$(evaluate --max-memory 3000 -j1 | jq .run.cached)" -eq 4 ]
    jq -e '.protocol.detector.max_faces == 1000 and .protocol.detector.max_pixels == 200000000 and
        (.protocol.repeat | contains(" --max-faces 1000 ") and contains(" --max-pixels 200000000 "))' one
    for option in '--max-faces 1' --turns '--damaged keep' '--max-pixels 100000000' '--min-face 21.5' '--factor 0.7' \
        '--thresholds 0.6,0.7,0.71' '--max-side 2000' '--faces best' --flip '--precision fp32'; do
        # shellcheck disable=SC2086
        evaluate $option >got
        [ "$(jq .run.cached got)" -eq 0 ] || fault "$option: taken from the cache"
        [[ "$(jq -r .protocol.repeat got) " == *" $option "* ]] || fault "$option: $(jq -r .protocol.repeat got)"
        eval "$(jq -r .protocol.repeat got) -q -f json" | jq -S 'del(.run)' | diff -u <(jq -S 'del(.run)' got) - >&2
    done
    # a picture that is in the cache is still too large
    run -3 fc-eval all-pairs --root lfw --cache cache --max-pixels 300000 -q -f json
    jq -e '.run.cached == 0 and (.failures | map(.state) | sort) == ["not decoded", "not detected"]' <<<"$output"
    # each instruction set has its own; arm64 has one
    if [ "$FC_ARCH" = x86_64 ]; then
        ONEDNN_MAX_CPU_ISA=SSE41 evaluate >held
        jq -e '.run.cached == 0 and .protocol.instructions == "SSE41" and (.protocol.repeat | startswith("ONEDNN_MAX_CPU_ISA=SSE41 fc-eval "))' held
    fi
    [ "$(evaluate | jq .run.cached)" -eq 4 ]
    fc-eval all-pairs --files-from <(printf '%s\n' lfw/Ann lfw/Bob) -q -f json >listed
    jq -e '.protocol.repeat | contains(" --files-from /dev/fd/")' listed
    fc-eval identify --root lfw --enroll 1 --min-images 2 -q -f json | jq -e '.protocol.repeat | contains(" --fuse max")'
}

# Of n questions that were all answered alike, Clopper and Pearson's other end is at 0.025^(1/n).
@test "knn: rates with intervals, and none asserted that its people cannot show" {
    make_lfw
    cp lfw/Bob/Bob_0002.jpg lfw/Bob/Bob_0003.jpg
    echo >>lfw/Bob/Bob_0003.jpg
    cp ann.jpg lfw/Ann/Ann_0003.jpg
    echo >>lfw/Ann/Ann_0003.jpg
    mkdir lfw/Cat
    cp group.jpg lfw/Cat/
    knn() { fc-eval knn --root lfw -k 1 --folds 3 --min-images 3 --cache cache "$@"; }
    knn -o report >table
    jq -e 'def near($a): . - $a | fabs < 1e-9;
        .counts.accuracy == [6, 6] and (.intervals.accuracy[0] | near(pow(0.025; 1 / 6))) and .intervals.accuracy[1] == 1
        and .counts.answered[1] == 6 and .counts."strangers-named"[1] == 3
        and (.metrics."strangers-named" as $rate | .intervals."strangers-named" | $rate >= .[0] and $rate <= .[1]
            and .[1] - .[0] > 0.9)' report
    grep -q '^accuracy  *100.00 %  54.07..100.00, 6 of 6 pictures; mean of 3 folds, standard error 0.00; k = 1$' table
    grep -q '^answered rightly  *[0-9.]* %  [0-9.]*\.\.[0-9.]*, . of them right' table
    grep -q '^strangers named  *[0-9.]* %  [0-9.]*\.\.[0-9.]*, . of 3 answers are above that threshold, to 1 pictures of strangers' table
    for bad in 'strangers-named<=0.01' 'strangers-named<0.99' 'strangers-named==0' 'accuracy>=0.99' 'answered>83.4%'; do
        run --separate-stderr knn --assert "$bad"
        [ "$status" -eq 2 ] || fault "$bad"
        [ -z "$output" ]
        [[ $stderr == *"which cannot show it" ]] || fault "$stderr"
    done
    knn --assert 'strangers-named<=1' --assert 'accuracy>=1' --assert 'accuracy>=0.8' --assert 'strangers-named>=0' >/dev/null
    # nobody is a stranger
    rm -r lfw/Cat
    knn >table
    grep -q '^strangers named  *not measurable  there are none$' table
    run --separate-stderr knn --assert 'strangers-named<=0.5'
    [ "$status" -eq 2 ]
    [[ $stderr == *"this run has no strangers-named" ]]
}

@test "identify --fpir: what thresholds reach that are chosen beforehand" {
    # eight faces, each of them twice
    fc-embed -q ann.jpg bob.png group.jpg group2.jpg |
        jq -c -n '[inputs | .src as $src | .faces[] | {v: 1, src: $src, faces: [.]}] | to_entries[] | .value + {id: "p\(.key)"} | ., .' >people
    fc-eval identify people --enrolled 2 --enroll 1 --min-images 1 --fpir 0.3 --strangers 10 --seed 3 -f json -q >report
    jq -e '.protocol.enrolled == 2 and (.protocol.repeat | contains(" --enrolled 2 --fpir 0.3")) and (.asked | length) == 2' report
    # 1 - 0.7^(1/2) = 0.163: the curve's next rate below it is 0.1
    jq -e '.asked[1] | .by == "curve" and .within and .threshold == 0.197868 and .fpir_wanted == 0.3' report
    jq -e '.asked[] | .strangers > 0 and .named <= .strangers and .fpir == .named / .strangers
        and .fpir_interval[0] <= .fpir and .fpir <= .fpir_interval[1]' report
    jq -e '.asked[0] | .by == "cohort" and .cohort > 0' report
    fc-eval identify people --enrolled 2 --enroll 1 --min-images 1 --fpir 0.3 --strangers 10 -q >table
    grep -q '^FPIR for 0.3 by cohort ' table
    grep -q '^FPIR for 0.3 by curve ' table
    fc-eval identify people --enroll 1 --min-images 1 -f json -q | jq -e 'has("asked") | not'
    for bad in '--fpir 0' '--fpir 1' '--fpir nan' '--enrolled 0'; do
        # shellcheck disable=SC2086
        run -2 fc-eval identify people $bad
    done
}

@test "identify: ranks that its people or probes cannot show are not asserted" {
    make_lfw
    cp bob.png lfw/Bob/Bob_0003.jpg
    identify() { fc-eval identify --root lfw --enroll 1 --min-images 2 --cache cache "$@"; }
    identify --assert 'rank-1>=1' --assert 'rank-1>=0.6' -f json >report
    jq -e '.counts."rank-1" == [3, 3]' report
    for bad in 'rank-1>=0.99' 'rank-1>0.7'; do
        run --separate-stderr identify --assert "$bad"
        [ "$status" -eq 2 ] || fault "$bad"
        [[ $stderr == *"--assert rank-1: "*" wants less than one wrong answer in 3, which cannot show it" ]] || fault "$stderr"
    done
    for rank in 2 20; do
        run --separate-stderr identify --assert "rank-$rank>=0.5"
        [ "$status" -eq 2 ]
        [[ $stderr == *"--assert rank-$rank: with 2 people enrolled everybody is among the first $rank, which shows nothing" ]] || fault "$stderr"
    done
    # of four pairs, less than one wrong
    run --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt --assert 'accuracy>=0.8'
    [ "$status" -eq 2 ]
    [[ $stderr == *"--assert accuracy: 0.8 wants less than one wrong answer in 4, which cannot show it" ]]
}

@test "quality: errors against what is left out, the same by any way" {
    make_lfw
    mkdir lfw/Cat
    cp group.jpg lfw/Cat/1.jpg
    fc-eval quality --root lfw -j1 -f json --cache cache >one
    jq -e '.kind == "quality" and .protocol.genuine == 2 and .discard == [] and .metrics.fte > 0' one
    fc-eval quality --root lfw -j4 --cache cache -f json >two
    jq -e '.run.cached == 6' two
    diff -u <(jq -S 'del(.run)' one) <(jq -S 'del(.run)' two) >&2
    fc-quality -r lfw --faces center | fc-embed >set.jsonl
    fc-eval quality set.jsonl -f json >records
    jq -e -n --slurpfile a one --slurpfile b records '$a[0].roc == $b[0].roc'
    # what other commands cached has no quality in it
    fc-eval all-pairs --root lfw --cache other >table
    fc-eval quality --root lfw --cache other -f json | jq -e '.run.cached == 0'
    fc-eval quality --root lfw | grep -q '^FNMR at FMR 1e-02 .*not'
    run -2 --separate-stderr fc-eval quality --root lfw --assert 'rank-1>=0'
    [[ $stderr == *"fc-eval quality has no metric 'rank-1'"* ]]
    # crops have no landmarks
    fc-align -o crops ann.jpg ann2.jpg >records.jsonl
    mkdir -p chips/Ann && mv crops/*.png chips/Ann
    run fc-eval quality --root chips --aligned
    [ "$status" -ne 0 ]
    [[ $output == *"no landmarks"* ]]
}
