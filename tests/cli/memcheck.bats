load common

# A pass of each tool under valgrind, which sees memory that was never written, where sanitizers do not. Without libtorch, which takes
# it minutes, and what it has no instructions for (AVX-512, AMX); those of AVX2 it emulates, which takes several times as long as SSE's.

# Why not; "": it can be.
excuse() {
    if [ -n "$FC_SANITIZE" ]; then
        echo "a sanitizer is no program for valgrind"
    elif [ "$FC_ARCH" != x86_64 ]; then
        echo "an emulator under another takes hours"
    elif ! command -v valgrind >/dev/null; then
        echo "no valgrind"
    fi
}

setup_file() {
    [ -z "$(excuse)" ] || return 0
    cd "$BATS_FILE_TMPDIR"
    for name in grace_hopper.jpg grace_hopper_512x512.jpg astronaut.png; do
        convert "$FC_TESTS/data/photos/$name" -resize x128 "${name%.*}.png"
    done
    mkdir -p people/Grace people/Eileen
    cp grace*.png people/Grace
    cp astronaut.png people/Eileen
    fc-embed -q ./*.png | jq -c '.id = .src[2:5]' >embedded
    fc-detect -q ./*.png >found
    head -n 1 found >one
    fc-enroll -q --no-check -g made.fcg --from-dirs people >/dev/null
    for _ in {1..40}; do fc-match --no-timings -g made.fcg embedded; done >lines
}

setup() {
    local why
    why=$(excuse)
    [ -z "$why" ] || skip "$why"
    cd "$BATS_FILE_TMPDIR"
    export ONEDNN_MAX_CPU_ISA=SSE41 LC_ALL=C HOME=$PWD
    unset XDG_DATA_HOME FACECHECK_MODELS
}

# clean STATUS COMMAND...: valgrind has nothing to say of it.
clean() {
    local want=$1 got=0
    shift
    valgrind -q --error-exitcode=99 --log-file=said "$FC_BIN/$1" "${@:2}" >out 2>err || got=$?
    [ "$got" -eq "$want" ] || fault "exit status $got: $*" "$(head -n 40 said)" "$(<err)"
    [ ! -s said ] || fault "$*" "$(head -n 40 said)"
}

@test "pictures to embeddings" {
    ONEDNN_MAX_CPU_ISA=AVX2
    clean 0 fc-detect --min-face 40 grace_hopper.png
    clean 0 fc-align found
    clean 0 fc-embed grace_hopper.png
    clean 0 fc-quality found
    clean 3 fc-detect -j 1 "$FC_TESTS/bad/truncated.jpg" "$FC_TESTS/bad/corrupt.tif" "$FC_TESTS/bad/truncated.webp"
}

@test "decisions" {
    clean 0 fc-match --no-timings -g made.fcg embedded
    clean 0 fc-gallery list -g made.fcg
    clean 0 fc-gallery check -g made.fcg
    clean 0 fc-knn-train -k 1 -o new.knn embedded
    clean 0 fc-head-train -g made.fcg -o new.head
    clean 0 fc-cluster embedded
    clean 0 fc-enroll -q --no-check -g new.fcg embedded
    mkdir -p photos/Grace photos/Eileen
    cp grace*.png photos/Grace
    cp astronaut.png photos/Eileen
    { cat astronaut.png; echo; } >photos/Eileen/again.png
    clean 0 fc-finetune -q --epochs 1 --augment 0 -o tuned.safetensors photos
    clean 0 fc-drift --bins 2 lines lines
    clean 0 fc-bench --rounds 1 --warmup 0 --no-cold-start grace_hopper.png
}

@test "frames, tracks and visits" {
    if [ -e "$FC_BUILD/modules/facecheck-video.so" ] && command -v ffmpeg >/dev/null; then
        ffmpeg -v error -y -loop 1 -framerate 5 -i astronaut.png -t 0.6 -pix_fmt yuv420p -c:v libx264 film.mkv
        clean 0 fc-frames -o frames film.mkv
    fi
    for time in 1 1.2 1.4; do
        jq -c --argjson t $time '.time = $t | .camera = "door"' one
    done >times
    clean 0 fc-track times
    cp out tracked
    clean 0 fc-events tracked
}

@test "servers" {
    jq -nc '{v: 1, n: 1}' >line
    clean 3 fc-publish -q -b mqtt://127.0.0.1:1 --drain 0 line # nobody is there
    if [ -x "$FC_BIN/fc-serve" ]; then
        valgrind -q --error-exitcode=99 --log-file=said "$FC_BIN/fc-serve" --unix sock -g made.fcg --writable 2>err &
        server=$!
        for _ in {1..600}; do
            ! curl -s --unix-socket sock http://x/ping >/dev/null || break
            sleep 0.1
        done
        for path in detect embed identify; do
            curl -sf --unix-socket sock -F f=@grace_hopper.png "http://x/v1/$path" >answer || fault "/v1/$path"
        done
        curl -sf --unix-socket sock -F id=Ann -F f=@astronaut.png http://x/v1/enroll >answer
        curl -sf --unix-socket sock http://x/metrics >answer
        kill "$server"
        wait "$server" || fault "exit status $?" "$(head -n 40 said)"
        [ ! -s said ] || fault "fc-serve" "$(head -n 40 said)"
    fi
}

@test "every tool has its pass" {
    for tool in "$FC_BIN"/fc-*; do
        grep -qE "(clean [0-9] |/)${tool##*/}[ \"]" "$BATS_TEST_FILENAME" || fault "not under valgrind: ${tool##*/}"
    done
}

@test "figures and pictures" {
    clean 0 fc-draw --force -o drawn.png one
    clean 0 fc-eval all-pairs embedded -o report.json
    clean 0 fc-plot det -o det.svg report.json
    clean 0 fc-model list
    clean 0 fc-model info mobilefacenet
}
