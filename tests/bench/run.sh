#!/usr/bin/env bash
# run.sh [BIN]: the table of speeds and sizes of this machine, beside what is to be reached. BIN: the tools' folder.
# Wants Debian's hyperfine, imagemagick, jq and time. Close other programs first.
set -euo pipefail
export FACECHECK_CONFIG=
top=$(realpath "$(dirname "$0")/../..")
bin=$(realpath "${1:-$top/build/bin}")
photos=$top/tests/data/photos
lfw=$top/../shared/lfw
convert=$(command -v convert-im6.q16 || command -v convert)
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
cd "$temporary"

# The median of the numbers on stdin, after the first ten.
median() {
    tail -n +11 | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# stage STAGE LIST TOOL OPTION...: median milliseconds of the stage over the pictures in LIST, on one thread.
stage() {
    local stage=$1 list=$2
    shift 2
    "$@" -j1 --timings --files-from "$list" | jq ".ms.$stage" | median
}

# Lines of that number, all NAME.
times() {
    for ((i = 0; i < $1; i++)); do echo "$2"; done
}

row() {
    printf '| %-46s | %12s | %12s |\n' "$@"
}

"$convert" "$photos/grace_hopper.jpg" -resize 250x250^ -gravity north -extent 250x250 -quality 92 face.jpg
"$convert" "$photos/sample1.jpg" -resize 1920x1280 -quality 92 group.jpg
times 60 group.jpg >groups
times 200 face.jpg >faces
if [ -d "$lfw/images" ]; then
    find "$lfw/images" -name '*.jpg' | sort | awk 'NR % 20 == 0' >faces # 250x250 photos
fi
bf16=$(grep -qw avx512_bf16 /proc/cpuinfo && echo yes || echo no)

grep -m1 'model name' /proc/cpuinfo | sed 's/.*: /CPU: /'
row what 'to reach' measured
row '---' '---' '---'
row 'MTCNN, 250x250 photo' '4 ms' "$(stage detect faces "$bin/fc-detect") ms"
row 'MTCNN, 1920x1280 photo, min face 20' '50 ms' "$(stage detect groups "$bin/fc-detect") ms"
row 'MobileFaceNet, one face, fp32' '2.8 ms' "$(stage embed faces "$bin/fc-embed" --faces largest --precision fp32) ms"
if [ "$bf16" = yes ]; then
    row 'MobileFaceNet, one face, bf16' '1.6 ms' "$(stage embed faces "$bin/fc-embed" --faces largest --precision bf16) ms"
fi
# Built by hand: cmake --build BUILD --target bench_nets
nets=$bin/../tests/bench/bench_nets
if [ -x "$nets" ]; then
    # net_median NAME PRECISION ENGINE
    net_median() {
        FC_ENGINE=$3 "$nets" "$1" 50 | awk -v p="$2" '$4 == p && $5 != "batch" { print $(NF - 1) }'
    }
    # net_memory NAME ENGINE: MB at most, of both precisions together
    net_memory() {
        BENCH_NO_FLOOR=1 FC_ENGINE=$2 /usr/bin/time -o rss -f %M "$nets" "$1" 3 >/dev/null
        awk '{ printf "%.0f", $1 / 1000 }' rss
    }
    torch=$([ -e "$bin/../modules/facecheck-torch.so" ] && echo yes || echo no)
    for precision in fp32 bf16; do
        [ "$precision$bf16" = bf16no ] && continue
        reach=$([ $precision = fp32 ] && echo '14 ms' || echo '7.5 ms')
        row "InceptionResnetV1, one face, $precision" "$reach" "$(net_median inception_resnet_v1 $precision onednn) ms"
        if [ "$torch" = yes ]; then
            row "the same by libtorch" '' "$(net_median inception_resnet_v1 $precision torch) ms"
        fi
    done
    row 'InceptionResnetV1, peak memory' '300 MB' "$(net_memory inception_resnet_v1 onednn) MB"
    if [ "$torch" = yes ]; then
        row 'the same by libtorch' '' "$(net_memory inception_resnet_v1 torch) MB"
    fi
fi
hyperfine -N --warmup 5 --runs 40 --export-json cold.json \
    "$bin/fc-match $photos/grace_hopper.jpg $photos/grace_hopper_512x512.jpg" >/dev/null 2>&1
row 'first verdict from two JPEGs, cold process' '150 ms' "$(jq -r '.results[0].median * 1000 | floor' cold.json) ms"
/usr/bin/time -o rss -f %M "$bin/fc-match" "$photos/grace_hopper.jpg" "$photos/grace_hopper_512x512.jpg" >/dev/null
row 'peak memory, two photos' '120 MB' "$(awk '{ printf "%.0f", $1 / 1000 }' rss) MB"
if [ -e "$lfw/pairs.txt" ] && [ -x "$bin/../tests/lfw/lfw_pairs" ]; then
    seconds=$("$top/tests/lfw/lfw-accuracy.sh" "$bin" "$bin/../tests/lfw/lfw_pairs" "$lfw" | tail -n 1)
    row "LFW folds 1-5 (3811 JPEGs), $(nproc) CPUs" '20 s' "$seconds"
fi
