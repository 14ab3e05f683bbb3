#!/usr/bin/env bash
# kernels.sh BUILD [PROCESSOR [OBJDUMP NM]]: code for a level of lib/base/cpu.h is in the files for that level alone, and none of it can stand in for
# another file's: a weak symbol would.
set -euo pipefail
cd "$1"
processor=${2-x86_64} objdump=${3-objdump} nm=${4-nm}
status=0
files=0

complain() {
    printf '%s: %s\n' "$1" "$2"
    status=1
}

while IFS= read -r object; do
    code=$("$objdump" -d --no-show-raw-insn "$object")
    case $processor:$object in
    aarch64:*_neon.c.o)
        files=$((files + 1))
        grep -qE '\<v[0-9]+\.4s' <<<"$code" || complain "$object" "no vectors"
        ;;
    aarch64:*_neon_dot.c.o)
        files=$((files + 1))
        grep -qw sdot <<<"$code" || complain "$object" "no products of bytes"
        ;;
    aarch64:*) # NEON, which every file may use
        ! grep -qwE '[su]dot' <<<"$code" || complain "$object" "products of bytes"
        ;;
    *_avx2.c.o | *_avx2_vnni.c.o | *_avx512.c.o | *_avx512vl.c.o | *_avx512_vnni.c.o | *_avx512_bf16.c.o | *_amx.c.o)
        files=$((files + 1))
        weak=$("$nm" --defined-only "$object" | grep -E ' [WwVvu] ' || true)
        [ -z "$weak" ] || complain "$object" "weak symbols: $weak"
        registers=$(case $object in *_avx2.c.o | *_avx2_vnni.c.o) echo '%ymm' ;; *_avx512vl.c.o) echo '%ymm[123][0-9]' ;; *) echo '%zmm' ;; esac)
        grep -q "$registers" <<<"$code" || complain "$object" "no vectors in $registers"
        ;;
    *)
        ! grep -qE '%[yz]mm|%tmm' <<<"$code" || complain "$object" "vectors of more than 16 bytes"
        ;;
    esac
done < <(grep -o ' -o lib/[^ ]*\.o' compile_commands.json | cut -c 5- | sort)
[ "$files" -ge "$([ "$processor" = aarch64 ] && echo 8 || echo 17)" ] || complain . "only $files kernels for a level"
exit $status
