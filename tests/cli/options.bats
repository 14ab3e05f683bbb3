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
        [ "$output" = "$tool (facecheck) $(sed -n 's/#define FC_VERSION "\(.*\)"/\1/p' "$FC_TESTS/../lib/facecheck.h")" ]
    done
}

@test "every option of the description is in the help, has a name and a letter of its own, and takes what it says" {
    for tool in $(tools); do
        "$tool" --dump-options >table
        "$tool" --help >help
        [ "$(grep -c '^option' table)" -gt 5 ]
        [ -z "$(awk -F '\t' '$1 == "option" { print $2 }' table | sort | uniq -d)" ]
        [ -z "$(awk -F '\t' '$1 == "option" && $3 != "" { print $3 }' table | sort | uniq -d)" ]
        while IFS=$'\x1f' read -r row name letter kind arg _; do
            [ "$row" = option ] || continue
            grep -qE -- "(^|[ ,])--$name( |\$)" help || fault "$tool --$name is not in the help"
            [ -z "$letter" ] || grep -qE -- "^  -$letter, --$name" help || fault "$tool -$letter is not in the help"
            if [ "$kind" = flag ]; then
                run --separate-stderr "$tool" "--$name=x"
                [[ $stderr == *"--$name: takes no value, got 'x'"* ]]
            else
                [ -n "$arg" ]
                run --separate-stderr "$tool" "--$name"
                [[ $stderr == *"--$name: want $arg, got nothing"* ]] || fault "$tool --$name: $stderr"
            fi
            [ "$status" -eq 2 ]
            [ -z "$output" ]
            if [ "$kind" = number ] || [ "$kind" = choice ]; then
                for bad in x '' ' 1' 1x 0x1 1e999 nan -99999999999 99999999999999999999; do
                    run --separate-stderr "$tool" "--$name" "$bad"
                    [ "$status" -eq 2 ]
                    [ -z "$output" ]
                    [[ $stderr == *"--$name: want "*", got '$bad'"* ]] || fault "$tool --$name '$bad': $stderr"
                done
            fi
        done < <(tr '\t' '\037' <table)
    done
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

@test "no number depends on the locale" {
    locale=$(locale -a 2>/dev/null | grep -E '^(de_DE|fr_FR)' | head -n 1)
    [ -n "$locale" ] || skip "no locale with a decimal comma"
    fc-detect --min-face 20.5 small.jpg >one
    LC_ALL=$locale fc-detect --min-face 20.5 small.jpg | cmp - one
}

@test "progress is for terminals, and goes away" {
    command -v script >/dev/null || skip "no script(1)"
    yes group.jpg | head -n 60 >list
    script -qec "fc-detect -j1 --files-from list >out" progress </dev/null
    grep -qa 'done, 0 failed' progress
    script -qec "fc-detect -j1 --no-progress --files-from list >out" quiet </dev/null
    run ! grep -qa 'done, ' quiet
    fc-detect -j1 --files-from list 2>&1 >out | cmp - /dev/null
}
