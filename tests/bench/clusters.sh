#!/usr/bin/env bash
# clusters.sh BIN [FACES [PEOPLE]]: time and memory that fc-cluster takes for so many faces (a million, of 100,000 people), which
# are made up, and whether it finds the people. The records take 1.2 kB a face in TMPDIR, three times over.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 n=${2:-1000000} people=${3:-100000}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
cc -O2 -o "$work/make_faces" "$here/make_faces.c" -lsodium -lm
contract=$("$bin/fc-embed" "$here/../data/photos/grace_hopper.jpg" | jq -r '.faces[0].embedding.model')
"$work/make_faces" "$n" "$people" "$contract" >"$work/faces.jsonl"
printf '%s\n' "$(lscpu | sed -n 's/^Model name: *//p'), $(nproc) threads, $n faces of $people people"
/usr/bin/time -f '%E in all, %M kB at most' "$bin/fc-cluster" -q -f tsv "$work/faces.jsonl" >"$work/out.tsv"
awk -F '\t' '
    function pairs(n) { return n * (n - 1) / 2 }
    NR > 1 { split($2, part, "/"); of[part[1]]++; if ($1 == "") next; size[$1]++; both[$1 "\t" part[1]]++ }
    END {
        for (p in of) truth += pairs(of[p])
        for (c in size) { n++; found += pairs(size[c]) }
        for (b in both) right += pairs(both[b])
        printf "%d clusters; pairs: precision %.4f, recall %.4f\n", n, found ? right / found : 1, right / truth
    }' "$work/out.tsv"
