#!/usr/bin/env bash
# cache.sh BIN [PHOTOS [RUNS]]: what fc-embed --cache takes for these photos (tests/data/photos) without a cache, with a new one and
# with a full one: seconds on one thread, the median of so many runs (5) each, one of each kind after the other.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 photos=${2:-$(dirname "$0")/../data/photos} runs=${3:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clock() { # KIND OPTION...: a run's seconds
    local kind=$1
    shift
    /usr/bin/time -a -o "$work/$kind.s" -f %e "$bin/fc-embed" -q -j1 "$@" "$photos" >"$work/$kind" || [ $? -eq 3 ]
}
for ((i = 0; i < runs; i++)); do
    rm -rf "$work/c"
    clock none
    clock new --cache "$work/c"
    clock full --cache "$work/c"
    cmp "$work/none" "$work/new"
    cmp "$work/none" "$work/full"
done
for kind in none new full; do
    printf '%s\t%s s\n' "$kind" "$(grep '^[0-9.]*$' "$work/$kind.s" | sort -n | sed -n "$(((runs + 1) / 2))p")"
done
printf '%s photos, %s on disk\n' "$(wc -l <"$work/none")" "$(du -sh "$work/c" | cut -f 1)"
