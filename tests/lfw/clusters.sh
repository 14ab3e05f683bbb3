#!/usr/bin/env bash
# clusters.sh BIN LFW: how well fc-cluster puts the photos of Labeled Faces in the Wild together that show one person, without
# their names: precision and recall over pairs of photos, by method and threshold. LFW has a folder for each person.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=$2
faces=$(mktemp)
trap 'rm -f "$faces"' EXIT
"$bin/fc-embed" -q --faces center -r "$lfw" >"$faces" || [ $? -eq 3 ]

printf '%-11s %9s %6s %9s %7s %10s %10s %8s\n' method threshold links clusters alone precision recall F1
for method in whispers components; do
    for threshold in 0.45 0.50 0.55 0.60 0.65 0.70 ""; do
        for links in 32; do
            "$bin/fc-cluster" -q -f tsv --by "$method" ${threshold:+--threshold "$threshold"} --links "$links" "$faces" |
                awk -F '\t' -v method="$method" -v threshold="${threshold:-default}" -v links="$links" '
                    function pairs(n) { return n * (n - 1) / 2 }
                    NR > 1 {
                        split($2, part, "/"); m = split($2, part, "/"); person = part[m - 1]
                        of[person]++
                        if ($1 == "") { alone++; next }
                        size[$1]++; both[$1 "\t" person]++
                    }
                    END {
                        for (p in of) truth += pairs(of[p])
                        for (c in size) { n++; found += pairs(size[c]) }
                        for (b in both) right += pairs(both[b])
                        precision = found ? right / found : 1; recall = right / truth
                        printf "%-11s %9s %6d %9d %7d %9.2f%% %9.2f%% %8.4f\n", method, threshold, links, n, alone,
                            100 * precision, 100 * recall, 2 * precision * recall / (precision + recall)
                    }'
        done
    done
done
