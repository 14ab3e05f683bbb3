load common

# Bad input of every kind: what is said, where, and that the run goes on. golden/bad-*.

@test "a missing file" {
    filter=$counts golden bad-missing 3 fc-detect missing.jpg small.jpg
}

@test "a folder without pictures" {
    mkdir -p empty/deeper
    touch empty/letter.txt empty/.hidden.jpg
    filter=$counts golden bad-folder 3 fc-detect empty small.jpg
    filter=$counts golden bad-folder-recursive 3 fc-detect -r empty
}

@test "a folder that cannot be read" {
    need_strictness
    mkdir -m 0 closed
    filter=$counts golden bad-closed-folder 3 strictly fc-detect closed
}

@test "an empty file" {
    : >empty.jpg
    filter=$counts golden bad-empty 3 fc-detect empty.jpg small.jpg
}

@test "a text with the name of a picture" {
    cp "$FC_TESTS/bad/text.jpg" .
    filter=$counts golden bad-text 3 fc-detect text.jpg small.jpg
}

@test "a truncated JPEG, from a file and from a pipe" {
    cp "$FC_TESTS/bad/truncated.jpg" .
    filter=$counts golden bad-truncated 3 fc-detect truncated.jpg small.jpg
    filter=$counts golden bad-truncated-pipe 3 bash -c 'cat truncated.jpg | fc-detect'
}

@test "a picture of one pixel, and one smaller than the smallest face, have no faces" {
    cp "$FC_TESTS/bad/1x1.png" .
    filter=$counts golden bad-tiny 0 fc-detect 1x1.png
    filter=$counts golden bad-small 0 fc-detect --min-face 200 small.jpg
}

@test "a header that promises 30,000 x 30,000 pixels is refused before memory is taken" {
    cp "$FC_TESTS"/bad/header-30000.{jpg,png} .
    for file in header-30000.jpg header-30000.png; do
        filter=$counts golden "bad-$file" 3 fc-detect "$file"
    done
    if [ -z "${FC_SANITIZE:-}" ]; then # AddressSanitizer wants its own address space
        ulimit -v 4000000
        filter=$counts golden bad-header-30000.jpg 3 fc-detect header-30000.jpg
    fi
    filter=$counts golden bad-max-pixels 3 fc-detect --max-pixels 9000 small.jpg
}

@test "a broken line in a stream ends the run and is named; what came before is written" {
    printf '%s\n' '{"v":1,"src":"a","faces":[]}' '' '{"v":1,"src":"b","faces":[]' '{"v":1,"src":"c","faces":[]}' >broken
    golden bad-line 2 bash -c 'fc-embed <broken'
    golden bad-line-in-file 2 fc-detect -j3 broken
    printf '{"v":1,"src":"a","faces":[]}\n{"v":2,"src":"b"}\n' >version
    golden bad-version 2 bash -c 'fc-align <version'
    printf '{"v":1,"src":"a","faces":[]}\n{"v":1,"src":"b","faces":[{"box":"big"}]}\n' >field
    golden bad-field 2 bash -c 'fc-detect <field'
    printf '{"v":1,"src":"small.jpg","faces":[{"box":[1,2,3,4],"score":1,"crop":{"w":16,"h":16,"rgb":"*%01023d"}}]}\n' 0 >crop
    golden bad-crop 2 bash -c 'fc-align --size 16 <crop'
    printf 'a.jpg\nb.jpg\n' >list
    golden bad-list-as-records 2 bash -c 'fc-detect <list'
    run -2 --separate-stderr fc-frames version
    [[ $stderr == *"fc-frames: version:2: a record of version 2; this program knows 1" ]]
}

@test "a record from another model, by its embedding or by its crop" {
    printf '{"v":1,"src":"a","faces":[{"embedding":{"model":"other:0123456789abcdef","f32":"AACAPw=="}}]}\n' >other
    golden bad-contract 2 bash -c 'fc-embed <other'
    golden bad-contract-match 2 fc-match small.jpg other
    golden bad-contract-reference 2 fc-match -m mobilefacenet other small.jpg
    fc-align --mode box --size 112 small.jpg >box
    golden bad-crop-mode 2 bash -c 'fc-embed <box'
    fc-align --size 96 small.jpg >size
    golden bad-crop-size 2 bash -c 'fc-embed <size'
}

@test "stdout closed" {
    golden bad-closed 2 bash -c 'fc-detect small.jpg >&-'
    run -2 bash -c 'fc-align -o crops small.jpg >&-'
    run -0 file -b crops/*.png # no output went to where the picture is written
    [[ $output == "PNG image data, 112 x 112"* ]]
}

@test "stdout full" {
    [ -w /dev/full ] || skip "no /dev/full"
    for tool in fc-detect fc-align fc-embed fc-cluster fc-frames fc-quality "fc-match small.jpg"; do
        golden "bad-full-${tool%% *}" 2 bash -c "$tool small.jpg small.jpg >/dev/full"
    done
    golden bad-full-tsv 2 bash -c 'fc-detect -f tsv small.jpg >/dev/full'
    golden bad-full-help 2 bash -c 'fc-detect --help >/dev/full'
}

@test "a file that would be larger than 'ulimit -f' allows is one that cannot be written, and leaves nothing" {
    fc-enroll -q --no-check -g g --id Ann ann.jpg >/dev/null
    fc-gallery export -g g >before
    too_large() {
        local message=$1
        shift
        run -2 --separate-stderr bash -c 'ulimit -f "$1" && shift && env --default-signal=XFSZ "$@" >stdout' - "$@"
        [[ $stderr == *"$message" ]] || fault "$*: $stderr"
        [ -z "$(find . -name '*.tmp')" ]
    }
    too_large 'x.npy: File too large' 1 fc-embed -q -f npy -o x.npy group.jpg
    too_large '.png: File too large' 8 fc-align -q -o crops ann.jpg
    too_large 'stdout: File too large' 1 fc-embed -q ann.jpg
    too_large 'journal: File too large' 1 fc-detect -q --journal journal group.jpg group2.jpg
    too_large 'x.png: File too large' 8 fc-plot map -q -o x.png ann.jpg bob.png
    run -2 bash -c 'ulimit -f 60 && env --default-signal=XFSZ fc-enroll -q --no-check -g g --id Bob --augment 30 bob.png >/dev/null'
    [ ! -e x.npy ] && [ ! -e x.ids ] && [ ! -e x.png ]
    fc-gallery export -g g | cmp - before
}

@test "output that cannot be written does not wait for more input" {
    [ -w /dev/full ] || skip "no /dev/full"
    echo '{"v":1,"src":"a","faces":[]}' >record
    for jobs in 1 2; do
        status=0
        exec {slow}< <(cat record; exec sleep 30 2>/dev/null 3>&-)
        writer=$!
        timeout 10 fc-detect "-j$jobs" >/dev/full 2>/dev/null <&"$slow" || status=$?
        exec {slow}<&-
        kill "$writer"
        [ "$status" -eq 2 ]
    done
}

@test "a reader that goes away is no message" {
    run --separate-stderr bash -c 'set -o pipefail; fc-detect small.jpg small.jpg small.jpg | head -c 1'
    [ "$status" -eq 141 ] || [ "$status" -eq 0 ] # it may be done before head is
    [ -z "$stderr" ]
    [ "$output" = "{" ]
}

@test "models that cannot be read" {
    mkdir broken
    golden bad-models-folder 2 fc-detect --models nowhere small.jpg
    echo 'models: [' >broken/models.yaml
    run --separate-stderr fc-detect --models broken small.jpg
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == *broken/models.yaml* ]]
    cp -r "$FC_TESTS/../models" damaged
    for file in mtcnn-pnet mobilefacenet; do
        printf X | dd of="damaged/$file.safetensors" bs=1 seek=5000 conv=notrunc status=none
    done
    for tool in fc-detect fc-embed "fc-match small.jpg"; do
        run --separate-stderr $tool --models damaged small.jpg
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [[ $stderr == *damaged/mtcnn-pnet.safetensors* ]]
    done
    : >damaged/mtcnn-pnet.safetensors
    run --separate-stderr fc-detect --models damaged small.jpg
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == *damaged/mtcnn-pnet.safetensors* ]]
    golden bad-model-name 2 fc-embed --models "$FC_TESTS/../models" -m mtcnn-onet small.jpg
    for tool in "align small.jpg" "bench small.jpg" "cluster small.jpg" "embed small.jpg" "enroll -g g --id Ann small.jpg" \
        "eval all-pairs small.jpg" "match small.jpg small.jpg" "serve --unix sock"; do
        # shellcheck disable=SC2086 # words of a command
        run -2 --separate-stderr fc-$tool -m nosuchmodel
        [[ $stderr == "fc-${tool%% *}: no model 'nosuchmodel' in "*" (there are "*mobilefacenet*")" ]] || fault "$tool: $stderr"
    done
    run -2 --separate-stderr fc-embed -m facenet-vggface2 small.jpg
    [[ $stderr == *"model 'facenet-vggface2' is not installed; 'fc-model pull facenet-vggface2' fetches it" ]]
}

@test "a path with a newline, a quote and bytes that are not UTF-8" {
    name=$'a\n"\xff\x1b[31m\\.jpg'
    cp small.jpg "$name"
    filter=$counts golden bad-path 0 fc-detect "$name"
    filter='[.src_b64, (.faces | length), .faces[0].embedding != null]' \
        golden bad-path-piped 0 bash -c 'fc-detect "$1" | fc-align | fc-embed' bash "$name"
    golden bad-path-tsv 0 bash -c 'fc-detect -f tsv "$1" | cut -f 1,2' bash "$name"
    rm "$name"
    filter=$counts golden bad-path-missing 3 fc-detect "$name"
}

@test "--fail-fast stops at the first failure, with its record written" {
    for jobs in 1 2; do
        filter=$counts golden bad-fail-fast 2 fc-detect --fail-fast "-j$jobs" small.jpg missing.jpg small.jpg
    done
    fc-enroll -q --no-check -g g --id Ann small.jpg >/dev/null
    for tool in align cluster embed events frames quality track "match small.jpg" "plot map -o x.svg" "eval all-pairs" \
        "gallery calibrate -g g --cohort"; do
        # shellcheck disable=SC2086 # words of a command
        run -2 --separate-stderr fc-$tool missing.jpg --fail-fast
        [[ $stderr == "fc-${tool%% *}: missing.jpg: No such file or directory"* && $stderr != *small* ]] || fault "$tool: $stderr"
    done
}

@test "--quiet has no messages but the last" {
    filter=$counts golden bad-quiet 3 fc-detect -q missing.jpg
    golden bad-quiet-fatal 2 fc-detect -q --models nowhere small.jpg
}

@test "an error record passes through and counts" {
    echo '{"v":1,"src":"a","error":{"stage":"decode","code":"empty","message":"a: empty"},"x":1}' >error
    golden bad-error-record 3 fc-embed error
    golden bad-error-record-tsv 3 fc-detect -f tsv error
    golden bad-error-record-match 3 fc-match small.jpg error --no-timings
    golden bad-error-record-reference 2 fc-match error small.jpg
}

@test "a picture that is not what it was when its faces were found" {
    fc-detect small.jpg >record
    cp --remove-destination ice.jpg small.jpg
    filter=$counts golden bad-changed 3 fc-align record
    rm small.jpg
    filter=$counts golden bad-gone 3 fc-align record
}

# heavy KIB COMMAND...: with no more address space than that, and less than 60 seconds of CPU.
heavy() {
    local room=$1
    shift
    (
        if [ -z "${FC_SANITIZE:-}" ]; then # AddressSanitizer wants its own address space
            ulimit -v "$room"
        fi
        ulimit -t 60
        "$@"
    )
}

@test "fc-draw and fc-bench decode no picture that is larger than their budget of memory" {
    [ -z "$FC_SANITIZE" ] || skip "AddressSanitizer wants its own address space"
    command -v python3 >/dev/null || skip "no Python"
    python3 - <<'END' # 8000 x 8000 black pixels, of 192 MB
import struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = zlib.compress(bytes(8001 * 8000), 1)
header = struct.pack(">IIBBBBB", 8000, 8000, 8, 0, 0, 0, 0)
open("large.png", "wb").write(
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
END
    echo '{"v":1,"src":"large.png","faces":[]}' >record
    run -3 --separate-stderr heavy 340000 fc-draw -o drawn.jpg record
    [[ $stderr == "fc-draw: large.png: takes "*" bytes of memory, the limit is 174080000" ]] || fault "$stderr"
    run -2 --separate-stderr heavy 340000 fc-bench --rounds 1 large.png
    [[ $stderr == "fc-bench: large.png: takes "*" bytes of memory, the limit is 174080000" ]] || fault "$stderr"
}

@test "a line of millions of values is refused before they are built" {
    { printf '{"v":1,"src":"a","x":['; yes '{},' | head -n 20000000 | tr -d '\n'; printf '{}]}\n'; } >bomb # 60 MB, 5 GB
    for tool in fc-detect fc-embed 'fc-match ann.jpg' 'fc-gallery import -g new.fcg' 'fc-draw -o out/'; do
        # shellcheck disable=SC2086 # words of a command
        run --separate-stderr heavy 1000000 $tool <bomb
        [ "$status" -eq 2 ] || fault "$tool: $status" "$stderr"
        [[ $stderr == *"stdin:1: more values than fit into 256 MiB of memory"* ]] || fault "$tool: $stderr"
    done
    # fields that are not known pass through as they are, up to that
    { printf '{"v":1,"src":"a","faces":[],"x":['; yes '{"a":[1,2.5,"b"]},' | head -n 100000 | tr -d '\n'; printf '{}]}\n'; } >many
    fc-detect many | cmp - many
    # a file under the name of a picture is one input that fails
    mv bomb bomb.jpg
    run -3 --separate-stderr heavy 1000000 fc-detect bomb.jpg small.jpg
    [ "$(jq -r '.error.code // (.faces | length)' <<<"$output" | paste -sd ' ')" = 'limit 1' ]
}

@test "a line that is too long, and memory that runs out, are said to be that" {
    [ -z "${FC_SANITIZE:-}" ] || skip "AddressSanitizer wants its own address space"
    { printf '{"v":1,"src":"a","faces":[],"x":"'; head -c 134217600 /dev/zero | tr '\0' x; printf '"}\n'; } >long
    [ "$(fc-detect -j1 <long | wc -c)" -eq "$(wc -c <long)" ]
    { printf '{"v":1,"src":"a","faces":[],"x":"'; head -c 134217728 /dev/zero | tr '\0' x; printf '"}\n'; } >longer
    run --separate-stderr fc-detect <longer
    [ "$status" -eq 2 ]
    [[ $stderr == *"stdin:1: a line of more than 134217728 bytes" ]]
    for room in 300000 400000 500000 600000; do
        run --separate-stderr heavy $room fc-detect -j1 <long
        [ "$status" -eq 0 ] || { [ "$status" -eq 2 ] && [[ $stderr == *"out of memory"* ]]; } || fault "$room: $status" "$stderr"
    done
    run --separate-stderr heavy 300000 fc-detect -j1 <long
    [ "$status" -eq 2 ]
}

@test "crops that do not fit into a record are an error, and the run goes on" {
    { printf '{"v":1,"src":"small.jpg","w":96,"h":96,"faces":['
      yes '{"box":[0,0,9,9],"score":1,"landmarks":[[2,2],[6,2],[4,4],[2,6],[6,6]]},' | head -n 2999 | tr -d '\n'
      printf '{"box":[0,0,9,9],"score":1,"landmarks":[[2,2],[6,2],[4,4],[2,6],[6,6]]}]}\n'; } >crowd
    run --separate-stderr fc-align crowd small.jpg
    [ "$status" -eq 3 ]
    [ "$(jq -r '.error.message // (.faces | length)' <<<"$output")" = \
        "small.jpg: 3000 crops of 112 x 112 pixels do not fit into a record of 134217728 bytes
1" ]
    [ "$(fc-align --size 16 crowd | jq '.faces | length')" -eq 3000 ]
}
