# The suite itself: a skipped test must not pass for one that ran, nor hide one that failed.
load run

parts() {
    env "$@" "$FC_BUILD/tests/unit/test_parts"
}

@test "cmocka: a skipped test makes the program's status 77, a failed one 1 all the same" {
    run -0 parts FC_PART=good FC_PARTS='good skipped failed'
    run -77 parts FC_PART=skipped FC_PARTS='good skipped failed'
    run -1 parts FC_PART=failed FC_PARTS='good skipped failed'
    run -1 parts -u FC_PART
    [[ $output == *"[  SKIPPED ] needs_skipped_"* && $output == *"[  FAILED  ] needs_failed_"* ]]
}

@test "cmocka: what needs something runs by itself, and nothing is left out" {
    run -0 parts FC_PART= FC_PARTS='good skipped failed'
    [[ $output == *"1 test(s)"* && $output == *"needs_nothing"* ]]
    run -1 parts FC_PART= FC_PARTS='good skipped'
    [[ $output == *"CTest does not know of 'failed'"* ]]
    run -1 parts FC_PART=goo FC_PARTS='good skipped failed'
    [[ $output == *"no test needs goo"* ]]
}

@test "bats: a skipped test makes the file's status 77, a failed one 1 all the same" {
    cd "$BATS_TEST_TMPDIR"
    printf '@test "a" {\n    %s\n}\n' true >good.bats
    printf '@test "b" {\n    %s\n}\n' 'skip "no reason"' >skipped.bats
    printf '@test "c" {\n    %s\n}\n' false >failed.bats
    run -0 "$FC_TESTS/cli/run-bats" bats good.bats
    run -77 "$FC_TESTS/cli/run-bats" bats good.bats skipped.bats
    [[ $output == *"# skip no reason"* ]]
    run -1 "$FC_TESTS/cli/run-bats" bats good.bats skipped.bats failed.bats
}

@test "bats: what run and untraced are told to want is wanted" {
    cd "$BATS_TEST_TMPDIR"
    both() { echo out; echo err >&2; exit 3; }
    run -3 both
    [ "$status" -eq 3 ] && [ "$output" = $'out\nerr' ]
    run ! --separate-stderr both
    [ "$output" = out ] && [ "$stderr" = err ]
    steps() { false; true; }
    export -f both steps
    while read -r bad; do
        printf 'load "%s"\n@test "a" {\n    %s\n    true\n}\n' "$FC_TESTS/cli/run" "$bad" >bad.bats
        run -1 bats bad.bats
        [[ $output == *"\`$bad' failed"* ]] || fault "$bad: $output"
    done <<'EOF'
run -0 both
run -1 --separate-stderr both
run ! true
run no-such-command
run --frob true
untraced steps
EOF
}

@test "no test has a bare negation, which bats passes over unless it is the last line" {
    run -1 grep -nE '^ +! ([^|]|\|[^|])*$' "$FC_TESTS"/cli/*.bats
}
