#!/bin/sh
# install.sh DEBS PACKAGE...: installs packages from the folder DEBS, with what they need from the system's mirror, and no
# more; Dockerfile and tests/packages/tree.sh run it as root in a Debian 12 that has nothing else.
set -eu
debs=$1
shift
[ $# -gt 0 ]
files=
for package; do
    files="$files $(ls "$debs/${package}"_*.deb)"
done
apt-get -q update
# names of files, one word each
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends $files
apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
