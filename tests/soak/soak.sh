#!/usr/bin/env bash
# soak.sh sizes FC_EMBED MAKE_SIZES PHOTO    300 pictures from 40x40 to 2000x2000
# soak.sh lfw FC_EMBED IMAGES                the 3,811 pictures of LFW's folds 1 to 5
# The memory of FC_EMBED must not grow by more than 5 MB after the first 100 or 500 pictures.
set -euo pipefail
export FACECHECK_CONFIG=
fc_embed=$2
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

# flat LIST FROM OPTION...: FC_EMBED on the pictures in LIST, its memory read after each record.
flat() {
    local list=$1 from=$2 page records pid line resident bytes n=0 faces=0 before=0 after=0 last=0
    shift 2
    page=$(getconf PAGESIZE)
    exec {records}< <(exec "$fc_embed" --files-from "$list" "$@")
    pid=$!
    while read -r -u "$records" line; do
        n=$((n + 1))
        [[ $line == *'"faces":[]'* ]] || faces=$((faces + 1))
        # 0 or nothing: the program has ended before its last records were read here
        { read -r _ resident _ <"/proc/$pid/statm"; } 2>/dev/null || continue
        bytes=$((resident * page))
        [ "$bytes" -gt 0 ] || continue
        last=$n
        if [ "$n" -le "$from" ]; then
            [ "$bytes" -le "$before" ] || before=$bytes
        else
            [ "$bytes" -le "$after" ] || after=$bytes
        fi
    done
    wait "$pid"
    awk -v n="$n" -v faces="$faces" -v from="$from" -v last="$last" -v a="$before" -v b="$after" 'BEGIN {
        printf "%d pictures, %d with faces; most memory up to picture %d: %.1f MB; from there to picture %d: %.1f MB\n",
            n, faces, from, a / 1e6, last, b / 1e6
        exit !(last > from && last > n - 20 && faces > n / 3 && b - a <= 5e6)
    }'
}

case $1 in
sizes)
    mkdir "$temporary/pictures"
    "$3" "$4" "$temporary/pictures" 300
    printf '%s\n' "$temporary"/pictures/* >"$temporary/list"
    # One at a time: which large ones are there together would be chance.
    flat "$temporary/list" 100 -j1
    ;;
lfw)
    if [ ! -d "$3" ]; then
        echo "skipped: no $3"
        exit 77
    fi
    find "$3" -name '*.jpg' | sort >"$temporary/list"
    flat "$temporary/list" 500
    ;;
esac
