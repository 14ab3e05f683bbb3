#!/usr/bin/env bash
# regression.sh BIN [LFW [OPTION...]]: fc-eval on folds 1 to 5 of LFW's view 2, as a user's CI has it: without and with
# the mirrored crop, and the second run against the first one.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=${2:-$(dirname "$0")/../../../shared/lfw}
shift $(($# < 2 ? $# : 2))
if [ ! -e "$lfw/pairs.txt" ]; then
    echo "skipped: no $lfw/pairs.txt"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$bin/fc-eval" pairs --root "$lfw/images" --pairs "$lfw/pairs.txt" -o "$work/plain.json" "$@" \
    --assert 'accuracy>=0.992' --assert 'auc>=0.999' --assert 'tar@far=1e-2>=0.985' --assert 'tar@far=1e-3>=0.975' \
    --assert 'fte==0'
echo
"$bin/fc-eval" pairs --root "$lfw/images" --pairs "$lfw/pairs.txt" --flip "$@" \
    --assert 'accuracy>=0.993' --baseline "$work/plain.json"
