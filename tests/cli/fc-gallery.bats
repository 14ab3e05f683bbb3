load common

teardown() {
    umount "$BATS_TEST_TMPDIR/disk" 2>/dev/null || true
}

# Ann with two photos and a view, Bob with one.
office() {
    fc-enroll -q --no-check -g "${1:-g}" --id Ann --augment 1 ann.jpg >/dev/null
    fc-enroll -q --no-check -g "${1:-g}" --id Ann ann2.jpg >/dev/null
    fc-enroll -q --no-check -g "${1:-g}" --id Bob --meta '{"room": 12}' bob.png >/dev/null
}

@test "list, show, stats" {
    office
    fc-gallery list -g g >got
    printf 'id\tphotos\tviews\tmeta\nAnn\t2\t1\t{}\nBob\t1\t0\t{"room":12}\n' | diff - got
    fc-gallery list -g g -f json | jq -c 'del(.v)' >got
    printf '%s\n' '{"id":"Ann","photos":2,"views":1,"meta":{}}' '{"id":"Bob","photos":1,"views":0,"meta":{"room":12}}' | diff - got
    fc-gallery show -g g Bob Ann | cut -f 1-5 >got
    printf 'id\tsample\tsrc\tface\tview\nBob\t4\tbob.png\t0\t0\nAnn\t1\tann.jpg\t0\t0\nAnn\t2\tann.jpg\t0\t1\nAnn\t3\tann2.jpg\t0\t0\n' | diff - got
    fc-gallery show -g g -f json Bob | jq -e '.id == "Bob" and .sample == 4 and .src == "bob.png" and .quality > 0.9'
    fc-gallery stats -g g -f json | jq -c '[.people, .photos, .views, .one_photo, .two_photos, .sealed, .index, .dim]' >got
    echo '[2,3,1,1,1,false,"none",192]' | diff - got
    fc-gallery stats -g g | grep -Eqx 'photos +3'
    FACECHECK_GALLERY=g fc-gallery list | grep -q Bob
}

@test "a path with newline, quote and invalid UTF-8" {
    name=$'a\n"b\xff.jpg'
    cp ann.jpg "$name"
    fc-enroll -q -g g --id Ann "$name" >/dev/null
    [ "$(fc-gallery show -g g Ann | cut -f 3 | tail -1)" = 'a\n"b\xff.jpg' ]
    [ "$(fc-gallery export -g g | jq -r .src_b64 | base64 -d)" = "$name" ]
    fc-gallery export -g g | fc-gallery import -g h
    [ "$(fc-gallery export -g h)" = "$(fc-gallery export -g g)" ]
}

@test "rename, merge, rm" {
    office
    fc-gallery rename -g g Bob Robert
    [ "$(fc-match -q -g g bob.png | jq -r .id)" = Robert ]
    run --separate-stderr fc-gallery rename -g g Robert Ann
    [ "$status" -eq 2 ]
    [[ $stderr == *"g: there is a person 'Ann' already (to make two people one: merge)" ]]
    run --separate-stderr fc-gallery rename -g g Nobody Somebody
    [ "$status" -eq 2 ]
    [[ $stderr == *"no person 'Nobody'"* ]]
    fc-enroll -q --no-check -g g --id Anne ann.jpg bob.png >/dev/null
    fc-gallery merge -g g Ann Anne Robert
    [ "$(fc-gallery list -g g | tail -n +2)" = $'Ann\t3\t1\t{}' ]
    # all of it, or nothing
    fc-enroll -q --no-check -g g --id Bob bob.png >/dev/null
    fc-gallery export -g g >before
    run fc-gallery rm -g g Bob Nobody
    [ "$status" -eq 2 ]
    run fc-gallery merge -g g Ann Bob Nobody
    [ "$status" -eq 2 ]
    fc-gallery export -g g | cmp - before
    fc-gallery rm -g g --samples 2 3
    [ "$(fc-gallery list -g g | sed -n 2p)" = $'Ann\t2\t0\t{}' ]
    run --separate-stderr fc-gallery rm -g g --samples 2
    [ "$status" -eq 2 ]
    [[ $stderr == *"no sample 2"* ]]
    run fc-gallery rm -g g --samples 2x
    [ "$status" -eq 2 ]
    fc-gallery rm -g g Ann Bob
    [ "$(fc-gallery list -g g | wc -l)" -eq 1 ]
    fc-gallery check -g g
}

@test "export and import" {
    office
    fc-gallery export -g g >records
    fc-gallery import -g h <records 2>err
    grep -qx 'fc-gallery: 4 samples imported, 0 known already' err
    fc-gallery export -g h | cmp - records
    [ "$(fc-gallery list -g h -f json)" = "$(fc-gallery list -g g -f json)" ] # the meta data's white space is not kept
    fc-gallery import -g h records 2>&1 | grep -q '0 samples imported, 4 known already'
    fc-gallery export -g g Bob | jq -e '.id == "Bob" and .meta.room == 12'
    run fc-gallery export -g g Bob Nobody
    [ "$status" -eq 2 ]
    fc-match -q ann2.jpg records | jq -e -s 'length == 4 and .[0].match and (.[3].match | not)'
    fc-gallery export -g g -f tsv | cut -f 1-4 >got
    printf 'id\tsrc\tface\tview\nAnn\tann.jpg\t0\t0\nAnn\tann.jpg\t0\t1\nAnn\tann2.jpg\t0\t0\nBob\tbob.png\t0\t0\n' | diff - got
    fc-gallery export -g g -f npy -o x.npy
    printf 'Ann\tann.jpg\t0\nAnn\tann.jpg\t0\nAnn\tann2.jpg\t0\nBob\tbob.png\t0\n' | diff - x.ids
    [ "$(tail -c 768 x.npy | base64 -w 0)" = "$(tail -n 1 records | jq -r '.faces[0].embedding.f32')" ]
    head -c 128 x.npy | grep -aq "'shape': (4, 192)"
    # a broken line: nothing is imported
    (head -n 2 records && echo '{"v":1,') >broken
    run --separate-stderr fc-gallery import -g i broken
    [ "$status" -eq 2 ]
    [[ $stderr == *"broken:3:"* ]]
    [ ! -e i ] # not even an empty gallery
    run --separate-stderr fc-gallery import -g i ann.jpg
    [ "$status" -eq 2 ]
    [[ $stderr == *"no records (fc-enroll takes pictures)"* ]]
    # names in a list
    head -n 2 records >first
    tail -n +3 records >others
    printf 'first\nothers\n' | fc-gallery import -g l --files-from - 2>err
    fc-gallery export -g l | cmp - records
    # sealed on the way
    printf 'a long passphrase' >key
    chmod 600 key
    fc-gallery import -g s --seal --key-file key records
    fc-gallery export -g s --key-file key --plain | cmp - records
}

# The embedding of a picture's face by dlib-face, times a number, as JSON.
encoding() {
    fc-embed -q -m dlib-face "$1" | jq -r '.faces[0].embedding.f32' | base64 -d |
        python3 -c "import array, json, sys
print(json.dumps([x * $2 for x in array.array('f', sys.stdin.buffer.read())]))"
}

@test "import --encodings: what other programs stored of people" {
    ann=$(encoding ann.jpg 1.5) other=$(encoding ann2.jpg 0.5) bob=$(encoding bob.png 1.4)
    printf '{"v":1,"id":"Bob","encoding":%s}\n{"v":1,"label":"Ann","descriptors":[%s,%s]}\n' "$bob" "$ann" "$other" >stored
    fc-gallery import -g g --encodings dlib-face stored 2>err
    grep -qx 'fc-gallery: 3 samples imported, 0 known already' err
    fc-gallery import -g g --encodings dlib-face stored 2>&1 | grep -q '0 samples imported, 3 known'
    [ "$(fc-gallery list -g g | cut -f 1,2)" = $'id\tphotos\nBob\t1\nAnn\t2' ]
    fc-match -q -g g --threshold 0.9 bob.png ann2.jpg |
        jq -es 'map([.id, .similarity > 0.9999]) == [["Bob", true], ["Ann", true]] and (.[0].model | startswith("dlib-face:"))'
    for bad in '{"v":1,"id":"Eve"}' '{"v":1,"id":"Eve","encoding":[1,2]}' "{\"v\":1,\"encoding\":$bob}" '{"v":1,"label":"Eve","descriptors":[]}' \
        '{"v":1,"label":"Eve","descriptors":[[1]]}' '{"v":1,"id":"Eve","encoding":["x"]}' '{"id":"Eve"}' '{"v":2,"id":"Eve"}' '{"v":1' \
        "{\"v\":1,\"id\":\"Eve\",\"encoding\":$(jq -c 'map(0)' <<<"$bob")}" "{\"v\":1,\"id\":\"Eve\",\"encoding\":$(jq -c 'map(1e300)' <<<"$bob")}"; do
        printf '%s\n' "$bad" >bad
        run --separate-stderr fc-gallery import -g new --encodings dlib-face stored bad
        [ "$status" -eq 2 ]
        [[ $stderr == *bad* ]]
        [ ! -e new ]
    done
    run --separate-stderr fc-gallery import -g new --encodings mtcnn-onet stored
    [ "$status" -eq 2 ]
    [[ $stderr == *"model 'mtcnn-onet' does not embed faces"* ]]
    run fc-gallery import -g g --encodings mobilefacenet stored
    [ "$status" -eq 2 ]
}

# A Python that has NumPy.
numpy() {
    for python in python3 /usr/bin/python3; do
        ! "$python" -c 'import numpy' 2>/dev/null || break
    done
    "$python" -c "import numpy, json
e = numpy.array(json.load(open('encodings')))
$1"
}

@test "import --encodings: arrays of NumPy's and tables" {
    printf '[%s,%s,%s]' "$(encoding ann.jpg 1.5)" "$(encoding ann2.jpg 0.5)" "$(encoding bob.png 1.4)" >encodings
    printf 'Ann\nAnn\nBob\n' >names
    jq -c '.[]' encodings | paste names - | jq -cR 'split("\t") | {v: 1, id: .[0], encoding: (.[1] | fromjson)}' >lines
    fc-gallery import -g want --encodings dlib-face lines
    fc-gallery export -g want | jq -c 'del(.src, .sha256)' >want.jsonl
    numpy "
for kind in ('<f4', '<f8', '>f4', '>f8'):
    numpy.save('a' + kind[1:] + kind[0].replace('<', 'l').replace('>', 'b'), e.astype(kind))
numpy.save('fortran', numpy.asfortranarray(e))
numpy.lib.format.write_array(open('version2.npy', 'wb'), e.astype('<f4'), (2, 0))
numpy.savetxt('bare.csv', e, delimiter=',', fmt='%.9g')"
    paste -d, names bare.csv >table.csv
    (printf 'name'; printf ',v%d' $(seq 128); echo; sed 's/^\([^,]*\)/"\1"/; s/$/\r/' table.csv) >quoted.csv
    for file in af4l af8l af4b af8b fortran version2; do
        fc-gallery import -g "$file" --encodings dlib-face --ids names "$file.npy" 2>&1 | grep -q '3 samples imported'
        fc-gallery export -g "$file" | jq -c 'del(.src, .sha256)' | cmp - want.jsonl || fault "$file"
    done
    for file in table.csv quoted.csv; do
        fc-gallery import -g "$file.g" --encodings dlib-face "$file" 2>&1 | grep -q '3 samples imported'
        fc-match -q -g "$file.g" --threshold 0.9 bob.png ann2.jpg | jq -es 'map(.id) == ["Bob", "Ann"]'
    done
    fc-gallery import -g pipe --encodings dlib-face - <table.csv
    [ "$(fc-gallery list -g pipe | wc -l)" -eq 3 ]
    # what export writes comes back, any name, and one row is one encoding
    fc-gallery rename -g want Bob 'B\o\\b'
    fc-gallery export -g want -f npy -o out.npy
    fc-gallery import -g back --encodings dlib-face out.npy
    [ "$(fc-gallery list -g back)" = "$(fc-gallery list -g want)" ]
    numpy "numpy.save('one', e[0])"
    fc-gallery import -g single --encodings dlib-face --ids <(echo Ann) one.npy 2>&1 | grep -q '1 samples imported, 0 known already'
    fc-gallery export -g single | jq -c 'del(.src, .sha256)' | cmp - <(head -1 want.jsonl)
}

# refused WORDS COMMAND...: and no gallery is left.
refused() {
    local words=$1
    shift
    run --separate-stderr "$@"
    [ "$status" -eq 2 ] && [ -z "$output" ] && [ ! -e new ] || fault "$*: $status $output"
    [[ $stderr == *"$words"* ]] || fault "$*: $stderr"
}

@test "import --encodings: arrays and tables that are none" {
    printf '[%s,%s]' "$(encoding ann.jpg 1)" "$(encoding bob.png 1)" >encodings
    printf 'Ann\nBob\n' >names
    import=(fc-gallery import -g new --encodings dlib-face)
    numpy "
def save(name, a, **more):
    numpy.save(name, a, **more)
save('good', e)
save('objects', numpy.array([{'Ann': e[0]}, None], dtype=object), allow_pickle=True)
save('records', numpy.array([(1.0, 2.0)], dtype=[('a', '<f4'), ('b', '<f4')]))
save('whole', (e * 100).astype('<i8'))
save('narrow', e[:, :127])
save('deep', e[None])
save('nan', numpy.where(numpy.arange(128) == 5, numpy.nan, e))
save('huge', numpy.where(numpy.arange(128) == 5, 1e300, e))
save('zero', e * [[1], [0]])"
    head -c -1 good.npy >short.npy
    head -c 20 good.npy >header.npy
    (cat good.npy; echo) >long.npy
    python3 -c 'import pickle; pickle.dump({"encodings": [], "names": []}, open("data.pickle", "wb"))'
    refused 'an array of Python objects or records' "${import[@]}" --ids names objects.npy
    refused 'an array of Python objects or records' "${import[@]}" --ids names records.npy
    refused "an array of '<i8'" "${import[@]}" --ids names whole.npy
    refused 'rows of 127 numbers' "${import[@]}" --ids names narrow.npy
    refused 'of 3 dimensions' "${import[@]}" --ids names deep.npy
    refused 'nan.npy: row 1: an encoding without direction' "${import[@]}" --ids names nan.npy
    refused 'huge.npy: row 1: ' "${import[@]}" --ids names huge.npy
    refused 'zero.npy: row 2: an encoding without direction' "${import[@]}" --ids names zero.npy
    for file in short header long; do
        refused "$file.npy: " "${import[@]}" --ids names "$file.npy"
    done
    refused 'no encodings: neither lines of JSON' "${import[@]}" data.pickle
    refused 'no encodings: neither lines of JSON' "${import[@]}" ann.jpg
    refused 'good.npy: whose are its rows? There is no good.ids, nor --ids FILE' "${import[@]}" good.npy
    cp names ./-.ids # is not standard input's
    refused '-: whose are its rows? An array that is no file wants --ids FILE' "${import[@]}" - <good.npy
    refused '1 names, and there are 2 rows' "${import[@]}" --ids <(echo Ann) good.npy
    refused 'more names than the 2 rows' "${import[@]}" --ids <(printf 'A\nB\nC\n') good.npy
    refused ':2: no name' "${import[@]}" --ids <(printf 'A\n\n') good.npy
    refused 'row 2: ' "${import[@]}" --ids <(printf 'A\nunknown\n') good.npy
    refused 'wants --encodings MODEL and one array' "${import[@]}" --ids names good.npy good.npy
    refused 'wants --encodings MODEL and one array' fc-gallery import -g new --ids names good.npy
    row=$(jq -r '.[0] | map(tostring) | join(",")' encodings)
    for bad in "Ann,${row%,*}" "Ann,$row,1" "Ann,nan,${row#*,}" "Ann,${row%,*},x" "\"Ann,$row" "unknown,$row" ",$row"; do
        printf 'Bob,%s\n%s\n' "$row" "$bad" >bad.csv
        refused 'bad.csv:2: ' "${import[@]}" bad.csv
    done
    printf 'Ann,nan,%s\n' "${row#*,}" >bad.csv
    refused 'bad.csv:1: number 1 is none' "${import[@]}" bad.csv
    refused 'is no array' "${import[@]}" --ids names bad.csv
    jq -c '{v: 1, id: "Ann", encoding: .[0]}' encodings >lines
    refused 'lines is no array' "${import[@]}" --ids names lines
    refused 'stdin is no array' "${import[@]}" --ids names - <lines
    # nothing but a header, or no rows
    (printf 'name'; printf ',v%d' $(seq 128); echo) >header.csv
    refused 'header.csv: no encoding in it' "${import[@]}" header.csv
    numpy "numpy.save('none', e[:0])"
    refused 'none.npy: no encoding in it' "${import[@]}" --ids names none.npy
}

@test "purged bytes are in no file" {
    office
    fc-gallery index -g g
    # bytes of his embedding without NUL and newline, which grep can look for
    fc-gallery export -g g Bob | jq -r '.faces[0].embedding.f32' | base64 -d | tr '\0' '\n' | awk 'length >= 9 && length <= 60' >needles
    [ -s needles ]
    grep -qaF -f needles g
    grep -qaF -f needles g.index
    fc-gallery rm -g g --purge Bob
    for file in g*; do
        run ! grep -qaF -f needles "$file"
        run ! grep -qaF bob.png "$file"
    done
    fc-gallery check -g g | grep -qx 'g: sound: 1 people, 3 samples, and the index'
    # what was removed before, later; and with a process that reads
    fc-enroll -q --no-check -g g --id Bob bob.png >/dev/null
    fc-gallery rm -g g Bob
    fc-gallery rm -g g --purge
    run ! grep -qaF -f needles g
    fc-gallery check -g g | grep -q '1 people, 3 samples'
}

@test "the index is used, and made again when it is stale" {
    office
    fc-match --no-timings -g g bob.png group.jpg >want
    fc-gallery index -g g
    fc-gallery stats -g g | grep -Eqx 'index +fresh'
    fc-match --no-timings -g g bob.png group.jpg | cmp - want
    cp g.index old
    fc-gallery rename -g g Bob Robert
    fc-gallery stats -g g | grep -Eqx 'index +stale'
    [ "$(fc-match -q -g g bob.png | jq -r .id)" = Robert ]
    fc-gallery stats -g g | grep -Eqx 'index +fresh'
    cp old g.index
    [ "$(fc-match -q -g g bob.png | jq -r .id)" = Robert ]
    # damage to it is found
    printf 'x' | dd of=g.index bs=1 seek=4200 conv=notrunc status=none
    run --separate-stderr fc-gallery check -g g
    [ "$status" -eq 2 ]
    [[ $stderr == *"g.index: damaged: "* ]]
    run --separate-stderr fc-match -g g bob.png
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == *"g.index: damaged: "* ]]
    fc-gallery index -g g
    fc-gallery check -g g
    truncate -s 5000 g.index # cut short, it is made again
    fc-match -q -g g bob.png | jq -e '.id == "Robert"'
    fc-gallery check -g g | grep -q 'and the index'
}

@test "a folder that may not be written" {
    need_strictness
    mkdir shelf
    office shelf/g
    fc-gallery index -g shelf/g
    chmod 400 shelf/g
    chmod 500 shelf
    strictly fc-match -q -g shelf/g bob.png | jq -e '.id == "Bob"'
    strictly fc-gallery check -g shelf/g
    run --separate-stderr strictly fc-gallery rename -g shelf/g Bob Robert
    [ "$status" -eq 2 ]
    chmod 700 shelf
}

# What a search says, or that there is damage.
answer() {
    local status=0
    fc-match --no-timings -g "$1" probes >"$2" 2>err || status=$?
    case $status in
    0 | 1) cmp "$2" want || fault "another answer: $(<"$2")" ;;
    2)
        [ -s err ] || fault "no message"
        return 1
        ;;
    *) fault "exit status $status: $(<err)" ;;
    esac
}

@test "flipped bytes: an error or the same answer" {
    fc-enroll -q --no-check -g g --id Ann ann.jpg ann2.jpg >/dev/null
    fc-enroll -q --no-check -g g --id Bob bob.png >/dev/null
    fc-enroll -q --no-check -g g --id Three --faces all group.jpg >/dev/null
    fc-embed -q ann.jpg bob.png group.jpg >probes
    fc-match --no-timings -g g probes >want
    size=$(stat -c %s g) refused=0
    for ((round = 0; round < 150; round++)); do
        cp g damaged
        at=$(((round * 9973 + RANDOM) % size))
        old=$(od -An -tu1 -j $at -N 1 g)
        # shellcheck disable=SC2059
        printf "\\x$(printf %x $((old ^ (1 << round % 8))))" | dd of=damaged bs=1 seek=$at conv=notrunc status=none
        answer damaged got || refused=$((refused + 1))
        run fc-gallery check -g damaged
        [ "$status" -eq 0 ] || [ "$status" -eq 2 ]
    done
    for what in 'Ann' 'bob.png' 'CREATE TRIGGER' 'mobilefacenet:'; do
        cp g damaged
        at=$(grep -abo -m 1 "$what" g | head -n 1 | cut -d : -f 1)
        printf '\1' | dd of=damaged bs=1 seek=$((at + 2)) conv=notrunc status=none
        ! answer damaged got || fault "not noticed: $what"
        refused=$((refused + 1))
    done
    [ $refused -gt 4 ]
}

@test "cut short: an error" {
    office
    fc-embed -q bob.png >probes
    size=$(stat -c %s g)
    for n in 0 1 16 100 4096 8192 8193 16384 40000 $((size - 8192)) $((size - 1)); do
        head -c "$n" g >short
        cp short whole
        run --separate-stderr fc-match -g short probes
        [ "$status" -eq 2 ] || fault "$n bytes: exit status $status"
        [ -z "$output" ]
        [ -n "$stderr" ]
        run --separate-stderr fc-gallery list -g short
        [ "$status" -eq 2 ]
        # nor is it taken for a new one
        run --separate-stderr fc-enroll -q -g short --id Eve ann.jpg
        [ "$status" -eq 2 ] || fault "$n bytes: enrolled"
        cmp short whole
    done
}

# made [NAME]: a gallery of made-up embeddings, without a model.
made() {
    fc-gallery import -g "${1:-g}" "$FC_TESTS/data/galleries/format1.jsonl" 2>/dev/null
}

@test "galleries of format 1 are refused, and upgraded" {
    for name in format1 format1-sealed format1-zero; do
        gzip -dc "$FC_TESTS/data/galleries/$name.fcg.gz" >$name
        chmod 600 $name
        run --separate-stderr fc-gallery list -g $name
        [ "$status" -eq 2 ]
        [[ $stderr == *"$name: a gallery of format 1, from before; 'fc-gallery upgrade' makes it one of format 2"* ]]
    done
    fc-gallery upgrade -g format1
    fc-gallery check -g format1 | grep -qx 'format1: sound: 2 people, 5 samples'
    fc-gallery export -g format1 | cmp - "$FC_TESTS/data/galleries/format1.jsonl"
    [ "$(fc-gallery show -g format1 Bob | cut -f 2 | tail -1)" -eq 2 ] # numbers stay
    fc-gallery import -g format1 "$FC_TESTS/data/galleries/format1.jsonl" 2>&1 | grep -q '0 samples imported, 5 known'
    run --separate-stderr fc-gallery upgrade -g format1
    [ "$status" -eq 2 ]
    [[ $stderr == *"format1: a gallery of format 2 already"* ]]
    run --separate-stderr fc-gallery upgrade -g format1-sealed
    [ "$status" -eq 2 ]
    [[ $stderr == *"the key is needed"* ]]
    (umask 077 && echo 'a long passphrase' >key)
    fc-gallery upgrade -g format1-sealed --key-file key
    fc-gallery export --plain -g format1-sealed --key-file key | cmp - "$FC_TESTS/data/galleries/format1.jsonl"
    # what -0.0 had made unreadable is read again
    fc-gallery upgrade -g format1-zero
    fc-gallery export -g format1-zero Zoe | jq -e '.faces[0].quality == 0'
}

@test "what is removed leaves the index at once, and leftovers go with a purge" {
    made
    fc-gallery index -g g
    fc-gallery export -g g Bob | jq -r '.faces[0].embedding.f32' | base64 -d | tr '\0' '\n' | awk 'length >= 8' >needles
    [ -s needles ]
    cp g.index g.index.aB3dEf.tmp
    cp g g.aB3dEf.tmp
    cp g g.notes.tmp
    cp g.index other.index.aB3dEf.tmp
    grep -qaF -f needles g.index
    fc-gallery rm -g g Bob
    run ! grep -qaF -f needles g.index
    fc-gallery stats -g g | grep -Eqx 'index +stale'
    fc-gallery rm -g g --purge
    [ ! -e g.index.aB3dEf.tmp ] && [ ! -e g.aB3dEf.tmp ]
    [ -e g.notes.tmp ] && [ -e other.index.aB3dEf.tmp ] # not ours
    fc-gallery check -g g
    # killed while it is made, an index leaves no other file
    python3 -c 'import os; os.open(".", os.O_TMPFILE | os.O_WRONLY, 0o600)' || skip "this file system has no O_TMPFILE"
    for ((round = 0; round < 20; round++)); do
        fc-gallery index -g g &
        sleep "0.0$((RANDOM % 40 + 10))"
        kill -9 $! 2>/dev/null || true
        wait $! 2>/dev/null || true
    done
    run ! compgen -G 'g.index.*'
}

@test "a gallery called by a symbolic link" {
    mkdir real
    ln -s real/g link
    made link # through a link to what is not there yet
    [ ! -L real/g ] && [ -f real/g ]
    fc-gallery index -g link
    [ -e real/g.index ] && [ ! -e link.index ]
    fc-gallery stats -g real/g | grep -Eqx 'index +fresh'
    fc-gallery rm -g link --purge Bob
    fc-gallery check -g real/g | grep -qx 'real/g: sound: 1 people, 4 samples, and the index'
    [ "$(fc-gallery list -g link | cut -f 1 | tail -n +2)" = Ann ]
}

@test "what fails leaves no new gallery" {
    echo '{"v":1}' >bad
    run -2 fc-gallery import -g new bad
    run -2 fc-gallery import -g new missing
    run -0 --separate-stderr fc-gallery import -g new </dev/null
    [[ $stderr == *"0 samples imported, 0 known already" ]]
    run -0 --separate-stderr bash -c 'fc-gallery export -g missing | fc-gallery import -g new'
    run -3 fc-enroll -g new --id Ann ice.jpg
    run -2 fc-enroll -g new --id Ann --models missing ann.jpg
    [ -z "$(compgen -G 'new*')" ]
    : >new
    run -2 --separate-stderr fc-gallery import -g new "$FC_TESTS/data/galleries/format1.jsonl"
    [[ $stderr == *"new: empty, which no gallery is (to have a new one made, remove it)"* ]]
    # what a removed gallery has left is not taken for the new one's
    rm new
    echo rubbish | tee new-wal new-shm >new-commits
    made new
    fc-gallery check -g new | grep -q ': 2 people, 5 samples'
    run -2 --separate-stderr fc-gallery rm -g new Ann Bob Ann
    [[ $stderr == *"'Ann' is given twice"* ]]
    run -2 --separate-stderr fc-gallery merge -g new Ann Bob Bob
    [[ $stderr == *"'Bob' is given twice"* ]]
    fc-gallery check -g new | grep -q ': 2 people, 5 samples'
}

@test "fields of records that decide something are checked" {
    head -n 1 "$FC_TESTS/data/galleries/format1.jsonl" >one
    refused() {
        jq -c "$1" one >bad
        run -2 --separate-stderr fc-gallery import -g new bad
        [[ $stderr == *"bad:1:"*"$2"* ]] || fault "$1 says: $stderr"
        run -2 --separate-stderr fc-enroll -g new bad
        [[ $stderr == *"$2"* ]] || fault "$1 says: $stderr"
        [ ! -e new ]
    }
    refused '.sha256 = ""' "sha256: want 64 hexadecimal digits"
    refused '.sha256 = "00"' "sha256: want 64 hexadecimal digits"
    refused '.sha256 = .sha256[:63]' "sha256: want 64 hexadecimal digits"
    refused '.sha256 += "0"' "sha256: want 64 hexadecimal digits"
    refused '.sha256 = .sha256[:63] + "g"' "sha256: want 64 hexadecimal digits"
    refused '.sha256 = 7' "sha256: want 64 hexadecimal digits"
    refused '.face = -1' "face: want an integer"
    refused '.view = 1.5' "view: want an integer"
    refused '.view = 3e9' "view: want an integer"
    refused '.faces[0].quality = 1.5' "quality: want a number from 0 to 1"
    refused '.faces[0].quality = "good"' "quality: want a number from 0 to 1"
    # in capitals it is the same
    fc-gallery import -g g one 2>/dev/null
    jq -c '.sha256 |= ascii_upcase' one >capitals
    fc-gallery import -g g capitals 2>&1 | grep -q '0 samples imported, 1 known'
    sed 's/"quality":0.5/"quality":-0.0/; s/"view":0/"view":5/' one | fc-gallery import -g g 2>&1 | grep -q '1 samples imported'
    fc-gallery check -g g
    # an embedding that is not one is not passed on
    for numbers in $'\\0\\0\\300\\177' $'\\0\\0\\200\\177' $'\\0\\0\\0\\0'; do
        fc-embed -q bob.png | jq -c --arg f "$(for ((i = 0; i < 192; i++)); do printf '%b' "${numbers//\\/\\0}"; done | base64 -w 0)" \
            '.faces[0].embedding.f32 = $f' >bad
        run -2 --separate-stderr fc-embed bad
        [ -z "$output" ]
        [[ $stderr == *"is not finite"* || $stderr == *"without a direction"* ]] || fault "$stderr"
    done
}

@test "a full disk and a read-only one can be read" {
    mkdir disk
    mount -t tmpfs -o size=400k tmpfs disk 2>/dev/null || skip "may not mount a tmpfs"
    made disk/g
    cat /dev/zero >disk/filler 2>/dev/null || true
    bad=
    fc-gallery check -g disk/g | grep -q ': 2 people, 5 samples' || bad="check on a full disk"
    fc-gallery export -g disk/g | cmp - "$FC_TESTS/data/galleries/format1.jsonl" || bad="$bad export on a full disk"
    rm disk/filler
    mount -o remount,ro disk
    fc-gallery check -g disk/g | grep -q ': 2 people, 5 samples' || bad="$bad check on a read-only one"
    for command in "rename -g disk/g Ann Eve" "import -g disk/new $FC_TESTS/data/galleries/format1.jsonl"; do
        # shellcheck disable=SC2086
        run --separate-stderr fc-gallery $command
        [ "$status" -eq 2 ] && [[ $stderr == *": Read-only file system"* ]] || bad="$bad $command: $status $stderr"
    done
    umount disk
    [ -z "$bad" ] || fault "$bad"
}

@test "planted objects are seen, and sealed galleries count what they hold" {
    command -v sqlite3 >/dev/null || skip "no sqlite3"
    made
    sqlite3 g "CREATE TABLE sqlitexkeep(e); CREATE TRIGGER sqliteykeep AFTER DELETE ON sample BEGIN INSERT INTO sqlitexkeep VALUES (old.embedding); END"
    for command in check list "rm Bob" "rm --purge Bob"; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr fc-gallery $command -g g
        [[ $stderr == *"its tables are not those of a gallery"* ]]
    done
    (umask 077 && echo 'a long passphrase' >key)
    fc-gallery import -g s --seal --key-file key "$FC_TESTS/data/galleries/format1.jsonl" 2>/dev/null
    sqlite3 s "UPDATE subject SET name = 'x' WHERE id = 1; UPDATE subject SET name = 'Ann' WHERE id = 2; UPDATE subject SET name = 'Bob' WHERE id = 1"
    run -2 fc-gallery list -g s
    run -2 fc-gallery export -g s --key-file key
    fc-gallery stats -g s -f json | jq -e '.commits == 2 and (.state | length) == 32'
}

@test "wrong usage says what is wanted" {
    office
    check() {
        local want=$1
        shift
        run --separate-stderr fc-gallery "$@"
        [ "$status" -eq 2 ] || fault "exit status $status: $*"
        [ -z "$output" ]
        [[ $stderr == *"$want"* ]] || fault "$* says: $stderr"
    }
    check "no command; want list, show, rename"
    check "no command 'lst'; there are list, show, rename, rm, merge, export, import, check, calibrate, stats, index or upgrade" lst -g g
    check "no gallery given" list
    check "missing: No such file" list -g missing
    check "ann.jpg: not a gallery" list -g ann.jpg
    check "photos: not a gallery" list -g photos
    check "list: wants no operands" list -g g Ann
    check "show: wants NAME" show -g g
    check "rename: wants NAME NEW" rename -g g Ann
    check "rm: whom?" rm -g g
    check "merge: wants NAME OTHER" merge -g g Ann
    check "one person is not two" merge -g g Ann Ann
    check "list: has no format 'npy'" list -g g -f npy
    check "-f npy: wants -o FILE" export -g g -f npy
    check "-o: wants -f npy" export -g g -o x
    # what another command has is not passed over
    check "--purge: only for rm" list -g g --purge
    check "--cohort: only for calibrate" check -g g --cohort photos
    check "--output: only for export" list -g g -o x
    check "--files-from: only for import, calibrate" export -g g --files-from missing
    fc-gallery list -g g --purge=false >/dev/null
    run bash -c 'fc-gallery list -g g >/dev/full'
    [ "$status" -eq 2 ]
}

@test "names: one in either form of its accents, none that is blank, hidden or looks like unknown" {
    # composed and decomposed
    fc-enroll -q --no-check -g g --id $'Jos\u00e9' ann.jpg >/dev/null
    fc-enroll -q --no-check -g g --id $'Jose\u0301' ann2.jpg | jq -e '.id == "Jos\u00e9"'
    [ "$(fc-gallery list -g g | cut -f 1,2)" = $'id\tphotos\nJos\u00e9\t2' ]
    fc-embed bob.png | jq -c '.id = "Jose\u0301"' >bob.jsonl
    fc-gallery import -g g bob.jsonl
    [ "$(fc-gallery show -g g $'Jose\u0301' | cut -f 1 | sort -u)" = $'Jos\u00e9\nid' ]
    [ "$(fc-gallery export -g g $'Jose\u0301' | wc -l)" -eq 3 ]
    fc-gallery rename -g g $'Jose\u0301' Pia
    fc-gallery rename -g g Pia $'Jose\u0301'
    [ "$(fc-gallery list -g g -f json | jq -r .id)" = $'Jos\u00e9' ]
    fc-embed ann.jpg | jq -c '.id = "Ann"' >ann.jsonl
    jq -c '.id = "Jos\u00e9"' bob.jsonl >composed.jsonl
    fc-knn-train -k 1 -o model bob.jsonl composed.jsonl ann.jsonl 2>/dev/null | grep -q '^3 samples of 2 people'
    # refused at every door
    for name in ' ' Unknown ' UNKNOWN ' $'\uff55nknown' $'a\u009bb' $'a\u202eb' $'Ann\u200b'; do
        run -2 --separate-stderr fc-enroll -q -g new --id "$name" ann.jpg
        [[ $stderr == *"is no name: "* ]]
        [ ! -e new ]
        run -2 --separate-stderr fc-gallery rename -g g $'Jos\u00e9' "$name"
        [[ $stderr == *"is no name: "* ]]
        jq -c --arg name "$name" '.id = $name' bob.jsonl >bad.jsonl
        run -2 --separate-stderr fc-gallery import -g g bad.jsonl
        [[ $stderr == *"bad.jsonl:1: "*"is no name: "* ]]
        run -2 --separate-stderr fc-knn-train -k 1 -o new bad.jsonl ann.jsonl
        [[ $stderr == *"bad.jsonl:1: "*"is no name: "* ]]
        [[ $stderr != *[$'\u009b\u202e\u200b']* ]]
        [ ! -e new ]
    done
    mkdir -p people/Ann people/UNKNOWN
    cp ann.jpg people/Ann
    cp bob.png people/UNKNOWN
    run -3 --separate-stderr fc-enroll -q -g g2 --from-dirs people
    [ "$(fc-gallery list -g g2 -f json | jq -r .id)" = Ann ]
    [ "$(fc-gallery list -g g | wc -l)" -eq 2 ]
}

@test "names that look alike are told apart" {
    alike() {
        grep -F 'warning: the names ' err | cut -d: -f 3- >got
        printf '%s\n' "$@" | diff - got
    }
    fc-enroll --no-check -g g --id 'Ann Lee' ann.jpg >/dev/null 2>err
    run -1 grep warning err
    fc-enroll --no-check -g g --id 'ANN LEE' ann2.jpg >/dev/null 2>err
    alike " the names 'ANN LEE' and 'Ann Lee' differ in case or blanks only"
    fc-enroll --no-check -g g --id Bob bob.png >/dev/null 2>err
    run -1 grep warning err
    fc-gallery rename -g g Bob ' AnnLee' 2>err
    grep -F "warning: the names ' AnnLee' and 'ANN LEE' look alike: they are spelt <U+0020>AnnLee and ANN LEE" err
    fc-gallery export -g g 2>/dev/null | jq -c 'select(.id == "ANN LEE") | .id = "Ann\u00a0Lee"' |
        fc-gallery import -g g 2>err
    grep -F 'Ann<U+00A0>Lee' err
    fc-gallery check -g g 2>err
    [ "$(grep -c 'warning: the names' err)" -eq 3 ]
    fc-gallery export -g g >records 2>/dev/null
    fc-knn-train -k 1 -o model records 2>err >report
    [ "$(grep -c 'warning: the names' err)" -eq 3 ]
}

@test "a gallery of an earlier version with names that are refused now opens, and prints nothing raw" {
    gzip -dc "$FC_TESTS/data/names.fcg.gz" >old
    fc-gallery upgrade -g old
    [ "$(fc-gallery list -g old | tail -n +2 | cut -f 1)" = $' \nUnknown\nJos\u00e9\nJose\u0301\na\\xc2\\x9bb\ne\\xe2\\x80\\xaevil\nann\nAnn ' ]
    fc-gallery check -g old 2>err | grep -q ': sound: 8 people'
    grep -qF 'Jose<U+0301> and Jos<U+00E9>' err
    for id in $'a\u009bb' Unknown ' ' $'Jose\u0301'; do
        [ "$(fc-gallery show -g old "$id" | wc -l)" -eq 2 ]
    done
    fc-gallery show -g old $'a\u009bb' | grep -q '^a\\xc2\\x9bb'
    fc-gallery export -g old -f tsv | grep -q '^e\\xe2\\x80\\xaevil'
    fc-gallery export -g old -f npy -o a.npy && grep -q '^e\\xe2\\x80\\xaevil' a.ids
    fc-match -q -f tsv -g old -k 8 --threshold -1 ann.jpg >table || [ $? -eq 1 ]
    run -1 grep -q $'\u009b\|\u202e' table
    fc-gallery index -g old
    fc-match -q -f tsv -g old -k 8 --threshold -1 ann.jpg >table || [ $? -eq 1 ]
    run -1 grep -q $'\u009b\|\u202e' table
    fc-knn-train -k 1 -g old -o model >/dev/null 2>&1
    # two spellings of one person can be made one, the rest be renamed
    fc-gallery merge -g old $'Jos\u00e9' $'Jose\u0301'
    fc-gallery rename -g old $'a\u009bb' ab
    fc-gallery rename -g old Unknown Somebody
    fc-gallery list -g old | grep -q '^ab'
}

@test "calibrate: from photos, folders and records of strangers, or from the people themselves" {
    office
    mkdir -p strangers/deeper
    cp "$photos/sample1.jpg" strangers/deeper/
    cp "$photos/sample3.jpg" strangers/
    cp "$photos/640px-IceBlockNearJoekullsarlon.jpg" strangers/
    run --separate-stderr fc-gallery calibrate -g g --cohort strangers -f json
    [ "$status" -eq 0 ]
    jq -e '.way == "cohort" and .people == 2 and .strangers == 6 and .named == 0 and .fpir == 0 and .fpir_wanted == 0.01
        and .fuse == "max" and (.cohort | length) == 64 and (.contract | startswith("mobilefacenet:"))' <<<"$output"
    # 1 - 0.025^(1/6)
    jq -e '.fpir_interval | .[0] == 0 and (.[1] - 0.459258 | fabs) < 1e-6' <<<"$output"
    [ "$stderr" = "fc-gallery: strangers/640px-IceBlockNearJoekullsarlon.jpg: no face
fc-gallery: warning: 6 faces of strangers cannot show an FPIR of 0.01; that takes 300: of strangers up to 45.9 % may get a name (95 % interval)" ] ||
        [ "$stderr" = "fc-gallery: warning: 6 faces of strangers cannot show an FPIR of 0.01; that takes 300: of strangers up to 45.9 % may get a name (95 % interval)" ] ||
        fault "$stderr"
    jq -c 'del(.cohort)' <<<"$output" >want
    fc-embed -q strangers/deeper strangers | fc-gallery calibrate -q -g g --cohort - -f json -j1 | jq -c 'del(.cohort)' | cmp - want
    fc-embed -q strangers/deeper >records
    fc-gallery calibrate -q -g g --cohort strangers/sample3.jpg --cohort records -f json | jq -c 'del(.cohort)' | cmp - want
    echo strangers | fc-gallery calibrate -q -g g --files-from - -f json | jq -c 'del(.cohort)' | cmp - want
    printf 'records\0' | fc-gallery calibrate -q -g g --cohort strangers/sample3.jpg -0 --files-from - -f json | jq -c 'del(.cohort)' | cmp - want
    fc-gallery stats -g g -f json | jq -c '.calibration | del(.cohort)' | sed 's/^{/{"v":1,/' | jq -cS 'del(.v)' >got
    jq -cS 'del(.v)' want | cmp - got
    fc-gallery check -g g | sed -n 2p | grep -q '^threshold 0\.[0-9]* for an FPIR of 0.01 among 2 people (max): of 6 faces of strangers 0 get a name'
    # the people themselves: two photos of Ann, and not the view, and one of Bob
    run --separate-stderr fc-gallery calibrate -g g --fuse mean --fpir 0.2 -f json
    jq -e '.way == "leaving out" and .cohort == null and .strangers == 3 and .fuse == "mean" and .fpir_wanted == 0.2' <<<"$output"
    [[ $stderr == *"warning: 3 faces of strangers cannot show an FPIR of 0.2; that takes 15"* ]]
    # some that cannot be read
    echo no picture >strangers/broken.jpg
    run -3 --separate-stderr fc-gallery calibrate -g g --cohort strangers -f json
    jq -e '.strangers == 6' <<<"$output"
    [[ $stderr == *"strangers/broken.jpg: "* ]]
}

@test "calibrate: strangers who are none, or not of this model, or not there" {
    office
    fc-gallery stats -g g -f json | jq .state >before
    refused() {
        local want=$1
        shift
        run -2 --separate-stderr fc-gallery calibrate -g g "$@"
        [ -z "$output" ]
        [[ $stderr == *"$want"* ]] || fault "$* says: $stderr"
    }
    mkdir cohort empty
    cp "$photos/sample1.jpg" "$photos/astronaut.png" cohort/
    refused "g: 1 of the cohort's 4 faces are of photos that are enrolled: cohort/astronaut.png (Bob)" --cohort cohort
    cp "$photos/grace_hopper.jpg" cohort/other-name.jpg
    refused "g: 2 of the cohort's 5 faces are of photos that are enrolled: cohort/astronaut.png (Bob), cohort/other-name.jpg (Ann)" --cohort cohort
    fc-embed -q cohort/astronaut.png >record # known by its embedding
    refused "g: 1 of the cohort's 1 faces are of photos that are enrolled: cohort/astronaut.png (Bob)" --cohort record
    refused "the cohort: of 1 pictures none has a face" --cohort ice.jpg
    refused "none has a face" --cohort empty
    refused "none has a face" --cohort - </dev/null
    refused "No such file" --cohort missing.jpg
    fc-embed -q group.jpg | jq -c '.faces[].embedding.model = "other:1"' >other
    refused "other:1" --cohort other
    refused "mobilefacenet:" --cohort other
    fc-embed -q --flip group.jpg >flipped
    refused "they cannot be compared" --cohort flipped
    for rate in 0 1; do
        refused "an FPIR of $rate: want a rate above 0 and below 1" --cohort group.jpg --fpir $rate
    done
    for rate in -1 nan 2; do
        refused "--fpir: want 0..1, got '$rate'" --cohort group.jpg --fpir $rate
    done
    fc-gallery stats -g g -f json | jq .state | cmp - before
    fc-enroll -q --no-check -g one --id Ann ann.jpg >/dev/null
    run -2 --separate-stderr fc-gallery calibrate -g one
    [[ $stderr == *"one: one person is enrolled, who can be left out of nobody: a threshold wants photos of strangers"* ]]
    fc-gallery rm -g one Ann && mv one nobody
    run -2 --separate-stderr fc-gallery calibrate -g nobody --cohort group.jpg
    [[ $stderr == *"nobody: nobody is enrolled"* ]]
    # very like somebody: another photo of Ann, whose own is enrolled
    convert ann.jpg -resize 60% smaller.png
    run --separate-stderr fc-gallery calibrate -g g --cohort smaller.png
    [ "$status" -eq 0 ]
    [[ $stderr == *"warning: smaller.png looks like Ann (similarity "*"): is it somebody who is enrolled?"* ]]
}

@test "calibrate: a full disk, and kill -9" {
    office
    fc-embed -q group.jpg group2.jpg >strangers
    mkdir disk
    if mount -t tmpfs -o size=400k tmpfs disk 2>/dev/null; then
        cp g disk/g
        cat /dev/zero >disk/filler 2>/dev/null || true
        bad=
        run --separate-stderr fc-gallery calibrate -q -g disk/g --cohort strangers
        [ "$status" -eq 2 ] && [[ $stderr == *"disk/g: No space left on device"* ]] || bad="$status $stderr"
        rm disk/filler
        fc-gallery check -g disk/g | diff - <(fc-gallery check -g g | sed 's|^g|disk/g|') || bad="$bad changed"
        fc-gallery stats -g disk/g -f json | jq -e '.calibration == null' || bad="$bad calibrated"
        fc-gallery calibrate -q -g disk/g --cohort strangers || bad="$bad not afterwards"
        umount disk
        [ -z "$bad" ] || fault "$bad"
    fi
    for round in $(seq 20); do
        fc-gallery calibrate -q -g g --cohort strangers >said 2>/dev/null &
        sleep "0.0$((RANDOM % 10))"
        kill -9 $! 2>/dev/null || true
        wait $! 2>/dev/null || true
        fc-gallery check -g g >checked || fault "round $round"
        fc-gallery stats -g g -f json | jq -e '.calibration == null or .calibration.strangers == 6'
    done
}
