#!/usr/bin/env bash
# build.sh [OUT [BUILD]]: Debian packages of this tree, to OUT (packages/), built in BUILD (build-package/). The same
# tree gives the same bytes, wherever it lies. ./bootstrap names what the build needs.
set -euo pipefail
out=$(realpath -m "${1:-packages}")
source=$(realpath "$(dirname "$0")/../..")
build=$(realpath -m "${2:-$source/build-package}")
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$source/packaging/deb/changelog" -S Timestamp)
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
umask 022

# state_size PACKAGE: what it takes when it is installed, as dpkg-gencontrol counts it; cpack counts the file that a link leads to,
# once for each link.
state_size() {
    local size
    rm -rf "$build/unpacked"
    dpkg-deb -R "$1" "$build/unpacked"
    size=$(find "$build/unpacked" -mindepth 1 -path '*/DEBIAN' -prune -o -printf '%y %s\n' |
        awk '{ n += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print n }')
    sed -i "s/^Installed-Size: .*/Installed-Size: $size/" "$build/unpacked/DEBIAN/control"
    dpkg-deb --root-owner-group --threads-max=1 -Zxz -b "$build/unpacked" "$1" >/dev/null
}

cmake --preset package -S "$source" -B "$build"
cmake --build "$build" -j "$(nproc)"
mkdir -p "$out"
rm -rf "$build/_CPack_Packages"
(cd "$build" && cpack -B "$build/packages")
for package in "$build"/packages/*.deb; do
    state_size "$package"
    mv "$package" "$out"
done
ls -l "$out"
