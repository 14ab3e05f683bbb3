#!/usr/bin/env bash
# lfw-precision.sh BIN [LFW [FC_EMBED_OPTION...]]: how alike the embeddings of the faces of LFW are that are computed in
# float32 and in bfloat16: the least cosine and the mean. models.yaml has the least as lfw.similarity.
set -euo pipefail
bin=$1 lfw=${2:-$(dirname "$0")/../../../shared/lfw}
shift $(($# < 2 ? $# : 2))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$bin/fc-detect" -r --faces center "$lfw/images" >"$work/faces"
# vectors PRECISION: a line of numbers for each face
vectors() {
    "$bin/fc-embed" --precision "$@" "$work/faces" >"$work/embedded"
    local dim
    dim=$(jq -s 'first(.[].faces[]).embedding.f32 | length / 4 * 3 / 4 | floor' "$work/embedded")
    jq -r '.faces[].embedding.f32' "$work/embedded" | base64 -d | od -An -v -t f4 -w$((dim * 4))
}
vectors fp32 "$@" >"$work/fp32"
vectors bf16 "$@" >"$work/bf16"
paste "$work/fp32" "$work/bf16" | awk '
    {
        dot = 0 # of unit vectors
        for (i = 1; i <= NF / 2; i++)
            dot += $i * $(i + NF / 2)
        least = NR == 1 || dot < least ? dot : least
        sum += dot
    }
    END { printf "%d faces: least cosine %.6f, mean %.6f\n", NR, least, sum / NR }'
