#!/usr/bin/env bash
# finetune.sh BIN [LFW [EPOCHS]]: fine-tunes mobilefacenet on LFW's people with ten photos or more: the classifier alone (none), and,
# where there is libtorch, the embedding with it for EPOCHS (3; 0: not, it takes an hour). Prints top-1 and top-5 on held-out photos of each epoch,
# LFW's pairs before and after, and how many photos of other people (those with one photo) get a name. Fails where the
# classifier alone has fewer than 98 % of the held-out photos right.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=${2:-$(dirname "$0")/../../../shared/lfw} epochs=${3:-3}
if [ ! -d "$lfw/images" ]; then
    echo "skipped: no $lfw/images"
    exit 77
fi
images=$(realpath "$lfw/images")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/people" "$work/strangers"
for folder in "$images"/*/; do
    photos=("$folder"*)
    if [ ${#photos[@]} -ge 10 ]; then
        ln -s "$folder" "$work/people/"
    elif [ ${#photos[@]} -eq 1 ]; then
        ln -s "${photos[0]}" "$work/strangers/"
    fi
done

# tune WHAT [OPTION...]
tune() {
    local what=$1
    shift
    echo "== --unfreeze $what $*"
    "$bin/fc-finetune" -q --faces center --cache "$work/cache" --unfreeze "$what" "$@" --check "$lfw/pairs.txt" --root "$images" \
        --log "$work/$what.log" -o "$work/$what.safetensors" "$work/people"
    "$bin/fc-match" -q --faces center --no-timings --classify "$work/$what.safetensors" "$work/strangers" |
        jq -rs '"strangers: \(map(select(.match)) | length) of \(length) get a name"'
}
tune none
awk -F '\t' 'NR > 1 && $6 > best { best = $6 } END { exit !(best >= 0.98) }' "$work/none.log" ||
    { echo "fewer than 98 % of the held-out photos are right"; exit 1; }
[ "$epochs" -gt 0 ] && [ -e "$bin/../modules/facecheck-torch.so" ] || exit 0
for what in bn last all; do
    tune $what --epochs "$epochs" --augment 2
done
