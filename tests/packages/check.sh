#!/usr/bin/env bash
# check.sh [WORK]: packages made of this tree twice, of two copies in two folders, are the same bytes; lintian finds no error;
# their names, and what must be in them; then tree.sh. As root. WORK (packages-work/) is made anew.
set -euo pipefail
source=$(realpath "$(dirname "$0")/../..")
work=$(realpath -m "${1:-packages-work}")
[ ! -e "$work" ] || { printf 'check.sh: %s is there already\n' "$work" >&2; exit 2; }
for n in 1 2; do
    mkdir -p "$work/src$n"
    git -C "$source" ls-files -z | (cd "$source" && xargs -0 cp -P --parents -t "$work/src$n")
    "$work/src$n/packaging/deb/build.sh" "$work/debs$n" >"$work/log$n" 2>&1 || { tail "$work/log$n"; exit 1; }
done
diff <(cd "$work/debs1" && sha256sum ./*.deb) <(cd "$work/debs2" && sha256sum ./*.deb)
echo 'built twice: the same bytes'
"$source/tests/packages/look.sh" "$work/debs1"
"$source/tests/packages/tree.sh" "$work/debs1" "$work/tree"
