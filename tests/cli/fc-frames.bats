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
        sed 's/,*$//; /^$/d' | jq -c .
}

@test "time stamps are the file's: constant and variable rates, B-frames, AVI, MPEG, Flash, Ogg, Windows Media, through a pipe" {
    need_video
    make_walk
    ffmpeg -v error -i walk.mp4 -vf "select='not(mod(n\,3))+eq(n\,7)'" -vsync vfr -bf 2 vfr.mkv
    ffmpeg -v error -i walk.mp4 -c:v mpeg4 plain.avi
    ffmpeg -v error -i walk.mp4 -c copy camera.ts
    ffmpeg -v error -i walk.mp4 -c copy -f mpegts -mpegts_m2ts_mode 1 camcorder.mts
    ffmpeg -v error -i walk.mp4 -c:v mpeg2video -bf 2 disc.mpg
    ffmpeg -v error -i walk.mp4 -c copy stream.flv
    ffmpeg -v error -i walk.mp4 old.wmv
    ffmpeg -v error -i walk.mp4 free.ogv
    for video in stream.flv old.wmv free.ogv camcorder.mts camera.ts walk.mp4 vfr.mkv plain.avi; do
        stamps $video >want
        fc-frames $video >got
        jq -e -n --slurpfile want want --slurpfile got got '($want | length) == ($got | length) and ($want | length) > 10
            and all(range($want | length); ($want[.] - $got[.].pts | fabs) < 1e-6 and $got[.].frame == .)'
        jq -e -s --arg v $video 'all(.[]; .src == $v and .w == 360 and .h == 400)' got
    done
    jq -e -n --slurpfile got got '$got | length == 50'
    [ "$(fc-frames disc.mpg | wc -l)" -eq 50 ]
    for video in walk.mp4 vfr.mkv camera.ts; do
        # shellcheck disable=SC2002 # a pipe is meant
        cat $video | fc-frames - | jq -c .pts >got
        fc-frames $video | jq -c .pts | cmp - got
        fc-frames -j4 --camera 'front door' $video | jq -e -s 'all(.[]; .camera == "front door")'
    done
}

@test "an index at the end: of a file, also on standard input, but not of a pipe" {
    need_video
    make_walk
    ffmpeg -v error -i walk.mp4 -c:v libx264 -qp 12 -g 1 end.mp4
    ffmpeg -v error -i end.mp4 -c copy -movflags +faststart begin.mp4
    [ "$(stat -c %s end.mp4)" -gt 200000 ]
    [ "$(fc-frames - <end.mp4 | wc -l)" -eq 50 ]
    [ "$(fc-frames --live - <end.mp4 | wc -l)" -gt 5 ]
    # shellcheck disable=SC2002 # a pipe is meant
    [ "$(cat begin.mp4 | fc-frames - | wc -l)" -eq 50 ]
    # shellcheck disable=SC2002
    run -3 --separate-stderr bash -c 'cat end.mp4 | fc-frames -'
    [ "$stderr" = 'fc-frames: stdin: a video with its index at the end can be read from a file, but not from a pipe' ] || fault "$stderr"
    jq -e '.src == "-" and .error.code == "unsupported"' <<<"$output"
}

@test "--fps, --every, --keyframes, --scene, --start and --duration choose" {
    need_video
    make_walk
    [ "$(fc-frames --fps 5 walk.mp4 | jq -c .frame | tr '\n' ' ')" = "0 5 10 15 20 25 30 35 40 45 " ]
    [ "$(fc-frames --every 20 walk.mp4 | jq -c .frame | tr '\n' ' ')" = "0 20 40 " ]
    [ "$(fc-frames --start 0.5 --duration 0.1 walk.mp4 | jq -c .pts | tr '\n' ' ')" = "0.52 0.56 " ]
    # no frame is no fault, but is said
    run -0 --separate-stderr fc-frames --start 5 walk.mp4 walk.mp4 ann.jpg
    [ "$(wc -l <<<"$output")" -eq 1 ]
    [ "$stderr" = "$(printf 'fc-frames: walk.mp4: none of its frames is asked for\n%.0s' 1 2)" ] || fault "$stderr"
    run -0 --separate-stderr fc-frames --start 5 - <walk.mp4
    [ "$output$stderr" = 'fc-frames: stdin: none of its frames is asked for' ] || fault "$stderr"
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
    hash=$(printf walk.mp4 | sha256sum)
    [ "$(jq -r '"\(.src) \(.video)"' files)" = "$(printf "out/walk-${hash:0:16}-000000%s.png walk.mp4\n" 00 13 25 38)" ]
    fc-embed files | jq -c '[.frame, .pts, .faces]' >got
    jq -c '[.frame, .pts, .faces]' direct | cmp - got
    fc-embed -j1 --fps 2 walk.mp4 | cmp - direct
    fc-align --fps 2 walk.mp4 | fc-quality | fc-embed | jq -c '.faces[0].embedding' >got
    jq -c '.faces[0].embedding' direct | cmp - got
    # names that are not UTF-8, of the video and of the folder
    odd=$(printf 'odd\xff.mp4')
    cp walk.mp4 "$odd"
    fc-frames --fps 1 -o "$(printf 'out\xff')" "$odd" >files
    jq -e -s 'length == 2 and all(.[]; .video == "odd\\xff.mp4" and .src_b64 and (has("src") | not))' files
    fc-embed files | jq -e -s 'all(.[]; .faces | length == 1)'
    run -2 --separate-stderr fc-frames --camera "$(printf '\xff')" walk.mp4
    [[ $stderr == *"a camera's name that is not UTF-8"* ]] || fault "$stderr"
    # no frame is decoded twice
    fc-detect --fps 1 walk.mp4 >found
    run -3 --separate-stderr fc-embed found
    [[ $stderr == *"walk.mp4: a frame of a video, which is not decoded again"* ]]
}

@test "videos of the same name, and those whose names differ in what becomes an underscore, share no file" {
    need_video
    make_walk
    mkdir a b
    mv walk.mp4 a
    ffmpeg -v error -i a/walk.mp4 -vf hflip -qp 1 b/walk.mp4
    cp a/walk.mp4 'a walk.mp4'
    cp b/walk.mp4 'a+walk.mp4'
    for force in '' --force; do
        # shellcheck disable=SC2086
        fc-frames --fps 2 $force -j4 -o out ?/walk.mp4 a?walk.mp4 >files
        jq -e -s 'length == 16 and (map(.src) | unique | length) == 16' files
    done
    fc-frames --fps 2 -j1 -o out ?/walk.mp4 a?walk.mp4 | cmp - files
    [ "$(ls out | wc -l)" -eq 16 ]
    fc-detect files | jq -c '[.video, .pts, .faces[0].box]' >got
    fc-detect --fps 2 ?/walk.mp4 a?walk.mp4 | jq -c '[.src, .pts, .faces[0].box]' | cmp - got
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
    ffmpeg -v error -i walk.mp4 -c:v mpeg4 -t 0.2 walk.avi
    sed 's/FMP4/ZZZZ/g' walk.avi >odd.avi
    run -3 --separate-stderr fc-frames odd.avi
    [[ $stderr == *"odd.avi: no decoder for ZZZZ video" ]]
    cp walk.mkv dirty.mkv
    printf '%03000d' 7 | dd of=dirty.mkv bs=1 seek=15000 conv=notrunc status=none
    run -3 --separate-stderr fc-frames dirty.mkv
    [[ $stderr == *"dirty.mkv: "*" of its frames could not be decoded"* ]]
    run -3 --separate-stderr fc-frames --max-pixels 1000 walk.mp4
    [[ $stderr == *"walk.mp4: 360 x 400 pixels, the limit is 1000"* ]]
    run -3 --separate-stderr fc-frames --attempts 1 'rtsp://ann:secret@127.0.0.1:9/x?token=secret'
    [[ $stderr == *"rtsp://ann:***@127.0.0.1:9/x?***: "* ]]
    [[ $stderr$output != *secret* ]]
    # one picture is wanted
    run -2 --separate-stderr fc-match 'rtsp://ann:secret@127.0.0.1:9/x' ann.jpg
    [[ $stderr == *"rtsp://ann:***@127.0.0.1:9/x: a stream, not a picture"* ]]
    [[ $stderr$output != *secret* ]]
    # a playlist is no video, and leads to no file
    printf '#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://%s/walk.mp4\n' "$PWD" >list.m3u8
    run -3 fc-frames list.m3u8
}

@test "fc-match: each frame is a probe, and says which" {
    need_video
    make_walk
    fc-match -q --no-timings --fps 2 ann.jpg walk.mp4 >got
    jq -e -s 'length == 4 and all(.[]; .match and .probe == "walk.mp4" and .ref == "ann.jpg") and ([.[].frame] == [0, 13, 25, 38])
        and ([.[].pts] == [0, 0.52, 1, 1.52]) and (.[0] | has("time") or has("camera") | not)' got
    fc-embed --fps 2 walk.mp4 | fc-match -q --no-timings ann.jpg - | cmp - got
    fc-match -q --no-timings --fps 2 -j1 ann.jpg - <walk.mp4 | jq -c .similarity >sims
    jq -c .similarity got | cmp - sims
    fc-enroll -q -g g --id ann ann2.jpg >line
    fc-match -q -g g --fps 2 --camera door walk.mp4 | jq -e -s 'length == 4 and all(.[]; .id == "ann" and .camera == "door") and .[1].frame == 13'
    # tables have the frame in columns of their own, empty for a photo
    fc-match -q -g g -k1 -f tsv --fps 1 walk.mp4 ann.jpg >table
    [ "$(cut -f 1,3,16- table)" = "$(printf 'probe\tid\tframe\tpts\nwalk.mp4\tann\t0\t0.0\nwalk.mp4\tann\t25\t1.0\nann.jpg\tann\t\t')" ] ||
        fault "$(<table)"
    [ "$(fc-match -q -f tsv --fps 1 ann.jpg walk.mp4 | cut -f 2,22- | tr '\t\n' ',;')" = 'probe,frame,pts;walk.mp4,0,0.0;walk.mp4,25,1.0;' ]
    # frames without a face are no news
    ffmpeg -v error -loop 1 -framerate 5 -i ice.jpg -t 1 -vf scale=64:64 -pix_fmt yuv420p ice.mp4
    run -1 --separate-stderr fc-match -g g ice.mp4
    [[ -z $output && $stderr != *"no face"* ]]
    # a reference is one picture
    run -2 --separate-stderr fc-match walk.mp4 ann.jpg
    [[ $stderr == *"walk.mp4: "* ]]
    run -3 --separate-stderr fc-match --sandbox ann.jpg walk.mp4
    [[ $stderr == *"walk.mp4: a video, and videos are not decoded in a sandbox"* ]]
}

@test "fc-enroll: a frame a second is a photo, which is known again" {
    need_video
    make_walk
    fc-enroll -g g --id ann walk.mp4 >got 2>said
    jq -e -s 'length == 2 and all(.[]; .src == "walk.mp4" and .id == "ann" and .result == "enrolled" and .samples == 1)
        and ([.[].frame] == [0, 25]) and ([.[].pts] == [0, 1])' got
    ! grep 'nearly the same picture' said || false
    fc-enroll -q -g g --id ann --fps 2 -j4 walk.mp4 | jq -e -s '[.[] | [.frame, .result]] ==
        [[0, "known"], [13, "enrolled"], [25, "known"], [38, "enrolled"]]'
    fc-gallery -g g stats -f json | jq -e '.photos == 4'
    [ "$(fc-match -q -g g ann2.jpg | jq -r .id)" = ann ]
    # whose it is has to be said; views are made of photos; what a sandbox is for is not left to libav
    run -2 --separate-stderr fc-enroll -g h walk.mp4
    [[ $stderr == *"walk.mp4: whose picture? (--id NAME, or --from-dirs)"* ]]
    run -2 --separate-stderr fc-enroll -g h --id ann --augment 2 walk.mp4
    [[ $stderr == *"walk.mp4: a video, and views are made of photos"* ]]
    run -3 --separate-stderr fc-enroll -g h --id ann --sandbox walk.mp4
    [[ $stderr == *"walk.mp4: a video, and videos are not decoded in a sandbox"* ]]
    run -3 --separate-stderr fc-enroll -g h --id ann --max-pixels 1000 walk.mp4
    [[ $stderr == *"walk.mp4: 360 x 400 pixels, the limit is 1000"* ]]
    # a frame that is no good is refused as a photo is
    ffmpeg -v error -loop 1 -framerate 5 -i ice.jpg -t 1 -vf scale=64:64 -pix_fmt yuv420p ice.mp4
    run -3 --separate-stderr fc-enroll -g h --id ann ice.mp4
    jq -e '.result == "failed" and .frame == 0 and .error.code == "faces"' <<<"$output"
}

@test "fc-embed -f npy: the list says which frame a row is of" {
    need_video
    make_walk
    fc-embed -f npy -o a.npy --fps 1 walk.mp4 ann.jpg
    [ "$(<a.ids)" = $'walk.mp4\t0\t0\t0.0\nwalk.mp4\t0\t25\t1.0\nann.jpg\t0' ] || fault "$(<a.ids)"
    fc-embed -f npy -o a.npy --keyframes walk.mp4
    [ "$(<a.ids)" = $'walk.mp4\t0\t\t0.0' ] || fault "$(<a.ids)"
}

@test "fc-cluster: who is in a video" {
    need_video
    make_walk
    ffmpeg -v error -loop 1 -framerate 25 -i bob.png -t 1 -vf scale=360:400 -pix_fmt yuv420p bob.mp4
    fc-cluster -q --fps 4 walk.mp4 bob.mp4 >got
    jq -e -s 'length == 12 and ([.[] | select(.src == "walk.mp4").faces[0].cluster] | unique | length == 1)
        and ([.[] | select(.src == "bob.mp4").faces[0].cluster] | unique | length == 1) and ([.[].faces[0].cluster] | unique | length == 2)
        and .[1].frame == 7' got
    [ "$(fc-cluster -q --fps 1 -f tsv walk.mp4 bob.mp4 ann.jpg | cut -f 2,3,8- | tr '\t\n' ',;')" = \
        'src,face,frame,pts;walk.mp4,0,0,0.0;walk.mp4,0,25,1.0;bob.mp4,0,0,0.0;ann.jpg,0,,;' ]
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
        mapfile -t lines <<<"$output"
        [ "${#lines[@]}" -eq 3 ] || [ "$tool" = fc-cluster ] || fault "$tool: $output"
        [ "${lines[1]}" = "$gap" ] || fault "$tool: $output"
        [[ $stderr != *'inputs failed'* && $stderr != *'no face'* ]] || fault "$tool: $stderr"
    done
    for tool in 'fc-detect -f tsv' 'fc-quality -f tsv' 'fc-match ann -f tsv'; do
        # shellcheck disable=SC2086
        run -0 --separate-stderr $tool records
        [ "$(wc -l <<<"$output")" -eq 3 ] || fault "$tool: $output"
    done
    fc-embed -f npy -o a.npy records
    [ "$(wc -l <a.ids)" -eq 2 ]
    fc-detect ann.jpg | cat - <(echo "$gap") | fc-draw -o drawn/
    [ "$(ls drawn)" = ann.jpg ]
    fc-eval all-pairs -f json records <(fc-embed -q bob.png | jq -c '.id = "Bob"') >all.json
    jq -e '.protocol.images == 3' all.json || fault "$(<all.json)"
}
