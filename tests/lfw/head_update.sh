#!/usr/bin/env bash
# head_update.sh BIN [LFW]: 100 of LFW's people are enrolled with 3 photos and 5 views of each, and a head is trained; then
# fc-enroll --head enrols one more. Prints what that takes with each type of heads, on two cores, beside what it takes without a
# head, and which share of the old answers changed. Fails where it takes more than 5 seconds.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=${2:-$(dirname "$0")/../../../shared/lfw}
if [ ! -d "$lfw/images" ]; then
    echo "skipped: no $lfw/images"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Of the people with four photos or more the first 101, by name; of those with two or three, whoever is lda's background.
mkdir "$work/people" "$work/new"
for dir in "$lfw"/images/*/; do
    photos=("$dir"*.jpg)
    if [ "${#photos[@]}" -ge 4 ] && [ "$(ls "$work/people" | wc -l)" -lt 101 ]; then
        mkdir "$work/people/$(basename "$dir")"
        for photo in "${photos[@]:0:3}"; do ln -s "$(realpath "$photo")" "$work/people/$(basename "$dir")/"; done
    elif [ "${#photos[@]}" -eq 2 ] || [ "${#photos[@]}" -eq 3 ]; then
        echo "$dir"
    fi
done >"$work/background"
last=$(ls "$work/people" | tail -n 1)
mv "$work/people/$last" "$work/new/"
two() { taskset -c 0,1 "$@" -j2; }
"$bin/fc-enroll" -q --no-check --augment 5 --faces center -g "$work/gallery" --from-dirs "$work/people" >/dev/null || [ $? -eq 3 ]
mapfile -t background <"$work/background"
"$bin/fc-embed" -q -r --faces center "${background[@]}" |
    jq -c 'select(.faces | length > 0) | .id = (.src | split("/")[-2])' >"$work/background.jsonl"

seconds() {
    local start=$EPOCHREALTIME
    "$@" >"$work/out" 2>"$work/said" || [ $? -eq 3 ]
    echo "$start $EPOCHREALTIME" | awk '{ printf "%.2f", $2 - $1 }'
}

failed=0
cp "$work/gallery" "$work/g"
printf '%-10s %6s s\n' "no head" "$(seconds two "$bin/fc-enroll" --no-check --augment 5 --faces center -g "$work/g" --from-dirs "$work/new")"
for type in mean linear lda triplet; do
    set -- --type $type
    [ $type != lda ] || set -- "$@" --background "$work/background.jsonl"
    rm -f "$work"/g "$work"/g-* "$work"/g.*
    cp "$work/gallery" "$work/g"
    "$bin/fc-head-train" -q -g "$work/g" -o "$work/head" "$@" >/dev/null
    took=$(seconds two "$bin/fc-enroll" --no-check --augment 5 --faces center -g "$work/g" --head "$work/head" --from-dirs "$work/new")
    printf '%-10s %6s s  %s\n' $type "$took" "$(grep -o "$type, .*" "$work/said")"
    awk -v took="$took" 'BEGIN { exit took > 5 }' || failed=1
done
exit $failed
