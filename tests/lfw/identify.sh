#!/usr/bin/env bash
# identify.sh BIN [LFW [OPTION...]]: how often the right person of a gallery is found on LFW, and how often a stranger is
# taken for one. People with at least 5 pictures are enrolled with the first 3 of them; probes are their other pictures,
# and all pictures of as many people who are not enrolled. OPTION...: for the tools that embed.
# Fails unless rank-1 is at least 98.5 %, at FPIR 1 % FNIR at most 4 %, and k-NN with k = 3 as good as the nearest.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=${2:-$(dirname "$0")/../../../shared/lfw}
shift $(($# < 2 ? $# : 2))
if [ ! -d "$lfw/images" ]; then
    echo "skipped: no $lfw/images"
    exit 77
fi
lfw=$(realpath "$lfw")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# People and how many pictures each has; then three lists of pictures.
(cd "$lfw/images" && printf '%s\n' */*.jpg) | LC_ALL=C sort >"$work/pictures"
awk -F / -v dir="$work" '
    { count[$1]++; if (count[$1] == 1) name[n++] = $1; picture[$1, count[$1]] = $0 }
    END {
        for (i = 0; i < n; i++)
            if (count[name[i]] >= 5) known[nknown++] = name[i]; else rest[nrest++] = name[i]
        for (i = 0; i < nknown; i++) {
            for (k = 1; k <= count[known[i]]; k++)
                print picture[known[i], k] > (dir (k <= 3 ? "/enrolled" : "/known"))
            stranger = rest[int(i * nrest / nknown)]
            for (k = 1; k <= count[stranger]; k++)
                print picture[stranger, k] > (dir "/strangers")
        }
    }' "$work/pictures"

while read -r picture; do
    mkdir -p "$work/people/${picture%/*}"
    ln -s "$lfw/images/$picture" "$work/people/$picture"
done <"$work/enrolled"

# The person is in the middle of each picture; others may be around.
"$bin/fc-enroll" -q -g "$work/gallery" --from-dirs "$work/people" --faces center "$@" >/dev/null
for list in known strangers; do
    sed "s|^|$lfw/images/|" "$work/$list" |
        "$bin/fc-embed" --files-from - --faces center "$@" >"$work/$list.jsonl"
done
echo "$(($(wc -l <"$work/enrolled") / 3)) people enrolled with 3 pictures each; probes: $(wc -l <"$work/known") of them," \
    "$(wc -l <"$work/strangers") of as many strangers"

# Lines "KNOWN NAME ANSWER SCORE" from the table of one way to answer: the answer is field 5, its score field 6.
answers() {
    local list
    for list in known strangers; do
        "$bin/fc-match" "$@" -f tsv --no-timings "$work/$list.jsonl" | awk -F '\t' -v known="$list" '
            NR > 1 { n = split($1, part, "/"); printf "%s\t%s\t%s\t%s\n", known, part[n - 1], $5, $6 }' || true
    done
}

# The figures of such lines. The threshold is the least that takes at most 1 % of the strangers for somebody.
measure() {
    sort -t "$(printf '\t')" -k 4,4gr | awk -F '\t' -v way="$1" '
        { known[NR] = $1 == "known"; right[NR] = $2 == $3; score[NR] = $4 }
        $1 == "known" { probes++; first += $2 == $3 }
        $1 != "known" { strangers++ }
        END {
            allowed = int(strangers * 0.01)
            threshold = -1
            for (i = 1; i <= NR; i++)
                if (!known[i] && ++taken > allowed) { threshold = score[i] + 1e-6; break }
            taken = 0
            for (i = 1; i <= NR; i++)
                if (score[i] >= threshold) { if (known[i]) found += right[i]; else taken++ }
            printf "%-18s rank-1 %.2f %% (%d of %d), threshold %.3f: FPIR %.2f %% (%d of %d), FNIR %.2f %% (%d)\n", way,
                100 * first / probes, first, probes, threshold, 100 * taken / strangers, taken, strangers,
                100 * (1 - found / probes), probes - found
        }'
}

for fuse in max mean top3; do
    answers -g "$work/gallery" -k 1 --fuse $fuse | measure "gallery, $fuse" | tee -a "$work/results"
done
"$bin/fc-knn-train" -g "$work/gallery" -k 3 -o "$work/knn" >"$work/trained"
answers --knn "$work/knn" | measure "k-NN, k = 3" | tee -a "$work/results"
sed 's/^/    fc-knn-train: /' "$work/trained" | head -4

awk '
    { for (i = 1; i <= NF; i++) { if ($i == "rank-1") first = $(i + 1); if ($i == "FNIR") missed = $(i + 1) } }
    /^gallery, max/ { best = first; bad = first < 98.5 || missed > 4 }
    /^k-NN/ && (first < best) { bad = 1 }
    END { if (bad) print "not as good as it has to be"; exit bad }' "$work/results"
