#!/usr/bin/env bash
# sandbox.sh BIN PHOTO [N]    what --sandbox costs: the start of a worker, and milliseconds a picture, of N (300) times the photo
# decoded and nothing else (--aligned), on one thread, the better of three runs each. It is time of the CPU, of both processes.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$(realpath "$1") photo=$(realpath "$2") n=${3:-300}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
cd "$temporary"
for ((i = 0; i < n; i++)); do echo "$photo"; done >list

# milliseconds OPTION...: of the best of three runs
milliseconds() {
    local TIMEFORMAT='%U %S'
    for _ in 1 2 3; do
        { time "$bin/fc-detect" --aligned -q -j 1 "$@" >/dev/null 2>&1; } 2>&1 || true
    done | awk '{ ms = 1000 * ($1 + $2); if (NR == 1 || ms < best) best = ms } END { print best }'
}

one=$(milliseconds "$photo")
one_confined=$(milliseconds --sandbox "$photo")
all=$(milliseconds --files-from list)
all_confined=$(milliseconds --sandbox --files-from list)
awk -v n="$n" -v one="$one" -v oc="$one_confined" -v all="$all" -v ac="$all_confined" 'BEGIN {
    plain = (all - one) / (n - 1)
    confined = (ac - oc) / (n - 1)
    printf "a worker starts in %.1f ms\n", oc - one - (confined - plain)
    printf "a picture takes %.2f ms to decode, in the sandbox %.2f ms: %.2f ms more\n", plain, confined, confined - plain
}'
