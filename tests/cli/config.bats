load common

# facecheck-config(5): what comes from files, in which order, and what may not.

# configured TEXT: the user's file.
configured() {
    unset FACECHECK_CONFIG
    mkdir -p .config/facecheck
    printf '%s\n' "$1" >.config/facecheck/config.yaml
}

# value TOOL OPTION [ARGUMENT]...: value and origin, as --print-config has them.
value() {
    local tool=$1 name=$2
    shift 2
    "$tool" --print-config "$@" | awk -F '\t' -v name="$name" '$1 == name { print $2 " (" $3 ")" }'
}

is() {
    [ "$1" = "$2" ] || fault "got: $1" "want: $2"
}

# refused WANT TEXT [TOOL]: a file that holds TEXT ends the tool with 2, one line and nothing on stdout.
refused() {
    printf "$2" >refused.yaml
    FACECHECK_CONFIG=refused.yaml run --separate-stderr "${3:-fc-detect}" small.jpg
    [ "$status" -eq 2 ] || fault "exit status $status: $2"
    [ -z "$output" ]
    [ "$stderr" = "${3:-fc-detect}: refused.yaml:$1" ] || fault "says: $stderr" "want: $1"
}

# A tool as it would be installed below usr, which has a system's file.
install_here() {
    mkdir -p usr/libexec/facecheck usr/etc/facecheck etc/facecheck
    cp "$FC_BIN/fc-detect" usr/libexec/facecheck/
}

@test "the order: option, environment, user's file, system's file, default; a tool's own keys before those beside them" {
    install_here
    local system='min-face: 30
factor: 0.5
faces: best
max-side: 500
fc-detect:
  max-side: 600'
    printf '%s\n' "$system" >usr/etc/facecheck/config.yaml
    printf '%s\n' "$system" >etc/facecheck/config.yaml # where the prefix is /usr
    configured 'fc-detect:
  factor: 0.6
min-face: 40
max-side: 700
models: /from/file'
    local tool=usr/libexec/facecheck/fc-detect
    where=$(value $tool faces)
    [[ $where == "best (system $PWD/"*"etc/facecheck/config.yaml:3)" ]] || fault "$where"
    is "$(value $tool min-face)" "40.0 (user $PWD/.config/facecheck/config.yaml:3)"
    is "$(value $tool min-face --min-face 50)" "50.0 (option)"
    is "$(value $tool factor)" "0.6 (user $PWD/.config/facecheck/config.yaml:2)"
    is "$(value $tool max-side)" "700 (user $PWD/.config/facecheck/config.yaml:4)" # the user's for all before the system's for one
    is "$(value $tool models)" "/from/file (user $PWD/.config/facecheck/config.yaml:5)"
    is "$(FACECHECK_MODELS=/from/environment value $tool models)" "/from/environment (environment FACECHECK_MODELS)"
    is "$(FACECHECK_MODELS=/from/environment value $tool models --models /given)" "/given (option)"
    is "$(value $tool max-faces)" "1000 (default)"
    is "$(value $tool min-face --no-config)" "20.0 (default)"
    is "$(value $tool faces --no-config)" "all (default)"
    is "$(FACECHECK_CONFIG='' value $tool min-face)" "20.0 (default)"
    is "$(FACECHECK_CONFIG=/dev/null value $tool min-face)" "20.0 (default)"
    echo 'turns: true' >named.yaml
    is "$(FACECHECK_CONFIG=named.yaml value $tool turns)" "true (user named.yaml:1)"
    is "$(FACECHECK_CONFIG=named.yaml value $tool min-face)" "20.0 (default)" # neither the user's nor the system's
    mkdir xdg
    mv .config/facecheck xdg/
    is "$(XDG_CONFIG_HOME=$PWD/xdg value $tool min-face)" "40.0 (user $PWD/xdg/facecheck/config.yaml:3)"
    is "$(XDG_CONFIG_HOME=xdg value $tool min-face | cut -d ' ' -f 1)" 30.0 # not absolute: ignored
    is "$(value $tool max-side | cut -d ' ' -f 1)" 600
    env -u HOME "$tool" --print-config >/dev/null
}

@test "what a file says is what the option would do" {
    fc-detect --min-face 60 --faces largest group.jpg ann.jpg >want
    configured 'min-face: 60
faces: largest'
    fc-detect group.jpg ann.jpg | cmp - want
    run ! cmp -s <(fc-detect --no-config group.jpg ann.jpg) want
    fc-detect --faces all --min-face 20 group.jpg ann.jpg | cmp - <(fc-detect --no-config group.jpg ann.jpg)
    configured 'fc-match: {threshold: 1}'
    run -1 fc-match -q ann.jpg ann2.jpg
    fc-match -q --threshold 0.2 ann.jpg ann2.jpg
    fc-match -q --no-config ann.jpg ann2.jpg
}

@test "flags can be taken back, and lists are replaced, by what goes before" {
    configured 'recursive: true
exclude: ["*.tmp", a b]
thresholds: [0.5, 0.6, 0.7]
fc-embed: {thresholds: "0.1,0.2,0.3", recursive: false}'
    local file=$PWD/.config/facecheck/config.yaml
    is "$(value fc-detect recursive)" "true (user $file:1)"
    is "$(value fc-embed recursive)" "false (user $file:4)"
    is "$(value fc-detect recursive --recursive=false)" "false (option)"
    is "$(value fc-embed recursive --recursive=true)" "true (option)"
    is "$(value fc-embed recursive -r)" "true (option)"
    is "$(value fc-detect exclude)" "'*.tmp' (user $file:2)"$'\n'"'a b' (user $file:2)"
    is "$(value fc-detect exclude --exclude c --exclude d)" "c (option)"$'\n'"d (option)"
    is "$(value fc-detect thresholds)" "0.5,0.6,0.7 (user $file:3)"
    is "$(value fc-embed thresholds)" "0.1,0.2,0.3 (user $file:4)"
    # a list of a tool's own is in place of the one for all, and an empty one of what was before it
    configured 'exclude: [a, b]
fc-embed: {exclude: [c]}
fc-align: {exclude: d}
fc-quality: {exclude: []}'
    is "$(value fc-detect exclude)" "a (user $file:1)"$'\n'"b (user $file:1)"
    is "$(value fc-embed exclude)" "c (user $file:2)"
    is "$(value fc-align exclude)" "d (user $file:3)"
    is "$(value fc-quality exclude)" " (user $file:4)"
    is "$(value fc-quality exclude --exclude e)" "e (option)"
    run -2 --separate-stderr fc-detect --recursive=yes small.jpg
    [[ $stderr == *"--recursive: want true or false, got 'yes'"* ]]
}

@test "a name of a file begins with / or ~/; others would be another file in each folder" {
    configured 'models: ~/mine'
    is "$(value fc-detect models)" "$HOME/mine (user $HOME/.config/facecheck/config.yaml:1)"
    refused "1:9: 'mine' would be another file in each folder; want a name that begins with / or ~/" 'models: mine'
    FACECHECK_CONFIG=refused.yaml run -2 --separate-stderr env -u HOME fc-detect small.jpg
    # so does a model that is a file
    printf 'model: ~/mine.onnx\nfc-eval: {model: [a-2.1, /b, "c,d"], head: ~/h}' >model.yaml
    is "$(FACECHECK_CONFIG=model.yaml value fc-embed model)" "$HOME/mine.onnx (user model.yaml:1)"
    is "$(FACECHECK_CONFIG=model.yaml value fc-eval head)" "$HOME/h (user model.yaml:2)"
    is "$(FACECHECK_CONFIG=model.yaml value fc-eval model | tail -n 2)" "/b (user model.yaml:2)"$'\n'"c,d (user model.yaml:2)"
    refused "1:8: 'in/it' would be another file in each folder; want a name that begins with / or ~/" 'model: in/it' fc-embed
    refused "1:8: 'my.onnx' would be another file in each folder; want a name that begins with / or ~/" 'model: my.onnx' fc-embed
    refused "1:19: './h' would be another file in each folder; want a name that begins with / or ~/" 'fc-eval: {model: [./h]}' fc-eval
    printf 'models: ~/mine' >home.yaml
    FACECHECK_CONFIG=home.yaml run -2 --separate-stderr env -u HOME fc-detect small.jpg
    [ "$stderr" = "fc-detect: home.yaml:1:9: '~/mine': HOME is not set" ]
}

@test "faults are told with file, line and column, and what was meant" {
    refused "1:1: mni-face: no such option; did you mean min-face?" 'mni-face: 40'
    refused "2:3: mni-face: no such option; did you mean min-face?" 'fc-detect:\n  mni-face: 40'
    refused "1:1: frobnicate: no such option" 'frobnicate: 1'
    refused "1:1: fc-detct: no such option; did you mean fc-detect?" 'fc-detct: {}'
    refused "1:13: links: fc-detect has no such option" 'fc-detect: {links: 3}'
    refused "3:11: min-face: want 12..10000, got '4'" '\n\nmin-face: 4'
    refused "1:8: faces: want all, largest, best, center or one, got 'some'" 'faces: some'
    refused "1:12: recursive: want true or false, got 'yes'" 'recursive: yes'
    refused "1:11: min-face: want PIXELS, got a list" 'min-face: [40]'
    refused "1:11: min-face: want PIXELS, got keys and values" 'min-face: {a: 1}'
    refused "1:10: min-face: want PIXELS, got nothing" 'min-face:'
    refused "1:9: models: want DIR, got nothing" 'models: ~'
    refused "1:9: models: want DIR, got nothing" 'models: ""'
    refused "1:14: thresholds: want three numbers, each 0.01..0.9999, got '0.5,0.6'" 'thresholds:\040 [0.5, 0.6]'
    refused "1:14: exclude: want GLOB, got something else in the list" 'exclude: [a, [b]]'
    refused "1:9: camera: want NAME, got a text with a NUL" 'camera: "a\\0b"'
    refused "1:12: fc-detect: want keys and values" 'fc-detect: 40'
    refused "1:11: fc-match: want keys and values" 'fc-match: [a]'
    refused "1:3: want the name of an option" '? [a]\n: b'
    refused "1:1: want keys and values" '\055 a\n' # a list
    refused "1:1: want keys and values" 'a text'
}

@test "what is of one run, a secret, or takes a safeguard away comes from no file" {
    refused "1:1: files-from: not from a file: it says what one run reads, writes or does" 'files-from: /a'
    refused "1:1: journal: not from a file: it says what one run reads, writes or does" 'journal: /a'
    refused "1:1: help: not from a file: it says what one run reads, writes or does" 'help: true'
    refused "1:1: no-config: not from a file: it says what one run reads, writes or does" 'no-config: true'
    refused "1:12: output: not from a file: it says what one run reads, writes or does" 'fc-embed: {output: /a}' fc-embed
    refused "1:1: output: not from a file: it says what one run reads, writes or does" 'output: /a' fc-align
    refused "1:1: id: not from a file: it says what one run reads, writes or does" 'id: Ann' fc-enroll
    refused "1:1: key-file: not from a file: keys and tokens are named when a tool is run" 'key-file: /a' fc-match
    refused "1:1: force: not from a file: it allows what is to be asked for each time" 'force: true' fc-align
    refused "1:1: plain: not from a file: it allows what is to be asked for each time" 'plain: false' fc-gallery
    refused "1:1: format: is another thing in each tool: under 'fc-detect:' it is for that one" 'format: tsv'
    # what another tool has is that tool's affair
    printf 'key-file: /a\nfc-embed: {mni-face: 3}' >other.yaml
    FACECHECK_CONFIG=other.yaml fc-detect small.jpg >/dev/null
    FACECHECK_CONFIG=other.yaml run -2 fc-embed small.jpg
}

@test "a key for all tools does not make another command of one, nor reach what is not the same there" {
    configured 'gallery: /nowhere/people
fpir: 0.001
model: facenet-vggface2
precision: fp32'
    is "$(value fc-match gallery)" " (default)"
    is "$(value fc-match fpir)" " (default)"
    is "$(value fc-detect model)" " (default)"
    is "$(value fc-bench precision)" " (default)"
    is "$(value fc-gallery gallery | cut -d ' ' -f 1)" /nowhere/people
    is "$(value fc-embed model | cut -d ' ' -f 1)" facenet-vggface2
    configured 'fc-match: {gallery: /nowhere/people}'
    is "$(value fc-match gallery | cut -d ' ' -f 1)" /nowhere/people
}

@test "options of one name that differ between tools cannot be set for all at once" {
    for program in "$FC_BIN"/fc-*; do
        "$program" --dump-options
    done | awk -F '\t' '
        $1 == "program" { tool = $2 }
        $1 == "option" && $10 == "any" {
            what = ($4 == "text" ? "" : $4) "\t" $5 "\t" $6 "\t" $9 # several texts, or one
            if ($2 in first && first[$2] != what)
                print "--" $2 ": in " by[$2] " and in " tool
            first[$2] = what
            by[$2] = tool
        }
        $1 == "option" && $10 !~ /^(any|own|apart|once|secret|allows)$/ { print "--" $2 " of " tool ": place " $10 }
        $1 == "option" && $10 == "own" { own[$2] = 1 }
        $1 == "option" && $10 != "own" { other[$2] = tool }
        END { for (name in own) if (name in other) print "--" name ": own, but not in " other[name] }' >differences
    [ ! -s differences ] || fault "$(<differences)"
}

@test "every tool knows the options of all, and prints its own" {
    for program in "$FC_BIN"/fc-*; do
        "$program" --dump-options | awk -F '\t' '$1 == "option" && ($10 == "any" || $10 == "apart") && !/^option\thelp/ { print $2 }'
    done | sort -u >names
    fc-cluster --dump-options | awk -F '\t' '$1 == "option" { print $2 }' | grep -vxFf - names | sed 's/$/: {}/' >others.yaml
    [ "$(wc -l <others.yaml)" -gt 50 ]
    FACECHECK_CONFIG=others.yaml fc-cluster --print-config >/dev/null
    for program in "$FC_BIN"/fc-*; do
        "$program" --print-config >printed
        diff <("$program" --dump-options | awk -F '\t' '$1 == "option" { print $2 }' | grep -vxE 'help|version|print-config|no-config') \
            <(cut -f 1 printed | uniq) >&2 || fault "${program##*/}"
        [ -z "$(awk -F '\t' 'NF != 3' printed)" ] || fault "${program##*/}"
    done
}

@test "help and the version are there whatever a file holds, and what is asked for goes through --no-config" {
    echo 'nonsense: 1' >bad.yaml
    export FACECHECK_CONFIG=bad.yaml
    fc-detect --help >/dev/null
    fc-detect --version >/dev/null
    fc-detect --no-config small.jpg >/dev/null
    fc-detect small.jpg --no-config >/dev/null
    run -2 fc-detect small.jpg
    run -2 --separate-stderr fc-detect -- --no-config # a file's name
    [[ $stderr == *nonsense* ]]
    run -2 --separate-stderr fc-detect --no-config=1 small.jpg
    run -2 --separate-stderr fc-detect --print-config --frobnicate
    [[ $stderr == *"unknown option"* ]]
}

@test "what prints the configuration does nothing else, and reads what the command line would" {
    export FACECHECK_CONFIG=
    fc-embed --print-config -o made.npy -f npy --journal made.journal nowhere.jpg >printed
    [ ! -e made.npy ] && [ ! -e made.journal ]
    grep -qx 'output	made.npy	option' printed
    run -2 bash -c 'fc-detect --print-config >/dev/full'
    # which a bug report has, too
    printf 'fc-publish:\n  broker: mqtt://ann:secret@h\n' >broker.yaml
    [ "$(FACECHECK_CONFIG=broker.yaml value fc-publish broker)" = 'mqtt://ann:***@h (user broker.yaml:2)' ]
    fc-frames --print-config --files-from 'rtsp://ann:se cret@h/?secret' -o 'x://secret@h' >printed
    run ! grep secret printed
}

@test "hostile files: huge, deep, aliases, twice the same key, not UTF-8, a folder, a loop, a pipe, not to be read" {
    refused "2:1: min-face: is there already, in line 1" 'min-face: 40\nmin-face: 50'
    refused "3:3: faces: is there already, in line 2" 'fc-detect:\n  faces: all\n  faces: all'
    refused "1: anchors (&) and aliases (*) are not read here" 'a: &x [*x]'
    refused "1: anchors (&) and aliases (*) are not read here" 'exclude: &x [a]'
    refused "2: a second document begins, want one" 'min-face: 40\n---\nmin-face: 50'
    refused "1: invalid trailing UTF-8 octet" '\351: 1'
    refused "1: control characters are not allowed" 'a\001: 1'
    printf '[%.0s' {1..50000} >deep.yaml
    yes '# nothing' | head -c 200000 >huge.yaml
    { echo 'exclude:'; yes -- '- a' | head -n 30000; } >long.yaml
    seq -f 'min-face%g: 1' 9000 >many.yaml
    mkdir folder.yaml
    ln -s loop.yaml loop.yaml
    mkfifo pipe.yaml
    for name in deep huge folder loop pipe missing many; do
        FACECHECK_CONFIG=$name.yaml run -2 --separate-stderr timeout 10 fc-detect small.jpg
        [ -z "$output" ]
        [[ $stderr == "fc-detect: $name.yaml"* && $stderr != *$'\n'* ]] || fault "$stderr"
    done
    FACECHECK_CONFIG=long.yaml timeout 10 fc-detect --print-config | grep -c '^exclude' | grep -qx 30000
    # those that need not be there, too, once they are
    for name in deep huge folder loop pipe many; do
        rm -rf .config
        mkdir -p .config/facecheck
        mv $name.yaml .config/facecheck/config.yaml
        [ $name != loop ] || ln -sfn config.yaml .config/facecheck/config.yaml
        run -2 --separate-stderr env -u FACECHECK_CONFIG timeout 10 fc-detect small.jpg
        [[ $stderr == "fc-detect: $PWD/.config/facecheck/config.yaml"* ]] || fault "$name: $stderr"
    done
    for nothing in '' '# min-face: 4' '---' '~' '{}' 'fc-detect:'; do
        printf '%s\n' "$nothing" >nothing.yaml
        FACECHECK_CONFIG=nothing.yaml fc-detect --print-config >/dev/null || fault "'$nothing' is refused"
    done
}

@test "a file that may not be read is an error; a folder that may not be searched has none" {
    need_strictness
    configured 'min-face: 40'
    chmod 0 .config/facecheck/config.yaml
    run -2 --separate-stderr strictly fc-detect small.jpg
    [ "$stderr" = "fc-detect: $PWD/.config/facecheck/config.yaml: Permission denied" ]
    chmod 0 .config
    strictly fc-detect --print-config | grep -qx 'min-face	20.0	default'
    chmod 700 .config
}

@test "the line that repeats a run repeats it whatever is configured" {
    mkdir -p set/Ann set/Bob
    cp ann.jpg set/Ann/Ann_0001.jpg
    cp ann2.jpg set/Ann/Ann_0002.jpg
    cp bob.png set/Bob/Bob_0001.jpg
    { cat bob.png; echo; } >set/Bob/Bob_0002.jpg
    configured 'min-face: 33
turns: false'
    fc-eval all-pairs -q -f json set/Ann set/Bob >report
    line=$(jq -r .protocol.repeat report)
    [[ $line == *" --no-config "*" --min-face 33.0 "* ]] || fault "$line"
    configured 'min-face: 200
turns: true'
    eval "$line -q -f json" | jq -S 'del(.run)' | diff - <(jq -S 'del(.run)' report) >&2
}

@test "this suite sees no configuration of whoever runs it" {
    [ -z "$FACECHECK_CONFIG" ] && [ "${FACECHECK_CONFIG+is set}" ]
    grep -L 'export FACECHECK_CONFIG=$' "$FC_TESTS"/lfw/*.sh "$FC_TESTS"/soak/*.sh "$FC_TESTS"/bench/*.sh >scripts || true
    [ ! -s scripts ] || fault "$(<scripts)"
}
