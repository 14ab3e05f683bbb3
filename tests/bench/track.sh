#!/usr/bin/env bash
# track.sh BIN [SECONDS]: frames per second on one core of 640 x 360 video (30 seconds, 25 a second, two faces that cross), with
# detection and tracking on every frame, beside what decoding alone costs.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 seconds=${2:-30}
photos=$(cd "$(dirname "$0")/../data/photos" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
ffmpeg -v error -loop 1 -framerate 25 -i "$photos/grace_hopper.jpg" -loop 1 -framerate 25 -i "$photos/astronaut.png" \
    -filter_complex "color=gray:size=640x360:rate=25:d=${seconds}[bg];[0:v]scale=-2:240[a];[1:v]crop=220:260:110:0,scale=-2:240[b];
        [bg][a]overlay=x='200+200*sin(t/2)':y=60:shortest=1[one];[one][b]overlay=x='200-200*sin(t/2)':y=80:shortest=1" \
    -t "$seconds" -pix_fmt yuv420p -c:v libx264 -bf 2 clip.mp4
frames=$("$bin/fc-frames" -q clip.mp4 | wc -l)
printf '%s\n' "$(lscpu | sed -n 's/^Model name: *//p'), one core, $frames frames of 640 x 360"

# rate WHAT COMMAND: the best of three runs, by the time that the core spent
rate() {
    local what=$1 best=
    shift
    for _ in 1 2 3; do
        { TIMEFORMAT='%U %S' && time taskset -c 0 bash -o pipefail -c "$1" >/dev/null; } 2>spent
        best=$(awk -v b="${best:-1e9}" '{ t = $1 + $2; print t < b ? t : b }' spent)
    done
    awk -v n="$frames" -v t="$best" -v what="$what" 'BEGIN { printf "%-48s %7.1f frames/s %7.2f ms a frame\n", what, n / t, 1000 * t / n }'
}
rate "decoding alone (fc-frames)" "'$bin/fc-frames' -q -j1 clip.mp4"
rate "detection (fc-detect)" "'$bin/fc-detect' -q -j1 clip.mp4"
rate "detection and tracks by place (| fc-track)" "'$bin/fc-detect' -q -j1 clip.mp4 | '$bin/fc-track' -q -j1"
rate "with embeddings (fc-track)" "'$bin/fc-track' -q -j1 clip.mp4"
rate "with embeddings, quality and visits (fc-events)" "'$bin/fc-events' -q -j1 clip.mp4"
"$bin/fc-detect" -q clip.mp4 >faces
frames=$(wc -l <faces)
rate "tracks by place alone, of records" "'$bin/fc-track' -q -j1 faces"
