#!/usr/bin/env bash
# includes.sh CC: the folders of lib/ include downwards only, in the order of lib/CMakeLists.txt; each header compiles
# alone; what is installed does as C11 and as C++17 with all warnings.
set -euo pipefail
cd "$(dirname "$0")/.."
cc=$1
status=0

fail() {
    printf '%s\n' "$*" >&2
    status=1
}

# Names of folders, the lowest first.
mapfile -t folders < <(sed -n 's/^ *add_subdirectory(\(.*\))$/\1/p' lib/CMakeLists.txt)
[ "${#folders[@]}" -gt 5 ]
declare -A level
for i in "${!folders[@]}"; do
    level[${folders[i]}]=$i
done
for folder in lib/*/; do
    folder=$(basename "$folder")
    [ "$folder" = facecheck ] || [ -n "${level[$folder]-}" ] || fail "lib/$folder/ is not in lib/CMakeLists.txt"
done

while IFS=: read -r file include; do
    from=${file#lib/} from=${from%%/*}
    to=${include#*\"} to=${to%%/*}
    [ -n "${level[$to]-}" ] || continue
    [ "${level[$to]}" -le "${level[$from]}" ] || fail "$file includes $to/, which is above $from/"
done < <(grep -roE --include='*.[ch]' --include='*.cpp' '#include "[a-z0-9_]+/' lib/*/)
! grep -rnE --include='*.[ch]' --include='*.cpp' '#include "(\.\./)*((cmd|kit)/|(ending|face_options|isa|items|option_parts|option_rows|options|output|progress|say|source_options)\.h)' lib || fail "lib/ includes cmd/"
# Standard output, the environment and the end of the process belong to the tools.
! grep -rnE --include='*.c' --include='*.h' --include='*.cpp' \
    '(^|[^_a-z.>])(printf|puts|putchar|exit|abort|getenv|setenv|putenv) ?\(' lib || fail "lib/ prints, exits or reads the environment"

# A kernel is no header, but a body that a file for an instruction set includes.
read -ra cairo <<<"$(pkg-config --cflags cairo)"
while read -r header; do
    case $header in
    *_kernel.h | *_tile.h) continue ;;
    esac
    "$cc" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Ilib "${cairo[@]}" -fsyntax-only -x c "$header" ||
        fail "$header does not compile alone"
done < <(find lib -name '*.h')
for header in lib/facecheck.h lib/facecheck/*.h; do
    "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -Ilib -fsyntax-only -x c "$header" || fail "$header is not C11"
    "$cc" -std=c++17 -Wall -Wextra -Wpedantic -Werror -Ilib -fsyntax-only -x c++ "$header" || fail "$header is not C++17"
    ! grep -nE '#include "(facecheck/)?' "$header" | grep -vE '#include "facecheck/[a-z]+\.h"$' || fail "$header includes what is not installed"
    [ "$header" = lib/facecheck.h ] || grep -q "#include \"${header#lib/}\"" lib/facecheck.h || fail "facecheck.h leaves $header out"
done
exit $status
