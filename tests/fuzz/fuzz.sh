#!/usr/bin/env bash
# fuzz.sh FUZZER SEEDS FOLDER: runs it for FC_FUZZ_SECONDS (30). What is new goes to FOLDER/corpus, an input that is a
# finding to FOLDER/findings, and the rest of its output to FOLDER/log.
set -euo pipefail
fuzzer=$1 seeds=$2 folder=$3
name=${fuzzer##*/fuzz_}
mkdir -p "$folder"/{corpus,findings,log} "$folder/corpus/$name"
log=$folder/log/$name

# A picture's codec may wait long for its turn where other tests run, too.
"$fuzzer" -max_total_time="${FC_FUZZ_SECONDS:-30}" -timeout=30 -rss_limit_mb=2560 -max_len=131072 -print_final_stats=1 \
    -artifact_prefix="$folder/findings/$name-" "$folder/corpus/$name" "$seeds" >"$log" 2>&1 || {
    status=$?
    tail -n 60 "$log"
    exit $status
}
grep -E 'stat::number_of_executed_units|stat::peak_rss_mb|DONE' "$log"
