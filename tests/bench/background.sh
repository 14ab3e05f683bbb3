#!/usr/bin/env bash
# background.sh BIN PHOTO [N]    what --background costs: milliseconds a face, of N (50) times the photo, whose faces are found before,
# on one thread, the best of three runs each. It is time of the CPU.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$(realpath "$1") photo=$(realpath "$2") n=${3:-50}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
cd "$temporary"
"$bin/fc-detect" -q "$photo" >record
for ((i = 0; i < n; i++)); do cat record; done >records
faces=$(($(jq '.faces | length' record) * n))

# milliseconds OPTION...: of the best of three runs
milliseconds() {
    local TIMEFORMAT='%U %S'
    for _ in 1 2 3; do
        { time "$bin/fc-align" -q -j 1 "$@" records >/dev/null; } 2>&1
    done | awk '{ ms = 1000 * ($1 + $2); if (NR == 1 || ms < best) best = ms } END { print best }'
}

keep=$(milliseconds)
for background in blur remove; do
    milliseconds --background "$background" |
        awk -v n="$faces" -v keep="$keep" -v what="$background" '{ printf "%s: %.1f ms a face\n", what, ($1 - keep) / n }'
done
