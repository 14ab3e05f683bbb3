# What the tests of the tools share. Each test runs in a folder of its own with these pictures:
#   ann.jpg ann2.jpg bob.png   portraits: two of one person, one of another
#   group.jpg group2.jpg       three faces each, one person in both
#   small.jpg ice.jpg          96x96 with one face; no face
#   photos/                    ann.jpg, group.jpg, ice.jpg
load run

setup() {
    photos=$FC_TESTS/data/photos
    cd "$BATS_TEST_TMPDIR" || exit
    unset XDG_DATA_HOME XDG_CONFIG_HOME FACECHECK_MODELS
    export HOME=$PWD LC_ALL=C FACECHECK_CONFIG=
    mkdir photos
    ln -s "$photos/grace_hopper.jpg" ann.jpg
    ln -s "$photos/grace_hopper_512x512.jpg" ann2.jpg
    ln -s "$photos/astronaut.png" bob.png
    ln -s "$photos/sample1.jpg" group.jpg
    ln -s "$photos/sample3.jpg" group2.jpg
    ln -s "$photos/640px-IceBlockNearJoekullsarlon.jpg" ice.jpg
    ln -s "$FC_TESTS/bad/whole.jpg" small.jpg
    for name in ann group ice; do
        ln -s "../$name.jpg" "photos/$name.jpg"
    done
}

# The lowest instruction set that kernels can be held to.
lowest_isa() {
    [ "$FC_ARCH" = aarch64 ] && echo NEON || echo SSE41
}

# has_flag REGEX: the CPU that the tools run on has it; an emulator hides it.
has_flag() {
    [ "$FC_ARCH" = x86_64 ] && grep -qE "^flags.* ($1)( |\$)" /proc/cpuinfo
}

# strictly COMMAND...: root, too, may read and write only what the files' modes allow.
strictly() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --bounding-set=-dac_override,-dac_read_search "$@"
    else
        "$@"
    fi
}

need_strictness() {
    strictly true 2>/dev/null || skip "root reads and writes everything here"
}

# What the system has decides, not what the tools say: a broken one must not skip its tests.
need_sandbox() {
    grep -q '^FC_SANDBOX:BOOL=ON$' "$FC_BUILD/CMakeCache.txt" && grep -q '^SECCOMP_FOUND:INTERNAL=1$' "$FC_BUILD/CMakeCache.txt" ||
        skip "built without libseccomp"
    [ "$FC_ARCH" = "$(uname -m)" ] || skip "an emulator has no seccomp"
    grep -q '^Seccomp:' /proc/self/status || skip "this kernel has no seccomp"
}

# no_probe COMMAND...: without a probe there is no answer, wherever probes may come from.
no_probe() {
    local nothing='nothing came, neither records nor a picture' none='nothing came in: no record, no picture and no name of one'
    : >empty
    run -3 --separate-stderr "$@" </dev/null
    [[ $stderr == *"stdin: $nothing"* ]] || fault "$* says: $stderr"
    run -3 --separate-stderr bash -c 'printf "\n \n" | "$@"' - "$@" -
    [[ $stderr == *"stdin: $nothing"* ]] || fault "$* - says: $stderr"
    run -3 --separate-stderr "$@" --files-from empty
    [[ $stderr == *"$none"* ]] || fault "$* with an empty list says: $stderr"
    run -3 --separate-stderr bash -c '"$@" <(true)' - "$@"
    [[ $stderr == *"$none"* ]] || fault "$* with an empty pipe says: $stderr"
    run -3 --separate-stderr "$@" -q </dev/null
    [ -z "$stderr" ]
}

# golden NAME STATUS COMMAND...: the exit status, stdout and stderr are those of golden/NAME.out and NAME.err (a file
# that is missing stands for no output). stdout goes through $filter first, if that is set: what differs from machine to
# machine does not belong in a golden file; nor does the model's hash. FC_UPDATE=1 writes the files instead.
golden() {
    local name=$1 want=$2 got=0 stream
    shift 2
    "$@" >raw.out 2>raw.err || got=$?
    if [ -n "${filter:-}" ]; then
        jq -c "$filter" raw.out >out
    else
        cp raw.out out
    fi
    sed -i 's/\(mobilefacenet:\)[0-9a-f]\{16\}/\1HASH/g' out raw.err
    cp raw.err err
    [ "$got" -eq "$want" ] || fault "exit status $got, want $want: $*" "$(<raw.err)"
    for stream in out err; do
        local file=$BATS_TEST_DIRNAME/golden/$name.$stream
        if [ -n "${FC_UPDATE:-}" ]; then
            rm -f "$file"
            if [ -s "$stream" ]; then
                cp "$stream" "$file"
            fi
        elif [ -e "$file" ]; then
            diff -u "$file" "$stream" >&2 || fault "std$stream differs: $*"
        elif [ -s "$stream" ]; then
            fault "unexpected std$stream of $*:" "$(<"$stream")"
        fi
    done
}

# For $filter: records without what is computed.
counts='if .faces then .faces |= length else . end'

# near GOLDEN TOLERANCE: the JSON lines on stdin have the form and the texts of golden/GOLDEN, and numbers that are no
# further away than TOLERANCE, scores and similarities than 0.01.
near() {
    jq -cn --slurpfile want "$BATS_TEST_DIRNAME/golden/$1" --argjson tolerance "$2" '
        [inputs] as $got
        | def tolerated($path): if any($path[]; . == "score" or . == "similarity") then 0.01 else $tolerance end;
        def differs($path):
            ($want | getpath($path)) as $w | ($got | getpath($path)) as $g
            | if ($w | type) == "number" and ($g | type) == "number"
              then ($w - $g | fabs) > tolerated($path) else $w != $g end;
        [$want, $got | paths(scalars)] | unique[] | select(differs(.))
        | "at \(.): want \(. as $p | $want | getpath($p)), got \(. as $p | $got | getpath($p))"' >differences
    if [ -s differences ]; then
        fault "$(<differences)"
    fi
}

# crowd FILE COLUMNS ROWS: a PNG of so many small faces side by side, each 40x40 pixels.
crowd() {
    convert small.jpg -resize 40x40 PNG8:tile.png
    convert -size $(($2 * 40))x$(($3 * 40)) tile:tile.png "PNG8:$1"
}

# schema <RECORDS: tells those that are not of docs/facerecord.schema.json.
schema() {
    python3 "$FC_TESTS/cli/schema.py" "$FC_TESTS/../docs/facerecord.schema.json"
}

have_jsonschema() {
    python3 -c 'import jsonschema' 2>/dev/null
}

need_jsonschema() {
    have_jsonschema || skip "no python3-jsonschema"
}
