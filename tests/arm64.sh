#!/usr/bin/env bash
# arm64.sh FOLDER [CTEST ARGUMENT...]: cross-builds facecheck for Debian 12 arm64 and runs its tests under qemu-user. FOLDER
# gets Debian's arm64 packages (packaging/arm64/sysroot.sh) if it is not there; delete it to have them anew.
# Wants a Debian 12 machine and root, or the packages below and an emulator that the kernel starts for arm64's programs.
# All tests take hours: an emulator is some ten times slower than a machine.
set -euo pipefail

if [ $# -lt 1 ] || [[ $1 == -* ]]; then
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
    exit 2
fi
FC_ARM64_ROOT=$(realpath -m "$1")
export FC_ARM64_ROOT QEMU_LD_PREFIX=$FC_ARM64_ROOT
shift
cd "$(dirname "$0")/.."

packages=(gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static binfmt-support mmdebstrap)
if ! dpkg-query -W "${packages[@]}" >/dev/null 2>&1; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}" </dev/null
fi

# The kernel is told of the emulator where no init system did.
emulator() {
    [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]
}
if ! emulator; then
    mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || true
    update-binfmts --enable qemu-aarch64 || true
fi
if ! emulator; then
    printf 'arm64.sh: the kernel starts no emulator for programs of arm64 (binfmt_misc)\n' >&2
    exit 77
fi

[ -e "$FC_ARM64_ROOT" ] || packaging/arm64/sysroot.sh "$FC_ARM64_ROOT"
cmake --preset arm64 -DBUILD_TESTING=ON
cmake --build --preset arm64 -j "$(nproc)"
ctest --preset arm64 -j "$(nproc)" "$@"
