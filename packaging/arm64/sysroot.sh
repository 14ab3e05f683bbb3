#!/usr/bin/env bash
# sysroot.sh DIRECTORY: unpacks Debian 12's arm64 packages that facecheck and its tests are linked with into a new directory,
# for a cross compiler and qemu-user. Nothing is installed on this machine, and no program of the packages runs.
# Wants mmdebstrap, and to be run as root.
set -euo pipefail

packages=(
    libc6-dev libstdc++-12-dev libgomp1
    libdnnl-dev libjpeg62-turbo-dev libpng-dev libexif-dev libtiff-dev libwebp-dev libopenjp2-7-dev libheif-dev libseccomp-dev zlib1g-dev libcairo2-dev
    libopencv-dev
    libjansson-dev libsodium-dev nettle-dev libyaml-dev libzip-dev libsqlite3-dev libutf8proc-dev libmicrohttpd-dev libmosquitto-dev libcurl4-gnutls-dev
    libcmocka-dev libtorch-dev
)

if [ $# -ne 1 ] || [[ $1 == -* ]]; then
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
    exit 2
fi
if [ -e "$1" ]; then
    printf 'sysroot.sh: %s is there\n' "$1" >&2
    exit 2
fi
root=$(realpath -m "$1")
trap 'rm -rf "$root.new"' EXIT

mmdebstrap --quiet --architectures=arm64 --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --include="${packages[*]}" bookworm "$root.new" </dev/null

# What the packages' scripts would do: the linear algebra that others are linked with is one of several.
libraries=$root.new/usr/lib/aarch64-linux-gnu
for name in blas lapack; do
    ln -s "$name/lib$name.so.3" "$libraries/lib$name.so.3"
done
# Links from the root on would lead a linker to this machine's libraries.
find "$root.new/usr/lib" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    ln -sfnr "$root.new$(readlink "$link")" "$link"
done
mv "$root.new" "$root"
