#!/bin/bash
# Photos on their side: what tells such faces from upright ones, and what --turns makes of them. Prints
#   for all photos upright, and for every sixth turned by 90, 180 and 270 degrees, how many have a good face (FC_GOOD_* in
#   lib/facecheck/detect.h), and the misfit and the score that most of the best faces have;
#   for one photo each of 150 people, turned, whether it is found and how like another photo of the same person it is,
#   without and with --turns, beside the similarity of the upright photo.
# lfw-turns.sh LFW [WORK]: LFW has a folder of photos for each person. The tools are first on PATH; convert and jq too.
set -euo pipefail
export FACECHECK_CONFIG=
root=$(cd "${1:?usage: lfw-turns.sh LFW [WORK]}" && pwd)
work=${2:-$(mktemp -d)}
mkdir -p "$work"
cd "$work"

# shellcheck disable=SC2016 # these are jq's variables
misfit='
def template: [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];
def centred: . as $p | (map(.[0]) | add / 5) as $x | (map(.[1]) | add / 5) as $y | map([.[0] - $x, .[1] - $y]);
def sum(f): reduce .[] as $v (0; . + ($v | f));
def misfit: (.landmarks | centred) as $p | (template | centred) as $q
    | ([range(5) | [$p[.], $q[.]]] | sum(.[0][0] * .[1][0] + .[0][1] * .[1][1])) as $re
    | ([range(5) | [$p[.], $q[.]]] | sum(.[0][0] * .[1][1] - .[0][1] * .[1][0])) as $im
    | ($p | sum(.[0] * .[0] + .[1] * .[1])) as $s | ($q | sum(.[0] * .[0] + .[1] * .[1])) as $t
    | ([($t - ($re * $re + $im * $im) / $s) / 5, 0] | max | sqrt);
'

# figures NAME: records on stdin.
figures() {
    jq -c "$misfit"' [(.faces // [])[] | [misfit, .score]]' | jq -rs --arg name "$1" '
        length as $n | map(select(length > 0)) as $found
        | ([.[] | select(any(.[]; .[0] <= 9 and .[1] >= 0.99))] | length) as $good
        | ($found | map(.[0][0]) | sort) as $m | ($found | map(.[0][1]) | sort) as $s
        | def at($a; $k): $a[($k * ($a | length) | floor)];
        "\($name)\t\($n) photos\t\($found | length) with a face\t\($good) good\tmisfit: half up to \(at($m; .5)
        * 100 | round / 100), 99.5 % up to \(at($m; .995) * 100 | round / 100)\tscore: half from \(at($s; .5)), 99.5 % from \(at($s; .005))"'
}

find "$root" -name '*.jpg' | sort >all
fc-detect -q --files-from all | figures upright
for turn in 90 180 270; do
    mkdir -p "turned/$turn"
    awk 'NR % 6 == 1' all | while read -r photo; do
        convert "$photo" -rotate "$turn" -define png:compression-level=1 "turned/$turn/$(basename "$photo" .jpg).png"
    done
    fc-detect -q "turned/$turn" | figures "turned by $turn"
done

find "$root" -name '*_0002.jpg' | sort | awk 'NR % 3 == 1' | head -n 150 >second
while read -r photo; do
    other=${photo/_0002.jpg/_0001.jpg}
    [ -e "$other" ] || continue
    convert "$photo" -rotate 90 -define png:compression-level=1 side.png
    one() { fc-match -q --no-timings --faces best "$@" | jq -rs 'map(.similarity) | map(select(. != null)) | if length > 0 then max else "none" end'; }
    printf '%s\t%s\t%s\n' "$(one "$other" "$photo")" "$(one "$other" side.png)" "$(one --turns "$other" side.png)"
done <second | awk -F '\t' '
    { n++ }
    function count(k, v) { if (v == "none") none[k]++; else { found[k]++; sum[k] += v; above[k] += v >= 0.45 } }
    { count(1, $1); count(2, $2); count(3, $3) }
    END {
        split("upright;turned by 90;turned by 90, --turns", name, ";")
        for (k = 1; k <= 3; k++)
            printf "%s\t%d photos\t%d without a face\tmean similarity to the same person %.3f\t%d at 0.45 or more\n",
                name[k], n, none[k], found[k] ? sum[k] / found[k] : 0, above[k]
    }'
