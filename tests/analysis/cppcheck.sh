#!/usr/bin/env bash
# cppcheck.sh CPPCHECK: it finds nothing in the library (but for the kernels) and the tools. What cppcheck.known has is no fault.
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2s/^# \{0,1\}//p' "$0"; exit 2; }
cd "$(dirname "$0")/../.."
[[ $("$1" --version) == *" 2.10"* ]] || { echo "another version has other opinions"; exit 77; }
shopt -s globstar extglob
files=(lib/!(kernels)/*.c cmd/**/*.c)
"$1" -q -j "$(nproc)" --std=c11 --language=c --enable=warning,performance,portability --library=posix --library=gnu \
    --include=tests/analysis/cppcheck.h --suppressions-list=tests/analysis/cppcheck.known --error-exitcode=1 \
    -D_GNU_SOURCE -D__x86_64__ -DFC_MODULE_BUILD_ROOT='""' -DFC_MODULE_BUILD_DIR='""' -DFC_MODULE_LIBDIR='""' -DFC_MODULE_FULL_LIBDIR='""' \
    -Ilib -Icmd -Icmd/kit --template='{file}:{line}: {id}: {message}' "${files[@]}"
