#!/usr/bin/env bash
# tree.sh DEBS [TREE]: the packages in DEBS (packaging/deb/build.sh) in a Debian that has nothing but them, in the folder TREE,
# which must not be there yet, as root. The mirror is the system's. Says what they take, and fails above the limit; runs README's
# examples there as nobody, on a root that is mounted read-only; asks for what is not installed; and puts fontconfig beside it.
# It takes some minutes, so ctest does not run it.
# dollars in single quotes are for other programs
# shellcheck disable=SC2016,SC1091
set -euo pipefail
if [ $# -lt 1 ] || [ "$(id -u)" -ne 0 ]; then
    sed -n "2,5s/^# \{0,1\}//p" "$0"
    exit 2
fi
debs=$(realpath "$1") tree=$(realpath -m "${2:-$PWD/packages-tree}")
source=$(realpath "$(dirname "$0")/../..")
most_mb=130
library=$(basename "$debs"/libfacecheck[0-9]*.deb | cut -d_ -f1)
export LC_ALL=C
step() {
    printf '== %s\n' "$*"
}
fail() {
    printf 'tree.sh: %s\n' "$*" >&2
    exit 1
}

# ---- a Debian, with the sources of this one ----

debian_sources() {
    apt-get indextargets --format '$(ORIGIN) $(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $4 == "main" && !seen[$0]++ { print "deb", $2, $3, $4 }'
}
[ ! -e "$tree" ] || fail "$tree is there already"
mkdir -p "$tree"
trap 'umount -q "$tree/proc" || true' EXIT
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
step "debootstrap --variant=minbase $release"
debootstrap --variant=minbase "$release" "$tree" "$(debian_sources | awk -v r="$release" '$3 == r { print $2; exit }')" >"$tree.log" ||
    fail "debootstrap: $(tail -n 3 "$tree.log")"
debian_sources >"$tree/etc/apt/sources.list"
mount -t proc proc "$tree/proc"
mkdir "$tree/debs" "$tree/src"
cp "$debs"/*.deb "$tree/debs"
in_tree() {
    chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"
}
in_tree sh -c 'apt-get -q update && apt-get -q -y dist-upgrade && apt-get clean && rm -rf /var/lib/apt/lists/*' >>"$tree.log" 2>&1
install_packages() {
    cp "$source/packaging/container/install.sh" "$tree/debs"
    in_tree /debs/install.sh /debs "$@" >>"$tree.log" 2>&1 || fail "$*: $(tail -n 5 "$tree.log")"
}
kilobytes() {
    du -skx --exclude=./debs --exclude=./proc "$tree" | cut -f1
}

# ---- what the default installation takes ----

before=$(kilobytes)
in_tree dpkg-query -W -f '${Package}\n' | sort >"$tree.before"
install_packages "$library" facecheck facecheck-models
taken=$((($(kilobytes) - before + 1023) / 1024))
step "$library, facecheck, facecheck-models and all that they need: $taken MB on disk; the largest, in MB:"
in_tree dpkg-query -W -f '${Package} ${Installed-Size}\n' | sort | join -v 1 - "$tree.before" | sort -k2nr | head -n 12 |
    awk '{ printf "%7.1f %s\n", $2 / 1024, $1 }'
[ "$taken" -le "$most_mb" ] || fail "that is above $most_mb MB"

# ---- README there ----

# What README's examples want besides, and what runs them.
step "README's examples, as nobody, on a root that is read-only"
in_tree sh -c 'apt-get -q update && apt-get -q -y install --no-install-recommends bats jq' >>"$tree.log" 2>&1
as_nobody() { # NETWORK COMMAND...: NETWORK is --net for none
    unshare --mount ${1:+"$1"} bash -euc '
        mount --bind "$1" "$1" && cd "$1"
        mount --bind "$2" src && mount -o remount,bind,ro src
        mount -t tmpfs tmpfs tmp && mount -t proc proc proc
        mount -o remount,bind,ro "$1" && cd "$1"
        exec chroot --userspec=65532:65532 . env -i HOME=/tmp LC_ALL=C TMPDIR=/tmp FC_TESTS=/src/tests FC_ARCH=any \
            FC_BIN=/usr/libexec/facecheck PATH=/usr/libexec/facecheck:/usr/bin:/bin "${@:3}"' - "$tree" "$source" "${@:2}"
}
as_nobody --net sh -c '! touch /there 2>/dev/null'
as_nobody --net bats -f 'every example of the first page' /src/tests/cli/readme.bats
for picture in heic-rgb.heic avif-rgb.avif jp2-rgb.jp2 webp-lossy.webp tiff-rgb8.tif; do
    as_nobody --net fc-detect "/src/tests/data/formats/$picture" | grep -q '"w":32,"h":16' || fail "$picture is not read"
done
as_nobody --net sh -c 'fc-detect --sandbox "$1" && fc-detect "$1"' - /src/tests/data/photos/grace_hopper.jpg |
    uniq | awk 'END { exit NR != 1 }' || fail '--sandbox does not give the same'

# ---- what is not there is named ----

says() { # TEXT COMMAND...
    local text=$1 said
    shift
    said=$(as_nobody --net "$@" 2>&1) && fail "$* does not fail"
    [[ $said == *"$text"* ]] || fail "$* does not say '$text' but '$said'"
}
step 'missing parts are named'
says 'the package facecheck-opencv has it' fc-detect /src/tests/data/formats/pnm-p6.ppm
says 'the package facecheck-opencv has it' fc-align --background blur /src/tests/data/photos/grace_hopper.jpg
says 'the package facecheck-torch has it' fc-embed --engine torch /src/tests/data/photos/grace_hopper.jpg
says 'the package facecheck-serve has it' facecheck serve
says 'the package facecheck-video has it' sh -c \
    'printf "\0\0\0\024ftypisom\0\0\0\0isom" >/tmp/a.mp4; exec fc-frames -o /tmp/f /tmp/a.mp4'

# ---- beside fontconfig ----

step 'beside fontconfig'
[ ! -e "$tree/usr/bin/fc-match" ] || fail 'fc-match of fontconfig is hidden'
in_tree sh -c 'apt-get -q -y install --no-install-recommends fontconfig' >>"$tree.log" 2>&1
in_tree dpkg -S /usr/bin/fc-match | grep -q '^fontconfig:' || fail 'fc-match is not fontconfig'\''s'
in_tree fc-match --version 2>&1 | grep -q '^fontconfig' || fail 'fc-match is not fontconfig'\''s'
in_tree facecheck match --version | grep -q '^fc-match' || fail 'facecheck match is not ours'

# ---- the server ----

step 'the server, and its check'
install_packages facecheck-serve
as_nobody '' sh -c '
    fc-serve --check --listen 127.0.0.1:6871 2>/dev/null && exit 1
    fc-serve --listen 127.0.0.1:6871 2>/dev/null & server=$!
    for i in $(seq 100); do fc-serve --check --listen 127.0.0.1:6871 2>/dev/null && break; sleep 0.1; done
    fc-serve --check --listen 127.0.0.1:6871
    kill $server; wait $server
    ! fc-serve --check --listen 127.0.0.1:6871 2>/dev/null' || fail 'the server'

# ---- the other parts, not installed ----

step 'what the other parts would add, in MB'
in_tree apt-get -q update >>"$tree.log" 2>&1
for part in opencv torch video camera; do
    wanted=("$debs/facecheck-${part}_"*.deb)
    [ "$part" != camera ] || wanted+=("$debs"/facecheck-video_*.deb)
    in_tree apt-get -s install --no-install-recommends "${wanted[@]/#"$debs"//debs}" | sed -n 's/^Inst \([^ ]*\).*/\1/p' >"$tree.names"
    # shellcheck disable=SC2046
    in_tree apt-cache show --no-all-versions $(grep -v ^facecheck "$tree.names") |
        awk -v part="facecheck-$part" '/^Installed-Size:/ { n += $2 } END { printf "%7.1f %s\n", n / 1024, part }'
done
step 'all of it is right'
