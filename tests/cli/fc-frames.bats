load common

need_video() {
    [ -e "$FC_BUILD/modules/facecheck-video.so" ] || skip "a build without libav"
    command -v ffmpeg >/dev/null || skip "no ffmpeg"
}

# A portrait that moves, with frames between others (B-frames): 50 of 25 a second.
make_walk() {
    ffmpeg -v error -loop 1 -framerate 25 -i ann.jpg -t 2 -vf "scale=480:-2,crop=360:400:x='60*t':y=0" \
        -pix_fmt yuv420p -c:v libx264 -bf 2 walk.mp4
}

# The time stamps that ffprobe reads.
stamps() {
    ffprobe -v error -select_streams v -show_entries frame=best_effort_timestamp_time -of csv=p=0 "$1" |
        sed 's/,*$//' | jq -c .
}

@test "time stamps are the file's: constant and variable rates, B-frames, AVI, through a pipe" {
    need_video
    make_walk
    ffmpeg -v error -i walk.mp4 -vf "select='not(mod(n\,3))+eq(n\,7)'" -vsync vfr -bf 2 vfr.mkv
    ffmpeg -v error -i walk.mp4 -c:v mpeg4 plain.avi
    for video in walk.mp4 vfr.mkv plain.avi; do
        stamps $video >want
        fc-frames $video >got
        jq -e -n --slurpfile want want --slurpfile got got '($want | length) == ($got | length) and ($want | length) > 10
            and all(range($want | length); ($want[.] - $got[.].pts | fabs) < 1e-6 and $got[.].frame == .)'
        jq -e -s --arg v $video 'all(.[]; .src == $v and .w == 360 and .h == 400)' got
    done
    jq -e -n --slurpfile got got '$got | length == 50'
    for video in walk.mp4 vfr.mkv; do
        # shellcheck disable=SC2002 # a pipe is meant
        cat $video | fc-frames - | jq -c .pts >got
        fc-frames $video | jq -c .pts | cmp - got
        fc-frames -j4 --camera 'front door' $video | jq -e -s 'all(.[]; .camera == "front door")'
    done
}

@test "--fps, --every, --keyframes, --scene, --start and --duration choose" {
    need_video
    make_walk
    [ "$(fc-frames --fps 5 walk.mp4 | jq -c .frame | tr '\n' ' ')" = "0 5 10 15 20 25 30 35 40 45 " ]
    [ "$(fc-frames --every 20 walk.mp4 | jq -c .frame | tr '\n' ' ')" = "0 20 40 " ]
    [ "$(fc-frames --start 0.5 --duration 0.1 walk.mp4 | jq -c .pts | tr '\n' ' ')" = "0.52 0.56 " ]
    fc-frames --keyframes walk.mp4 | jq -e -s 'length == 1 and .[0].pts == 0 and (.[0] | has("frame") | not)'
    # two scenes, each of which stands still
    ffmpeg -v error -f lavfi -i "color=red:size=64x64:rate=10:d=1" -f lavfi -i "color=blue:size=64x64:rate=10:d=1" \
        -filter_complex concat=n=2 scenes.mkv
    [ "$(fc-frames --scene 5 scenes.mkv | jq -c .frame | tr '\n' ' ')" = "0 10 " ]
}

@test "faces are found in frames as they are in the pictures written of them" {
    need_video
    make_walk
    fc-embed --fps 2 walk.mp4 >direct
    jq -e -s 'length == 4 and all(.[]; (.faces | length) == 1 and .pts >= 0)
        and .[0].faces[0].box[0] > .[3].faces[0].box[0] + 50' direct
    fc-frames --fps 2 -o out walk.mp4 >files
    [ "$(jq -r '"\(.src) \(.video)"' files)" = "$(printf 'out/walk-000000%s.png walk.mp4\n' 00 13 25 38)" ]
    fc-embed files | jq -c '[.frame, .pts, .faces]' >got
    jq -c '[.frame, .pts, .faces]' direct | cmp - got
    fc-embed -j1 --fps 2 walk.mp4 | cmp - direct
    fc-align --fps 2 walk.mp4 | fc-quality | fc-embed | jq -c '.faces[0].embedding' >got
    jq -c '.faces[0].embedding' direct | cmp - got
    # no frame is decoded twice
    fc-detect --fps 1 walk.mp4 >found
    run -3 --separate-stderr fc-embed found
    [[ $stderr == *"walk.mp4: a frame of a video, which is not decoded again"* ]]
}

@test "eight orientations, and both ranges" {
    need_video
    convert=$(command -v convert-im6.q16 || command -v convert) || skip "no ImageMagick"
    ffmpeg -v error -f lavfi -i "color=red:size=64x32:rate=5:d=0.2,drawbox=x=32:y=0:w=32:h=16:color=lime:t=fill,drawbox=x=0:y=16:w=32:h=16:color=blue:t=fill,drawbox=x=32:y=16:w=32:h=16:color=white:t=fill" \
        -c:v libx264 -qp 1 -pix_fmt yuv444p flag.mp4
    # The display matrix of each of EXIF's orientations.
    python3 - <<'END'
import struct
matrices = [(1, 0, 0, 1), (-1, 0, 0, 1), (-1, 0, 0, -1), (1, 0, 0, -1), (0, 1, 1, 0), (0, 1, -1, 0), (0, -1, -1, 0), (0, -1, 1, 0)]
data = bytearray(open("flag.mp4", "rb").read())
at = data.index(b"tkhd") + 4
at += 40 if data[at] == 0 else 52
for i, (a, b, c, d) in enumerate(matrices):
    data[at:at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    open(f"o{i + 1}.mp4", "wb").write(data)
END
    fc-frames --keyframes --fps 1 -o out o?.mp4 >records
    # red, green, blue and white: top left, top right, bottom left and bottom right
    while read -r i want; do
        "$convert" "$(sed -n "${i}p" records | jq -r .src)" -scale '2x2!' -depth 8 rgb:- | od -An -tu1 -w3 |
            awk '{ printf "%s", ($1 > 127 ? ($2 > 127 ? "w" : "r") : ($2 > 127 ? "g" : "b")) }' >got
        [ "$(cat got)" = "$want" ] || fault "orientation $i gives $(cat got), not $want"
    done <<'END'
1 rgbw
2 grwb
3 wbgr
4 bwrg
5 rbgw
6 brwg
7 wgbr
8 gwrb
END
    for range in tv pc; do
        ffmpeg -v error -f lavfi -i "color=0xc0c0c0:size=64x64:rate=5:d=0.2,format=rgb24" \
            -vf "scale=out_range=$range,format=yuv420p" -color_range $range -c:v libx264 -qp 1 $range.mp4
        fc-frames -o out $range.mp4 >records
        [ "$("$convert" "$(jq -r .src records)" -format '%[fx:abs(round(mean*255)-192)<2]' info:)" = 1 ]
    done
}

@test "what is broken, too large or away is an input that failed" {
    need_video
    make_walk
    head -c 20000 walk.mp4 >half.mp4
    ffmpeg -v error -i walk.mp4 -c copy walk.mkv
    head -c 800 walk.mkv >half.mkv
    head -c 60 walk.mkv >head.mkv
    ffmpeg -v error -f lavfi -i anullsrc -t 0.2 sound.mp4
    for video in half.mp4 half.mkv head.mkv sound.mp4; do
        run -3 --separate-stderr fc-frames $video ann.jpg
        [[ $stderr == *"fc-frames: $video: "* ]]
        jq -e -s '.[0].error.stage == "input" and .[1].w > 0' <<<"$output"
    done
    cp walk.mkv dirty.mkv
    printf '%03000d' 7 | dd of=dirty.mkv bs=1 seek=15000 conv=notrunc status=none
    run -3 --separate-stderr fc-frames dirty.mkv
    [[ $stderr == *"of its frames could not be decoded"* ]]
    run -3 --separate-stderr fc-frames --max-pixels 1000 walk.mp4
    [[ $stderr == *"walk.mp4: 360 x 400 pixels, the limit is 1000"* ]]
    run -3 --separate-stderr fc-frames --attempts 1 'rtsp://ann:secret@127.0.0.1:9/x?token=secret'
    [[ $stderr == *"rtsp://ann:***@127.0.0.1:9/x?***: "* ]]
    [[ $stderr$output != *secret* ]]
    run -3 --separate-stderr fc-match ann.jpg 'rtsp://ann:secret@127.0.0.1:9/x'
    [[ $stderr == *"rtsp://ann:***@127.0.0.1:9/x: a stream, not a picture"* ]]
    [[ $stderr$output != *secret* ]]
    # a playlist is no video, and leads to no file
    printf '#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://%s/walk.mp4\n' "$PWD" >list.m3u8
    run -3 fc-frames list.m3u8
}

@test "libav is loaded with the first video, and not before" {
    need_video
    make_walk
    LD_DEBUG=files fc-frames ann.jpg 2>&1 >/dev/null | awk '/libav/ { found = 1 } END { exit found }'
    LD_DEBUG=files fc-frames walk.mp4 2>&1 >/dev/null | grep -q libavcodec
}

@test "what says that a stream was away goes through all tools" {
    gap='{"v":1,"src":"rtsp://door","camera":"door","time":20.5,"gap":{"from":10.5,"to":20.5,"attempts":3,"message":"the stream ended"}}'
    fc-embed -q ann.jpg | jq -c '.id = "Ann"' >ann
    { cat ann; echo "$gap"; cat ann; } >records
    fc-enroll -q -g g --no-check --id Ann ann.jpg >/dev/null
    for tool in fc-frames fc-detect fc-align fc-embed fc-quality 'fc-match ann' 'fc-match -g g' 'fc-match -g g --unique' \
        fc-cluster 'fc-enroll -g g3 --no-check'; do
        # shellcheck disable=SC2086 # a command and its options
        run -0 --separate-stderr $tool records
        [ "${#lines[@]}" -eq 3 ] || [ "$tool" = fc-cluster ] || fault "$tool: $output"
        [ "${lines[1]}" = "$gap" ] || fault "$tool: $output"
        [[ $stderr != *'inputs failed'* && $stderr != *'no face'* ]] || fault "$tool: $stderr"
    done
    for tool in 'fc-detect -f tsv' 'fc-quality -f tsv' 'fc-match ann -f tsv'; do
        # shellcheck disable=SC2086
        run -0 --separate-stderr $tool records
        [ "${#lines[@]}" -eq 3 ] || fault "$tool: $output"
    done
    fc-embed -f npy -o a.npy records
    [ "$(wc -l <a.ids)" -eq 2 ]
    fc-detect ann.jpg | cat - <(echo "$gap") | fc-draw -o drawn/
    [ "$(ls drawn)" = ann.jpg ]
    fc-eval all-pairs -f json records <(fc-embed -q bob.png | jq -c '.id = "Bob"') >all.json
    jq -e '.protocol.images == 3' all.json || fault "$(<all.json)"
}
