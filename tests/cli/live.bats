# shellcheck disable=SC2154 # stderr and output are of run
load common

# Live streams, by a real RTSP server (rtsp_server.c).

teardown() {
    if [ -n "${server:-}" ]; then
        exec 7>&-
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    [ -z "${tool:-}" ] || kill -9 "$tool" 2>/dev/null || true
}

need_video() {
    [ -e "$FC_BUILD/modules/facecheck-video.so" ] || skip "a build without libav"
}

need_server() {
    need_video
    [ -x "$FC_BUILD/tests/cli/rtsp_server" ] || skip "no libgstrtspserver-1.0-dev"
}

# until_true COMMAND...: waits for it, up to a minute.
until_true() {
    local n=0
    until "$@"; do
        n=$((n + 1))
        [ $n -lt 600 ] || fault "never: $*" "$(tail -n 3 got said 2>&1)"
        sleep 0.1
    done
}

has_lines() {
    [ "$(grep -c "$2" "$1")" -ge "$3" ]
}

# start_server [PORT [USER PASSWORD]]: sets url; commands go to descriptor 7.
start_server() {
    rm -f orders
    mkfifo orders
    : >port
    "$FC_BUILD/tests/cli/rtsp_server" "$@" <orders >port 2>server.log 3>&- &
    server=$!
    exec 7>orders
    until_true test -s port
    url=rtsp://ann:s%33cret@127.0.0.1:$(<port)/live
}

# in_background COMMAND...: stdout to got, stderr to said.
in_background() {
    rm -f got said # what an earlier one wrote says nothing of this one
    "$@" >got 2>said 3>&- 7>&- &
    tool=$!
}

has_ended() {
    ! kill -0 "$tool" 2>/dev/null || grep -q '^State:.Z' "/proc/$tool/status"
}

# ended STATUS SIGNAL: the tool ends by that signal ("": by itself), with that status.
ended() {
    local status=0
    [ -z "$2" ] || kill "-$2" "$tool"
    until_true has_ended
    wait "$tool" || status=$?
    tool=
    [ "$status" -eq "$1" ] || fault "exit status $status" "$(tail -n 5 got said)"
}

@test "a stream that is cut comes back, and the gap is a record" {
    need_server
    start_server 0 ann s3cret
    in_background fc-frames --camera door --max-delay 1 "$url?token=s3cret"
    for cut in 1 2; do
        until_true has_lines got '"frame"' $((cut * 8))
        echo cut >&7
        until_true has_lines got '"gap"' $cut
        until_true has_lines got '"frame"' $((cut * 8 + 8))
    done
    ended 0 TERM # SIGINT is ignored by what a shell has in the background
    jq -e -s --arg src "rtsp://ann:***@127.0.0.1:$(<port)/live?***" '
        all(.[]; .src == $src and .camera == "door" and .v == 1 and .time > 1.7e9)
        and ([.[] | select(.gap)] | length == 2 and all(.[]; .gap.to == .time and .gap.to > .gap.from and .gap.attempts >= 1
            and (.gap.message | test("rtsp://ann:\\*\\*\\*@")) and (has("w") | not)))
        and ([.[] | select(.gap | not)] | all(.[]; .w == 320 and .dropped >= 0) and ([.[].frame] | . == (sort | unique)))
        and ([.[].time] | . == sort)' got
    if have_jsonschema; then
        schema <got >faults
        [ ! -s faults ] || fault "$(<faults)"
    fi
    [[ $(<said) != *cret* && $(<got) != *cret* ]]
    grep -q 'it is tried again' said
    grep -q ': is back after [0-9.]* seconds' said
    grep -Eq "live\?\*\*\*: [0-9]+ frames, and [0-9]+ dropped; away 2 times" said
}

@test "a stream that sends nothing is away, too, and may be given up" {
    need_server
    start_server
    in_background fc-frames --read-timeout 2 --open-timeout 2 --attempts 2 --max-delay 0.5 "$url"
    until_true has_lines got '"frame"' 5
    echo hush >&7
    until_true has_lines got '"gap".*"to".*nothing came for too long' 1
    until_true has_lines got '"frame"' 10
    kill "$server"
    ended 0 ''
    tail -n 1 got | jq -e '.gap | has("to") == false and .from > 1.7e9 and .attempts == 2'
    grep -q 'nothing came for too long; it is tried again' said
}

@test "whoever is slow gets the newest frame, and hears of those that were dropped" {
    need_server
    start_server
    for command in 'fc-frames -j4' 'fc-align -j2'; do
        in_background bash -c "$command --duration 5 $url | while read -r line; do
            jq -n --argjson line \"\$line\" '{age: (now - \$line.time), dropped: \$line.dropped}'
            sleep 0.4
        done"
        ended 0 ''
        # a frame is asked for each 0.4 seconds, of 10 that come: it may be as old as the one before took
        jq -e -s 'length > 3 and ([.[].dropped] | add) > 2 * length and (.[2:] | all(.[]; .age < 1.5))' got ||
            fault "$command: $(jq -c . got)"
        grep -Eq '[1-9][0-9]* dropped' said
    done
}

@test "several streams run at the same time, and one that is not there holds none up" {
    need_server
    start_server
    in_background fc-frames --max-delay 1 rtsp://127.0.0.1:9/gone "$url" "${url/127.0.0.1/localhost}"
    until_true has_lines got '@127.0.0.1.*frame' 20
    until_true has_lines got '@localhost.*frame' 20
    ended 3 TERM
    grep -q 'rtsp://127.0.0.1:9/gone: Connection refused; it is tried again' said
    # by arrival: once both are there, none of the two has long runs of its own
    jq -e -s '[.[] | select(.frame != null) | .src] as $s | $s[($s | map(. == $s[0]) | index(false)):] as $both
        | ($both | length) > 20 and ([range($both | length - 20)] | all(.[]; . as $i | $both[$i:$i + 20] | unique | length == 2))' got
}

@test "what never opens is an error: at once, or after so many attempts" {
    need_server
    start_server 0 ann s3cret
    run -3 --separate-stderr fc-frames --attempts 2 --max-delay 0.5 rtsp://ann:s3cret@127.0.0.1:9/x
    jq -e '.error.stage == "input" and .error.code == "io"' <<<"$output"
    [[ $stderr == *"tried again"* && $stderr$output != *cret* ]]
    run -3 --separate-stderr fc-frames "rtsp://ann:wrong@127.0.0.1:$(<port)/live"
    jq -e '.error.message | test("401")' <<<"$output"
    [[ $stderr != *"tried again"* && $stderr$output != *wrong* ]]
    run -2 --separate-stderr fc-detect --journal j "$url"
    [[ $stderr == *"--journal: a live stream cannot be gone on with"* ]]
    [[ $stderr$(<j) != *cret* ]]
    # before it is waited for
    run -2 --separate-stderr timeout 60 fc-detect --journal k RTSP://ann:s3cret@127.0.0.1:9/x
    [[ $stderr == *"--journal: a live stream cannot be gone on with: RTSP://ann:***@127.0.0.1:9/x" ]]
    run -2 --separate-stderr fc-frames --live --no-live "$url"
    [[ $stderr == *"live, and not live"* ]]
}

@test "a stream that is never reached is no lack of inputs, nor is a name in capitals or a protocol that libav lacks" {
    need_video
    in_background fc-frames --max-delay 0.1 RTSP://127.0.0.1:9/gone
    until_true grep -q 'RTSP://127.0.0.1:9/gone: Connection refused; it is tried again' said
    ended 3 TERM
    run ! grep 'nothing came' said
    run -3 --separate-stderr timeout 60 fc-frames --attempts 1 --open-timeout 1 srt://127.0.0.1:9
    jq -e '.error.message | test("Protocol not found|Input/output error|nothing came for too long")' <<<"$output"
    run -3 --separate-stderr timeout 60 fc-frames --attempts 1 rtmps://127.0.0.1:9/x
    jq -e '.error.message | test("Protocol not found|Connection refused")' <<<"$output"
}

@test "passwords are hidden, however they are written" {
    need_video
    while read -r url shown; do
        run -3 --separate-stderr fc-frames --attempts 1 --open-timeout 1 "$url"
        [[ $stderr == "fc-frames: $shown: "* ]] || fault "$url: $stderr"
        [ "$(jq -r .src <<<"$output")" = "$shown" ]
        [[ $output$stderr != *[Ss]ecret* && $output$stderr != *p%40ss* ]] || fault "$url: $stderr"
    done <<'EOF'
rtsp://ann:secret@127.0.0.1:9/x rtsp://ann:***@127.0.0.1:9/x
RTSP://ann:secret@127.0.0.1:9/x RTSP://ann:***@127.0.0.1:9/x
rtsp://ann:p%40ss@127.0.0.1:9/x rtsp://ann:***@127.0.0.1:9/x
rtsp://ann:a@secret@127.0.0.1:9/x rtsp://ann:***@127.0.0.1:9/x
rtsp://ann:a/secret@127.0.0.1:9/x rtsp://ann:***@127.0.0.1:9/x
rtsp://ann:a?secret@127.0.0.1:9/x rtsp://ann:***@127.0.0.1:9/x
rtsp://secret@127.0.0.1:9/x rtsp://***@127.0.0.1:9/x
http://127.0.0.1:9/x?user=a&password=secret http://127.0.0.1:9/x?***
http://127.0.0.1:9/x#secret http://127.0.0.1:9/x#***
rtsp://127.0.0.1:9/user=a_password=secret_channel=1.sdp rtsp://127.0.0.1:9/user=a_password=***
rtsp://127.0.0.1:9/a&Pwd=secret&b rtsp://127.0.0.1:9/a&Pwd=***&b
rtsp://[::1]:9/x rtsp://[::1]:9/x
ftp://ann:secret@127.0.0.1:9/x ftp://ann:***@127.0.0.1:9/x
mms+x://ann:secret@127.0.0.1:9/x?secret mms+x://ann:***@127.0.0.1:9/x?***
EOF
    run -3 --separate-stderr fc-frames ftp://ann:secret@h/x
    [ "$stderr" = 'fc-frames: ftp://ann:***@h/x: a protocol that facecheck does not know' ]
    # in a list from elsewhere
    printf '\xef\xbb\xbfrtsp://ann:secret@h/x\nrtsp://ann:secret@h/x\r\n "rtsp://ann:secret@h/x"\n' >list
    run -3 --separate-stderr fc-frames --files-from list
    [ "$(jq -r .src <<<"$output" | grep -c 'rtsp://ann:\*\*\*@h/x')" -eq 3 ]
    [[ $output$stderr != *secret* && $stderr == *'the name ends in a carriage return'* ]] || fault "$stderr"
    for name in ' rtsp://ann:secret@h/x' '"rtsp://ann:secret@h/x"' "'ftp://ann:secret@h/x?secret"; do
        run -3 --separate-stderr fc-frames "$name"
        [[ $output$stderr != *secret* && $stderr == *"ann:***@h/x"*": No such file or directory" ]] || fault "$stderr"
    done
    # where lines are wanted
    for tool in 'fc-publish -b mqtt://127.0.0.1:9' 'fc-drift /dev/null' 'fc-frames --files-from'; do
        # shellcheck disable=SC2086 # a command and its options
        run -2 --separate-stderr $tool 'rtsp://ann:secret@h/x?secret'
        [[ $stderr == *"rtsp://ann:***@h/x?***: a server's name, not a file"* && $stderr != *secret* ]] || fault "$tool: $stderr"
    done
    # a folder may be called so
    mkdir -p ftp:/ann:secret@h
    ln -s "$photos/grace_hopper.jpg" ftp:/ann:secret@h/x.jpg
    fc-frames ftp://ann:secret@h/x.jpg | jq -e '.src == "ftp://ann:secret@h/x.jpg" and .w == 512'
}

@test "--live takes a file as a camera would give it" {
    need_video
    ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=10:d=2 clip.mkv
    begin=$(date +%s%N)
    fc-frames --live clip.mkv >got 2>said
    [ $(($(date +%s%N) - begin)) -ge 1800000000 ] # 2 seconds, but for the last frame
    jq -e -s 'length + ([.[].dropped] | add) == 20 and all(.[]; .time > 1.7e9 and .pts == .frame / 10)
        and (.[-1].time - .[0].time) > 1.7' got
    grep -Eq "clip.mkv: [0-9]+ frames, and [0-9]+ dropped; away 0 times" said
    fc-frames --live -q clip.mkv 2>&1 >/dev/null | wc -c | grep -qx 0
    # a pipe comes at its own pace; who is slow misses what came meanwhile, and has the last
    ffmpeg -v error -re -i clip.mkv -c copy -f matroska - 2>/dev/null | fc-frames --live - 2>said |
        while read -r line; do echo "$line"; sleep 0.5; done >got
    jq -e -s 'length < 10 and length + ([.[].dropped] | add) == 20 and .[-1].frame == 19 and .[0].src == "-"' got || fault "$(<got)"
    # so does a list, and behind what is not live
    fc-frames --live --files-from <(printf '%s\n' clip.mkv ann.jpg) >got 2>said
    jq -e -s '.[0].src == "ann.jpg" and .[-1].frame == 19' got
    # faults of files are what they are without it
    head -c 300 clip.mkv >cut.mkv
    run -3 --separate-stderr fc-frames --live cut.mkv gone.mkv
    jq -e -s 'all(.[]; .error.stage | IN("input", "decode"))' <<<"$output"
}

# A prefix where the tool named has no module for videos.
without_videos() {
    mkdir -p here/libexec/facecheck
    cp "$FC_BIN/$1" here/libexec/facecheck
}

@test "what is wrong with one stream is its own: a frame that is too large, a module that is not there" {
    need_video
    ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=10:d=2 clip.mkv
    ffmpeg -v error -f lavfi -i color=gray:size=3840x2160:rate=5:d=1 -c:v mjpeg big.mkv
    run -3 --separate-stderr fc-frames --live --max-memory 32 big.mkv clip.mkv
    jq -e -s '[.[] | select(.error)] | length == 1 and .[0].src == "big.mkv" and .[0].error.code == "limit"' <<<"$output"
    jq -e -s '[.[] | select(.src == "clip.mkv")] | length + ([.[].dropped] | add) == 20 and .[-1].frame == 19' <<<"$output"
    [[ $stderr == *"big.mkv: takes "*" bytes of memory, the limit is"*"big.mkv: 0 frames, and 5 dropped"* ]]
    export FACECHECK_MODELS=$FC_TESTS/../models
    without_videos fc-frames
    run -3 --separate-stderr here/libexec/facecheck/fc-frames --live clip.mkv ann.jpg big.mkv
    jq -e -s 'length == 3 and .[0].error.code == "unsupported" and .[1].w and .[2].error.code == "unsupported"' <<<"$output"
    [[ $stderr == *"fc-frames: clip.mkv: the module facecheck-video.so is not installed"* ]]
}

@test "--live --scene counts what was dropped while nothing changed" {
    need_video
    ffmpeg -v error -f lavfi -i color=gray:size=64x48:rate=10:d=3 -f lavfi -i color=white:size=64x48:rate=10:d=0.5 \
        -filter_complex concat -c:v ffv1 clip.mkv
    fc-frames --live --scene 20 clip.mkv 2>said | { sleep 2 && cat; } >got
    # the reader of the first record came late
    jq -e -s 'length == 2 and .[0].frame == 0 and .[0].dropped == 0 and .[1].frame >= 30 and .[1].dropped >= 5' got || fault "$(<got)"
    grep -Eq "clip.mkv: 2 frames, and [0-9]+ dropped" said || fault "$(<said)"
}

@test "http: a stream without an end is live, a file is read whole" {
    need_video
    ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=10:d=2 -g 5 clip.ts
    mkdir www
    mv clip.ts www
    cat >serve.py <<'EOF'
# /clip.ts is a file; /mjpeg and /ts come for ever, at 10 frames a second, in pieces of no stated length
import http.server, subprocess, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path not in ("/mjpeg", "/ts"):
            return super().do_GET()
        form = ["-f", "mpjpeg"] if self.path == "/mjpeg" else ["-g", "5", "-f", "mpegts"]
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=ffmpeg" if self.path == "/mjpeg" else "video/mp2t")
        self.end_headers()
        source = subprocess.Popen(["ffmpeg", "-v", "quiet", "-re", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:d=2", *form, "-"],
                                  stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        try:
            while piece := source.stdout.read1(4096):
                self.wfile.write(piece)
        except OSError:
            pass
        finally:
            source.kill()
            source.wait()
    def log_message(self, *rest):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Handler(*a, directory="www"))
print(server.server_address[1], flush=True)
server.serve_forever()
EOF
    /usr/bin/python3 serve.py >port 3>&- &
    server=$!
    exec 7>/dev/null
    until_true test -s port
    at=http://127.0.0.1:$(<port)
    fc-frames "$at/clip.ts" >got
    jq -e -s 'length == 20 and all(.[]; has("dropped") | not)' got
    fc-frames "${at/http/HTTP}/clip.ts" | jq -e -s 'length == 20'
    fc-detect --journal j "$at/clip.ts" | jq -c .frame | cmp - <(jq -c .frame got) # what can be asked for again
    fc-frames --no-live "$at/ts" >got
    jq -e -s 'length > 10 and all(.[]; has("dropped") | not)' got
    for what in mjpeg ts; do
        in_background fc-frames --max-delay 1 "$at/$what"
        until_true has_lines got '"gap"' 1
        until_true has_lines got '"frame"' 25
        ended 0 TERM
        jq -e -s '[.[] | select(.gap)][0].gap | .to > .from' got
    done
    run -3 fc-frames "$at/none"
}

@test "a device that is not there, or is none, is said so" {
    need_video
    run -3 --separate-stderr fc-frames /dev/video97
    [[ $stderr == "fc-frames: /dev/video97: "* ]]
}
