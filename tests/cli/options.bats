load common

# The command line of every tool that has an option table, made from its own description of it.

tools() {
    for program in "$FC_BIN"/fc-*; do
        echo "${program##*/}"
    done
}

@test "--help and --version go to stdout, whatever else is there" {
    for tool in $(tools); do
        for option in --help -h; do
            run --separate-stderr "$tool" "$option"
            [ "$status" -eq 0 ]
            [ -z "$stderr" ]
            [[ $output == "Usage: $tool "* ]]
            [ -z "$(awk 'length > 80 && !/^Usage: /' <<<"$output")" ] || fault "lines over 80 characters: $tool"
        done
        run --separate-stderr "$tool" --version
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        [ "$output" = "$tool (facecheck) $(sed -n 's/#define FC_VERSION "\(.*\)"/\1/p' "$FC_TESTS/../lib/facecheck/base.h")" ]
    done
}

# refused TOOL OPTION WORDS [MORE]...: wrong usage, told on stderr, with WORDS (a pattern) in it.
refused() {
    local got=0
    "$1" "$2" "${@:4}" >out 2>err || got=$?
    # shellcheck disable=SC2053 # a pattern
    [[ $got -eq 2 && ! -s out && $(<err) == *"${2%%=*}: "$3* ]] || fault "exit status $got: $1 $2 ${*:4}" "$(<err)"
}

# What each option says of itself holds; all that is no number is tried on the first of each sort that a tool has.
as_described() {
    local tool help row name letter kind arg range bad sorts
    for tool in $(tools); do
        "$tool" --dump-options >table
        help=$("$tool" --help)
        [ "$(grep -c '^option' table)" -gt 5 ]
        [ -z "$(awk -F '\t' '$1 == "option" { print $2 }' table | sort | uniq -d)" ]
        [ -z "$(awk -F '\t' '$1 == "option" && $3 != "" { print $3 }' table | sort | uniq -d)" ]
        sorts=
        while IFS=$'\x1f' read -r row name letter kind arg _ _ _ range _; do
            [ "$row" = option ] || continue
            [[ $help =~ [\ ,]--$name[\ $'\n'] ]] || fault "$tool --$name is not in the help"
            [[ -z $letter || $help == *$'\n'"  -$letter, --$name"* ]] || fault "$tool -$letter is not in the help"
            if [ "$kind" = flag ]; then
                refused "$tool" "--$name=x" "@(takes no value|want true or false), got 'x'"
                continue
            fi
            [ -n "$arg" ]
            refused "$tool" "--$name" "want ${arg//[[*?]/?}, got nothing"
            case $kind in
            number) refused "$tool" "--$name" "want *, got '99999999999999999999'" 99999999999999999999 ;;
            choice) range=choice ;;
            *) continue ;;
            esac
            [[ " $sorts " != *" ${range%% *} "* ]] || continue
            sorts+=" ${range%% *}"
            for bad in x '' ' 1' 1x 0x1 1e999 nan -99999999999; do
                refused "$tool" "--$name" "want *, got '$bad'" "$bad"
            done
        done < <(tr '\t' '\037' <table)
    done
}

@test "every option of the description is in the help, has a name and a letter of its own, and takes what it says" {
    untraced as_described
}

@test "what is wrong with an option is said in one line, with a hint" {
    golden options-unknown 2 fc-detect --frobnicate
    golden options-unknown-letter 2 fc-detect -qz small.jpg
    golden options-abbreviated 2 fc-detect --min 40 small.jpg
    golden options-misspelt 2 fc-detect --mni-face=40 small.jpg
    golden options-jobs 2 fc-detect -j 0 small.jpg
    golden options-jobs-letter 2 fc-detect -jx small.jpg
    golden options-thresholds 2 fc-detect --thresholds 0.6,0.7 small.jpg
    golden options-thresholds-more 2 fc-detect --thresholds 0.6,0.7,0.8,0.9 small.jpg
    golden options-thresholds-range 2 fc-detect --thresholds 0.6,2,0.8 small.jpg
    golden options-choice 2 fc-detect --faces some small.jpg
    golden options-empty 2 fc-detect --files-from= small.jpg
}

@test "every tool can be told to be quiet" {
    for tool in $(tools); do
        "$tool" --dump-options | grep -q '^option	quiet	q	flag' || fault "$tool has no -q"
    done
    run -3 --separate-stderr fc-bench -q --rounds 1 --warmup 0 --no-cold-start --compare onednn,opencv small.jpg -f json
    [ -z "$stderr" ]
    run -2 --separate-stderr fc-bench -q --compare opencv small.jpg # an error is no note
    [[ $stderr == *"nothing is left to measure"* ]]
    run -0 --separate-stderr fc-model import "$FC_TESTS/data/nets/pnet-zip.pt" -q -o made.safetensors
    [ -z "$stderr" ]
}

# told WANT COMMAND...: exit status 2 and one line on stderr, with WANT in it. hinted: and the hint at --help behind it.
told() {
    local want=$1
    shift
    run --separate-stderr "$@"
    [ "$status" -eq 2 ] || fault "exit status $status: $*: $stderr"
    [[ $stderr == "$1: "*"$want"* && $stderr != *$'\n'* ]] || fault "$* says: $stderr"
}
hinted() {
    local want=$1
    shift
    run --separate-stderr "$@"
    [ "$status" -eq 2 ] || fault "exit status $status: $*: $stderr"
    [[ $stderr == "$1: "*"$want"*$'\n'"Try '$1 --help'." ]] || fault "$* says: $stderr"
}

@test "the hint at --help is for wrong usage, not for what the files hold" {
    fc-embed -q ann.jpg ann2.jpg bob.png ice.jpg | jq -c '.id = (.src[:3])' >records
    grep -v '"id":"ice"' records >people
    head -n 2 people >ann
    sed -n '1p;3p' people >strangers
    grep '"id":"ice"' records >ice
    sed 's/ice.jpg/ice2.jpg/' ice >>ice
    cat people <(sed 's/bob.png/bob2.png/; s/\("sha256":"\)..../\10000/' <(tail -n 1 people)) >pairs
    told "no person has 2 pictures" fc-eval identify --min-images 2 --enroll 1 strangers
    told "no enrolled picture has a template" fc-eval identify --min-images 2 --enroll 1 ice
    told "all pictures of the people are enrolled" fc-eval identify --min-images 2 --enroll 2 pairs
    told "want two people with" fc-eval knn --min-images 2 --folds 2 ann
    told "whose face?" fc-eval all-pairs ann.jpg bob.png
    told "two vectors or more, there are 1" fc-eval all-pairs <(head -n 1 people)
    told "comparisons of both kinds: there are 1 genuine and 0 impostor" fc-eval all-pairs ann
    hinted "--min-images 2 is less than the 3 to enrol" fc-eval identify --min-images 2 --enroll 3 pairs

    mkdir -p lfw/Ann lfw/Bob faceless/Ann faceless/Bob
    cp ann.jpg lfw/Ann/Ann_0001.jpg
    cp ann2.jpg lfw/Ann/Ann_0002.jpg
    cp bob.png lfw/Bob/Bob_0001.jpg
    cp bob.png lfw/Bob/Bob_0002.jpg
    echo >>lfw/Bob/Bob_0002.jpg
    for to in Ann/Ann_0001 Ann/Ann_0002 Bob/Bob_0001 Bob/Bob_0002; do
        cp ice.jpg faceless/$to.jpg
    done
    printf '2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\nBob\t1\t2\nAnn\t2\tBob\t2\n' >pairs.txt
    told "to take a threshold from" fc-eval pairs -q --root faceless --pairs pairs.txt
    hinted "wants --root DIR and --pairs FILE" fc-eval pairs --root lfw
    fc-eval pairs --root lfw --pairs pairs.txt -o pairs.json >/dev/null
    fc-eval all-pairs people -o all.json >/dev/null
    jq -c '.kind = "identify"' all.json >identify.json
    told "a report of fc-eval all-pairs, this is fc-eval pairs" fc-eval pairs --root lfw --pairs pairs.txt --baseline all.json
    told "their rates are different ones" fc-plot det identify.json all.json -o det.svg
    hinted "wants -o FILE" fc-plot roc all.json

    fc-bench --rounds 1 --warmup 0 --no-cold-start -o bench.json small.jpg >/dev/null
    told "measured on 1 pictures, these are 2" fc-bench --no-cold-start --baseline bench.json small.jpg ann.jpg
    told "want files of pictures" fc-bench --no-cold-start people
    hinted "--warmup: 3 runs are left out, and there are only 1" fc-bench --no-cold-start --rounds 1 --warmup 3 small.jpg

    printf 'correct horse battery' >key
    chmod 600 key
    fc-enroll -q --no-check -g sealed --seal --key-file key people >/dev/null
    fc-enroll -q --no-check -g open people >/dev/null
    told "sealed with another key (a passphrase" fc-match -g sealed --key-command 'printf %064d 7' ann.jpg
    told "a gallery of format" fc-gallery upgrade -g open
    hinted "want one of them" fc-match -g sealed --key-file key --key-command 'cat key' ann.jpg
    hinted "--seal: wants --key-file or --key-command" fc-enroll -g new --seal people
    hinted "'unknown' is no name" fc-enroll -g open --id unknown ann.jpg

    told "more than one picture or record, a reference is one" fc-match people ann.jpg
    cp "$FC_TESTS/../models/mobilefacenet.safetensors" my.safetensors
    printf 'input: 112\nalignment: {mode: five-point}\nnormalisation: {mean: 127.5, scale: 0.0078125}\n' >my.yaml
    told "./my.safetensors states no threshold: --threshold says from where on faces are linked" fc-cluster -m ./my.safetensors ann.jpg
    told "the model states no threshold; give one with --threshold" fc-match -m ./my.safetensors ann.jpg ann2.jpg
    fc-enroll -q --no-check -m ./my.safetensors -g mine --id Ann ann.jpg >/dev/null
    told "the model states no threshold" fc-match -m ./my.safetensors -g mine ann2.jpg
    echo 'threshold: {cosine: 0.4}' >>my.yaml
    run -0 --separate-stderr fc-match -m ./my.safetensors -g mine ann2.jpg
    [ "$stderr" = "fc-match: threshold 0.400000, the model's for two faces: it does not say what a gallery of 1 takes ('fc-gallery calibrate' measures it)" ]
    hinted "--threshold: want -1..1 for cosine" fc-match --threshold 1.5 ann.jpg ann2.jpg
}

@test "forms: joined letters, values with and without =, options between operands" {
    fc-detect -qj2 small.jpg >one
    fc-detect small.jpg --jobs=2 -q >two
    fc-detect --jobs 2 --quiet -- small.jpg >three
    cmp one two
    cmp one three
}

@test "a value on the command line goes before the environment's, that before the usual folders" {
    mkdir empty
    FACECHECK_MODELS=$PWD/empty run --separate-stderr fc-detect small.jpg
    [ "$status" -eq 2 ]
    [[ $stderr == *empty/models.yaml* ]]
    FACECHECK_MODELS=$PWD/empty fc-detect --models "$FC_TESTS/../models" small.jpg
    FACECHECK_MODELS= fc-detect small.jpg
    # a user's own model hides the one that is installed
    mkdir -p data/facecheck
    cp -r "$FC_TESTS/../models" data/facecheck/models
    printf X | dd of=data/facecheck/models/mtcnn-rnet.safetensors bs=1 seek=3000 conv=notrunc status=none
    XDG_DATA_HOME=$PWD/data run --separate-stderr fc-detect small.jpg
    [ "$status" -eq 2 ]
    [[ $stderr == *data/facecheck/models/mtcnn-rnet.safetensors* ]]
    XDG_DATA_HOME=data fc-detect small.jpg # not absolute: ignored, as the XDG specification wants
    mkdir -p .local/share
    mv data/facecheck .local/share/
    run --separate-stderr fc-detect small.jpg
    [ "$status" -eq 2 ]
    [[ $stderr == *.local/share/facecheck/models/mtcnn-rnet.safetensors* ]]
}

@test "an option that several tools have is the same in all: letter, kind, argument, choices and range" {
    for tool in $(tools); do
        "$tool" --dump-options
    done >tables
    [ -z "$(awk -F '\t' '$1 == "option" && ($4 == "number") != ($9 ~ /^(whole|real) [-0-9.e]+\.\.[0-9.e]+$/)' tables)" ]
    # What is not the same, and why. A dot: in all tools.
    cat >exceptions <<'END'
format . choices the formats of each tool
background fc-head-train kind,argument,choices photos of other people; elsewhere it is what is behind a head
check fc-serve kind,argument whether a server answers; that of fc-finetune is of pairs
head fc-eval kind,argument the type of one that is trained
output fc-align kind,argument a folder
output fc-detect kind,argument a folder
output fc-draw argument a picture or a folder
output fc-frames kind,argument a folder
model fc-detect kind,argument the file of a detector
precision fc-bench kind,argument,choices several, to compare
timeout fc-model range of a server that sends nothing
scale fc-plot range of pixels; that of fc-draw is of lines and text
END
    awk -F '\t' '
        function check(what, value) {
            if (($2, ".", what) in spared) {
                differ[$2, ".", what] = differ[$2, ".", what] || (($2, what) in any && any[$2, what] != value)
                any[$2, what] = value
            } else if (($2, tool, what) in spared) {
                is[$2, tool, what] = value
            } else if (!(($2, what) in first)) {
                first[$2, what] = value
                by[$2, what] = tool
            } else if (first[$2, what] != value) {
                print "--" $2 ": " what " is \"" first[$2, what] "\" in " by[$2, what] ", \"" value "\" in " tool
            }
        }
        FNR == NR {
            split($0, word, " ")
            n = split(word[3], what, ",")
            for (i = 1; i <= n; i++)
                spared[word[1], word[2], what[i]] = 1
            next
        }
        $1 == "program" { tool = $2 }
        $1 == "option" {
            check("letter", $3)
            check("kind", $4)
            check("argument", $5)
            check("choices", $6)
            check("range", $9)
        }
        END {
            for (key in spared) {
                split(key, word, SUBSEP)
                if (word[2] == "." ? !differ[key] : !(key in is) || is[key] == first[word[1], word[3]])
                    print "an exception that nothing needs: --" word[1], word[2], word[3]
            }
        }' exceptions tables >differences
    [ ! -s differences ] || fault "$(cat differences)"
}

@test "the help names each of the values that can be chosen, and the commands that an option is for" {
    for tool in $(tools); do
        "$tool" --dump-options >table
        while IFS=$'\x1f' read -r row name _ kind _ choices _ help _; do
            [[ $row == option && $kind == choice ]] || continue
            for choice in $choices; do
                case "$tool $name $choice" in # refused there
                "fc-eval faces all" | "fc-finetune faces all") continue ;;
                esac
                [[ $help =~ (^|[^a-z])$choice([^a-z]|$) ]] || fault "$tool --$name: the help does not name $choice"
            done
        done < <(tr '\t' '\037' <table)
    done
    fc-eval --help | grep -q 'identify, knn: people with fewer pictures'
    fc-eval --help | grep -q 'knn: neighbours that vote'
    fc-knn-train --help | grep -q ' neighbours that vote'
    fc-gallery --help | grep -q 'import: make a gallery that keeps embeddings'
}

# same_again ARGUMENT...: the line of fc-eval's report that repeats the run has all that is in the array given, and gives
# the same report but for what a clock says. It is in $line.
same_again() {
    fc-eval "$@" -q -f json >report
    line=$(jq -r .protocol.repeat report)
    for option in "${given[@]}"; do
        [[ "$line " == *" $option "* ]] || fault "no $option in: $line"
    done
    (unset FACECHECK_MODELS && eval "$line -q -f json") >again
    diff <(jq -S 'del(.run)' report) <(jq -S 'del(.run)' again) >&2 || fault "$line"
}

@test "the line that repeats a run is written from what was given, for every command of fc-eval" {
    mkdir -p 'a set/Ann' 'a set/Bob' 'my models'
    cp ann.jpg 'a set/Ann/Ann_0001.jpg'
    cp ann2.jpg 'a set/Ann/Ann_0002.jpg'
    cp bob.png 'a set/Bob/Bob_0001.jpg'
    { cat bob.png; echo; } >'a set/Bob/Bob_0002.jpg'
    printf '2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\nBob\t1\t2\nAnn\t2\tBob\t2\n' >pairs.txt
    cp "$FC_TESTS/../models"/{models.yaml,mobilefacenet.safetensors,mtcnn-*.safetensors} 'my models/'

    given=("--root 'a set'" "--pairs pairs.txt" "--model mobilefacenet" --flip "--min-face 30.5" "--max-side 700"
        "--thresholds 0.6,0.7,0.71" "--faces best" "--damaged keep" --turns "--models 'my models'" "--engine onednn"
        "--precision fp32" "--device cpu")
    same_again pairs --root 'a set' --pairs pairs.txt -m mobilefacenet --flip --min-face 30.5 --max-side=700 \
        --thresholds 0.60,.7,0.71 --faces best --damaged=keep --turns --models 'my models' --engine onednn --precision fp32 \
        --device cpu --max-memory 3000 -j2 --fail-fast
    # neither what is for other commands, nor what decides no result
    [[ ! $line =~ --(enroll|folds|fmr|format|jobs|quiet|fail-fast|max-memory|recursive) ]] || fault "$line"

    given=("--models 'my models'" "--exclude '*_0009.*'" "--precision fp32")
    FACECHECK_MODELS='my models' same_again all-pairs --exclude '*_0009.*' --precision fp32 'a set/Ann' 'a set/Bob'
    [[ $line == *" 'a set/Ann' 'a set/Bob'" ]] || fault "$line"

    given=("--enroll 1" "--min-images 2" "--seed 9007199254740992" "--fuse mean" "--strangers 0" "--root 'a set'")
    same_again identify --root 'a set' --enroll 1 --min-images 2 --seed 9007199254740992 --fuse mean --strangers 0
    [[ ! $line =~ --(folds|neighbours|fmr|pairs) ]] || fault "$line"

    given=("--neighbours 1" "--folds 2" "--min-images 2" "--seed 7")
    same_again knn -k 1 --folds 2 --min-images 2 --seed 7 --root 'a set'
    [[ ! $line =~ --(enroll|fuse|fmr) ]] || fault "$line"

    given=("--fmr 0.25" --dry-run "--models 'my models'")
    same_again calibrate --fmr .25 --dry-run --models 'my models' --root 'a set'

    # embeddings that are given are of no engine
    fc-embed -q ann.jpg ann2.jpg bob.png | jq -c '.id = (.src[:3])' >records
    given=("--models 'my models'" "--faces center")
    same_again all-pairs --models 'my models' records
    [[ ! $line =~ --(engine|precision|device) ]] || fault "$line"
}

@test "no number depends on the locale" {
    [ "$(LC_ALL=de_DE.UTF-8 locale decimal_point)" = , ] || skip "no locale with a decimal comma"
    fc-detect --min-face 20.5 small.jpg >one
    LC_ALL=de_DE.UTF-8 fc-detect --min-face 20.5 small.jpg | cmp - one
}

@test "progress is for terminals, and goes away" {
    command -v script >/dev/null || skip "no script(1)"
    # more than the second after which it shows, on whatever CPU
    local list='{ echo small.jpg; sleep 1.5; yes small.jpg | head -n 3; }'
    script -qec "$list | fc-detect -j1 --files-from - >out" progress </dev/null
    grep -qa 'done, 0 failed' progress
    script -qec "$list | fc-detect -j1 --no-progress --files-from - >out" quiet </dev/null
    run ! grep -qa 'done, ' quiet
    [ "$(grep -c '"faces"' out)" -eq 4 ]
    eval "$list" | fc-detect -j1 --files-from - 2>&1 >out | cmp - /dev/null
}
