#!/usr/bin/env bash
# fmr-curve.sh BIN SET [OPTION...]: how often different people look the same to a model, over all pairs of SET, a folder
# with a folder for each person (LFW's images): the part of models.yaml by which fc-match chooses a threshold for a
# number of people. Ten rates a decade, from 0.1 down to the last at which 30 false matches are left: fewer do not tell
# a rate within 30 % (Doddington et al. 2000). OPTION...: for fc-eval, such as -m MODEL and --cache DIR.
set -euo pipefail
export FACECHECK_CONFIG=
if [ $# -lt 2 ]; then
    echo "usage: fmr-curve.sh BIN SET [OPTION...]" >&2
    exit 2
fi
bin=$1 set=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The embeddings are made once.
"$bin/fc-eval" all-pairs --root "$set" --cache "$work/cache" -f json "$@" >"$work/all"
pairs=$(jq .protocol.impostor "$work/all")
for power in 1 2 3 4 5 6 7 8; do
    for tenth in 10 8 6.3 5 4 3.15 2.5 2 1.6 1.25; do
        rate=$(awk -v t=$tenth -v p=$power 'BEGIN { printf "%.4g", t / 10 * 10 ^ -p }')
        awk -v r="$rate" -v n="$pairs" 'BEGIN { exit !(r * n >= 30) }' || break 2
        threshold=$("$bin/fc-eval" calibrate --dry-run --fmr "$rate" --root "$set" --cache "$work/cache" -f json "$@" |
            jq .metrics.threshold)
        printf '[%s, %s]\n' "$rate" "$threshold" >>"$work/points"
    done
done

echo "    false_matches:"
echo "      pairs: $pairs"
awk 'NR == 1 { printf "      thresholds: [%s", $0 }
    NR > 1 { printf ",%s%s", NR % 5 == 1 ? "\n        " : " ", $0 }
    END { print "]" }' "$work/points"
