load common

teardown() {
    umount "$BATS_TEST_TMPDIR/disk" 2>/dev/null || true
}

results() {
    jq -c '[.id, .src // .src_b64, .result, .samples // .error.code]'
}

# crowd N: N records of N people, with embeddings; five different faces take turns.
crowd() {
    fc-embed -q ann.jpg bob.png group.jpg >embedded
    jq -c --argjson n "$1" -n '
        [inputs | . as $r | .faces[] | {v: 1, src: $r.src, faces: [.]}] as $faces
        | range($n) | . as $i | $faces[$i % ($faces | length)] + {id: "p\($i)"}' embedded
}

samples() {
    fc-gallery export -g "$1" | wc -l
}

@test "photos are enrolled once, whatever they are called" {
    fc-enroll -g g --id Ann ann.jpg ann2.jpg 2>err | results >got
    printf '%s\n' '["Ann","ann.jpg","enrolled",1]' '["Ann","ann2.jpg","enrolled",1]' | diff - got
    grep -q 'warning: Ann has 2 photos' err
    grep -q 'warning: ann2.jpg of Ann is nearly the same picture as ann.jpg (similarity 0.99)' err
    grep -qx 'fc-enroll: 2 enrolled, 0 known already, 0 failed to enrol (FTE 0.0 %)' err
    cp ann.jpg copy.jpg
    fc-gallery export -g g >before
    run --separate-stderr fc-enroll -g g --id Ann copy.jpg ann2.jpg
    [ "$status" -eq 0 ]
    [ "$(jq -r .result <<<"$output" | uniq)" = known ]
    [[ $stderr == "fc-enroll: 0 enrolled, 2 known already, 0 failed"* ]]
    fc-gallery export -g g | cmp - before
    fc-enroll -q -g g --id Eve ann.jpg | grep -q enrolled # of somebody else, it is new
}

@test "a photo without one usable face is a failure to enrol" {
    cp "$FC_TESTS/bad/truncated.jpg" .
    run --separate-stderr fc-enroll -g g --id Ann ice.jpg group.jpg truncated.jpg missing.jpg ann.jpg
    [ "$status" -eq 3 ]
    results <<<"$output" >got
    printf '%s\n' '["Ann","ice.jpg","failed","faces"]' '["Ann","group.jpg","failed","faces"]' \
        '["Ann","truncated.jpg","failed","truncated"]' '["Ann","missing.jpg","failed","missing"]' \
        '["Ann","ann.jpg","enrolled",1]' | diff - got
    [[ $stderr == *"4 failed to enrol (FTE 80.0 %)"* ]]
    [ "$(samples g)" -eq 1 ]
    fc-enroll -q -g g --id Group --faces largest group.jpg | grep -q '"samples":1'
    fc-enroll -q -g g --id Group --faces all group.jpg | grep -q '"samples":2' # one was there
    run fc-enroll -q -g g --id Ann --fail-fast ice.jpg ann2.jpg
    [ "$status" -eq 2 ]
    [ "$(samples g)" -eq 4 ]
}

@test "a folder for each person" {
    mkdir -p people/Ann people/Bob people/Nobody people/.hidden "people/Zoë 王" people/$'bad\xff'
    cp ann.jpg ann2.jpg people/Ann
    cp bob.png people/Bob
    cp bob.png people/.hidden
    cp ann.jpg "people/Zoë 王"
    cp ann.jpg people/$'bad\xff'
    ln -s ../ann.jpg people/stray.jpg
    run --separate-stderr fc-enroll -g g --from-dirs people
    [ "$status" -eq 3 ]
    results <<<"$output" >got
    cat >want <<'EOF'
["Ann","people/Ann/ann.jpg","enrolled",1]
["Ann","people/Ann/ann2.jpg","enrolled",1]
["Bob","people/Bob/bob.png","enrolled",1]
["Nobody","people/Nobody","failed","empty"]
["Zoë 王","people/Zoë 王/ann.jpg","enrolled",1]
EOF
    grep -v '"cGVvcGxl' got | diff want -
    [[ $stderr == *"is no name"* ]]
    [ "$(fc-gallery list -g g | cut -f 1 | tail -n +2 | tr '\n' ' ')" = "Ann Bob Zoë 王 " ]
    run fc-enroll -g g --from-dirs photos
    [ "$status" -eq 2 ]
    [[ $output == *"no folders in it"* ]]
}

@test "records with a field that names people" {
    fc-embed ann.jpg bob.png | jq -c '.id = (.src | split(".")[0])' >labelled
    fc-enroll -q -g g labelled | results >got
    printf '%s\n' '["ann","ann.jpg","enrolled",1]' '["bob","bob.png","enrolled",1]' | diff - got
    fc-enroll -q -g g <labelled | jq -r .result | uniq | grep -qx known
    jq -c '.who = .id | del(.id)' labelled | fc-enroll -q -g h --id-field who >/dev/null
    [ "$(fc-gallery list -g h)" = "$(fc-gallery list -g g)" ]
    # of any stage; the bits are the same
    fc-detect ann.jpg | jq -c '.id = "ann"' | fc-enroll -q -g i >/dev/null
    fc-align ann.jpg | jq -c '.id = "ann"' | fc-enroll -q -g j >/dev/null
    fc-enroll -q -g k --id ann ann.jpg >/dev/null
    for gallery in g h i j k; do
        fc-gallery export -g $gallery ann | jq -r '.faces[0].embedding.f32' >$gallery.f32
        cmp g.f32 $gallery.f32
    done
    cmp <(fc-gallery export -g i) <(fc-gallery export -g k)
    # no model is needed for them
    jq -c '.faces[0].embedding.model = "their:own"' labelled | fc-enroll -q -g l --models missing >/dev/null
    # nor is one who has no name enrolled
    run --separate-stderr fc-enroll -g m <<<"$(jq -c 'if .id == "ann" then del(.id) else . end' labelled)"
    [ "$status" -eq 3 ]
    [[ $stderr == *'stdin:1: no "id" that says whose it is'* ]]
    jq -es 'any(.[]; .error.stage == "enroll" and .error.code == "record")' <<<"$output"
    fc-detect ice.jpg missing.jpg 2>/dev/null | jq -c '.id = "x"' >empty || true
    run --separate-stderr fc-enroll -g m empty
    [ "$status" -eq 3 ]
    [ "$(jq -r .error.code <<<"$output" | tr '\n' ' ')" = "faces missing " ]
}

@test "wrong usage says what is wanted" {
    check() {
        local want=$1
        shift
        run --separate-stderr fc-enroll "$@" </dev/null
        [ "$status" -eq 2 ] || fault "exit status $status: $*"
        [ -z "$output" ]
        [[ $stderr == *"$want"* ]] || fault "$* says: $stderr"
    }
    check 'no gallery given' --id Ann ann.jpg
    check "whose picture? (--id NAME, or --from-dirs)" -g g ann.jpg
    check "is no name" -g g --id $'a\nb' ann.jpg
    check "'unknown' is no name" -g g --id unknown ann.jpg
    check "do not go with it" -g g --from-dirs photos --id Ann
    check "--meta: wants --id" -g g --meta '{}' --from-dirs photos
    check "want a JSON object" -g g --id Ann --meta '[]' ann.jpg
    check "wants --key-file or --key-command" -g g --seal --id Ann ann.jpg
    check "no folder/g" -g "no folder/g" --id Ann ann.jpg
}

@test "--meta counts for a photo that is enrolled already, too" {
    cp "$FC_TESTS/data/photos/grace_hopper.jpg" grace.jpg
    fc-enroll -q -g known --id Grace grace.jpg >/dev/null
    fc-enroll -q -g known --id Grace --meta '{"room": 12}' grace.jpg | jq -e '.result == "known"'
    fc-gallery list -g known | grep -qF '{"room":12}'
    run -2 --separate-stderr fc-enroll -q -g known --id Grace --meta garbage grace.jpg
    [[ $stderr == *"want a JSON object"* ]]
    fc-gallery list -g known | grep -qF '{"room":12}'
}

@test "one gallery holds one contract" {
    fc-enroll -q -g g --id Ann ann.jpg >/dev/null
    fc-gallery export -g g >before
    run --separate-stderr fc-enroll -g g --flip --id Ann ann2.jpg
    [ "$status" -eq 2 ]
    plain=$(fc-gallery stats -g g -f json | jq -r .contract)
    [[ $stderr == *"holds embeddings of $plain"*"those of mobilefacenet:"* ]]
    # at any -j, in whatever order the threads come to it: the first photo takes long to hash, the second is refused meanwhile
    mkdir two
    cp small.jpg two/1.jpg
    cp small.jpg two/2.jpg
    truncate -s +60M two/1.jpg
    run -2 --separate-stderr fc-enroll -q -j2 -g g --flip --id Ann two
    [[ -z $output && $stderr == *"holds embeddings of $plain"* ]] || fault "$stderr"
    fc-embed bob.png | jq -c '.id = "Bob" | .faces[0].embedding.model = "other:1"' >other
    run --separate-stderr fc-enroll -g g other
    [ "$status" -eq 2 ]
    [[ $stderr == *"other:1"*"$plain"* ]]
    fc-gallery export -g g | cmp - before
    # what comes before a record that is refused is enrolled, and the message says which one it is
    fc-embed ann.jpg ann2.jpg bob.png | jq -c '.id = .src[:3]' >good
    while read -r f32 message; do
        { cat good && head -n 1 good | jq -c --arg f32 "$f32" '.faces[0].embedding.f32 = $f32'; cat good; } >records
        rm -f h
        run -2 --separate-stderr fc-enroll -q --no-check -g h records
        [ "$stderr" = "fc-enroll: records:4: $message" ] || fault "$stderr"
        [ "$(jq -r .result <<<"$output" | sort | uniq -c)" = "      3 enrolled" ] || fault "$output"
        fc-gallery check -g h | grep -qx 'h: sound: 2 people, 3 samples'
    done <<END
$(head -c 768 /dev/zero | base64 -w 0) an embedding without a direction (all zero, or not numbers)
AACAPwAAgD8= an embedding of 2 numbers; h holds those of 192
END
    # a gallery of mirrored embeddings goes on with them
    fc-enroll -q -g flip --flip --id Ann ann.jpg >/dev/null
    fc-enroll -q -g flip --id Bob bob.png >/dev/null
    fc-match -q -g flip bob.png | jq -e '.id == "Bob"'
}

@test "views of a photo" {
    fc-enroll -q -g g --id Bob --augment 4 bob.png | jq -e '.samples == 5'
    [ "$(fc-gallery list -g g | tail -1)" = $'Bob\t1\t4\t{}' ]
    fc-gallery export -g g >first
    fc-enroll -q -g h --id Bob --augment 4 -j1 bob.png >/dev/null
    fc-gallery export -g h | cmp - first
    fc-enroll -q -g i --id Bob --augment 4 --seed 2 bob.png >/dev/null
    run ! cmp <(fc-gallery export -g i) first
    fc-enroll -q -g g --id Bob --augment 2 bob.png | jq -e '.result == "known"'
    fc-enroll -q -g g --id Bob --augment 6 bob.png | jq -e '.samples == 2'
    # each looks like him, none like the photo itself
    jq -c 'select(.view > 0)' first >views
    fc-match --no-timings --threshold 0.6 bob.png views | jq -e -s 'length == 4 and all(.[]; .match and .similarity < 0.999)'
    # from records, and from a picture on stdin, the same ones
    fc-detect bob.png | jq -c '.id = "Bob"' | fc-enroll -q -g j --augment 4 >/dev/null
    fc-gallery export -g j | cmp - first
    fc-enroll -q -g k --augment 4 --id Bob - <bob.png >/dev/null
    cmp <(fc-gallery export -g k | jq .faces) <(jq .faces first)
    # views want the picture
    jq -c '.src = "gone.png"' first | head -n 1 >gone
    run -3 fc-enroll -q -g l --augment 1 gone
    jq -e '.error.stage == "views" and .error.code == "missing"' <<<"$output"
}

@test "warnings of photos that look like somebody else" {
    fc-embed ann.jpg ann2.jpg bob.png >embedded
    # Bob's second photo is Ann's; and Eve has only one, of Ann
    jq -c '.id = {"ann.jpg": "Ann", "ann2.jpg": "Bob", "bob.png": "Bob"}[.src]' embedded | fc-enroll -g g >/dev/null 2>err
    grep -q 'warning: ann2.jpg of Bob looks more like Ann (similarity 0.99) than like their other photos (0\.[0-9]*)' err
    grep -q 'warning: bob.png of Bob' err && fault "$(<err)"
    fc-enroll -g g --id Eve ann2.jpg 2>err >/dev/null
    grep -Eq 'warning: ann2.jpg of Eve looks like (Ann|Bob)' err
    fc-enroll -g g --id Cem --no-check ann.jpg 2>err >/dev/null
    run ! grep warning err
    fc-gallery check -g g --photos 2>err
    [ "$(grep -c 'looks' err)" -ge 3 ]
}

@test "the gallery's files are their owner's" {
    umask 0
    fc-enroll -q -g g --id Ann ann.jpg >/dev/null
    fc-gallery index -g g
    for file in g g.index; do
        [ "$(stat -c %a $file)" = 600 ]
    done
    crowd 2000 >people
    mkfifo pipe
    fc-enroll -q --no-check -g g <pipe >out &
    exec 5>pipe
    cat people >&5
    while [ ! -s out ]; do sleep 0.02; done
    for file in g g-wal g-shm; do
        [ "$(stat -c %a $file)" = 600 ]
    done
    exec 5>&-
    wait $!
}

@test "the same gallery at any -j" {
    crowd 700 >people
    fc-enroll -q --no-check -j1 -g one people >one.out
    fc-enroll -q --no-check -j3 -g three people >three.out
    cmp one.out three.out
    cmp <(fc-gallery export -g one) <(fc-gallery export -g three)
}

@test "sealed: no key, no embeddings" {
    printf 'correct horse battery' >key
    chmod 600 key
    fc-enroll -q -g g --seal --key-file key --id Ann ann.jpg >/dev/null
    fc-embed ann.jpg | jq -r '.faces[0].embedding.f32' | base64 -d >plain
    run ! grep -qaF "$(head -c 24 plain | tr -d '\0\n')" g
    fc-enroll -q -g h --id Ann ann.jpg >/dev/null
    grep -qaF "$(head -c 24 plain | tr -d '\0\n')" h # as it is in one that is not sealed
    check() {
        local want=$1
        shift
        run --separate-stderr "$@"
        [ "$status" -eq 2 ] || fault "exit status $status: $*"
        [ -z "$output" ]
        [[ $stderr == "$1: "*"$want"* && $stderr != *$'\n'* ]] || fault "$* says: $stderr" # nor how to use it
    }
    check "need the key" fc-match -g g ann2.jpg
    check "g: sealed: changes need the key" fc-enroll -q -g g --id Ann ann2.jpg
    check "need the key" fc-gallery export --plain -g g
    check "would hold its embeddings in the open" fc-gallery index -g g
    printf 'wrong horse battery' >wrong
    chmod 600 wrong
    check "sealed with another key" fc-match -g g --key-file wrong ann2.jpg
    check "sealed with another key" fc-enroll -g g --key-command 'cat wrong' --id Ann ann2.jpg
    check "--key-command: 'exit 3' failed (exit status 3)" fc-match -g g --key-command 'exit 3' ann2.jpg
    check "failed (exit status 3)" fc-match -g g --key-command 'cat key; exit 3' ann2.jpg
    check "want 64 hexadecimal digits, or a passphrase" fc-match -g g --key-command 'echo short' ann2.jpg
    check "a weak passphrase (8 bytes, 8 different ones); want 64 hexadecimal digits, or a passphrase of at least 12 bytes" fc-match -g g --key-command 'echo 12345678' ann2.jpg
    check "a malformed key: 63 hexadecimal digits and 0 other characters; want 64 and none" fc-match -g g --key-command 'printf %063d 7' ann2.jpg
    check "sealed with another key" fc-match -g g --weak-key --key-command 'echo 12345678' ann2.jpg
    # without the key nothing is changed
    check "changes need the key" fc-gallery rename -g g Ann Eve
    check "changes need the key" fc-gallery rm -g g Ann
    # an open gallery in the place of the sealed one is not taken
    check "is not sealed, and a key was given" fc-match -g h --key-file key ann2.jpg
    check "is not sealed, and a key was given" fc-enroll -g h --key-file key --id Ann ann2.jpg
    run -2 --separate-stderr fc-enroll -g new --key-file key --id Ann ann2.jpg
    [[ $stderr == *"new: a key was given for a new gallery that is not to be sealed"* ]]
    [ ! -e new ]
    check "missing: No such file" fc-match -g g --key-file missing ann2.jpg
    check "is not sealed" fc-enroll -g h --seal --key-file key --id Ann ann2.jpg
    fc-match -q -g g --key-file key ann2.jpg | jq -e '.id == "Ann"'
    fc-enroll -q -g g --key-command 'cat key; echo' --id Bob bob.png >/dev/null
    fc-gallery check -g g && fc-gallery check -g g --key-file key
    fc-gallery list -g g | grep -q Bob
    chmod 644 key
    check "key: others than its owner may read or write this key (chmod 600 it, or take it with --weak-key)" fc-gallery check -g g --key-file key
    fc-gallery check -g g --key-file key --weak-key | grep -qx 'g: sound: 2 people, 2 samples'
    fc-gallery check -g g | grep -qx 'g: sound as far as can be told without the key: 2 people, 2 samples'
}

@test "output that cannot be written" {
    run bash -c 'fc-enroll -q -g g --id Ann ann.jpg >/dev/full'
    [ "$status" -eq 2 ]
    [[ $output == *"No space left"* ]]
    run bash -c 'fc-enroll -q -g g --id Ann ann2.jpg >&-'
    [ "$status" -eq 2 ]
}

@test "two enrol at once" {
    crowd 3000 >people
    fc-enroll -q --no-check -g g <people >one &
    sed 's/"id":"p/"id":"q/' people | fc-enroll -q --no-check -g g >two
    wait $!
    [ "$(grep -c '"enrolled"' one)" -eq 3000 ]
    [ "$(grep -c '"enrolled"' two)" -eq 3000 ]
    fc-gallery check -g g | grep -q ': 6000 people, 6000 samples'
}

@test "everything works while another process enrols" {
    crowd 6000 >people
    head -n 10 people | fc-enroll -q --no-check -g g >/dev/null
    fc-embed bob.png >probe
    mkfifo pipe
    fc-enroll -q --no-check -g g <pipe >out &
    writer=$!
    exec 5>pipe
    split -l 600 people part.
    for part in part.*; do
        cat "$part" >&5
        fc-gallery check -g g >/dev/null
        fc-gallery list -g g >listed
        [ "$(sed -n 2p listed)" = $'p0\t1\t0\t{}' ]
        fc-match -q -g g probe | jq -e '.id == "p1"' >/dev/null
        fc-gallery export -g g p1 | jq -e '.id == "p1"' >/dev/null
        fc-gallery rename -g g p2 P2
        fc-gallery rename -g g P2 p2
        fc-gallery index -g g
        fc-gallery stats -g g >/dev/null
    done
    exec 5>&-
    wait $writer
    [ "$(samples g)" -eq 6000 ]
}

# Where a file can be without a name, nothing is left of one that is killed.
nameless_files() {
    python3 -c 'import os; os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600)' 2>/dev/null
}

@test "kill -9 a hundred times: nothing committed is lost, nothing is half done" {
    rounds=100
    [ -z "$FC_SANITIZE" ] || rounds=15
    crowd 20000 >people
    : >told
    for ((round = 0; round < rounds; round++)); do
        fc-enroll -q --no-check -g g <people >out 2>err &
        sleep "0.$(printf '%03d' $((RANDOM % 180)))"
        kill -9 $! || true
        wait $! 2>/dev/null || true # "Killed"
        [ ! -s err ] || fault "$(<err)"
        # whole lines of people it said it had enrolled
        grep '}$' out | sed -n 's/.*"id":"\([^"]*\)".*/\1/p' >>told || true
        [ -e g ] || continue
        if ((round % 5 == 0)); then
            fc-gallery check -g g >/dev/null
        fi
        fc-gallery list -g g | awk -F '\t' '
            NR == FNR { if (FNR > 1) { there[$1]; if ($2 != 1) { print "half done: " $0; bad = 1 } } next }
            !($1 in there) { print "lost: " $1; bad = 1 }
            END { exit bad }' - told || fault "round $round"
        sort -u -o told told
    done
    [ -s told ]
    fc-enroll -q --no-check -g g <people | jq -r .result | sort | uniq -c >taken_up
    grep -q known taken_up
    [ "$(samples g)" -eq 20000 ]
    if nameless_files; then
        run -1 compgen -G 'g.*.tmp'
    fi
}

@test "killed while the gallery is being made: it is whole, or nothing is there" {
    nameless_files || skip "this file system has no O_TMPFILE"
    crowd 1 >people
    for ((round = 0; round < 60; round++)); do
        mkdir "$round"
        fc-enroll -q --no-check -g "$round/g" people >/dev/null &
        sleep "0.$(printf '%03d' $((RANDOM % (20 + round))))"
        kill -9 $! 2>/dev/null || true
        wait $! 2>/dev/null || true
        [ -z "$(find "$round" -type f ! -name g ! -name g-wal ! -name g-shm ! -name g-commits)" ]
        [ -e "$round/g" ] || continue
        fc-gallery check -g "$round/g" >/dev/null
    done
}

@test "a full disk" {
    mkdir disk
    mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null || skip "may not mount a tmpfs"
    crowd 4000 >people
    status=0
    fc-enroll -q --no-check -g disk/g <people >out 2>err || status=$?
    bad=
    [ "$status" -eq 2 ] || bad="exit status $status"
    grep -q 'disk/g: No space left on device' err || bad="$(<err)"
    # what it said it had enrolled is there, all of it
    rm -f disk/filler
    fc-gallery check -g disk/g >checked 2>&1 || bad="$bad $(<checked)"
    fc-gallery list -g disk/g | cut -f 1 | sort >there
    jq -r .id out | sort | comm -23 - there >lost
    [ ! -s lost ] || bad="$bad lost $(wc -l <lost)"
    [ -s out ] || bad="$bad nothing enrolled"
    # no room for the index either
    run fc-gallery index -g disk/g
    [ "$status" -eq 2 ] || bad="$bad index: $status"
    [ ! -e disk/g.index ] || bad="$bad half an index"
    [ -z "$bad" ] || fault "$bad"
}

@test "a face on its side, or hardly one, is not enrolled unless that is asked for" {
    # five pixels of a face are kept in place, and the corners of the mouth changed: landmarks that fit no face
    fc-embed bob.png >good
    jq -c '.faces[0].landmarks |= [.[1], .[0], .[2], .[4], .[3]]' good >wrong
    run -3 --separate-stderr fc-enroll -g a.fcg --id Bob wrong
    [ "$(jq -r '.result + " " + .error.code' <<<"$output")" = 'failed faces' ]
    [[ $stderr == *"bob.png: no good face: its landmarks are "*" pixels off a face's, and 9 is the most (--weak-faces takes it"* ]]
    fc-enroll -q -g a.fcg --id Bob --weak-faces wrong | jq -e '.result == "enrolled"'
    # a weak score counts where the face was found now
    convert bob.png -rotate 90 side.png
    fc-detect side.png | jq -e '.faces | length == 1 and .[0].score < 0.99'
    run -3 --separate-stderr fc-enroll -g b.fcg --id Bob side.png
    [[ $stderr == *"side.png: no good face: its score is 0.97"*", and 0.99 is the least (--weak-faces takes it, --turns looks"* ]]
    fc-enroll -q -g b.fcg --id Bob --turns side.png | jq -e '.result == "enrolled"'
    fc-match -q -g b.fcg bob.png | jq -e '.id == "Bob" and .similarity > 0.99'
    fc-enroll -q -g c.fcg --id Bob --weak-faces side.png | jq -e '.result == "enrolled"'
    fc-match -q -g c.fcg bob.png | jq -e '.id == "unknown"'
    # views of it are upright, too
    fc-enroll -q -g d.fcg --id Bob --turns --augment 4 side.png | jq -e '.samples == 5'
    fc-gallery -g d.fcg export >views
    fc-match -q bob.png views | jq -e '.similarity > 0.6'
}

@test "poor photos are told of, and refused below --min-quality" {
    convert=$(command -v convert-im6.q16 || command -v convert) || skip "no ImageMagick"
    "$convert" bob.png -resize 50% half.png
    run --separate-stderr fc-enroll -g g --id Bob bob.png half.png
    [ "$status" -eq 0 ]
    [[ $stderr == *"half.png: a poor photo: eye_distance is 2"*", and 30 is the least"* ]]
    [[ $stderr != *"bob.png: a poor photo"* ]]
    run --separate-stderr fc-enroll -g h --no-check --id Bob half.png
    [ "$status" -eq 0 ]
    [[ $stderr != *"poor"* ]]
    run --separate-stderr fc-enroll -g i --min-quality eye_distance=30 --id Bob bob.png half.png
    [ "$status" -eq 3 ]
    [[ $stderr == *"half.png: a poor photo: eye_distance is 2"*", and 30 is the least"* ]]
    jq -e -s 'map(.result) == ["enrolled", "failed"]' <<<"$output"
    # records: with quality, and without
    fc-quality half.png | fc-embed | jq -c '.id = "Bob"' >measured
    run --separate-stderr fc-enroll -g j --min-quality eye_distance=30 measured
    [ "$status" -eq 3 ]
    fc-enroll -g j -q --min-quality eye_distance=20 measured
    fc-embed bob.png | jq -c '.id = "Bob"' >bare
    run --separate-stderr fc-enroll -g k --min-quality eye_distance=30 bare
    [ "$status" -eq 3 ]
    [[ $stderr == *"bob.png: a poor photo: nothing is known of it"* ]]
    # a gallery's number is the detector's score, as before
    fc-gallery show -g j -f json Bob | jq -e .quality >number
    [ "$(<number)" = "$(jq '.faces[0].score' measured)" ]
    run -2 --separate-stderr fc-enroll -g l --min-quality 0.5 --id Bob bob.png
    [[ $stderr == *"want MEASURE=NUMBER"* ]]
}

@test "photos with another background" {
    [ -e "$FC_BUILD/modules/facecheck-grabcut.so" ] || skip "built without OpenCV"
    for background in keep remove; do
        fc-enroll -q -g $background.fcg --background $background --augment 2 --id Ann ann.jpg | jq -e '.samples == 3'
        fc-gallery export -g $background.fcg | jq -r '.faces[0].embedding.f32' | sort >$background
        fc-match -q -g $background.fcg ann.jpg | jq -e '.id == "Ann"'
    done
    [ -z "$(comm -12 keep remove)" ] # the views, too
    fc-align --background remove ann.jpg | fc-enroll -q -g crops.fcg --background remove --id Ann | jq -e '.result == "enrolled"'
    run -3 --separate-stderr fc-enroll -q -g crops.fcg --background remove --id Ann <(fc-embed ann2.jpg)
    [[ $output == *"has an embedding, whose background cannot be changed any more"* ]]
    run -2 --separate-stderr fc-enroll -q -g new.fcg --id Ann --background blur --aligned small.jpg
    [[ $stderr == *"--background: is changed in photos, not in crops (--aligned)"* ]]
}
