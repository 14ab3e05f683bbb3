#!/usr/bin/env bash
# heads.sh BIN [LFW [SEEDS]]: does a trained head do better than the frozen embedding's cosine? LFW's people with 4 photos or
# more are enrolled with 1 photo and 5 views of it, and with 3 photos; their other photos are probes. Of the people with one
# photo 400 are negatives, the others strangers; those with 2 or 3 are lda's background. SEEDS (10) draws of photos and people.
# Prints the table that fc-head-train(1) has; fails where a head with its defaults, mean, knows fewer people than the cosine
# does by more than half a percent.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=${2:-$(dirname "$0")/../../../shared/lfw} seeds=${3:-10}
here=$(dirname "$(realpath "$0")")
if [ ! -d "$lfw/images" ]; then
    echo "skipped: no $lfw/images"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The person is in the middle of each picture. A folder is a person.
"$bin/fc-embed" -q -r --faces center "$lfw/images" | jq -c 'select(.faces | length > 0) | .id = (.src | split("/")[-2])' \
    >"$work/all.jsonl"

# heads NAME: trains each kind on $work/gallery and asks it about probes and strangers.
heads() {
    local type
    for type in mean linear negatives lda triplet; do
        case $type in
            negatives) set -- --type linear --negatives "$work/negatives.jsonl" ;;
            lda) set -- --type lda --background "$work/background.jsonl" ;;
            *) set -- --type $type ;;
        esac
        "$bin/fc-head-train" -q -g "$work/gallery" -o "$work/head" "$@" >/dev/null
        for list in probes strangers; do
            "$bin/fc-match" -q -g "$work/gallery" --head "$work/head" --threshold -1 -k 1 --no-timings "$work/$list.jsonl" |
                jq -r --arg type $type --arg list $list '[$list, $type, .probe, .candidates[0].id, .similarity, .head.id,
                    .head.score, .head.stranger] | @tsv'
        done
    done
}

for ((seed = 1; seed <= seeds; seed++)); do
    for photos in 1 3; do
        rm -f "$work"/gallery*
        python3 "$here/heads.py" split "$work" $seed $photos
        if [ $photos -eq 1 ]; then
            while IFS=$'\t' read -r id src; do
                mkdir -p "$work/people/$id"
                ln -s "$(realpath "$src")" "$work/people/$id/"
            done < <(jq -r '[.id, .src] | @tsv' "$work/enrolled.jsonl")
            "$bin/fc-enroll" -q --no-check --augment 5 --faces center -g "$work/gallery" --from-dirs "$work/people" \
                >/dev/null || [ $? -eq 3 ] # a photo or two do not fit
            rm -r "$work/people"
        else
            "$bin/fc-gallery" import -q -g "$work/gallery" "$work/enrolled.jsonl"
        fi
        heads | sed "s/^/$seed\t$photos\t/"
    done
done >"$work/answers"
python3 "$here/heads.py" table "$work"
