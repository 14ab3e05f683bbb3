#!/usr/bin/env bash
# machines.sh BIN [PHOTOS]: GNU parallel's form of facecheck-pipelines(7) over two machines, which are network namespaces with Debian's
# sshd in one of them: embeddings of these photos (tests/data/photos), and galleries that are merged, are those of one process; also
# where the second machine goes away meanwhile. Skipped (77) where one may not make namespaces.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$(realpath "$1") photos=$(realpath "${2:-$(dirname "$0")/../data/photos}")
for need in ip ssh ssh-keygen /usr/sbin/sshd parallel jq; do
    command -v "$need" >/dev/null || { echo "no $need (openssh-server, iproute2, parallel, jq)"; exit 77; }
done
a=fc_a_$$ b=fc_b_$$ work=$(mktemp -d)
if ! ip netns add "$a" 2>/dev/null; then
    rmdir "$work"
    echo "network namespaces cannot be made here"
    exit 77
fi
clean() {
    for name in "$a" "$b"; do
        ip netns pids "$name" 2>/dev/null | xargs -r kill 2>/dev/null || true
        ip netns del "$name" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean EXIT
ip netns add "$b"
ip link add "va$$" netns "$a" type veth peer name "vb$$" netns "$b"
ip -n "$a" addr add 10.99.0.1/30 dev "va$$"
ip -n "$b" addr add 10.99.0.2/30 dev "vb$$"
for link in "$a lo" "$a va$$" "$b lo" "$b vb$$"; do
    ip -n "${link% *}" link set "${link#* }" up
done

# ---- the second machine ----
mkdir -p /run/sshd # of sshd's own, empty
chmod 700 "$work"
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
cat >"$work/sshd" <<END
ListenAddress 10.99.0.2
HostKey $work/host
AuthorizedKeysFile $work/key.pub
PidFile $work/pid
PasswordAuthentication no
StrictModes no
UsePAM no
END
cat >"$work/ssh" <<END
Host *
IdentityFile $work/key
IdentitiesOnly yes
UserKnownHostsFile $work/known
BatchMode yes
ServerAliveInterval 2
ServerAliveCountMax 2
ConnectTimeout 5
END
echo "10.99.0.2 $(cut -d ' ' -f 1,2 "$work/host.pub")" >"$work/known"
start_second() {
    ip netns exec "$b" /usr/sbin/sshd -f "$work/sshd" -E "$work/log"
    for ((i = 0; i < 100; i++)); do
        ip netns exec "$a" ssh -F "$work/ssh" 10.99.0.2 true 2>/dev/null && return
        sleep 0.1
    done
    cat "$work/log" >&2
    return 1
}
start_second

# spread LOG COMMAND: names on stdin, two a start, over both machines.
spread() {
    ip netns exec "$a" parallel --will-cite --ssh "ssh -F $work/ssh" --sshlogin "1/:,1/10.99.0.2" --joblog "$work/$1" --retries 5 \
        -N 2 --keep-order --pipe "$2"
}
# used LOG: how many starts each machine had that came to their end
used() {
    awk 'NR > 1 && $7 == 0 { n[$2 == ":" ? "here" : "there"]++ } END { printf "%d here, %d there", n["here"], n["there"]; exit !(n["here"] && n["there"]) }' "$work/$1"
}

find "$photos" -type f \( -name '*.jpg' -o -name '*.png' \) | sort >"$work/some"
for _ in 1 2 3 4; do cat "$work/some"; done >"$work/names"
"$bin/fc-embed" -q --files-from "$work/names" >"$work/want"
spread both "$bin/fc-embed --no-config -q -j1 --files-from -" <"$work/names" >"$work/got"
cmp "$work/want" "$work/got"
echo "$(wc -l <"$work/names") names: the same bytes; starts: $(used both)"

# ---- galleries: one on each machine, merged ----
"$bin/fc-embed" -q --faces largest "$photos"/grace_hopper*.jpg | jq -c '.id = "Ann"' >"$work/ann"
"$bin/fc-embed" -q --faces largest "$photos/astronaut.png" | jq -c '.id = "Eve"' >"$work/eve"
ip netns exec "$a" "$bin/fc-enroll" -q --no-check -g "$work/one" "$work/ann" >/dev/null
ip netns exec "$a" ssh -F "$work/ssh" 10.99.0.2 "$bin/fc-enroll --no-config -q --no-check -g $work/two $work/eve" >/dev/null
{
    "$bin/fc-gallery" export -g "$work/one"
    ip netns exec "$a" ssh -F "$work/ssh" 10.99.0.2 "$bin/fc-gallery --no-config export -g $work/two"
} | "$bin/fc-gallery" import -q -g "$work/merged"
"$bin/fc-enroll" -q --no-check -g "$work/whole" "$work/ann" "$work/eve" >/dev/null
cmp <("$bin/fc-gallery" list -g "$work/whole" | cut -f 1,2) <("$bin/fc-gallery" list -g "$work/merged" | cut -f 1,2)
echo "galleries of two machines, merged: the same people"

# ---- the second machine goes away, and what it had is done here ----
(
    while ! grep -q 10.99.0.2 "$work/gone" 2>/dev/null; do sleep 0.05; done
    ip -n "$b" link set "vb$$" down
) &
spread gone "$bin/fc-embed --no-config -q -j1 --files-from -" <"$work/names" >"$work/got"
wait $!
cmp "$work/want" "$work/got"
echo "without the second machine from its first answer on: the same bytes"
