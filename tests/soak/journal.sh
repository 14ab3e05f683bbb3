#!/usr/bin/env bash
# journal.sh BIN PHOTOS [KILLS]: fc-embed --journal over 500 of these photos, killed so many times (200) at random moments; what it
# writes in the end is what one run writes.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 photos=$2 kills=${3:-200}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find "$photos" -name '*.jpg' | sort | sed -n '1,500p' >"$work/names"
"$bin/fc-embed" -q --files-from "$work/names" >"$work/want" || [ $? -eq 3 ]
RANDOM=1 n=0 ended=0 last=0
while [ "$n" -lt "$kills" ]; do
    wait=$(printf '0.%03d' $((50 + RANDOM % 150)))
    if { timeout -s KILL "$wait" "$bin/fc-embed" -q --journal "$work/j" --files-from "$work/names" >"$work/out"; } 2>/dev/null; then
        ended=$((ended + 1))
        rm "$work/j" # all over again
        last=0
        continue
    fi
    n=$((n + 1))
    [ -s "$work/j" ] || continue # killed before it was made
    done=$(wc -l <"$work/j")
    [ "$done" -ge "$last" ] || {
        echo "lines were lost: $done, after $last" >&2
        exit 1
    }
    last=$done
done
"$bin/fc-embed" -q --journal "$work/j" --files-from "$work/names" >"$work/out" || [ $? -eq 3 ]
cmp "$work/want" "$work/out"
echo "$(wc -l <"$work/want") photos, $n kills, $ended runs that came to their end meanwhile: the same $(stat -c %s "$work/out") bytes"
