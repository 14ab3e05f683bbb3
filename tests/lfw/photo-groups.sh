#!/usr/bin/env bash
# photo-groups.sh BIN LFW: false matches and false non-matches at 0.45 of all pairs of LFW's photos, and of those whose photos are both
# in the same quarter by what fc-quality measures (docs/MODEL-CARD.md). Wants NumPy.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=$2 here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$bin/fc-quality" -q --faces center -r "$lfw/images" | "$bin/fc-embed" -q >"$work/all.jsonl" || [ $? -eq 3 ]
/usr/bin/python3 "$here/photo-groups.py" "$work/all.jsonl"
