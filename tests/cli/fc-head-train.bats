load common

# A gallery g: two photos of Ann, one of Bob, three guests of a group photo.
enrolled() {
    fc-enroll -q --no-check -g g --id Ann --augment 2 ann.jpg ann2.jpg >/dev/null
    fc-enroll -q --no-check -g g --id Bob --augment 2 bob.png >/dev/null
    fc-embed -q group.jpg | jq -c '. as $r | .faces | to_entries[] | $r + {faces: [.value], id: "Guest\(.key)"}' |
        fc-gallery import -q -g g
}

@test "each type of head says who the people of a gallery are" {
    enrolled
    for type in mean linear triplet; do
        run -0 --separate-stderr fc-head-train -g g -o head --type $type
        [[ $output == "$type: 6 photos (12 samples) of 5 people"* ]] || fault "$output"
        [ "$(stat -c %a head)" = 600 ]
        fc-match --no-timings -g g --head head ann.jpg bob.png >got
        [ "$(jq -r .id got | tr '\n' ' ')" = "Ann Bob " ]
        jq -e -s --arg type $type 'all(.[]; .match and .head.type == $type and .head.id == .id and .head.stranger == false
            and .head.score > 0.5 and .similarity == .candidates[0].similarity)' got
        # strangers are turned away by the gallery, and the head is not asked
        run fc-match -q --no-timings -g g --head head group2.jpg --threshold 0.99
        [ "$status" -eq 1 ]
        jq -e -s 'all(.[]; .id == "unknown" and .match == false and .head == null)' <<<"$output"
    done
    fc-match --no-timings -f tsv -g g --head head -k 1 ann.jpg bob.png | cut -f 3,16 >table
    printf 'id\thead\nAnn\tAnn\nBob\tBob\n' | diff - table
    fc-match -q --no-timings -g g --head head --attendance ann.jpg bob.png | cut -f 1,2 | grep -c present | grep -qx 2
}

@test "the head's word counts over the gallery's" {
    enrolled
    # trained with the names of two people changed about
    fc-gallery export -g g Ann Bob | jq -c '.id = {Ann: "Bob", Bob: "Ann"}[.id]' >crossed
    fc-head-train -q -o head crossed >/dev/null
    run -0 --separate-stderr fc-match --no-timings -g g --head head ann.jpg bob.png
    [ "$(jq -r '"\(.id) \(.candidates[0].id)"' <<<"$output" | tr '\n' ',')" = "Bob Ann,Ann Bob," ]
    # who was enrolled later is who the gallery says, and a person who is gone is nobody
    fc-gallery export -g g Ann Guest0 >some
    fc-head-train -q -o head some >/dev/null
    fc-match --no-timings -g g --head head bob.png | jq -e '.id == "Bob" and .head == null'
    fc-gallery -g g rm Guest0 >/dev/null
    fc-match --no-timings -g g --head head ann.jpg | jq -e '.id == "Ann" and .head.id == "Ann"'
}

@test "a head that is behind its gallery is told, and brought up to date" {
    enrolled
    fc-head-train -q -g g -o head >/dev/null
    run --separate-stderr fc-match -g g --head head ann.jpg
    [[ $stderr != *"warning: head"* ]]
    fc-enroll -q --no-check -g g --id Eve group2.jpg --faces best >/dev/null
    run -0 --separate-stderr fc-match -g g --head head ann.jpg
    [[ $stderr == *"warning: head: not trained on the gallery as it is now (fc-head-train --update)"* ]] || fault "$stderr"
    run -0 --separate-stderr fc-match -q -g g --head head ann.jpg
    [ -z "$stderr" ] || fault "$stderr"
    fc-match --no-timings -q -g g --head head ann.jpg bob.png | jq -c '[.id, .head]' >before
    fc-head-train -g g --update -f json -o head >report
    jq -e '.type == "mean" and .people == 6 and .asked_before == 12 and .changed == 0' report
    fc-match --no-timings -g g --head head ann.jpg bob.png | jq -c '[.id, .head]' | diff before - # to the last digit
    for type in linear triplet; do
        fc-head-train -q -g g --type $type -o head >/dev/null
        fc-head-train -g g --update -o head >report # of the type that it is
        grep -q "^$type: " report
        grep -Eq '^of 13 samples of people known before [0-9]+ get another answer' report
    done
}

@test "a head is behind where samples came, went or have another name, and only there" {
    enrolled
    fc-gallery export -g g >records
    behind() {
        run -0 --separate-stderr fc-match -g g --head head ann.jpg
        [[ $stderr == *"warning: head: not trained on"* ]]
    }
    fc-head-train -q -g g -o head >/dev/null
    fc-gallery -g g calibrate --fpir 0.3 >/dev/null 2>&1
    fc-enroll -q --no-check -g g --id Ann --meta '{"room": 3}' ann.jpg >/dev/null
    run ! behind
    fc-gallery -g g rename Bob Bert >/dev/null
    behind
    fc-gallery -g g rename Bert Bob >/dev/null
    run ! behind
    fc-gallery -g g rm Bob >/dev/null
    behind
    fc-head-train -q -g g --update -o head >/dev/null
    run ! behind
    fc-gallery -g g merge Ann Guest0 >/dev/null
    behind
    # of records there is nothing to compare with
    fc-head-train -q -o head records >/dev/null
    run ! behind
}

@test "fc-enroll --head keeps a head current" {
    enrolled
    for type in mean linear triplet; do
        cp g h
        fc-head-train -q -g h -o head --type $type --dim 16 --epochs 20 --seed 3 >/dev/null
        cp head before
        run -0 --separate-stderr fc-enroll --no-check -g h --head head --id Ann ann.jpg # nothing is new
        cmp head before
        [[ $stderr != *"another answer"* ]]
        cp head other
        run -0 --separate-stderr fc-enroll --no-check -g h --head head --id Eve --faces best group2.jpg
        if [ $type = mean ]; then
            [[ $stderr == *"head: mean, 6 people"* && $stderr != *answer* ]] || fault "$stderr"
            fc-head-train -q -g h --seed 3 -o fresh >/dev/null
            cmp head fresh
        else
            [[ $stderr =~ "head: $type, 6 people; of 12 samples of people known before "[0-9]+" get another answer ("[0-9.]+" %)" ]] || fault "$stderr"
        fi
        [ "$(fc-match -q --no-timings -g h --head head --faces best group2.jpg | jq -r .head.id)" = Eve ]
        # what a run that was killed before the head was written leaves, the next one mends, to the same bytes
        run -0 --separate-stderr fc-match -g h --head other ann.jpg
        [[ $stderr == *"other: not trained on the gallery as it is now"* ]]
        fc-enroll -q --no-check -g h --head other --id Eve --faces best group2.jpg | jq -e '.result == "known"'
        cmp head other
        run -0 --separate-stderr fc-match -g h --head head ann.jpg
        [[ $stderr != *"not trained on"* ]]
    done
}

@test "fc-enroll --head: old people's answers of a mean head stay as they are; heads that do not fit are refused before" {
    enrolled
    fc-head-train -q -g g -o head >/dev/null
    fc-match --no-timings -q -g g --head head ann.jpg bob.png | jq -c .head >answers
    fc-enroll -q --no-check -g g --head head --id Eve --faces best group2.jpg >/dev/null
    fc-match --no-timings -q -g g --head head ann.jpg bob.png | jq -c .head | cmp - answers
    fc-head-train -q -g g -o head --type linear --negatives <(fc-embed -q group2.jpg) >/dev/null
    fc-gallery export -g g | jq -c '.faces[0].embedding.model = "other:1"' >foreign
    fc-head-train -q -o other foreign >/dev/null
    sha256sum g head other >before
    check() {
        local want=$1
        shift
        run -2 --separate-stderr fc-enroll --no-check --id New "$@" group.jpg --faces best
        [ -z "$output" ]
        [[ $stderr == *"$want"* ]] || fault "$* says: $stderr"
    }
    check "head: it has a class of strangers, whose photos it takes to train it again (fc-head-train --update --negatives)" -g g --head head
    check "other: the head is of embeddings of other:1, the gallery of mobilefacenet:" -g g --head other
    check "missing: No such file" -g g --head missing
    check "answers: not a safetensors file" -g g --head answers
    check "is an input, and the output" -g g --head g
    check "is an input, and the output" -g g --head g-wal
    run -2 --separate-stderr fc-head-train -g g --update -o head
    [[ $stderr == *"the head has a class of strangers: want their photos (negatives) to train it again"* ]]
    sha256sum -c --quiet before
    printf 'correct horse battery' >key
    chmod 600 key
    fc-enroll -q --no-check -g s2 --seal --key-file key --id Ann ann.jpg >/dev/null
    fc-enroll -q --no-check -g s2 --key-file key --id Bob bob.png >/dev/null
    fc-head-train -q -g s2 --key-file key --plain -o sealed >/dev/null
    check "s2: sealed, and the head would hold its embeddings unencrypted" -g s2 --key-file key --head sealed
    fc-enroll -q --no-check -g s2 --key-file key --head sealed --plain --id Eve --faces best group2.jpg >/dev/null
    fc-match -q --no-timings -g s2 --key-file key --head sealed --faces best group2.jpg | jq -e '.head.id == "Eve"'
}

@test "no output may be the gallery or what is beside it" {
    enrolled
    sha256sum g >before
    for file in g g-wal g-shm g-journal g.index; do
        for option in -o --checkpoint --log; do
            set -- fc-head-train -q -g g -o head "$option" "$file"
            [ "$option" != -o ] || set -- "$@" --update
            run -2 --separate-stderr "$@"
            [[ $stderr == *"$file: is an input, and the output"*"would replace it"* ]] || fault "$* says: $stderr"
            [ ! -e head ]
        done
    done
    run -2 --separate-stderr fc-head-train -q -g g -o missing/head
    [ "$stderr" = "fc-head-train: missing/head: No such file or directory" ]
    sha256sum -c --quiet before
}

@test "the same seed gives the same bytes, at any number of threads" {
    enrolled
    for type in mean linear triplet; do
        fc-head-train -q -j1 -g g --type $type --seed 7 -o one --log log1 >report1
        fc-head-train -q -j4 -g g --type $type --seed 7 -o two --log log2 >report2
        cmp one two
        cmp log1 log2
        cmp report1 report2
    done
    head -n 1 log1 | grep -qx $'pass\tepoch\tloss\tspread\theld_out_loss\theld_out_accuracy'
    [ "$(wc -l <log1)" -gt 10 ]
    fc-head-train -q -g g --type triplet --seed 8 -o two >/dev/null
    run ! cmp -s one two
}

@test "strangers become a class, for linear heads" {
    enrolled
    fc-embed -q group2.jpg >strangers
    fc-head-train -g g --type linear --negatives strangers -o head >report
    grep -q '^linear: .*, and strangers$' report
    run fc-match -q --no-timings -g g --head head --threshold -1 group2.jpg
    [ "$status" -eq 1 ]
    jq -e -s 'all(.[]; .id == "unknown" and .head.stranger)' <<<"$output"
    [ "$(fc-match --no-timings -g g --head head ann.jpg | jq -r .id)" = Ann ]
}

@test "killed, training goes on where it was" {
    # people enough that it takes more than the seconds between two checkpoints
    contract=$(fc-embed -q ann.jpg | jq -r '.faces[0].embedding.model')
    perl -e 'srand 1; print pack("f<192", map { rand(2) - 1 } 1..192) for 1..6000' | base64 -w 1024 |
        awk -v model="$contract" '{ printf "{\"v\":1,\"id\":\"P%d\",\"faces\":[{\"embedding\":{\"model\":\"%s\",\"f32\":\"%s\"}}]}\n", NR % 1000, model, $0 }' >many
    epochs=60
    [ -z "$FC_SANITIZE" ] || epochs=2 # each takes seconds
    train() {
        fc-head-train -q --type linear --epochs $epochs -o "$1" --log "$1.log" --checkpoint check many
    }
    train whole >/dev/null
    [ ! -e check ]
    train killed >/dev/null &
    for ((i = 0; i < 600; i++)); do
        [ ! -e check ] || break
        sleep 0.1
    done
    kill -9 $! 2>/dev/null || skip "it was done before a checkpoint was due"
    wait $! 2>/dev/null || true
    [ -e check ]
    [ ! -e killed ]
    # of other settings; the log stays
    cp killed.log before.log
    run --separate-stderr fc-head-train -q --type linear --epochs $((epochs + 1)) -o other --log killed.log --checkpoint check many
    [ "$status" -eq 2 ]
    cmp before.log killed.log
    [[ $stderr == *"check: of a training with other photos or settings; remove it to begin anew"* ]]
    train killed >/dev/null
    cmp whole killed
    cmp whole.log killed.log
    [ ! -e check ]
}

@test "wrong usage and bad input say what is wanted" {
    enrolled
    fc-gallery export -g g >records
    check() {
        local want=$1
        shift
        run --separate-stderr fc-head-train "$@" </dev/null
        [ "$status" -eq 2 ] || fault "exit status $status: $*"
        [ -z "$output" ]
        [[ $stderr == *"$want"* ]] || fault "$* says: $stderr"
        [ ! -e head ]
    }
    check "no file to write (-o FILE)" -g g
    check "-g and records: want one of them" -g g -o head records
    check "no embeddings to learn from" -o head
    check "no records (fc-embed makes them)" -o head ann.jpg
    check "missing" -g missing -o head
    check "head: No such file" -g g --update -o head
    check "a head of type mean has no use for them" -g g -o head --negatives records
    check "a head of type triplet has no use for it" -g g --type triplet -o head --background records
    check "lda: no photos of other people" -g g --type lda -o head
    check "lda: a background of 1 people with two photos or more; it wants 300" -g g --type lda -o head --background records
    grep Bob records >one
    check "photos of one person: a head needs two people to tell apart" -o head one
    jq -c 'if .id == "Bob" then .faces[0].embedding.model = "other:1" else . end' records >mixed
    check "embeddings of mobilefacenet:" -o head mixed
    jq -c '.faces[0].embedding.model = "other:1"' records >foreign
    check "negatives: embeddings of other:1 and of mobilefacenet:" -g g --type linear -o head --negatives foreign
    jq -c '.id = if .id == "Bob" then "ann" else .id end' records >alike
    run -0 --separate-stderr fc-head-train -o other alike
    [[ $stderr == *"Ann"*"ann"* ]] || fault "$stderr"
    jq -c 'if .id == "Bob" then .faces = [] else . end' records >without
    run -0 --separate-stderr fc-head-train -o other without
    [[ $stderr == *"warning: Bob has no sample, and is left out"* ]]
    run bash -c 'fc-head-train -q -g g -o other >/dev/full'
    [ "$status" -eq 2 ]
    for type in mean triplet; do
        run -2 --separate-stderr fc-head-train -q -g g --type $type --log /dev/full -o full
        [ "$stderr" = "fc-head-train: /dev/full: No space left on device" ]
    done
    [ ! -e full ]
    # faces that are all the same
    for name in A B C; do head -n 1 records | jq -c --arg name $name '.id = $name'; done >same
    run --separate-stderr fc-head-train -o full --type triplet same
    [ "$status" -eq 2 ]
    [[ $stderr == *"epoch 1: collapsed: all faces are in one place"* ]] || fault "$stderr"
    [ ! -e full ]
    # nothing tells them apart, so that nothing is learned: the head is that of the epoch before
    for name in A B C; do head -n 2 records | jq -c --arg name $name '.id = $name'; done >same
    run -3 --separate-stderr fc-head-train -o full --type triplet same
    [[ $stderr =~ "epoch "[0-9]+": collapsed: the loss stays at the margin, 0.2 (a smaller --rate?); the head is that of the last good epoch, "[0-9]+$ ]] || fault "$stderr"
    [ -s full ]
}

@test "fc-match refuses heads that do not fit" {
    enrolled
    fc-head-train -q -g g -o head >/dev/null
    check() {
        local want=$1
        shift
        run --separate-stderr fc-match "$@"
        [ "$status" -eq 2 ] || fault "exit status $status: $*"
        [ -z "$output" ]
        [[ $stderr == *"$want"* ]] || fault "$* says: $stderr"
    }
    check "want -g GALLERY" --head head ann.jpg ann2.jpg
    check "--head and --unique: want one of them" -g g --head head --unique ann.jpg
    check "No such file" -g g --head missing ann.jpg
    check "ann.jpg" -g g --head ann.jpg ann.jpg
    check "not a head (fc-head-train makes them)" -g g --head "$FC_BUILD/models/mobilefacenet.safetensors" ann.jpg
    fc-gallery export -g g | jq -c '.faces[0].embedding.model = "other:1"' >foreign
    fc-head-train -q -o other foreign >/dev/null
    check "the head is of embeddings of other:1, the gallery of mobilefacenet:" -g g --head other ann.jpg
    head -c $(($(stat -c %s head) - 9)) head >short
    check "short" -g g --head short ann.jpg
    size=$(stat -c %s head)
    for at in 9 200 $((size / 2)) $((size - 5)); do
        cp head damaged
        old=$(od -An -tu1 -j $at -N 1 head)
        # shellcheck disable=SC2059
        printf "\\x$(printf %x $((old ^ 4)))" | dd of=damaged bs=1 seek=$at conv=notrunc status=none
        check "damaged" -g g --head damaged ann.jpg
    done
}

@test "a sealed gallery's people are written in plain only where that is asked for" {
    printf 'correct horse battery' >key
    chmod 600 key
    fc-enroll -q --no-check -g s --seal --key-file key --id Ann ann.jpg ann2.jpg >/dev/null
    fc-enroll -q --no-check -g s --key-file key --id Bob bob.png >/dev/null
    run --separate-stderr fc-head-train -g s --key-file key -o head
    [ "$status" -eq 2 ]
    [[ $stderr == *"s: sealed, and the head would hold its embeddings unencrypted; --plain writes them all the same"* ]]
    [ ! -e head ]
    fc-head-train -q -g s --key-file key --plain -o head >/dev/null
    fc-match --no-timings -g s --key-file key --head head bob.png | jq -e '.id == "Bob" and .head.id == "Bob"'
}
