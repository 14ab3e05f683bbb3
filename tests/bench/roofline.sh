#!/usr/bin/env bash
# roofline.sh [BIN [ROUNDS]]: what detection and the networks take on this CPU, and on it held to lesser instruction sets, in
# units in which machines compare: multiples of the floor that fc-bench --layers measures, and operations of the float32 peak.
# All take turns with libtorch and OpenCV's dnn, where they are there, ROUNDS (5) times, and medians are printed. OpenCV runs ONNX files:
# bench_nets writes the networks as such. A row is "failed", and the exit status 1, where an output is not the one that our kernels
# give. Both peers are also held to AVX2, by variables of their own: OpenCV is faster there than with AVX-512. BIN: the tools' folder;
# bench_nets is beside it (cmake --build BUILD --target bench_nets bench_clock). Wants Debian's imagemagick and jq.
# CLOCK=cpu takes the CPU's time of the thread, for a machine that others use, too (P-Net's float32 rows are then up to a
# tenth too long: their steps are short, and that clock is slow to read). LEVELS="AVX2 ..." measures these levels alone.
set -euo pipefail
export FACECHECK_CONFIG=
top=$(realpath "$(dirname "$0")/../..")
bin=$(realpath "${1:-$top/build/bin}")
rounds=${2:-5}
nets=$bin/../tests/bench/bench_nets
convert=$(command -v convert-im6.q16 || command -v convert)
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
cd "$temporary"

"$convert" "$top/tests/data/photos/grace_hopper.jpg" -resize 250x250^ -gravity north -extent 250x250 -quality 92 face.jpg
"$convert" "$top/tests/data/photos/sample1.jpg" -resize 1920x1280 -quality 92 group.jpg

# Levels that this CPU has kernels of its own for, in float32.
levels=()
while read -r level flag; do
    [[ " ${LEVELS:-$level} " == *" $level "* ]] || continue
    ! grep -qw "$flag" /proc/cpuinfo || levels+=("$level")
done <<<$'SSE41 sse4_1\nAVX2 avx2\nAVX2_VNNI avx_vnni\nAVX512_CORE avx512bw\nAVX512_CORE_VNNI avx512_vnni\nAVX512_CORE_AMX amx_bf16'
clock=()
[ "${CLOCK:-}" != cpu ] || clock=("LD_PRELOAD=$bin/../tests/bench/libbench_clock.so")

# add KEY MS FLOOR PEAK: one measurement
add() {
    printf '%s %s %s\n' "$2" "$3" "$4" >>"$1"
}

# layers LEVEL PICTURE: detection of it, and MobileFaceNet in float32
layers() {
    env "${clock[@]}" ONEDNN_MAX_CPU_ISA="$1" "$bin/fc-bench" --layers --precision fp32 --rounds 10 --warmup 2 "$2.jpg" -f json |
        jq -r '.stages[] | "\(.stage) \(.ms) \(.floor // 0) \(.gflop / .ms)"' | while read -r stage ms floor peak; do
        [ "$stage.$2" = embed.group ] || add "$1.$stage.$2" "$ms" "$floor" "$peak"
    done
}

# net KEY NETWORK COMMAND...: a network with made-up weights in float32, in KEY.one and, where several go through at a time, KEY.batch2 and so on;
# KEY.failed is there where that failed
net() {
    local key=$1 network=$2 kind ms floor
    shift 2
    "$@" "$nets" "$network" 10 | awk '$4 == "fp32" {
        kind = $5 == "batch" ? $5 $6 : "one"
        for (i = 1; i < NF; i++) if ($i == "floor") print kind, $(NF - 1), $(i + 1) }' |
        while read -r kind ms floor; do add "$key.$kind" "$ms" "$floor" 0; done || touch "$key.failed"
}

# peer ENGINE MODULE VARIABLE=VALUE...: both networks by it, with the kernels that it chooses and, where that may be others, held to AVX2
peer() {
    local engine=$1 module=$2 network
    shift 2
    [ -e "$bin/../modules/facecheck-$module.so" ] || return 0
    for network in inception_resnet_v1 mobilefacenet; do
        net "$engine.$network" "$network" env "${clock[@]}" FC_ENGINE="$engine"
        ! grep -qw avx512bw /proc/cpuinfo || net "$engine-AVX2.$network" "$network" env "${clock[@]}" "$@" FC_ENGINE="$engine"
    done
}

for ((i = 0; i < rounds; i++)); do
    for level in "${levels[@]}"; do
        layers "$level" face
        layers "$level" group
        [ ! -x "$nets" ] || net "$level.inception" inception_resnet_v1 env "${clock[@]}" ONEDNN_MAX_CPU_ISA="$level"
    done
    [ -x "$nets" ] || continue
    peer torch torch ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2
    peer opencv dnn OPENCV_CPU_DISABLE=AVX512-SKX
done

# row KEY NAME REACH UNIT: medians; UNIT: floor or gflop, which is to be reached
row() {
    if [ -e "${1%.*}.failed" ]; then
        printf '| %-46s | %9s | %7s | %7s | %-14s |\n' "$2" failed - - "$3 $4"
        status=1
        return 0
    fi
    [ -e "$1" ] || return 0
    local column
    for column in 1 2 3; do
        cut -d' ' -f$column "$1" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
    done | paste -sd' ' | awk -v name="$2" -v reach="$3" -v unit="$4" '{
        times = $2 > 0 ? sprintf("%.2f", $1 / $2) : "-"
        gflop = $3 > 0 ? sprintf("%.2f", $1 * $3) : "-"
        printf "| %-46s | %9.2f | %7s | %7s | %-14s |\n", name, $1, times, gflop, reach == "" ? "" : reach " " unit }'
}

grep -m1 'model name' /proc/cpuinfo | sed 's/.*: /CPU: /'
status=0
printf '| %-46s | %9s | %7s | %7s | %-14s |\n' what ms 'x floor' GFLOP 'to reach' --- --- --- --- ---
for level in "${levels[@]}"; do
    row "$level.detect.face" "$level: MTCNN, 250x250" 0.40 GFLOP
    row "$level.detect.group" "$level: MTCNN, 1920x1280" 7.2 GFLOP
    row "$level.embed.face" "$level: MobileFaceNet, fp32" 1.12 'x floor'
    row "$level.inception.one" "$level: InceptionResnetV1, fp32" 1.08 'x floor'
    row "$level.inception.batch8" "$level: InceptionResnetV1, 8 a run" 1.08 'x floor'
done
while read -r key name; do
    row "$key.mobilefacenet.one" "$name: MobileFaceNet, fp32" '' ''
    row "$key.inception_resnet_v1.one" "$name: InceptionResnetV1, fp32" '' ''
done <<<$'torch libtorch\ntorch-AVX2 libtorch, AVX2\nopencv OpenCV\nopencv-AVX2 OpenCV, AVX2'
exit "$status"
