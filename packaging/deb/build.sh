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

cmake --preset package -S "$source" -B "$build"
cmake --build "$build" -j "$(nproc)"
mkdir -p "$out"
rm -rf "$build/_CPack_Packages"
(cd "$build" && cpack -B "$build/packages")
mv "$build"/packages/*.deb "$out"
ls -l "$out"
