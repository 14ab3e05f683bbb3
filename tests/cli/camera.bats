# shellcheck disable=SC2154 # stderr and output are of run
load common

# Cameras of this machine, by one that fake_camera.c makes up.

setup_camera() {
    [ -e "$FC_BUILD/modules-of-tests/fake_camera.so" ] || skip "a build without libavdevice, or with sanitizers"
    command -v ffmpeg >/dev/null || skip "no ffmpeg"
    ffmpeg -v error -loop 1 -i "$photos/astronaut.png" -vf scale=320:240 -frames:v 1 -pix_fmt yuyv422 -f rawvideo frames.yuv
    export FAKE_CAMERA=/dev/video0 FAKE_CAMERA_FRAMES=$PWD/frames.yuv FAKE_CAMERA_LOG=$PWD/log
}

# with_camera [VAR=VALUE]... COMMAND...
with_camera() {
    timeout 60 env LD_PRELOAD="$FC_BUILD/modules-of-tests/fake_camera.so" "$@"
}

@test "a camera gives the newest frame, with when it came" {
    setup_camera
    with_camera fc-embed --duration 1 --camera desk /dev/video0 >got 2>said
    jq -e -s 'length > 3 and all(.[]; .src == "/dev/video0" and .camera == "desk" and .time > 1.7e9 and .w == 320 and .h == 240
        and (.faces | length) == 1) and ([.[].frame] | . == (sort | unique)) and ([.[].pts] | . == (sort | unique))' got
    # a frame is kept for whoever is slow, and those behind it are dropped
    jq -e -s '(.[-1].frame + 1) == length + ([.[].dropped] | add)' got
    grep -Eq '^fc-embed: /dev/video0: [0-9]+ frames, and [0-9]+ dropped; away 0 times$' said
    # YUYV of the limited range came out as the picture was
    with_camera fc-frames -q --duration 0.2 -o frames /dev/video0 >record
    convert bob.png -resize '320x240!' want.png
    compare -metric MAE want.png "$(head -n 1 record | jq -r .src)" null: 2>error || true
    sed 's/.*(//; s/)//' error | jq -e '. < 0.02' || fault "$(<error)"
}

@test "a camera is asked for a size and a rate" {
    setup_camera
    with_camera fc-frames -q --duration 1 --capture 640x480@10 /dev/video0 >got
    [ "$(<log)" = $'size 640 480\nrate 10 1' ]
    jq -e -s 'length > 5 and length < 15 and all(.[]; .w == 640 and .h == 480)' got
    rm log
    with_camera fc-frames -q --duration 0.2 --capture @5 /dev/video0 >got
    [ "$(<log)" = $'size 320 240\nrate 5 1' ]
    rm log
    with_camera fc-frames -q --duration 0.2 --capture 800x600 /dev/video0 >got
    [ "$(<log)" = 'size 800 600' ]
    for wrong in x 640 640x 640x0 0x480 640x480x1 640x480@ 640x480@0 640x480@nan 640x480@1e9 99999x1 -1x1 '640 x480' @ 640X480; do
        run -2 --separate-stderr with_camera fc-frames --capture "$wrong" /dev/video0
        [[ $stderr == "fc-frames: $wrong: a camera is asked for such as 1280x720, 640x480@15 or @15"* ]] || fault "$wrong: $stderr"
    done
}

@test "a camera that is pulled out is waited for" {
    setup_camera
    FAKE_CAMERA_FAULT=away with_camera fc-frames --duration 4 /dev/video0 >got 2>said
    jq -e -s '[.[] | select(.gap)] | length == 1 and .[0].gap.attempts >= 1 and (.[0].gap.message | endswith("No such device"))' got
    jq -e -s 'map(.frame) | index(10) and index(15) and (map(select(.)) | . == (sort | unique))' got
    grep -q 'No such device; it is tried again' said
}

@test "a camera may be named by a link, with capitals and colons" {
    setup_camera
    export FAKE_CAMERA=/dev/v4l/by-id/usb-ACME_Cam_01:23
    with_camera fc-frames -q --duration 0.2 "$FAKE_CAMERA" >got
    jq -e -s --arg src "$FAKE_CAMERA" 'length > 0 and all(.[]; .src == $src)' got
}

@test "every frame of a camera is taken where that is asked for" {
    setup_camera
    with_camera fc-frames --no-live --duration 1 /dev/video0 >got
    jq -e -s 'length >= 25 and ([.[].frame] == [range(length)]) and all(.[]; has("dropped") == false and .time > 1.7e9)' got
}

@test "a camera that gives nothing, or is none, is said so" {
    setup_camera
    FAKE_CAMERA_FAULT=none run -3 --separate-stderr with_camera fc-frames /dev/video0
    [ "$stderr" = 'fc-frames: /dev/video0: a device that gives no frames' ]
    # trying again would not help
    FAKE_CAMERA_FAULT=denied run -3 --separate-stderr with_camera fc-frames /dev/video0
    [ "$stderr" = 'fc-frames: /dev/video0: Permission denied' ]
    FAKE_CAMERA_FAULT=still run -3 --separate-stderr with_camera fc-frames --attempts 1 --read-timeout 0.5 /dev/video0
    [ "$stderr" = 'fc-frames: /dev/video0: nothing came for too long' ]
    FAKE_CAMERA_FAULT=still run -3 --separate-stderr with_camera fc-frames --no-live --read-timeout 0.5 /dev/video0
    [ "$stderr" = 'fc-frames: /dev/video0: nothing came for too long' ]
    # where pictures alone are taken
    run -2 --separate-stderr with_camera fc-match /dev/video0 bob.png
    [[ $stderr == *"/dev/video0: a stream, not a picture"* ]]
    run -2 --separate-stderr with_camera fc-draw -o x.mp4 /dev/video0
    run -3 --separate-stderr with_camera fc-frames --sandbox /dev/video0
    [[ $stderr == *"/dev/video0: a video, and videos are not decoded in a sandbox"* ]]
}

@test "libavdevice is loaded for cameras alone" {
    setup_camera
    ffmpeg -v error -loop 1 -i bob.png -vf scale=64:64 -frames:v 2 a.mp4
    LD_DEBUG=files fc-frames a.mp4 2>&1 >/dev/null | grep -q 'libavformat'
    ! LD_DEBUG=files fc-frames a.mp4 2>&1 >/dev/null | grep 'libavdevice' || false
    LD_DEBUG=files with_camera fc-frames --duration 0.1 /dev/video0 2>&1 >/dev/null | grep -q 'libavdevice'
}

@test "a person is enrolled in front of a camera, and found there; Ctrl-C is the end of that" {
    setup_camera
    with_camera fc-enroll -g g --id bob --duration 3 /dev/video0 >got 2>said
    jq -e -s 'length > 1 and length <= 4 and .[0].result == "enrolled" and all(.[]; .time > 1.7e9)' got
    with_camera fc-match -g g --duration 1 --camera desk /dev/video0 >got
    jq -e -s 'length > 1 and all(.[]; .id == "bob" and .camera == "desk" and .time > 1.7e9)' got
    rm got
    LD_PRELOAD="$FC_BUILD/modules-of-tests/fake_camera.so" fc-enroll -g h --id bob /dev/video0 >got 2>said 3>&- &
    local tool=$! n=0
    until [ -s got ] || [ $((n += 1)) -gt 300 ]; do sleep 0.1; done
    kill -TERM $tool
    wait $tool
    grep -q 'enrolled, .* known already' said
    grep -q '/dev/video0: [0-9]* frames, and [0-9]* dropped' said
    fc-gallery -g h stats -f json | jq -e '.photos >= 1'
}
