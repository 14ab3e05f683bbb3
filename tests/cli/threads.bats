# shellcheck disable=SC2154 # output is of run
load common
load servers

# Under ThreadSanitizer (the preset tsan): the tools with several threads. What they answer is tested elsewhere; here, that no
# process of a test reports a data race, or locks that are taken in different orders.

teardown() {
    stop_servers
    ! compgen -G 'report.*' >/dev/null || fault "$(cat report.*)"
}

# Records of people, one a face, in people.
begin() {
    export TSAN_OPTIONS=${TSAN_OPTIONS-}:log_path=$PWD/report
    if [ ! -e "$BATS_FILE_TMPDIR/people" ]; then
        fc-embed -q -j4 ann.jpg ann2.jpg small.jpg group.jpg >faces
        jq -c '. as $r | .faces | to_entries[] | .key as $i | $r + {faces: [.value]} |
            .id = ({"ann.jpg": "Ann", "ann2.jpg": "Ann", "small.jpg": "Eve"}[.src] // "Guest\($i)")' faces >people
        mv people "$BATS_FILE_TMPDIR"
    fi
    cp "$BATS_FILE_TMPDIR/people" .
}

@test "pictures are found, embedded, cut out and kept" {
    begin
    precision=$(has_flag avx512_bf16 && echo bf16 || echo fp32)
    fc-embed -q -j4 --precision "$precision" --cache cache small.jpg bob.png small.jpg ice.jpg small.jpg >want
    fc-embed -q -j4 --precision "$precision" --cache cache small.jpg bob.png small.jpg ice.jpg small.jpg | cmp - want
    fc-align -q -j4 --journal journal --background blur small.jpg small.jpg small.jpg >got
    fc-align -q -j4 -o crops small.jpg bob.png | fc-quality -q -j4 >got
    # decoders that are loaded when the first picture wants them, and pictures that wait for memory
    run -3 fc-detect -q -j4 --min-face 60 --max-memory 8 "$FC_TESTS"/data/formats/{jpeg,png,webp,tiff,bmp,heic,jp2}-*[!y]* "$FC_TESTS"/bad/*.jpg
    [ "$(wc -l <<<"$output")" -gt 60 ]
}

@test "pictures are decoded in processes" {
    need_sandbox
    begin
    fc-detect -q -j4 --sandbox --min-face 60 small.jpg "$FC_TESTS"/data/formats/{jpeg,tiff}-*[!y]* small.jpg >got
}

@test "records are matched with a gallery's people, by classifiers, and in clusters" {
    begin
    fc-enroll -q --no-check -j4 -g g people >got
    fc-knn-train -q -j4 -k 1 -o knn people >got
    fc-head-train -q -j4 -g g --type linear --epochs 5 -o head >got
    for i in {1..20}; do cat people; done >many
    fc-match -q -j4 -g g --head head many >got
    fc-match -q -j4 -g g -f prom -o figures many
    fc-match -q -j4 --knn knn many >got
    head -n 1 people >reference
    fc-match -q -j4 reference many >got
    fc-cluster -q -j4 many >got
    fc-eval all-pairs -q -j4 people >got
}

@test "people are enrolled by two processes at once" {
    begin
    mkdir -p folders/{Bob,Eve}
    cp bob.png folders/Bob
    cp small.jpg folders/Eve/1.jpg
    cp ice.jpg folders/Eve/2.jpg
    fc-enroll -q -j4 -g g --id Ann ann.jpg >got
    fc-enroll -q -j4 -g g people >got &
    servers+=($!)
    run -3 fc-enroll -q -j4 -g g --augment 1 --cache cache --from-dirs folders
    wait "${servers[0]}"
}

@test "live streams come, go, come back and are ended" {
    [ -e "$FC_BUILD/modules/facecheck-video.so" ] && command -v ffmpeg >/dev/null || skip "no libav, or no ffmpeg"
    begin
    ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=10:d=2 clip.mkv
    ffmpeg -v error -loop 1 -framerate 10 -i small.jpg -t 2 -pix_fmt yuv420p face.mkv
    cat >serve.py <<'END'
# One picture after the other, ten a second; each connection ends after eight.
import http.server, time
picture = open("small.jpg", "rb").read()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=ffmpeg")
        self.end_headers()
        for _ in range(8):
            self.wfile.write(b"--ffmpeg\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture))
            time.sleep(0.1)
    def log_message(self, *rest):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
END
    /usr/bin/python3 serve.py >address 5>&- &
    servers+=($!)
    until_true test -s address
    fc-track -j4 -f prom -o figures --max-delay 0.1 --live clip.mkv face.mkv "http://127.0.0.1:$(<address)/" 2>said &
    tool=$!
    servers+=("$tool")
    until_true grep -q 'is back after' said
    kill "$tool"
    wait "$tool"
    grep -q '^http.*[1-9] times$' <(sed 's/^fc-track: //' said) || fault "$(<said)"
    # who ends before its input does
    fc-frames -q -j4 face.mkv clip.mkv | head -n 1 >got
}

@test "a server answers many at once, while its people change and it goes down" {
    [ -x "$FC_BIN/fc-serve" ] || skip "built without libmicrohttpd"
    begin
    fc-enroll -q --no-check -g g people >got
    fc-serve --unix sock -j 3 -g g --writable 2>log &
    server=$!
    servers+=("$server")
    ask() { curl -sS --max-time 60 --unix-socket sock -o /dev/null "http://x$1" "${@:2}"; }
    until_true ask /ping
    clients=()
    for i in 1 2 3; do
        {
            ask /v1/identify -F f=@small.jpg -F f=@people
            ask /v1/detect -F f=@small.jpg
            ask /v1/match -F reference=@people -F probe=@small.jpg
            ask /v1/embed --data-binary @ice.jpg
            ask /v1/enroll -F "id=New$i" -F f=@small.jpg
            ask "/v1/people/New$i" -X DELETE
            ask /v1/people
            ask /nowhere
            ask /metrics
        } &
        clients+=($!)
    done
    # clients that go away, and more than may wait
    for _ in {1..12}; do
        curl -s --max-time 0.3 --unix-socket sock -o /dev/null -F f=@small.jpg http://x/v1/embed &
        clients+=($!)
    done
    for _ in 1 2 3; do
        kill -HUP "$server"
        sleep 0.2
    done
    wait "${clients[@]:0:3}"
    ask /v1/detect -F f=@small.jpg -F f=@small.jpg &
    kill "$server"
    wait "$server" || fault "exit status $?" "$(<log)"
    grep -q 'going down' log
}

@test "lines are published while a broker goes and comes back" {
    [ -x "$FC_BIN/fc-publish" ] || skip "built without libmosquitto"
    configure_broker 'allow_anonymous true'
    begin
    start_broker
    mkfifo pipe
    fc-publish -b "mqtt://127.0.0.1:$port" --node n --discovery homeassistant --spool spool <pipe 2>pub.err &
    publisher=$!
    servers+=("$publisher")
    exec 5>pipe
    jq -nc 'range(100) | {v: 1, camera: "door", faces: [], n: .}' >&5
    until_true mosquitto_sub -p "$port" -t '#' -C 1
    stop_broker
    jq -nc 'range(100; 200) | {v: 1, camera: "gate", faces: [], n: .}' >&5
    until_true grep -q 'messages wait' pub.err
    start_broker
    until_true grep -q 'is there again' pub.err
    exec 5>&-
    wait "$publisher"
    # nobody is there: it gives up while it dials
    stop_broker
    run -3 fc-publish -q -b "mqtt://127.0.0.1:$port" --drain 0 --spool spool people
}
