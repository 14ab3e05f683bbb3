load common

# people: two photos of Ann, two of Bob, two of Eve in a group, the largest face. Second ones of the last two are
# the first with a byte more.
people() {
    mkdir -p people/Ann people/Bob people/Eve/more
    cp ann.jpg ann2.jpg people/Ann
    cp bob.png people/Bob/1.png
    cp group.jpg people/Eve/1.jpg
    (cat bob.png && echo) >people/Bob/2.png
    (cat group.jpg && echo) >people/Eve/more/2.jpg
}

@test "a model says who the people are, and that others are unknown" {
    people
    for layer in arcface softmax; do
        run -0 --separate-stderr fc-finetune --layer $layer --epochs 5 -o m.safetensors people
        [ -z "$stderr" ] || fault "$stderr"
        [[ $output == "mobilefacenet: 3 photos of 3 people to train on (5 samples of each), 3 held out"* ]] || fault "$output"
        [ "$(grep -c '^ .* 100.00    100.00$' <<<"$output")" -eq 5 ] || fault "$output"
        [[ $output == *"top-1 100.00 %, top-5 100.00 %"$'\n'"threshold "* ]] || fault "$output"
        [ "$(stat -c %a m.safetensors)" = 600 ]
        run -0 --separate-stderr fc-match --no-timings --faces largest --classify m.safetensors ann2.jpg bob.png group.jpg
        [ "$(jq -r .id <<<"$output" | tr '\n' ' ')" = "Ann Bob Eve " ] || fault "$output"
        jq -e -s 'all(.[]; .match and .nearest == .id and .score >= .threshold and (.model | startswith("m:")))' <<<"$output"
        run -1 fc-match -q --classify ./m.safetensors group2.jpg
        jq -e -s 'length == 3 and all(.[]; .id == "unknown" and (.match | not))' <<<"$output"
    done
    # a model like any other; its embeddings are the source's
    fc-embed -m ./m.safetensors ann.jpg | jq -r '.faces[0].embedding.f32' >here
    fc-embed --precision fp32 ann.jpg | jq -r '.faces[0].embedding.f32' | cmp - here
    fc-model info -f json m.safetensors | jq -e '.architecture == "mobilefacenet" and .task == "embed"'
    fc-match -q -m ./m.safetensors ann.jpg ann2.jpg >match
    jq -e '.match and .threshold == 0.45' match
    fc-embed -m ./m.safetensors bob.png | fc-match --classify m.safetensors -f tsv | cut -f 3 | tail -n 1 | grep -qx Bob
    fc-finetune -q --epochs 2 -m ./m.safetensors -o again.safetensors people >/dev/null # once more, from there
    [ "$(fc-match --classify again.safetensors bob.png | jq -r .id)" = Bob ]
}

@test "the same seed gives the same bytes, at any number of threads and from a cache" {
    people
    mkdir one two
    fc-finetune -q -j1 --epochs 4 --seed 7 -o one/m.st --log log1 --cache cache people >report1
    fc-finetune -q -j4 --epochs 4 --seed 7 -o two/m.st --log log2 people >report2
    cmp one/m.st two/m.st
    cmp log1 log2
    cmp report1 report2
    fc-finetune -q --epochs 4 --seed 7 -o two/m.st --cache cache people | cmp - report1
    cmp one/m.st two/m.st
    head -n 1 log1 | grep -qx $'pass\tepoch\tloss\tspread\theld_out_loss\theld_out_accuracy\theld_out_top5'
    [ "$(wc -l <log1)" -eq 5 ]
    [ "$(find cache -name '*.jsonl' | wc -l)" -eq 6 ]
    fc-finetune -q --epochs 4 --seed 8 -o two/m.st people >/dev/null
    run ! cmp -s one/m.st two/m.st
    fc-finetune -q --epochs 3 -f json --confusions table -o two/m.st people >report
    jq -e '.people == 3 and .held_out == 3 and (.epochs | length) == 3 and .top1 == 1 and .top5 == 1 and .confusions == []
        and .settings.layer == "arcface" and .fpir_wanted == 0.01' report
    [ "$(<table)" = $'is\ttaken_for\ttimes\tscore' ]
}

@test "people and photos that are no use are told" {
    people
    mkdir people/Nobody people/Blank people/One
    cp ice.jpg people/Blank
    cp group2.jpg people/One
    echo text >people/Ann/broken.jpg
    cp ann.jpg people/Ann/copy.jpg
    run -0 --separate-stderr fc-finetune --epochs 2 -o m.safetensors people
    [[ $output == "mobilefacenet: 3 photos of 3 people"* ]] || fault "$output"
    for told in "people/Nobody: no pictures" "Nobody has no usable photo, and is left out" "people/Blank/ice.jpg: no face" \
        "Blank has no usable photo, and is left out" "One has one usable photo, and is left out" "people/Ann/broken.jpg" \
        "people/Ann/copy.jpg is people/Ann/ann.jpg once more, and passed over"; do
        [[ $stderr == *"$told"* ]] || fault "not told: $told" "$stderr"
    done
    cp people/Bob/1.png people/Eve/bob.png # somebody else's photo: nobody's
    run --separate-stderr fc-finetune --epochs 2 -o m.safetensors people
    [[ $stderr == *"people/Eve/bob.png is people/Bob/1.png, which is a photo of Bob, too: no copy of it is used"* ]] || fault "$stderr"
    [[ $stderr == *"Bob has one usable photo, and is left out"* ]] || fault "$stderr"
}

@test "names that differ in case look alike; names that differ in Unicode's form are one" {
    people
    mv people/Eve people/bob
    run -0 --separate-stderr fc-finetune --epochs 2 -o m.safetensors people
    [[ $stderr == *"Bob"*"bob"* ]] || fault "$stderr"
    mkdir people/Zo$'\u00eb' people/Zoe$'\u0308'
    mv people/bob/1.jpg people/Zo$'\u00eb'/
    mv people/bob/more/2.jpg people/Zoe$'\u0308'/
    rm -r people/bob
    run -0 --separate-stderr fc-finetune --epochs 2 -o m.safetensors people
    [[ $output == "mobilefacenet: 3 photos of 3 people"* ]] || fault "$output"
    [[ $stderr == *"people: "*" and "*" are one person's folders: their names differ in Unicode's form alone"* ]] || fault "$stderr"
    [ "$(fc-match --faces largest --classify m.safetensors group.jpg | jq -r .id)" = Zo$'\u00eb' ]
}

@test "wrong usage and bad input say what is wanted" {
    people
    check() {
        local want=$1
        shift
        run --separate-stderr fc-finetune "$@" </dev/null
        [ "$status" -eq 2 ] || fault "exit status $status: $*"
        [[ $stderr == *"$want"* ]] || fault "$* says: $stderr"
        [ ! -e m.safetensors ]
    }
    check "no file to write (-o FILE)" people
    check "0 folders given" -o m.safetensors
    check "2 folders given" -o m.safetensors people people
    check "No such file" -o m.safetensors missing
    check "no model 'other'" -m other -o m.safetensors people
    check "all faces of a photo are not one person's" --faces all -o m.safetensors people
    check "does not embed faces" -m mtcnn-pnet -o m.safetensors people
    mkdir empty one faceless
    check "empty: no folders in it; it wants one for each person" -o m.safetensors empty
    cp -r people/Ann one
    check "one: usable photos of one person: two people are wanted who can be told apart" -o m.safetensors one
    mkdir faceless/Ice faceless/Snow
    cp ice.jpg faceless/Ice
    check "faceless: no usable photos" -o m.safetensors faceless
    mkdir -p named/unknown
    check "a person's folder:" -o m.safetensors named
    run --separate-stderr fc-match --classify ann.jpg ann2.jpg
    [ "$status" -eq 2 ]
    run --separate-stderr fc-match --classify people -m mobilefacenet ann2.jpg
    [ "$status" -eq 2 ]
    [[ $stderr == *"its model embeds the faces; -m and --flip do not go with it"* ]]
    # nothing is said of a training that does not begin, and the log of an earlier one stays
    echo earlier >log
    check "ann.jpg: not a safetensors file" --checkpoint ann.jpg --log log -o m.safetensors people
    [ -z "$output" ]
    [ "$(<log)" = earlier ]
    check "No space left on device" -q --epochs 1 --log /dev/full -o m.safetensors people
}

@test "a damaged model is refused" {
    people
    fc-finetune -q --epochs 1 -o m.safetensors people >/dev/null
    size=$(stat -c %s m.safetensors)
    for at in 300 $((size / 2)) $((size - 40)); do
        cp m.safetensors damaged.safetensors
        old=$(od -An -tu1 -j $at -N 1 m.safetensors)
        # shellcheck disable=SC2059
        printf "\\x$(printf %x $((old ^ 4)))" | dd of=damaged.safetensors bs=1 seek=$at conv=notrunc status=none
        run -2 fc-match -q --classify damaged.safetensors ann.jpg
        run -2 fc-embed -q -m ./damaged.safetensors ann.jpg
    done
    head -c $((size - 9)) m.safetensors >damaged.safetensors
    run -2 --separate-stderr fc-match --classify damaged.safetensors ann.jpg
    [[ $stderr == *"damaged.safetensors"* ]]
}

@test "killed, training goes on where it was; a full disk leaves the checkpoint whole" {
    [ -z "$FC_SANITIZE" ] || skip "it takes minutes"
    people
    mkdir whole killed
    train() {
        exec fc-finetune -q --batch 16 --augment 50 --epochs "${2:-18000}" --patience 18000 --cache cache -o "$1/m.st" \
            --log "${3:-$1/log}" --checkpoint check people
    }
    (train whole) >whole/report
    [ ! -e check ]
    train killed >killed/report &
    for ((i = 0; i < 300; i++)); do
        [ ! -e check ] || break
        sleep 0.1
    done
    kill -9 $! 2>/dev/null || skip "it was done before a checkpoint was due"
    wait $! 2>/dev/null || true
    [ -e check ] && [ ! -e killed/m.st ]
    run --separate-stderr train killed 18001
    [ "$status" -eq 2 ]
    [[ $stderr == *"check: of a training with other photos or settings"* ]] || fault "$stderr"
    # no file may have more than 32 KiB: as if the disk were full at the next checkpoint
    cp check before
    (ulimit -f 32 && trap '' XFSZ && train killed 18000 /dev/null) >/dev/null 2>err && fault "a full disk is no fault"
    grep -q 'check: File too large' err || fault "$(<err)"
    cmp check before
    [ ! -e killed/m.st ]
    (train killed) >killed/report
    cmp whole/m.st killed/m.st
    cmp whole/log killed/log
    cmp whole/report killed/report
    [ ! -e check ]
}

# A list of pairs, pairs.txt, of pictures in lfw.
pairs() {
    mkdir -p lfw/Ann lfw/Bob
    cp ann.jpg lfw/Ann/Ann_0001.jpg
    cp ann2.jpg lfw/Ann/Ann_0002.jpg
    cp bob.png lfw/Bob/Bob_0001.jpg
    cp bob.png lfw/Bob/Bob_0002.jpg
    printf '2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\nBob\t1\t2\nAnn\t2\tBob\t2\n' >pairs.txt
}

@test "pairs of faces are told apart as before, or it is told" {
    people
    pairs
    run -0 --separate-stderr fc-finetune --epochs 2 --check pairs.txt --root lfw -o m.safetensors people
    [ -z "$stderr" ]
    [[ $output == *$'\n'"pairs: 100.00 % right before, 100.00 % after (4 pairs; 0 answers worse, 0 better, p = 1.0000)" ]] || fault "$output"
    fc-finetune -q -f json --epochs 1 --check pairs.txt --root lfw -o m.safetensors people | jq -e '.check.pairs == 4 and
        .check.accuracy == [1, 1] and .check.tar == [null, null] and .check.worse == 0'
    run --separate-stderr fc-finetune --epochs 1 --check pairs.txt -o n.safetensors people
    [ "$status" -eq 2 ] # none of the pictures is there
    [[ $stderr == *"no picture that pairs.txt names is there"* ]] || fault "$stderr"
    [ ! -e n.safetensors ]
    run -2 --separate-stderr fc-finetune --root lfw -o n.safetensors people
    [[ $stderr == *"--root: wants --check"* ]]
    [ -e "$FC_BUILD/modules/facecheck-torch.so" ] || skip "no libtorch"
    run -0 --separate-stderr fc-finetune --unfreeze all --rate 1 --epochs 1 --augment 1 --check pairs.txt --root lfw -o m.safetensors people
    [[ $stderr == *"warning: the new model tells pairs of faces apart worse than mobilefacenet: "*" % are right, and were 100.00 %"* ]] || fault "$stderr"
}

@test "the embedding itself is trained, where there is libtorch" {
    people
    if [ ! -e "$FC_BUILD/modules/facecheck-torch.so" ]; then
        run --separate-stderr fc-finetune --unfreeze bn -o m.safetensors people
        [ "$status" -eq 2 ]
        [[ $stderr == *"this build has no torch engine"* ]] || fault "$stderr"
        skip "no libtorch"
    fi
    mkdir one two
    for what in bn last; do
        fc-finetune -q -j1 --unfreeze $what --rate 1e-3 --batch 4 --epochs 1 --augment 1 --cache cache -o one/m.st people >report
        if [ $what = bn ]; then
            fc-finetune -q -j3 --unfreeze bn --rate 1e-3 --batch 4 --epochs 1 --augment 1 -o two/m.st people | cmp - report
            cmp one/m.st two/m.st
        fi
        grep -q '^best: .* top-1 100.00 %' report
        [ "$(fc-match --faces largest --classify one/m.st ann2.jpg bob.png group.jpg | jq -r .id | tr '\n' ' ')" = "Ann Bob Eve " ]
        run -1 fc-match -q --classify one/m.st group2.jpg
        # other embeddings, and what was measured of the model's is no more stated
        fc-embed -m ./one/m.st ann.jpg | jq -r '.faces[0].embedding.f32' >here
        fc-embed --precision fp32 ann.jpg | jq -r '.faces[0].embedding.f32' >there
        run ! cmp -s here there
        run -2 --separate-stderr fc-match -m ./one/m.st ann.jpg ann2.jpg
        [[ $stderr == *"the model states no threshold"* ]] || fault "$stderr"
    done
    # a loss that is no number: after a good epoch, and before
    run -3 --separate-stderr fc-finetune --unfreeze all --rate 10 --epochs 2 --augment 2 --cache cache -o three.st people
    [[ $stderr == *"epoch 2: the loss is no number any more (--rate 10 is too large?); the model is that of the best epoch before, 1" ]] ||
        fault "$stderr"
    fc-model info three.st | grep -q mobilefacenet
    rm three.st
    run -2 --separate-stderr fc-finetune --unfreeze all --rate 10 --batch 3 --epochs 2 --augment 2 --cache cache -o three.st people
    [[ $stderr == *"epoch 1: the loss is no number any more (--rate 10 is too large?)"* ]] || fault "$stderr"
    [ ! -e three.st ]
}
