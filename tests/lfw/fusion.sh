#!/usr/bin/env bash
# fusion.sh BIN LFW: how many of LFW's pairs the sum of two models' cosines decides rightly, mobilefacenet's plus w times dlib-face's, the
# threshold of each fold from the others, and McNemar's test against mobilefacenet alone (models/README.md).
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=$2 here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for model in mobilefacenet dlib-face; do
    "$bin/fc-embed" -q --faces center -m "$model" -r "$lfw/images" >"$work/$model.jsonl" || [ $? -eq 3 ]
done
python3 "$here/fusion.py" "$lfw/pairs.txt" "$work/mobilefacenet.jsonl" "$work/dlib-face.jsonl"
