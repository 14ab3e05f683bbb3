#!/usr/bin/env bash
# lfw-accuracy.sh BIN LFW_PAIRS [LFW [FC_EMBED_OPTION...]]: how often the tools are right on folds 1 to 5 of LFW's view 2.
# BIN: the tools' folder. LFW_PAIRS: the program made of lfw_pairs.c. LFW: the folder with pairs.txt and images/.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw_pairs=$2 lfw=${3:-$(dirname "$0")/../../../shared/lfw}
shift $(($# < 3 ? $# : 3))
if [ ! -e "$lfw/pairs.txt" ]; then
    echo "skipped: no $lfw/pairs.txt"
    exit 77
fi

# The pictures that pairs.txt names, each once, in its order.
pictures() {
    awk -F '\t' '
        function picture(name, i) { return sprintf("%s/%s_%04d.jpg", name, name, i) }
        function show(p) { if (!(p in seen)) print p; seen[p] }
        NF == 3 { show(picture($1, $2)); show(picture($1, $3)) }
        NF == 4 { show(picture($1, $2)); show(picture($3, $4)) }' "$lfw/pairs.txt"
}

start=$(date +%s.%N)
# The person is in the middle of each picture; others may be around.
pictures | sed "s|^|$lfw/images/|" | "$bin/fc-embed" --files-from - --faces center "$@" |
    "$lfw_pairs" "$lfw/pairs.txt" 99.2
awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f s\n", b - a }'
