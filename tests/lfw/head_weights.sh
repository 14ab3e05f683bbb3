#!/usr/bin/env bash
# head_weights.sh BIN [LFW [DRAWS]]: would the centres of a head be better if each photo weighed by one of fc-quality's measures?
# LFW's people with 4 photos or more are enrolled with 3, their other photos are probes, 600 people of one photo strangers; DRAWS
# (5) draws. Prints rank-1, and what is missed where one stranger in 100 passes, for each weight; fc-head-train(1) has what came of it.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=${2:-$(dirname "$0")/../../../shared/lfw} draws=${3:-5}
if [ ! -d "$lfw/images" ]; then
    echo "skipped: no $lfw/images"
    exit 77
fi
"$bin/fc-detect" -q -r --faces center "$lfw/images" | "$bin/fc-quality" -q | "$bin/fc-embed" -q |
    python3 "$(dirname "$0")/head_weights.py" "$draws"
