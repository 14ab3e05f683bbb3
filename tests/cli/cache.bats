load common

# --cache: what was embedded before is not embedded again, and nothing shows but the time.

# The pictures: faces, several, none, one that is no picture, two that are cut, one that is empty, one that is not there.
pictures() {
    head -c 20000 ann.jpg >cut.jpg
    head -c 20000 ann.jpg >same.jpg
    echo nonsense >text.jpg
    : >empty.jpg
    list=(ann.jpg group.jpg ice.jpg cut.jpg bob.png same.jpg text.jpg empty.jpg missing.jpg small.jpg ann2.jpg)
}

# hits FILE: the pictures that a run's statistics have as found.
hits() {
    grep -o '[0-9]* pictures were there' "$1" | cut -d ' ' -f 1
}

# same COMMAND...: exit status, stdout and stderr are those without a cache, with an empty one and with a full one, for one thread
# and two; and from the full one come so many pictures as $want.
same() {
    local status=0 got j
    rm -rf c
    "$@" >plain 2>plain.err || status=$?
    for run in 1 2 3; do
        j=$((run == 2 ? 1 : 2)) got=0
        "$@" -j"$j" --cache c --cache-stats >cached 2>cached.err || got=$?
        [ "$got" -eq "$status" ] || fault "exit status $got, not $status: $*"
        cmp plain cached || fault "$*"
        grep -v 'pictures were there' cached.err | diff plain.err - >&2 || fault "stderr: $*"
    done
    [ "$(hits cached.err)" -eq "$want" ] || fault "$(hits cached.err) of $want: $*"
}

@test "the same bytes without a cache, with a new one and with a full one: every tool and format, one thread and two" {
    pictures
    want=9 # all but the one that is empty, and the one that is not there
    same fc-embed "${list[@]}"
    same fc-embed --keep-crop "${list[@]}"
    same fc-embed --flip --max-side 300 --faces largest --damaged keep "${list[@]}"
    same fc-embed --faces one --turns "${list[@]}"
    want=5 same fc-embed --max-faces 2 group.jpg ann.jpg group2.jpg group.jpg small.jpg # with notes
    want=9
    npy() { fc-embed -f npy -o out.npy "$@" && cat out.npy out.ids; }
    same npy "${list[@]}"
    same fc-match --no-timings bob.png "${list[@]:1}"
    same fc-match --no-timings -f tsv ann.jpg "${list[@]:1}"
    want=9 same fc-cluster "${list[@]}"
    want=9 same fc-cluster -f tsv --by components "${list[@]}"
    fc-enroll -q --no-check -g people --id Ann ann.jpg >/dev/null
    want=9
    same fc-match --no-timings -g people "${list[@]}"
    same fc-match -g people --attendance "${list[@]}"
}

@test "a gallery that is enrolled from the cache is the same" {
    pictures
    enrol() {
        rm -f g
        local status=0
        fc-enroll -g g --id Ann "$@" || status=$?
        fc-gallery export -g g
        return "$status"
    }
    want=3 same enrol ann.jpg ann2.jpg ice.jpg
    printf 'correct horse battery' >key
    chmod 600 key
    rm -rf c
    # a sealed one has none, also where the configuration names it for all tools
    printf 'cache: %s\n' "$PWD/c" >cached.yaml
    run -0 --separate-stderr fc-enroll -g sealed --seal --key-file key --cache c --cache-stats --id Ann ann.jpg
    [[ $stderr == "fc-enroll: warning: sealed: sealed: the cache, which is not encrypted, is not used (--plain uses it)"$'\n'* ]] || fault "$stderr"
    FACECHECK_CONFIG=cached.yaml fc-enroll -g sealed --key-file key --id Ann ann2.jpg >/dev/null 2>said
    [ "$(grep -c 'is not used' said)" -eq 1 ]
    FACECHECK_CONFIG=cached.yaml fc-enroll -q -g sealed --key-file key --id Bob bob.png >/dev/null 2>said
    [ ! -s said ]
    [ ! -e c ]
    fc-enroll -q -g other --seal --plain --key-file key --cache c --id Ann ann.jpg >/dev/null
    [ -n "$(find c -name '*.jsonl')" ]
}

@test "times are those of when it was made" {
    pictures
    fc-embed -q --timings --cache c "${list[@]}" >one || [ $? -eq 3 ]
    fc-embed -q --timings --cache c -j1 "${list[@]}" >two || [ $? -eq 3 ]
    diff <(grep -vE 'missing|empty' one) <(grep -vE 'missing|empty' two) >&2
    fc-embed -q --timings "${list[@]}" >plain || [ $? -eq 3 ]
    diff <(jq -c '[paths] - [paths(type == "number")]' plain) <(jq -c '[paths] - [paths(type == "number")]' two) >&2
    diff <(jq -c 'del(.ms)' plain) <(jq -c 'del(.ms)' two) >&2
    fc-embed -q "${list[@]}" >plain || [ $? -eq 3 ]
    fc-embed -q --cache c "${list[@]}" | cmp - plain # made by a run that took times
}

@test "other bytes, another contract, other settings and another name's fault are not mixed up" {
    pictures
    stats() { fc-embed --cache c --cache-stats "$@" 2>&1 >out | hits /dev/stdin; }
    [ "$(stats ann.jpg)" -eq 0 ]
    [ "$(stats ann.jpg)" -eq 1 ]
    cp -L ann.jpg other.jpg
    [ "$(stats other.jpg)" -eq 1 ] # by its bytes
    jq -e '.src == "other.jpg"' out
    echo >>other.jpg
    [ "$(stats other.jpg)" -eq 0 ]
    for setting in --flip '--min-face 60' '--precision fp32' '--max-side 400' '--faces best' --turns --keep-crop \
        '--thresholds 0.5,0.7,0.7' '--damaged keep' '--max-pixels 1000000'; do
        [ "$(stats $setting ann.jpg || true)" -eq 0 ] || fault "$setting: taken from the cache"
    done
    [ "$(stats --max-memory 3000 -j1 ann.jpg)" -eq 1 ]
    [ "$(stats cut.jpg || true)" -eq 0 ]
    [ "$(stats same.jpg || true)" -eq 1 ]
    jq -e '.error.message | startswith("same.jpg: ")' out
    # a reference, records and what comes on stdin
    fc-embed --cache c <ann.jpg | jq -e '.src == "-"'
    fc-detect ann.jpg | fc-embed --cache c | cmp - <(fc-embed ann.jpg)
}

@test "where all is there, no model is loaded, one or two" {
    mkdir mine
    cp "$FC_BUILD"/models/*.yaml "$FC_BUILD"/models/*.safetensors mine
    for model in mobilefacenet mobilefacenet,dlib-face; do
        fc-embed -q --models mine -m $model --cache c ann.jpg >$model
    done
    truncate -s 0 mine/mobilefacenet.safetensors mine/dlib-face.safetensors
    for model in mobilefacenet mobilefacenet,dlib-face; do
        fc-embed -q --models mine -m $model --cache c ann.jpg | cmp - $model
    done
}

@test "what could not be read for want of a module is read once the module is there" {
    local lib
    lib=$(sed -n 's/^CMAKE_INSTALL_LIBDIR:[A-Z]*=//p' "$FC_BUILD/CMakeCache.txt")
    mkdir -p here/libexec/facecheck "here/$lib/facecheck"
    cp "$FC_BIN/fc-embed" here/libexec/facecheck
    export FACECHECK_MODELS=$FC_TESTS/../models
    convert ann.jpg -resize 50% ann.tif
    run -3 --separate-stderr here/libexec/facecheck/fc-embed --cache c ann.tif
    [[ $stderr == *"facecheck-formats.so is not installed"* ]]
    cp "$FC_BUILD/modules/facecheck-formats.so" "here/$lib/facecheck"
    here/libexec/facecheck/fc-embed --cache c ann.tif | cmp - <(fc-embed ann.tif)
}

@test "entries that are not what was written are made again: cut, changed, swapped, pipes, of another contract" {
    fc-embed ann.jpg bob.png small.jpg >want
    broken() {
        rm -rf c
        fc-embed -q --cache c ann.jpg bob.png small.jpg >/dev/null
        for entry in c/*/*/*.jsonl; do "$@" "$entry"; done
        timeout 60 fc-embed -q --cache c --cache-stats ann.jpg bob.png small.jpg 2>stats | cmp - want || fault "$*"
        [ "$(hits stats)" -eq 0 ] || fault "$*: $(<stats)"
    }
    broken truncate -s 0
    broken truncate -s 100
    broken truncate -s 20M
    broken sed -i 's/"score":0/"score":1/; s/"found":0/"found":1/'
    broken sed -i 1d
    pipe() { rm "$1" && mkfifo "$1"; }
    broken pipe
    folder() { rm "$1" && mkdir "$1"; }
    broken folder
    first=$(fc-embed -q --cache swap group.jpg >/dev/null && echo swap/*/*/*.jsonl)
    another() { cp "$PWD/$first" "$1"; }
    broken another
    # one whose checksum is right, made by who knows the form: only what this run could have made is taken
    forged() {
        local name=${1#*/} context key hash
        context=$(sha256sum <"${1%/*/*}/context.txt" | cut -d ' ' -f 1)
        key=$(sed 's|.*/\(..\)/\(.*\)\.jsonl|\1\2|' <<<"$name")
        sed -n "2$change;2p" "$1" >text
        hash=$({ printf '%s\0%s\0' "$context" "$key"; cat text; } | sha256sum | cut -d ' ' -f 1)
        { echo "facecheck-cache 1 $hash"; cat text; } >"$1"
    }
    change='s/xx/xx/' # the forger can forge
    rm -rf c
    fc-embed -q --cache c ann.jpg >/dev/null
    forged c/*/*/*.jsonl
    fc-embed -q --cache c --cache-stats ann.jpg 2>stats >/dev/null
    [ "$(hits stats)" -eq 1 ] || fault "$(<stats)"
    for change in 's/mobilefacenet:/another:/' 's/"found":[0-9]*,//' 's/"ms":\[/"ms":[1,/' 's/"cache":/"cachet":/' 's/^.*$/[]/' \
        's/"faces":\[.*\],"cache"/"faces":[{}],"cache"/' 's/"found"/"fault":{"stage":"decode","code":"memory","message":"x"},"found"/'; do
        broken forged
    done
}

@test "a cache that cannot be written or read is a warning; one that others may write to, or that cannot be made, is refused" {
    fc-embed ann.jpg >want
    if command -v unshare >/dev/null && unshare -m true 2>/dev/null; then # a full disk
        mkdir small
        unshare -m bash -c 'mount -t tmpfs -o size=16k none small && mkdir small/c && chmod 700 small/c && mkdir small/c/x &&
            (head -c 1M /dev/zero >small/fill || true) && rm small/fill && head -c 8k /dev/zero >small/fill &&
            fc-embed --cache small/c ann.jpg bob.png group.jpg >full 2>err' || fault "$(<err)"
        fc-embed ann.jpg bob.png group.jpg | cmp - full
        [[ $(<err) == *"--cache: "*"No space left on device; what could not be kept or read was made all the same"* ]] || fault "$(<err)"
    fi
    fc-embed -q --cache c ann.jpg >/dev/null
    if strictly true 2>/dev/null; then
        chmod -R a-w c/*/?? && chmod 0 c/*/??/*
        strictly fc-embed --cache c ann.jpg bob.png 2>err | cmp - <(fc-embed ann.jpg bob.png)
        [[ $(<err) == *"--cache: "*"Permission denied"* ]] || fault "$(<err)"
        chmod -R u+rwX c
    fi
    mkdir -m 777 open
    chmod 777 open
    run -2 --separate-stderr fc-embed --cache open ann.jpg
    [[ $stderr == *"open: others may write to it, and a cache is believed (chmod go-w)"* ]]
    # so are folders in it: each entry is in two of them
    cp -r c shared
    chmod 770 shared/*
    run -2 --separate-stderr fc-embed --cache shared ann.jpg
    [[ $stderr == *"shared/"*": others may write to it"* ]]
    chmod 700 shared/*
    chmod 770 shared/*/??
    fc-embed --cache shared --cache-stats ann.jpg 2>err | cmp - want
    [[ $(<err) == *"--cache: shared/"*"/"*": others may write to it"*"shared: 0 pictures were there, 1 were not; 0 stored, 0 removed, 0 refused"* ]] || fault "$(<err)"
    if [ "$(id -u)" -eq 0 ] && chown 65534 shared 2>/dev/null; then
        run -2 --separate-stderr fc-embed --cache shared ann.jpg
        [[ $stderr == *"shared: is another user's, and a cache is believed"* ]]
    fi
    run -2 --separate-stderr fc-embed --cache /dev/null/c ann.jpg
    run -2 --separate-stderr fc-embed --cache ann.jpg bob.png
    [ -z "$(find c -perm /077 -not -type l 2>/dev/null | grep -v '^c$' || true)" ] # its owner alone
    [ "$(stat -c %a c)" = 700 ]
}

@test "a cache for reading only is read, and one on a full disk does not stop a run before it begins" {
    command -v unshare >/dev/null && unshare -m true 2>/dev/null || skip "nothing can be mounted here"
    fc-embed ann.jpg bob.png >want
    fc-embed --flip ann.jpg >flipped
    fc-embed -q --cache c ann.jpg >/dev/null
    # what is there is taken, without a word; what is not, and another context, are made
    unshare -m bash -c 'mount --bind c c && mount -o remount,ro,bind c &&
        fc-embed --cache c ann.jpg >one 2>one.err && fc-embed --cache c --cache-stats ann.jpg bob.png >two 2>two.err &&
        fc-embed --cache c --flip ann.jpg >three 2>three.err' || fault "$(cat ./*.err)"
    head -n 1 want | cmp - one
    [ ! -s one.err ] || fault "$(<one.err)"
    cmp two want
    [ "$(hits two.err)" -eq 1 ]
    cmp three flipped
    [[ $(<three.err) == *"--cache: "*"Read-only file system; what could not be kept or read was made all the same"* ]] || fault "$(<three.err)"
    mkdir small
    unshare -m bash -c 'mount -t tmpfs -o size=16k none small && mkdir -m 700 small/c &&
        { head -c 1M /dev/zero >small/fill || true; } && fc-embed --cache small/c ann.jpg bob.png >full 2>full.err' || fault "$(<full.err)"
    cmp full want
    [[ $(<full.err) == *"--cache: "*"No space left on device; "* ]] || fault "$(<full.err)"
}

@test "processes share a cache, and one that is killed leaves it good" {
    for i in 1 2 3 4 5 6; do
        { cat small.jpg; echo "$i"; } >copy$i.jpg
    done
    fc-embed copy?.jpg >want
    for delay in 0.02 0.05 0.1 0.2; do
        timeout -s KILL "$delay" fc-embed -q --cache c copy?.jpg >/dev/null 2>&1 || true
    done
    fc-embed -q -j1 --cache c copy?.jpg >one &
    fc-embed -q -j1 --cache c copy?.jpg | cmp - want
    wait $!
    cmp one want
    fc-embed --cache c --cache-stats copy?.jpg 2>stats | cmp - want
    [ "$(hits stats)" -eq 6 ]
}

@test "fc-eval and fc-embed know each other's pictures, where the faces that count are the same" {
    mkdir -p set/Ann set/Bob
    cp ann.jpg ann2.jpg set/Ann
    cp bob.png set/Bob
    fc-embed -q --faces center --cache c ann.jpg ann2.jpg bob.png >/dev/null
    fc-eval all-pairs -q -f json --cache c --root set >report
    jq -e '.run.cached == 3' report
}
