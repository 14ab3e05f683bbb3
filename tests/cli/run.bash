# run [-N | !] [--separate-stderr] COMMAND...: as bats has it, but quick: a suite that starts tools thousands of times is not to
# wait for what starts them. Into $status, $output (with what goes to stderr, too, unless that is to
# be separate) and $stderr. -N: it is N, or the test fails; !: it is not 0. There is no $lines: `mapfile -t lines <<<"$output"`.
run() {
    local run_wants='' run_errors=''
    while [[ $1 == -* || $1 == ! ]]; do
        case $1 in
        -[0-9]*) run_wants=${1#-} ;;
        !) run_wants=! ;;
        --separate-stderr) run_errors=$BATS_FILE_TMPDIR/stderr.$BASHPID ;;
        *) fault "run: no option $1" || return ;;
        esac
        shift
    done
    status=0 stderr=''
    if [ -n "$run_errors" ]; then
        output=$(set +eET && "$@" 2>"$run_errors") || status=$?
        IFS= read -rd '' stderr <"$run_errors" || true
        while [[ $stderr == *$'\n' ]]; do
            stderr=${stderr%$'\n'}
        done
    else
        output=$(set +eET && "$@" 2>&1) || status=$?
    fi
    case $run_wants in
    '') [ "$status" -ne 127 ] || fault "there is no $1" ;;
    !) [ "$status" -ne 0 ] || fault "exit status 0: $*" "$output" ;;
    *) [ "$status" -eq "$run_wants" ] || fault "exit status $status, want $run_wants: $*" "$output" "$stderr" ;;
    esac
}

# Prints why, and fails.
fault() {
    printf '%s\n' "$@" >&2
    return 1
}

# untraced COMMAND...: without what bats does at every command of a test, to know its line; for long loops. It fails as the
# test would.
untraced() {
    (trap - DEBUG && "$@")
}
