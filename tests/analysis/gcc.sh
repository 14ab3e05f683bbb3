#!/usr/bin/env bash
# gcc.sh GCC BUILD: gcc -fanalyzer finds nothing in the library (but for the kernels, which are loops over vectors, and C++, which it
# does not know). BUILD, by gcc without sanitizers, says how each file is compiled. Leaks are LeakSanitizer's affair: what goes into
# a caller's struct looks lost to the analyzer, and what a function sets through a pointer, where it returns FC_OK, is NULL to it, as to
# clang's (.clang-tidy). What gcc.known has is no fault.
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
gcc=$1 build=$2
cd "$(dirname "$0")/../.."
[[ $("$gcc" -dumpversion) == 12* ]] || { echo "another version has other opinions"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

jq -r '.[] | select((.file | test("/lib/.*\\.c$")) and (.file | test("/kernels/|/base/error\\.c$") | not))
    | "cd \(.directory) && GCC \(.command | sub("^[^ ]+ "; "") | gsub(" -o [^ ]+"; ""))"' "$build/compile_commands.json" |
    sort -u >"$scratch/commands"
[ "$(wc -l <"$scratch/commands")" -gt 100 ]
sed -E "s|&& GCC |\&\& $gcc -include $PWD/tests/analysis/analyzer.h -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-null-dereference -Wno-int-in-bool-context -Wno-unused-value |
    s|\$| -O1 -Wno-error -o /dev/null -fno-diagnostics-show-caret -fdiagnostics-path-format=none|" "$scratch/commands" |
    tr '\n' '\0' | xargs -0 -P "$(nproc)" -n 1 bash -c >"$scratch/found" 2>&1 || true
grep -E ': (warning|error|fatal error):|internal compiler error' "$scratch/found" | sed "s|^.*/lib/|lib/|; s|^\(\.\./\)*||" | sort -u |
    grep -vEf <(sed '/^#/d; /^$/d' tests/analysis/gcc.known) || exit 0
exit 1
