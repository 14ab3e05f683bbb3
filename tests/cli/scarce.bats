#!/usr/bin/env bats
# Every allocation may fail. A tool then does all that was asked for, or ends with a message; what it made before is
# sound. One allocation of each call site fails, each in a run of its own, but for those inside of libraries that end
# the process in that case, or go on as if nothing was (facecheck(1) names them).
load common

spared='libdnnl libtorch libc10 libopencv libfontconfig libcairo libfreetype libcurl libstdc++ libgomp ld-linux'
shim=$FC_BUILD/modules-of-tests/scarce.so

# What a test may replace: what is done before each run, what shows the result beside stdout, how stdout is compared.
before() { :; }
result() { :; }
compared() { cat; }
# ... and whether what a failed run leaves is sound.
sound() { :; }

# run_as WANT [VAR=VALUE]... COMMAND: its exit status to $got, output and result to WANT, stderr to err.
run_as() {
    local to=$1
    shift
    before
    got=0
    env "$@" >raw 2>err || got=$?
    compared <raw >"$to"
}

# survives COMMAND...: what $got, the files out and err, and result say of it is one of the two.
survives() {
    [[ $(<err) != *"(0 bytes wanted)"* ]] || fault "allocation $n of $*" "$(<err)" || return
    case $got in
    "$status_wanted")
        result >>out
        cmp -s want out || [[ $got -eq 3 && -s err ]] ||
            fault "allocation $n of $*: exit status $got, other output" "$(diff want out | head -n 5)" || return
        ;;
    2 | 3)
        [ -s err ] || fault "allocation $n of $*: exit status $got without a message" || return
        cat out >>failed
        ;;
    *) fault "allocation $n of $*: exit status $got" "$(<err)" || return ;;
    esac
    sound || fault "allocation $n of $*: left unsound" "$(<err)"
}

# each_site MOST COMMAND...
each_site() {
    local most=$1 n got status_wanted seen=0 total
    shift
    run_as want "$@"
    status_wanted=$got
    result >>want
    run_as scratch SCARCE_SITES=sites SCARCE_SPARED="$spared" LD_PRELOAD="$shim" "$@"
    [ "$got" -eq "$status_wanted" ] || fault "exit status $got with the shim: $*" "$(<err)"
    total=$(wc -l <sites)
    for n in $(awk -v step=$(((total + most - 1) / most)) 'NR % step == 0' sites); do
        : >seen
        run_as out SCARCE_AT="$n" SCARCE_SEEN=seen LD_PRELOAD="$shim" "$@"
        [ ! -s seen ] || seen=$((seen + 1))
        survives "$@"
    done
    [ "$seen" -gt 10 ] || fault "$seen of $total allocations of $* failed"
    echo "# $seen of $total call sites: $*" >>"$BATS_TEST_TMPDIR/seen"
}

# scarce MOST COMMAND...: MOST of the call sites, or all where there are no more.
scarce() {
    [ -z "$FC_SANITIZE" ] || skip "a sanitizer has an allocator of its own"
    untraced each_site "$@"
}

# As a record of each face: ann, bob and the guests of a group photo.
labelled() {
    fc-embed -q ann.jpg ann2.jpg bob.png group.jpg >embedded
    jq -c '. as $r | .faces | to_entries[] | $r + {faces: [.value], n: .key}' embedded |
        jq -c 'if .src == "group.jpg" then .id = "Guest\(.n)" else .id = (.src[:3]) end'
}

@test "memory that runs out: models" {
    scarce 200 fc-model info -f json mobilefacenet
    scarce 200 fc-model info "$FC_TESTS/data/nets/pnet-zip.pt"
    scarce 200 fc-model list -f json
    scarce 200 fc-model verify mtcnn-pnet
    before() { rm -f made.safetensors; }
    result() { cat made.safetensors; }
    sound() { [ ! -e made.safetensors ] || cmp -s made.safetensors "$FC_TESTS/../models/mtcnn-pnet.safetensors"; }
    scarce 200 fc-model import "$FC_TESTS/data/nets/pnet-legacy.pt" -o made.safetensors
}

@test "memory that runs out: galleries" {
    labelled >records
    before() { rm -f g g-wal g-shm; }
    result() { fc-gallery -g g export; }
    sound() { [ ! -s g ] || fc-gallery -g g check >/dev/null 2>&1; }
    scarce 150 fc-enroll -j1 -g g records
    before() { :; }
    sound() { fc-gallery -g g check >/dev/null 2>&1; }
    result() { :; }
    scarce 100 fc-gallery -g g list
    scarce 100 fc-gallery -g g check
    scarce 100 fc-gallery -g g export
    cp g kept
    before() { cp kept g; }
    result() { fc-gallery -g g export; }
    scarce 60 fc-gallery -g g rename bob Robert
    scarce 60 fc-gallery -g g merge ann bob
    scarce 60 fc-gallery -g g rm --purge bob
    result() { fc-gallery -g g stats -f json | jq -c .calibration; }
    scarce 60 fc-gallery -j1 -g g calibrate
    before() { rm -f g; }
    sound() { [ ! -s g ] || fc-gallery -g g check >/dev/null 2>&1; }
    scarce 100 fc-gallery -g g import records
}

@test "memory that runs out: records" {
    fc-embed -q ann.jpg group.jpg >records
    scarce 300 fc-embed -j1 records
}

@test "memory that runs out: matching" {
    labelled >records
    fc-embed -q group2.jpg ann2.jpg >probes
    head -n 1 records >ann
    scarce 250 fc-match -j1 --no-timings ann probes
    scarce 100 fc-match -j1 --no-timings -f tsv ann probes
    fc-enroll -q --no-check -g g records >/dev/null
    scarce 200 fc-match -j1 --no-timings -g g probes
    scarce 100 fc-match -j1 --no-timings --unique -g g -f tsv probes
    scarce 100 fc-match -j1 --no-timings --attendance -g g probes
    fc-knn-train -q -k 1 -o knn records >/dev/null
    scarce 150 fc-match -j1 --no-timings --knn knn probes
}

@test "memory that runs out: classifiers" {
    labelled >records
    before() { rm -f knn; }
    result() { cat knn; }
    sound() { [ ! -e knn ] || cmp -s knn whole; }
    fc-knn-train -q -k 1 -o whole records >/dev/null
    scarce 250 fc-knn-train -j1 -k 1 -o knn records
    fc-enroll -q --no-check -g g records >/dev/null
    fc-knn-train -q -g g -k 1 -o whole >/dev/null
    scarce 150 fc-knn-train -j1 -g g -k 1 -o knn
}

@test "memory that runs out: measuring and plots" {
    labelled >records
    compared() { jq -S 'del(.run)'; }
    scarce 250 fc-eval all-pairs -j1 -f json records
    scarce 100 fc-eval identify -j1 --min-images 2 --enroll 1 -f json records
    compared() { cat; }
    fc-eval all-pairs -o all.json records >/dev/null
    before() { rm -f roc.svg; }
    result() { cat roc.svg; }
    sound() { [ ! -e roc.svg ] || cmp -s roc.svg whole.svg; }
    fc-plot roc all.json -o whole.svg
    scarce 100 fc-plot roc all.json -o roc.svg
}

@test "memory that runs out: pictures" {
    scarce 60 fc-detect -j1 small.jpg
    jq -Re 'fromjson? | select(.error.code == "memory")' failed
    scarce 60 fc-embed -j1 small.jpg
    result() { cat crops/*; }
    before() { rm -rf crops; }
    scarce 60 fc-align -j1 -o crops small.jpg
    fc-detect small.jpg >found
    before() { rm -f drawn.png; }
    result() { cat drawn.png; }
    sound() { [ ! -e drawn.png ] || cmp -s drawn.png whole.png; }
    fc-draw -o whole.png found
    scarce 60 fc-draw -o drawn.png found
    before() { :; }
    result() { :; }
    sound() { :; }
    fc-bench --rounds 1 --warmup 0 --no-cold-start -o bench.json small.jpg >/dev/null
    jq -c '.machine.cpu = "another"' bench.json >machine.json
    scarce 60 fc-bench --no-cold-start --baseline machine.json small.jpg
}

@test "memory that runs out: fine-tuning" {
    mkdir -p people/Ann people/Bob
    cp ann.jpg ann2.jpg people/Ann
    cp bob.png people/Bob/1.png
    (cat bob.png && echo) >people/Bob/2.png
    before() { rm -f m.st; }
    result() { sha256sum <m.st; }
    sound() { [ ! -e m.st ] || fc-model info m.st >/dev/null; }
    scarce 100 fc-finetune -j1 --epochs 2 --augment 1 --cache cache -o m.st people
    fc-finetune -q -j1 --epochs 2 --augment 1 -o kept.st people >/dev/null
    before() { :; }
    result() { :; }
    sound() { :; }
    fc-embed -q -m ./kept.st ann.jpg bob.png >records
    scarce 60 fc-match -j1 --no-timings --classify kept.st records
}
