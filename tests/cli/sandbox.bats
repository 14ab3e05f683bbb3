load common

# Pictures decoded in confined processes: the same bytes come out, and a decoder that goes wrong costs one picture.

# A prefix whose decoder of TIFF goes wrong as the picture says (faulty_formats.c).
faulty() {
    local lib
    need_sandbox
    lib=$(sed -n 's/^CMAKE_INSTALL_LIBDIR:[A-Z]*=//p' "$FC_BUILD/CMakeCache.txt")
    mkdir -p "faulty/libexec/facecheck" "faulty/$lib/facecheck"
    cp "$FC_BIN/fc-detect" faulty/libexec/facecheck
    cp "$FC_BUILD/modules/facecheck-sandbox" "$FC_BUILD/modules-of-tests/faulty/facecheck-formats.so" "faulty/$lib/facecheck"
    export FACECHECK_MODELS=$FC_TESTS/../models
    PATH=$PWD/faulty/libexec/facecheck:$PATH
}

# fault_in WORD: a picture WORD.tif whose decoder does that.
fault_in() {
    { cat "$FC_TESTS/data/formats/tiff-rgb8.tif" && printf 'FAULT:%s;' "$1"; } >"$1.tif"
}

# The codes of the last run's records, a word each.
codes() {
    jq -rn '[inputs | .error.code // "good"] | join(" ")' <<<"$output"
}

# compare ARGUMENT...: the same records, messages and exit status with and without the sandbox.
compare() {
    local want=0 got=0
    fc-detect "$@" >want 2>want.err || want=$?
    fc-detect --sandbox "$@" >got 2>got.err || got=$?
    diff want got >&2
    diff want.err got.err >&2
    [ "$got" -eq "$want" ]
}

@test "all pictures of the tests, good and bad, give the same bytes with and without it" {
    need_sandbox
    for folder in data/photos data/formats bad; do
        ln -s "$FC_TESTS/$folder" "${folder##*/}-there"
    done
    files=(./*-there/*.*)
    compare --min-face 30 -j 2 "${files[@]}"
    [ "$(wc -l <got)" -gt 100 ]
    [ "$(grep -c '"error"' got)" -gt 20 ]
    compare --min-face 1000 -j 1 --damaged keep --max-side 40 "${files[@]}"
    compare --min-face 1000 --max-memory 16 --max-pixels 400000 --max-bytes 100000 -j 2 "${files[@]}"
    jq -rn '[inputs | .error.code // empty] | unique | join(" ")' got | grep -q 'limit'
    # pixels, not only their number
    fc-align -j 2 -o with --sandbox ann.jpg bob.png group.jpg >/dev/null
    fc-align -j 2 -o without ann.jpg bob.png group.jpg >/dev/null
    diff -r with without
    fc-detect --sandbox <bob.png | cmp - <(fc-detect <bob.png)
    fc-detect --sandbox <(cat ann.jpg) | jq -e '.faces | length == 1'
}

@test "a decoder that crashes, hangs, ends or takes all memory costs its picture, and the run goes on" {
    faulty
    for word in crash abort end memory fill hang sleep; do
        fault_in "$word"
    done
    # AddressSanitizer wants its own address space, without a limit
    local memory=memory.tif left=" good"
    [ -z "$FC_SANITIZE" ] || memory='' left=''
    fc-detect ann.jpg small.jpg >want
    for jobs in 1 2; do
        run -3 --separate-stderr fc-detect --sandbox --timeout 20 --max-memory 300 -j "$jobs" ann.jpg crash.tif abort.tif end.tif \
            $memory fill.tif small.jpg
        [ "$(codes)" = "good crashed crashed crashed$left crashed good" ] || fault "$output"
        sed -n '1p;$p' <<<"$output" | diff want -
        [[ $stderr == *"crash.tif: the process that decodes it crashed (SIGSEGV)"* ]] || [ -n "$FC_SANITIZE" ]
        [[ $stderr == *"end.tif: the process that decodes it ended"* ]]
    done
    run -3 --separate-stderr fc-detect --sandbox --timeout 1 -j 2 hang.tif sleep.tif ann.jpg
    [ "$(codes)" = "timeout timeout good" ]
    [[ $stderr == *"hang.tif: took longer than 1 seconds"* ]]
}

@test "a worker that lies is not believed" {
    faulty
    for word in lie-size lie-short lie-status lie-text lie-budget lie-pixels; do
        fault_in "$word"
        run -3 --separate-stderr fc-detect --sandbox -j 1 "$word.tif" ann.jpg
        [[ "$(codes)" =~ ^(crashed|limit)" good"$ ]] || fault "$word: $output"
        [[ $stderr == *"$word.tif: "* && $stderr != *xxxx* ]] || fault "$word: $stderr"
    done
}

@test "a decoder in there reaches no file, no network, no process and makes no code" {
    faulty
    fault_in reach
    run -3 --separate-stderr fc-detect reach.tif
    for what in open write stat connect dup exec; do
        [[ $what = exec || $stderr == *" $what"* ]] || fault "the test does not test: $what: $stderr"
    done
    rm -f reached
    run -3 --separate-stderr fc-detect --sandbox reach.tif
    [[ $stderr == *'TIFF: reached:' || $stderr == *'TIFF: reached:'$'\n'* ]] || fault "$stderr"
    [ ! -e reached ]
}

@test "the workers end with their program, however it ends" {
    need_sandbox
    mkfifo pipe
    fc-detect --sandbox -j 2 --files-from pipe >out 2>err &
    tool=$!
    exec 7>pipe
    printf 'ann.jpg\n' >&7
    for _ in {1..600}; do
        [ ! -s out ] || break
        sleep 0.05
    done
    [ -s out ]
    workers=$(pgrep -P "$tool" -f facecheck-sandbox)
    [ -n "$workers" ]
    for worker in $workers; do
        # nothing is open but /dev/null, the socket and the memory
        [ "$(find "/proc/$worker/fd" -type l -lname '/dev/null' | wc -l)" -eq 3 ]
        [ "$(find "/proc/$worker/fd" -type l | wc -l)" -eq 5 ]
        grep -q '^NoNewPrivs:[[:space:]]*1' "/proc/$worker/status"
        grep -q '^Seccomp:[[:space:]]*2' "/proc/$worker/status"
        [ "$(tr '\0' '\n' <"/proc/$worker/environ" | wc -l)" -eq 0 ]
    done
    kill -9 "$tool"
    exec 7>&-
    for _ in {1..600}; do
        # shellcheck disable=SC2086
        kill -0 $workers 2>/dev/null || return 0
        sleep 0.05
    done
    fault "still there: $workers"
}

# feed PICTURE N: fc-detect, which reads names from descriptor 7, gets it and has written record N.
feed() {
    printf '%s\n' "$1" >&7
    for _ in {1..600}; do
        [ "$(wc -l <out)" -lt "$2" ] || break
        sleep 0.05
    done
    [ "$(wc -l <out)" -eq "$2" ]
}

@test "a worker is replaced where a format wants a module that it has not, and for no other" {
    need_sandbox
    cp "$FC_TESTS/data/formats/webp-lossy.webp" a.webp
    mkfifo pipe
    fc-detect --sandbox -j 1 --files-from pipe >out 2>err &
    tool=$!
    exec 7>pipe
    feed small.jpg 1
    worker=$(pgrep -P "$tool" -f facecheck-sandbox)
    feed bob.png 2
    feed "$FC_TESTS/bad/garbage.jpg" 3
    [ "$(pgrep -P "$tool" -f facecheck-sandbox)" = "$worker" ]
    feed a.webp 4
    another=$(pgrep -P "$tool" -f facecheck-sandbox)
    [ "$another" != "$worker" ]
    feed small.jpg 5
    feed a.webp 6
    [ "$(pgrep -P "$tool" -f facecheck-sandbox)" = "$another" ]
    exec 7>&-
    wait "$tool" || [ $? -eq 3 ]
    [ "$(jq -c 'select(.error)' out | wc -l)" -eq 1 ]
}

@test "a worker that is killed is replaced" {
    need_sandbox
    mkfifo pipe
    fc-detect --sandbox -j 1 --files-from pipe >out 2>err &
    tool=$!
    exec 7>pipe
    for n in 1 2 3; do
        feed small.jpg "$n"
        worker=$(pgrep -P "$tool" -f facecheck-sandbox)
        kill -9 "$worker"
        for _ in {1..600}; do # until it is dead, else the next picture is its last
            ! grep -q '^State:[[:space:]]*Z' "/proc/$worker/status" || break
            sleep 0.05
        done
    done
    exec 7>&-
    wait "$tool"
    [ "$(jq -c .faces out | uniq | wc -l)" -eq 1 ]
    [ "$(wc -l <out)" -eq 3 ]
}

@test "other tools have it; videos are refused" {
    need_sandbox
    fc-match --sandbox --no-timings -q ann.jpg ann2.jpg | jq -e .match
    fc-detect ann.jpg >found
    fc-draw --sandbox -o drawn.png found
    fc-draw -o plain.png found
    cmp drawn.png plain.png
    if command -v ffmpeg >/dev/null && [ -e "$FC_BUILD/modules/facecheck-video.so" ]; then
        ffmpeg -nostdin -v error -f lavfi -i testsrc=size=64x64:rate=1:duration=1 -pix_fmt yuv420p v.mkv
        run -3 --separate-stderr fc-detect --sandbox v.mkv ann.jpg
        [ "$(codes)" = "unsupported good" ]
        [[ $stderr == *"v.mkv: a video, and videos are not decoded in a sandbox"* ]]
        run -3 --separate-stderr fc-detect --sandbox --live v.mkv
        [ "$(codes)" = unsupported ]
        run -3 --separate-stderr fc-detect --sandbox rtsp://127.0.0.1:1/none
        [ "$(codes)" = unsupported ]
    fi
}

@test "where it cannot be, that is said before a picture is looked at" {
    faulty
    rm faulty/*/*/facecheck-sandbox faulty/*/facecheck/facecheck-sandbox 2>/dev/null || true
    run -2 --separate-stderr fc-detect --sandbox ann.jpg
    [ -z "$output" ]
    [[ $stderr == *"the program facecheck-sandbox is not installed"* ]] || fault "$stderr"
}

@test "without /dev/null that is said; a standard file that is closed stays unusable" {
    need_sandbox
    command -v unshare >/dev/null && unshare -m true 2>/dev/null || skip "nothing can be mounted here"
    bare() {
        unshare -m bash -c 'mount -t tmpfs none /dev && mkdir /dev/shm && "$@"' - "$@" # OpenMP libraries want /dev/shm
    }
    run -2 --separate-stderr bare fc-detect --sandbox small.jpg
    [ "$stderr" = 'fc-detect: facecheck-sandbox: /dev/null: No such file or directory' ] || fault "$stderr"
    run -2 --separate-stderr bare bash -c 'fc-detect small.jpg >&-'
    [ "$stderr" = 'fc-detect: stdout: Bad file descriptor' ] || fault "$stderr"
    fc-enroll -q -g people --id Ann ann.jpg >/dev/null
    cp people before
    run -2 bare bash -c 'fc-gallery list -g people >&-'
    cmp people before
}

# As another user, who may have so many processes and threads.
limited_to() {
    timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \
        bash -c 'ulimit -u "$1" && exec "${@:2}"' - "$@"
}

@test "where no process and no thread may be started: HEIC is decoded without, a sandbox says so" {
    need_sandbox
    [ -e "$FC_BUILD/modules/facecheck-heif.so" ] || skip "a build without libheif"
    [ "$(id -u)" -eq 0 ] && limited_to 1 fc-detect --version >/dev/null 2>&1 || skip "nobody else may run it here"
    heic=$FC_TESTS/data/formats/heic-rgb.heic
    limited_to 1 cat "$heic" >/dev/null 2>&1 || skip "nobody else may read the pictures here"
    fc-detect -j1 <"$heic" >want
    limited_to 1 fc-detect -j1 <"$heic" >got
    cmp want got
    # behind what brings libheif in another way
    pnm=("$FC_TESTS"/data/formats/*.p[gp]m)
    fc-detect -j1 "${pnm[0]}" "$heic" >want
    limited_to 1 fc-detect -j1 "${pnm[0]}" "$heic" >got
    cmp want got
    run -2 --separate-stderr limited_to 1 fc-detect --sandbox -j1 <"$heic"
    [[ $stderr == *'facecheck-sandbox: no more processes are allowed (ulimit -u)' ]] || fault "$stderr"
}
