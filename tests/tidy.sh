#!/usr/bin/env bash
# tidy.sh CLANG-TIDY BUILD: what .clang-tidy asks for holds in lib/base, lib/match, and what the tools share. Of a build by
# gcc or clang without sanitizers; another compiler's flags are not clang's.
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 2; }
cd "$(dirname "$0")/.."
[[ $("$1" --version) == *"version 14."* ]] || { echo "another version has other opinions"; exit 77; }
printf '%s\n' lib/base/*.c lib/match/[a-r]*.c lib/plot/{names,sheet}.c lib/models/describe.c cmd/kit/*.c cmd/model_*.c \
    cmd/fc-{draw,model}.c | xargs -P "$(nproc)" -n 1 "$1" -p "$2" --quiet 2>/dev/null
