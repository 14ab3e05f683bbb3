#!/usr/bin/env bash
# What MTCNN's coarse passes cost: coarse.sh BUILD LFW [EVERY [PHOTO...]]. Takes every EVERY-th (20th) photo of LFW and further
# ones, and prints
#   how many cells P-Net's bound lets through, and how far it was below the logit, which is by rounding alone;
#   how far the coarse R-Net's logits are off the exact one's, for each level of this CPU that has a coarse R-Net
#   (coarse_margins.c; what is dropped is further than that below the threshold: FC_COARSE_MARGIN_* in lib/detect/mtcnn.h),
#   and for each level with a coarse pass, how many photos have other faces than on AVX2 (on arm64 NEON), which has the bound alone, and the greatest
#   difference of the scores and boxes of those that have the same.
# Fails where one has other faces. Wants Debian's jq.
set -euo pipefail
export FACECHECK_CONFIG=
build=$(realpath "${1:?usage: coarse.sh BUILD LFW [EVERY [PHOTO...]]}")
lfw=$(realpath "${2:?}")
every=${3:-20}
shift $(($# < 3 ? $# : 3))
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mapfile -t photos < <(find "$lfw" -name '*.jpg' | sort | awk -v n="$every" 'NR % n == 0')
photos+=("$@")
"$build/tests/lfw/coarse_margins" "$root/models" "${photos[@]}"

# faces LEVEL: the faces of all photos
faces() {
    ONEDNN_MAX_CPU_ISA=$1 "$build/bin/fc-detect" -q "${photos[@]}" | jq -c '[.faces[] | {score, box, landmarks}]' >"$work/$1"
}

# shellcheck disable=SC2016 # these are jq's variables
compare='
def off(a; b): [a, b | flatten] | transpose | map(.[0] - .[1] | fabs) | max // 0;
[$one, $two] | transpose as $photos
| ($photos | map(select((.[0] | length) != (.[1] | length))) | length) as $other
| ($photos | map(select((.[0] | length) == (.[1] | length)) | transpose[])) as $pairs
| "\($level): \($photos | length) photos, \($other) with other faces; \($pairs | length) faces, scores off by \(
    [$pairs[] | off([.[0].score]; [.[1].score])] | max), boxes by \([$pairs[] | off(.[0].box; .[1].box)] | max) pixels",
  ($other == 0)'

none=AVX2
[ "$(uname -m)" != aarch64 ] || none=NEON
faces $none
status=0
while read -r level flag; do
    grep -qw "$flag" /proc/cpuinfo || continue
    faces "$level"
    jq -nr --slurpfile one "$work/$none" --slurpfile two "$work/$level" --arg level "$level" "$compare" >"$work/result"
    head -n 1 "$work/result"
    [ "$(tail -n 1 "$work/result")" = true ] || status=1
done <<<$'AVX2_VNNI avx_vnni\nAVX512_CORE_VNNI avx512_vnni\nAVX512_CORE_AMX amx_bf16\nNEON_DOT asimddp'
exit $status
