#!/usr/bin/env bash
# look.sh DEBS: packages as packaging/deb/build.sh makes them: their names, what is in which, and what lintian says.
set -euo pipefail
source=$(realpath "$(dirname "$0")/../..")
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    printf 'look.sh: %s\n' "$*" >&2
    exit 1
}
field() {
    dpkg-deb -f "$1"_*.deb "$2"
}
has() { # PACKAGE PATH...
    local path
    for path in "${@:2}"; do
        grep -qxE -- "\./$path" "$work/$1" || fail "$1 has no $path"
    done
}
# Programs, ELF files that are no libraries, can be run by all, and nothing else can.
modes() { # PACKAGE
    local file mode want
    dpkg-deb -x "$1"_*.deb "$work/tree"
    while read -r file; do
        mode=$(stat -c %a "$file") want=644
        if [ "$(head -c 4 "$file" | tr -d '\0')" = $'\x7fELF' ] && [[ $file != *.so* ]]; then
            want=755
        fi
        [ "$mode" = "$want" ] || fail "$1: ${file#"$work/tree"} has mode $mode, not $want"
    done < <(find "$work/tree" -type f)
    rm -r "$work/tree"
}

for deb in *.deb; do
    dpkg-deb -f "$deb" Package
done | sort >"$work/names"
diff "$work/names" - <<END
facecheck
facecheck-camera
facecheck-models
facecheck-opencv
facecheck-serve
facecheck-torch
facecheck-video
libfacecheck-dev
libfacecheck0.1
END
while read -r name; do
    dpkg-deb -c "${name}"_*.deb | awk '{ print $6 }' >"$work/$name"
    grep -v '/$' "$work/$name" >>"$work/all"
    has "$name" "usr/share/doc/$name/copyright" "usr/share/doc/$name/changelog.Debian.gz"
    dpkg-deb -c "${name}"_*.deb | awk '$2 != "root/root" { exit 1 }' || fail "$name: not all files are root's"
    ! grep -E '/man/.*[0-9]$' "$work/$name" || fail "$name: a manual page is not compressed"
    modes "$name"
    # what is stated, in KiB: the bytes of its files, and at most one more for each name
    stated=$(field "$name" Installed-Size)
    dpkg-deb -c "${name}"_*.deb | awk -v stated="$stated" '/^-/ { bytes += $3 } END {
        exit !(stated >= bytes / 1024 && stated <= bytes / 1024 + NR) }' || fail "$name: Installed-Size is $stated"
done <"$work/names"
[ -z "$(sort "$work/all" | uniq -d)" ] || fail "in two packages: $(sort "$work/all" | uniq -d)"
lib='usr/lib/[^/]*'
has libfacecheck0.1 "$lib/libfacecheck.so.0.1" "$lib/facecheck/facecheck-formats.so" "$lib/facecheck/facecheck-heif.so" \
    "$lib/facecheck/facecheck-sandbox"
has libfacecheck-dev "$lib/libfacecheck.so" "$lib/pkgconfig/facecheck.pc" usr/include/facecheck.h usr/share/man/man3/libfacecheck.3.gz
has facecheck usr/bin/facecheck usr/bin/fc-detect usr/libexec/facecheck/fc-match usr/share/man/man1/facecheck-match.1.gz \
    usr/share/man/man5/facerecord.5.gz usr/share/bash-completion/completions/facecheck
has facecheck-opencv "$lib/facecheck/facecheck-opencv.so" "$lib/facecheck/facecheck-dnn.so" "$lib/facecheck/facecheck-grabcut.so"
has facecheck-torch "$lib/facecheck/facecheck-torch.so" usr/bin/fc-finetune usr/share/man/man1/fc-finetune.1.gz
has facecheck-video "$lib/facecheck/facecheck-video.so"
has facecheck-camera "$lib/facecheck/facecheck-camera.so"
has facecheck-serve usr/bin/fc-serve usr/share/man/man1/fc-serve.1.gz 'usr/lib/systemd/system/facecheck.service'
has facecheck-models usr/share/facecheck/models/models.yaml usr/share/facecheck/models/mobilefacenet.safetensors
for name in cache cat conflist list match pattern query scan validate; do
    ! grep -qxE "./usr/(bin/fc-$name|share/man/man1/fc-$name.1.gz)" "$work/all" || fail "fc-$name hides a program of fontconfig"
done
[ "$(field facecheck-models Architecture)" = all ]
version=$(field facecheck Version)
for name in facecheck libfacecheck-dev facecheck-opencv facecheck-torch facecheck-video; do
    field "$name" Depends | grep -qF "libfacecheck0.1 (= $version)" || fail "$name: depends on $(field "$name" Depends)"
done
field facecheck-serve Depends | grep -qF "facecheck (= $version)" || fail 'facecheck-serve does not depend on facecheck'
# what is heavy is where it belongs
for name in facecheck libfacecheck0.1 facecheck-serve; do
    ! field "$name" Depends | grep -E 'opencv|torch|libav(codec|format)' || fail "$name has a heavy dependency"
done
! field facecheck-video Depends | grep libavdevice || fail 'facecheck-video depends on what cameras want'
grep -q "^facecheck ($version) " "$source/packaging/deb/changelog" || fail "the changelog has another version than $version"
command -v lintian >/dev/null || fail 'lintian is not there'
lintian --no-cfg --fail-on error,warning ./*.deb 2>&1 | grep -v 'running with root privileges' >"$work/lintian" || true
! grep -E '^[EW]:' "$work/lintian" || fail 'lintian'
echo 'the packages are right'
