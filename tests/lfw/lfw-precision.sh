#!/usr/bin/env bash
# lfw-precision.sh BIN [LFW [FC_EMBED_OPTION...]]: how alike the embeddings of the faces of LFW are that are computed in
# float32 and in bfloat16: the least cosine and the mean. models.yaml has the least as lfw.similarity. Then the same for
# float32 with and without matrix tiles: of the same crops, and of photos in which the faces were found with each.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=${2:-$(dirname "$0")/../../../shared/lfw}
shift $(($# < 2 ? $# : 2))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

plain() { ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16 "$@"; }
"$bin/fc-detect" -r --faces center "$lfw/images" >"$work/faces"
plain "$bin/fc-detect" -r --faces center "$lfw/images" >"$work/plain-faces"
# numbers: the embeddings of records on stdin, a line each
numbers() {
    cat >"$work/embedded"
    local dim
    dim=$(jq -s 'first(.[].faces[]).embedding.f32 | length / 4 * 3 / 4 | floor' "$work/embedded")
    jq -r '.faces[].embedding.f32' "$work/embedded" | base64 -d | od -An -v -t f4 -w$((dim * 4))
}
# alike WHAT FILE FILE
alike() {
    paste "$work/$2" "$work/$3" | awk -v what="$1" '
    {
        dot = a = b = 0
        for (i = 1; i <= NF / 2; i++) {
            dot += $i * $(i + NF / 2)
            a += $i * $i
            b += $(i + NF / 2) * $(i + NF / 2)
        }
        cosine = dot / sqrt(a * b)
        if (NR == 1 || cosine < least) {
            next_least = least
            least = cosine
        } else if (NR == 2 || cosine < next_least) {
            next_least = cosine
        }
        sum += cosine
    }
    END { printf "%s: %d faces: least cosine %.6f (1 - %.1e), the next %.6f, mean %.6f\n",
        what, NR, least, 1 - least, next_least, sum / NR }'
}
"$bin/fc-embed" --precision fp32 "$@" "$work/faces" | numbers >"$work/fp32"
"$bin/fc-embed" --precision bf16 "$@" "$work/faces" | numbers >"$work/bf16"
plain "$bin/fc-embed" --precision fp32 "$@" "$work/faces" | numbers >"$work/plain"
plain "$bin/fc-embed" --precision fp32 "$@" "$work/plain-faces" | numbers >"$work/plain-photos"
alike 'float32 and bfloat16' fp32 bf16
alike 'float32 with and without tiles' fp32 plain
alike 'the same, found with and without' fp32 plain-photos
