#!/usr/bin/env bash
# fpir.sh BIN [LFW [OPTION...]]: of strangers to galleries of 10, 100, 1,000 and 4,000 random people of LFW, what share gets
# a name where 1 % was asked for: at the threshold that a cohort gives, and at that of the model's curve. Five draws of
# each size; each enrols one picture a person, and halves the other people: the cohort, and the strangers. Sizes that leave
# fewer than 300 strangers' pictures are passed over. OPTION...: for fc-eval, such as --cache DIR.
# Fails where the rate asked for is below the 95 % interval of the five draws together.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 lfw=${2:-$(dirname "$0")/../../../shared/lfw}
shift $(($# < 2 ? $# : 2))
if [ ! -d "$lfw/images" ]; then
    echo "skipped: no $lfw/images"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
asked=0.01 bad=0

# The 95 % interval of k of n (Clopper and Pearson), in percent, by bisection.
interval() {
    awk -v k="$1" -v n="$2" '
        function below(k, n, p,   i, term, sum) { # P(X <= k); terms by logarithms
            term = n * log(1 - p); sum = exp(term)
            for (i = 1; i <= k; i++) { term += log(n - i + 1) - log(i) + log(p) - log(1 - p); sum += exp(term) }
            return sum
        }
        BEGIN {
            low = 0; high = 1
            for (i = 0; k > 0 && i < 60; i++) { m = (low + high) / 2; if (1 - below(k - 1, n, m) < 0.025) low = m; else high = m }
            first = low; low = 0; high = 1
            for (i = 0; k < n && i < 60; i++) { m = (low + high) / 2; if (below(k, n, m) > 0.025) low = m; else high = m }
            printf "%.2f %.2f", 100 * first, 100 * high
        }'
}

row='%-7s %-7s %-7s %9s %7s  %-22s %9s\n'
# shellcheck disable=SC2059
printf "$row" people draw by threshold cohort 'FPIR, 95 % interval' 'FNIR, %'
for people in 10 100 1000 4000; do
    : >"$work/all"
    for seed in 1 2 3 4 5; do
        "$bin/fc-eval" identify --root "$lfw/images" --cache "$work/cache" -q --enroll 1 --min-images 1 --enrolled $people \
            --fpir $asked --strangers 1000000 --seed $seed -f json "$@" >"$work/report"
        enough=$(jq ".protocol.enrolled == $people and .protocol.probes_of_strangers >= 300" "$work/report")
        if [ "$enough" = false ]; then
            echo "$people people: this set has too few others"
            break
        fi
        jq -r --argjson s $seed '.asked[] | [$s, .by, .threshold, .cohort, .named, .strangers, .missed, .probes] | @tsv' \
            "$work/report" >>"$work/all"
    done
    for by in cohort curve; do
        [ "$enough" = true ] || continue
        awk -v by=$by '$2 == by { print; k += $5; n += $6; m += $7; p += $8 }
            END { print "all", by, "-", "-", k, n, m, p }' "$work/all" >"$work/lines"
        while read -r seed by threshold cohort named strangers missed probes; do
            read -r low high <<<"$(interval "$named" "$strangers")"
            # shellcheck disable=SC2059
            printf "$row" $people "$seed" "$by" "$threshold" "$cohort" \
                "$(awk -v k="$named" -v n="$strangers" -v l="$low" -v h="$high" \
                    'BEGIN { printf "%.2f (%.2f to %.2f)", 100 * k / n, l, h }')" \
                "$(awk -v k="$missed" -v n="$probes" 'BEGIN { printf "%.1f", 100 * k / n }')"
            if [ "$seed" = all ] && awk -v l="$low" -v a=$asked 'BEGIN { exit !(l > 100 * a) }'; then
                bad=1
            fi
        done <"$work/lines"
    done
done
if [ $bad = 1 ]; then
    echo "more strangers get a name than were asked for"
fi
exit $bad
