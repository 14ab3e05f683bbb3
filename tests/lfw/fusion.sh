#!/usr/bin/env bash
# fusion.sh BIN LFW [A,B]: what the scores of two models (mobilefacenet,dlib-face) are worth as one on LFW's pairs: 'fc-eval calibrate'
# finds the weight and the threshold of each fold by the other folds, and says by McNemar's test whether the answers differ from each
# model's alone. Then, with the weights of all folds, the same over all pairs of the pictures. models/fusions.yaml is what is printed
# at the end.
set -euo pipefail
export FACECHECK_CONFIG=
if [ $# -lt 2 ]; then
    echo "usage: fusion.sh BIN LFW [A,B]" >&2
    exit 2
fi
bin=$1 lfw=$2 two=${3:-mobilefacenet,dlib-face}
[ -d "$lfw/images" ] || { echo "$lfw/images is not there" >&2; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/models"
cp "$bin"/../models/models.yaml "$bin"/../models/*.safetensors "$work/models"
"$bin/fc-eval" calibrate -q --models "$work/models" -m "$two" --fmr 1e-3 --root "$lfw/images" --pairs "$lfw/pairs.txt" --cache "$work/cache" |
    grep -v '^repeat'
for model in "${two%,*}" "${two#*,}" "$two"; do
    echo "== all pairs, $model"
    "$bin/fc-eval" all-pairs -q --models "$work/models" -m "$model" --root "$lfw/images" --cache "$work/cache" |
        grep -E '^(AUC|EER|FNMR)'
done
echo "== fusions.yaml"
cat "$work/models/fusions.yaml"
