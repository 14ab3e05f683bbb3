#!/usr/bin/env bash
# live.sh FC_FRAMES RTSP_SERVER [CUTS]    a stream whose clients are thrown out so many times (20), half of the times with its server,
# which another takes the place of. The stream has to come back each time, with a gap of its own; a reader that takes a tenth of the
# frames gets them less than a second old; memory after the first quarter of the cuts may not grow by more than 5 MB.
set -euo pipefail
export FACECHECK_CONFIG=
fc_frames=$(realpath "$1") rtsp_server=$(realpath "$2") cuts=${3:-20}
temporary=$(mktemp -d)
server='' tool=''
trap 'kill -9 $server $tool 2>/dev/null || true; rm -rf "$temporary"' EXIT
cd "$temporary"

start_server() {
    rm -f orders
    mkfifo orders
    : >port
    "$rtsp_server" "$1" <orders >port 2>>log &
    server=$!
    exec 7>orders
    for _ in $(seq 300); do
        [ ! -s port ] || return 0
        sleep 0.1
    done
    echo 'live.sh: the server does not start' >&2
    exit 1
}

# wait_for WHAT N: until got has so many lines with it.
wait_for() {
    for _ in $(seq 1200); do
        [ "$(grep -c "$1" got)" -lt "$2" ] || return 0
        sleep 0.05
    done
    echo "live.sh: only $(grep -c "$1" got) lines with $1, not $2" >&2
    exit 1
}

memory() {
    awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$tool/status"
}

start_server 0
port=$(<port)
# The reader: 2.5 of 25 frames a second, and how old each is.
mkfifo lines
: >got
while read -r line; do
    time=${line#*\"time\":}
    time=${time%%,*}
    if [[ $line == *'"gap"'* ]]; then
        echo "gap $time" >>got
    else
        awk -v now="$EPOCHREALTIME" -v time="$time" 'BEGIN { printf "frame %.3f\n", now - time }' >>got
        sleep 0.4
    fi
done <lines &
"$fc_frames" --max-delay 2 "rtsp://127.0.0.1:$port/live" >lines 2>said 7>&- &
tool=$!

first=0 highest=0
for cut in $(seq "$cuts"); do
    wait_for frame $((cut * 4))
    if [ $((cut % 2)) -eq 0 ]; then
        exec 7>&-
        # GStreamer's may have crashed before, where its client was thrown out on a busy machine: another takes its place as well
        kill -9 "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        start_server "$port"
    else
        echo cut >&7
    fi
    wait_for gap "$cut"
    wait_for frame $((cut * 4 + 2))
    now=$(memory)
    if [ "$cut" -le $((cuts / 4)) ]; then
        first=$((now > first ? now : first))
    fi
    highest=$((now > highest ? now : highest))
done
kill -TERM "$tool"
status=0
wait "$tool" || status=$?
tail -n 1 said
awk -v cuts="$cuts" -v status="$status" -v a="$first" -v b="$highest" '
    $1 == "gap" { gaps++; fresh = 0 }
    $1 == "frame" { n++; if ($2 > most) most = $2; sum += $2 }
    END {
        printf "%d cuts, %d gaps, %d frames: %.2f s old on average, %.2f s at most; most memory up to cut %d %.1f MB, at all %.1f MB; exit status %d\n",
            cuts, gaps, n, sum / n, most, cuts / 4, a / 1e6, b / 1e6, status
        exit !(gaps == cuts && most < 1 && b - a <= 5e6 && status == 0)
    }' got
