#!/usr/bin/env bash
# background.sh BIN [LFW] [PEOPLE]: the first photo of each of LFW's people with two or more is enrolled with its background
# kept, blurred and removed, and the second is looked for as it is. Prints for each how many were found, which share of them
# had the right name, and the similarity of the right ones.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=${2:-$(dirname "$0")/../../../shared/lfw} people=${3:-200}
if [ ! -d "$lfw/images" ]; then
    echo "skipped: no $lfw/images"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for dir in "$lfw"/images/*/; do
    photos=("$dir"*.jpg)
    [ "${#photos[@]}" -ge 2 ] || continue
    name=$(basename "$dir")
    mkdir -p "$work/people/$name" "$work/probes/$name"
    ln -s "$(realpath "${photos[0]}")" "$work/people/$name/"
    ln -s "$(realpath "${photos[1]}")" "$work/probes/$name/"
    [ "$(ls "$work/people" | wc -l)" -lt "$people" ] || break
done
"$bin/fc-embed" -q -r --faces center "$work/probes" >"$work/probes.jsonl"
for background in keep blur remove; do
    "$bin/fc-enroll" -q --no-check --faces center --background $background -g "$work/$background" --from-dirs "$work/people" \
        >/dev/null || [ $? -eq 3 ]
    "$bin/fc-match" -q -g "$work/$background" "$work/probes.jsonl" >"$work/found" || [ $? -eq 1 ]
    jq -rn --arg how $background '[inputs | {right: ((.probe | split("/")[-2]) == .id), similarity}] | [.[] | select(.right)] as $right
        | "\($how)\t\(length) probes\t\($right | length) named rightly\tmean similarity of these \([$right[].similarity] | add / length * 1000 | round / 1000)"' "$work/found"
done
