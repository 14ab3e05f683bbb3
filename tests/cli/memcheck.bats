load common

# Passes of tools under valgrind, which sees memory that was never written, where sanitizers do not. Without libtorch, which takes it
# minutes, and what it has no instructions for (AVX-512, AMX).

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
}

setup() {
    local why
    why=$(excuse)
    [ -z "$why" ] || skip "$why"
    cd "$BATS_FILE_TMPDIR"
    export ONEDNN_MAX_CPU_ISA=AVX2 LC_ALL=C HOME=$PWD
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
}

@test "figures and pictures" {
    clean 0 fc-draw --force -o drawn.png one
    clean 0 fc-eval all-pairs embedded -o report.json
    clean 0 fc-plot det -o det.svg report.json
    clean 0 fc-model list
    clean 0 fc-model info mobilefacenet
}
