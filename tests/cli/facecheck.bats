# The dispatcher.
load run

@test "a command runs the program of that name, with its arguments and its exit status" {
    dir=$BATS_TEST_TMPDIR/bin
    mkdir "$dir"
    cp "$FC_BIN/facecheck" "$dir/"
    printf '#!/bin/sh\necho "match:" "$@"\nexit 1\n' >"$dir/fc-match"
    chmod +x "$dir/fc-match"
    for name in match fc-match; do
        run "$dir/facecheck" "$name" 'a b.jpg' -x
        [ "$status" -eq 1 ]
        [ "$output" = "match: a b.jpg -x" ]
    done
    printf '#!/bin/sh\nexit 3\n' >"$dir/fc-match"
    run -3 "$dir/facecheck" match
}

@test "through a link it finds the programs beside itself, not beside the link" {
    ln -s "$FC_BIN/facecheck" "$BATS_TEST_TMPDIR/facecheck"
    run "$BATS_TEST_TMPDIR/facecheck" path
    [ "$status" -eq 0 ]
    [ "$output" = "$(realpath "$FC_BIN")" ]
}

@test "a missing program is named" {
    cp "$FC_BIN/facecheck" "$BATS_TEST_TMPDIR/"
    run "$BATS_TEST_TMPDIR/facecheck" match
    [ "$status" -eq 2 ]
    [ "$output" = "facecheck: fc-match is not installed; the package facecheck has it" ]
}

@test "the version is the library's" {
    run facecheck --version
    [ "$status" -eq 0 ]
    [ "$output" = "facecheck $(sed -n 's/#define FC_VERSION "\(.*\)"/\1/p' "$FC_TESTS/../lib/facecheck/base.h")" ]
}

@test "help goes to stdout and lists every program there is" {
    run --separate-stderr facecheck help
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    for program in "$FC_BIN"/fc-*; do
        name=${program##*/fc-}
        grep -q "^  $name " <<<"$output"
    done
}

@test "help COMMAND is the command's own help" {
    for program in "$FC_BIN"/fc-*; do
        run facecheck help "${program##*/fc-}"
        [ "$status" -eq 0 ]
        [ "$output" = "$("$program" --help)" ]
    done
}

@test "an unknown command fails with the list, and a misspelt one with the name that was meant" {
    run --separate-stderr facecheck frobnicate
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == *"no command 'frobnicate'"* ]]
    [[ $stderr == *"  detect "* ]]
    [[ $stderr != *"did you mean"* ]]
    run facecheck mtach
    [ "$status" -eq 2 ]
    [[ $output == *"no command 'mtach'; did you mean 'match'?"* ]]
    run -2 facecheck det
    [[ $output == *"did you mean 'detect'?"* ]]
    run facecheck aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    [ "$status" -eq 2 ]
}

@test "no command and unknown options are usage errors on stderr" {
    run --separate-stderr facecheck
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    run --separate-stderr facecheck --frob
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == *"--frob"* ]]
}

@test "a full disk is an error" {
    run bash -c 'facecheck --help >/dev/full'
    [ "$status" -eq 2 ]
    [[ $output == *"No space left"* ]]
}
