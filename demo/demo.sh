#!/usr/bin/env bash
# demo.sh BIN OUT: the main job on the sample photos, with the programs in BIN. A table on the screen, annotated
# pictures in the folder OUT.
set -euo pipefail
bin=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
PATH=$bin:$PATH
cd "$(dirname "$0")/../tests/data/photos"

# Lines of fc-match -f tsv as a table.
table() {
    awk -F '\t' '
        function base(path) { sub(/.*\//, "", path); return path }
        NR == 1 {
            for (i = 1; i <= NF; i++) at[$i] = i
            printf "  %-25s %-21s %4s  %10s  %-8s  %6s\n", "reference", "probe", "face", "similarity", "verdict", "ms"
            next
        }
        {
            ms = $at["decode_ms"] + $at["detect_ms"] + $at["align_ms"] + $at["embed_ms"] + $at["match_ms"]
            printf "  %-25s %-21s %4d  %10.3f  %-8s  %6.1f\n", base($at["ref"]), base($at["probe"]), $at["face"],
                $at["similarity"], $at["match"] == "true" ? "match" : "no match", ms
        }'
}

# fc-match says "no match" with exit status 1, which is an answer and no failure.
match() {
    fc-match -q "$@" || [ $? -eq 1 ]
}

echo "== one portrait in two prints, then someone else; a match is 0.45 or more"
match -f tsv grace_hopper_512x512.jpg grace_hopper.jpg astronaut.png | table

echo "== the faces of a group photo"
fc-detect -f tsv sample1.jpg | awk -F '\t' '
    NR == 1 { printf "  %-25s %4s  %5s %5s %5s %5s  %7s\n", "photo", "face", "x", "y", "w", "h", "score"; next }
    { printf "  %-25s %4d  %5.0f %5.0f %5.0f %5.0f  %7.5f\n", $1, $2, $3, $4, $5, $6, $7 }'

echo "== who of another group is in it? the best face of sample3.jpg against all of sample1.jpg"
match -f tsv sample3.jpg sample1.jpg | table

echo "== a picture without a face is a normal answer, not an error"
fc-detect 640px-IceBlockNearJoekullsarlon.jpg | cut -c 1-100 | sed 's/^/  /'

match sample3.jpg sample1.jpg | fc-draw -o "$out/match.jpg"
fc-detect sample1.jpg sample3.jpg | fc-draw -o "$out"
echo "== annotated pictures"
for picture in "$out"/*.jpg; do
    echo "  ${2%/}/${picture##*/}"
done
