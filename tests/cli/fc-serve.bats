load common

# A server for one test, on a local socket of its own; it is stopped at the test's end.
serve() {
    fc-serve --unix sock -j 2 "$@" 2>log &
    server=$!
    wait_for_server curl -s --unix-socket sock http://x/ping
}

wait_for_server() {
    for _ in {1..600}; do
        "$@" >/dev/null 2>&1 && return
        kill -0 "$server" 2>/dev/null || fault "no server: $(<log)"
        sleep 0.05
    done
    fault 'no answer'
}

teardown() {
    [ -z "${spinning-}" ] || kill "${spinning[@]}" 2>/dev/null || true
    if [ -n "${server-}" ]; then
        kill -9 "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
}

# ask PATH CURL-OPTION...: the body on stdout, the status in the file status, the head in head.
ask() {
    curl -sS --max-time 60 --unix-socket sock -D head -o answer -w '%{http_code}' "${@:2}" "http://x$1" >status
    cat answer
}

# refused STATUS CODE PATH CURL-OPTION...: the answer is an error with that status and code.
refused() {
    ask "${@:3}" >/dev/null
    [ "$(<status)" = "$1" ] || fault "status $(<status), want $1: ${*:3}" "$(<answer)"
    jq -e --arg code "$2" '.error | .code == $code and (.stage | length > 0) and (.message | length > 0)' answer >/dev/null ||
        fault "want $2: ${*:3}" "$(<answer)"
}

@test "the answers are the tools' lines, byte for byte" {
    serve
    ask /v1/detect -F f=@ann.jpg -F f=@group.jpg >got
    fc-detect ann.jpg group.jpg | cmp - got
    grep -qi '^content-type: application/jsonl' head
    ask /v1/embed -F 'f=@group.jpg;filename=a "b" \ ü.jpg' >got
    cp group.jpg 'a "b" \ ü.jpg'
    fc-embed 'a "b" \ ü.jpg' | cmp - got
    # one body, as on standard input
    ask /v1/embed --data-binary @bob.png >got
    fc-embed <bob.png | cmp - got
    ask /v1/match?no-timings=1 -F reference=@ann.jpg -F probe=@ann2.jpg -F probe=@bob.png >got
    fc-match --no-timings ann.jpg ann2.jpg bob.png | cmp - got
    ask /v1/match -F no-timings=1 -F threshold=1.2 -F metric=euclidean -F reference=@ann.jpg -F probe=@group.jpg >got
    fc-match --no-timings --threshold 1.2 --metric euclidean ann.jpg group.jpg >want || [ $? -eq 1 ]
    cmp want got
    ask /v1/match -F reference=@ann.jpg -F probe=@ann2.jpg | jq -e '.ms.probe.embed > 0 and .ms.match >= 0 and .engine'
    ask /v1/detect -F timings=1 -F f=@ann.jpg | jq -e '.ms | keys == ["decode", "detect"]'
    # records with embeddings
    fc-embed ann.jpg >ann.jsonl
    fc-embed ann2.jpg bob.png >probes
    ask /v1/match -F no-timings=1 -F reference=@ann.jsonl -F probe=@probes >got
    fc-match --no-timings ann.jsonl probes | cmp - got
    # what fails is a line, too; the status is 200 while anything is all right
    cp "$FC_TESTS/bad/truncated.jpg" .
    ask /v1/detect -F f=@truncated.jpg -F f=@ann.jpg >got
    [ "$(<status)" = 200 ]
    fc-detect -q truncated.jpg ann.jpg >want || [ $? -eq 3 ]
    cmp want got
}

@test "fc-match asks the server that FACECHECK_SOCKET names: the same bytes and exit status, and does it itself otherwise" {
    serve
    cp ann.jpg 'ann "1" ü%41.jpg'
    fc-embed ann.jpg >ann.jsonl
    cp "$FC_TESTS/bad/truncated.jpg" .
    asked() {
        grep -c '"path":"/v1/match"' log || true
    }
    n=0
    while read -r more args; do
        local one=0 two=0
        eval "fc-match $args" >want 2>want.err || one=$?
        eval "FACECHECK_SOCKET=sock fc-match $args" >got 2>got.err || two=$?
        [ "$one" -eq "$two" ] || fault "$args: exit status $two, want $one"
        cmp want got
        cmp want.err got.err
        n=$((n + more))
        for _ in {1..100}; do [ "$(asked)" -ge "$n" ] && break; sleep 0.05; done
        [ "$(asked)" -eq "$n" ] || fault "$args: $(asked) requests, want $n"
    done <<'END'
1 --no-timings ann.jpg ann2.jpg bob.png
1 --no-timings ann.jpg bob.png
1 --no-timings 'ann "1" ü%41.jpg' ann2.jpg
1 --no-timings --threshold 0.999 ann.jpg ann2.jpg
1 --no-timings --metric euclidean ann.jsonl ann2.jpg
1 --no-timings ann.jpg ice.jpg
1 --no-timings ann.jpg truncated.jpg ann2.jpg
1 --no-timings group.jpg group2.jpg
0 --no-timings --min-face 40 ann.jpg ann2.jpg
0 --no-timings -f tsv ann.jpg ann2.jpg
0 --no-timings --flip ann.jpg ann2.jpg
0 --no-timings ann.jpg <ann2.jpg
0 --no-timings ann.jpg missing.jpg
0 --no-timings ann.jpg photos
END
    FACECHECK_SOCKET=sock fc-match ann.jpg ann2.jpg | jq -e .ms.probe.embed
    kill -TERM "$server"
    wait "$server"
    # a server with other settings, and none
    serve --min-face 40
    FACECHECK_SOCKET=sock fc-match --no-timings ann.jpg ann2.jpg >got
    fc-match --no-timings ann.jpg ann2.jpg | cmp - got
    FACECHECK_SOCKET=nowhere fc-match --no-timings ann.jpg ann2.jpg | cmp - got
}

@test "what is wrong has its code and its status" {
    serve
    cp "$FC_TESTS/bad/truncated.jpg" .
    refused 415 truncated /v1/detect -F f=@truncated.jpg
    refused 415 truncated /v1/match -F reference=@truncated.jpg -F probe=@ann.jpg
    refused 422 faces /v1/match -F reference=@ice.jpg -F probe=@ann.jpg
    refused 422 faces /v1/match -F reference=@ann.jpg -F probe=@ice.jpg
    echo hello >text
    refused 415 format /v1/embed -F f=@text
    refused 400 usage /v1/match -F probe=@ann.jpg
    refused 400 usage /v1/match -F reference=@ann.jpg
    refused 400 usage /v1/match -F threshold=high -F reference=@ann.jpg -F probe=@ann.jpg
    refused 400 usage /v1/match -F metric=manhattan -F reference=@ann.jpg -F probe=@ann.jpg
    refused 400 usage /v1/match -F thresold=0.5 -F reference=@ann.jpg -F probe=@ann.jpg
    refused 400 usage '/v1/match?threshold=0.5' -F threshold=0.5 -F reference=@ann.jpg -F probe=@ann.jpg
    refused 400 usage /v1/detect -X POST
    refused 422 data /v1/identify -F f=@ann.jpg
    refused 404 missing /v2/detect
    refused 404 missing /v1/detect/ -F f=@ann.jpg
    refused 405 method /v1/detect
    grep -qi '^allow: POST' head
    fc-embed ann.jpg | sed 's/mobilefacenet:/other:/' >other
    refused 409 contract /v1/match -F reference=@other -F probe=@ann.jpg
    ours=$(fc-embed ann.jpg | jq -r '.faces[0].embedding.model')
    jq -e --arg ours "$ours" '.error.message | contains("other:") and contains($ours)' answer
    # the server reads no file for a client
    echo "{\"v\":1,\"src\":\"$PWD/ann.jpg\"}" >path
    refused 422 data /v1/detect -F f=@path
    refused 422 data /v1/match -F reference=@ann.jpg -F probe=@path
    refused 400 record /v1/detect --data-binary '{"v":1,"src":'
    [ "$(ask /ping)" = '{"API Status":200}' ]
}

@test "bodies that are cut or no multipart are refused" {
    serve
    form() {
        refused "$1" "$2" /v1/detect -H 'Content-Type: multipart/form-data; boundary=b' --data-binary "$3"
    }
    form 400 truncated $'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc'
    form 400 truncated $'--b\r\nContent-Disposition: form-data; name="f"\r\n'
    form 400 truncated abc
    form 400 format $'--b\r\n\r\nabc\r\n--b--'
    form 400 format $'--b\r\nContent-Disposition: attachment; name="f"\r\n\r\nabc\r\n--b--'
    form 415 unsupported $'--b\r\nContent-Disposition: form-data; name="f"\r\nContent-Transfer-Encoding: base64\r\n\r\nabc\r\n--b--'
    refused 400 usage /v1/detect -H 'Content-Type: multipart/form-data' --data-binary abc
}

@test "with --sandbox the answers are the same" {
    need_sandbox
    serve --sandbox
    ask /v1/detect -F f=@ann.jpg -F f=@group.jpg >got
    fc-detect ann.jpg group.jpg | cmp - got
    refused 415 truncated /v1/detect -F f=@"$FC_TESTS/bad/truncated.jpg"
}

@test "limits: bytes, files, pixels, length that is announced" {
    serve --max-upload 200000 --max-files 2 --max-pixels 400000
    refused 413 limit /v1/detect -F f=@bob.png
    refused 413 limit /v1/detect -F f=@ice.jpg -F f=@ice.jpg -F f=@ice.jpg
    refused 413 limit /v1/detect -F f=@group.jpg # 960 x 640
    ask /v1/detect -F f=@ann.jpg | jq -e '.faces | length == 1'
    # a bomb: few bytes, many pixels
    convert=$(command -v convert-im6.q16 || command -v convert) || skip 'no ImageMagick'
    "$convert" -size 8000x8000 xc:black -quality 10 bomb.jpg
    refused 413 limit /v1/detect --data-binary @bomb.jpg
    # a gigabyte is announced: the answer does not wait for it
    refused 413 limit /v1/detect -H 'Content-Length: 1000000000' -H 'Expect: 100-continue' --data-binary abc
    # headers, too
    head -c 100000 /dev/zero | tr '\0' a >long
    curl -s --unix-socket sock -o answer -w '%{http_code}' -H "X: $(<long)" http://x/ping >status || true
    [ "$(<status)" != 200 ]
    [ "$(ask /ping)" = '{"API Status":200}' ]
}

@test "who is slow is cut off, and others are answered meanwhile" {
    serve --read-time 1 --max-connections 300
    slowly() {
        python3 - "$1" <<'END'
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect("sock")
begin = time.monotonic()
s.sendall(sys.argv[1].encode().decode("unicode_escape").encode())
try:
    while time.monotonic() < begin + 20:
        s.sendall(b"a")
        time.sleep(0.1)
        s.setblocking(False)
        try:
            if not s.recv(1000):
                break
        except BlockingIOError:
            pass
        s.setblocking(True)
except OSError:
    pass
sys.exit(0 if 0.9 < time.monotonic() - begin < 10 else 1)
END
    }
    slowly 'POST /v1/detect HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n' &
    body=$!
    slowly 'GET /ping HTTP/1.1\r\nX: ' &
    head=$!
    for _ in {1..5}; do
        ask /v1/detect -F f=@small.jpg | jq -e '.faces | length == 1'
    done
    wait "$body"
    wait "$head"
}

@test "1,000 connections: those who say nothing go, and everybody else is answered" {
    serve --read-time 0.5 --max-connections 200
    ulimit -n 2048 || skip 'too few descriptors'
    python3 - <<'END'
import socket, time
begin, all = time.monotonic(), []
for i in range(1000):
    s = socket.socket(socket.AF_UNIX)
    s.connect("sock") # waits while many wait to be accepted
    s.settimeout(30)
    all.append(s)
s = all[-1]
s.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
assert s.recv(100).startswith(b"HTTP/1.1 200 "), "the last one"
for s in all[:-1]:
    assert s.recv(1) == b"", "an earlier one"
assert time.monotonic() - begin < 30
END
    [ "$(ask /ping)" = '{"API Status":200}' ]
    ask /metrics | grep -qx 'facecheck_connections 1'
    [ "$(find "/proc/$server/fd" -lname 'socket:*' | wc -l)" -le 4 ]
}

@test "more requests than wait and are worked on: 503 with Retry-After, and /ping goes on" {
    serve -j 1 --queue 1
    for i in {1..8}; do
        curl -s --unix-socket sock -o "a$i" -D "h$i" -F f=@group.jpg -F f=@group2.jpg -F f=@group.jpg http://x/v1/embed &
        pids+=($!)
    done
    [ "$(ask /ping)" = '{"API Status":200}' ]
    wait "${pids[@]}"
    [ "$(cat h? | grep -c '^HTTP/1.1 200')" -ge 2 ]
    [ "$(cat h? | grep -c '^HTTP/1.1 503')" -ge 1 ]
    [ "$(cat h? | grep -ci '^retry-after: ')" -eq "$(cat h? | grep -c '^HTTP/1.1 503')" ]
    [ "$(cat h? | grep -cE '^HTTP/1.1 (200|503)')" -eq 8 ]
    jq -es 'any(.[]; .error.code == "busy")' a?
}

@test "SIGTERM: what was asked is answered, and the exit status is 0" {
    serve
    many=()
    for _ in {1..8}; do
        many+=(-F f=@group.jpg -F f=@group2.jpg)
    done
    curl -sS --unix-socket sock -o answer "${many[@]}" http://x/v1/embed &
    client=$!
    until ask /metrics | grep -qx 'facecheck_workers_busy 1'; do
        kill -0 "$client"
    done
    kill -TERM "$server"
    wait "$client"
    [ "$(wc -l <answer)" -eq 16 ]
    wait "$server"
    server=
    [ ! -e sock ]
    grep -q 'going down' log
}

@test "a client that goes away in mid-answer costs nothing" {
    serve
    for _ in {1..5}; do
        timeout 0.1 curl -s --unix-socket sock -F f=@group.jpg -F f=@group2.jpg http://x/v1/embed >/dev/null || true
    done
    ask /v1/detect -F f=@small.jpg | jq -e '.faces | length == 1'
    [ "$(find "/proc/$server/fd" -lname 'socket:*' | wc -l)" -le 4 ]
    timeout 0.1 curl -s --unix-socket sock -F f=@group.jpg -F f=@group2.jpg http://x/v1/embed >/dev/null || true
    kill -TERM "$server"
    wait "$server"
}

@test "the mission's API: its fields, its names" {
    serve
    ask /photo_match -F type=cosine -F threshold=0.4 -F reference=@ann.jpg -F sample=@ann2.jpg >got
    jq -e '.match_status == 1 and .score < 0.1 and .score_type == "cosine distance" and .score_threshold == 0.4
        and (."inferencing_latency(ms)" | type == "number" and . > 0) and .reference_detection_probability > 0.9
        and (.faces | length == 1 and .[0].detection_probability > 0.9)' got
    ask /identity -F type=cosine -F threshold=0.4 -F reference=@ann.jpg -F sample=@group.jpg >got
    jq -e '.match_status == 0 and .score > 0.4 and (.faces | length == 3)' got
    ask /photo_match -F type=euclidean -F reference=@ann.jpg -F sample=@ann2.jpg | jq -e '.match_status == 1 and .score_type == "euclidean distance"'
    refused 422 faces /photo_match -F threshold=0.4 -F reference=@ice.jpg -F sample=@ann.jpg
    refused 422 faces /photo_match -F threshold=0.4 -F reference=@ann.jpg -F sample=@ice.jpg
    refused 400 usage /photo_match -F threshold=0.4 -F reference=@ann.jpg
    # stored embeddings
    distance=$(ask /photo_match -F reference=@ann.jpg -F sample=@ann2.jpg | jq .score)
    fc-embed ann.jpg >ann.jsonl
    fc-embed -f npy -o ann.npy ann.jpg
    for stored in ann.jsonl ann.npy; do
        ask /cached_data -F type=cosine -F threshold=0.4 -F reference=@$stored -F sample=@ann2.jpg >got
        jq -e --argjson d "$distance" '.match_status == 1 and .score == $d' got || fault "$stored: $(<got)"
    done
    sed 's/mobilefacenet:/other:/' ann.jsonl >other
    refused 409 contract /cached_data -F reference=@other -F sample=@ann2.jpg
    /usr/bin/python3 - <<'END' || skip 'no NumPy'
import numpy, zipfile
e = numpy.load("ann.npy").astype("<f4")
def text(s):
    return b"X" + len(s).to_bytes(4, "little") + s.encode()
def number(i):
    return b"M" + i.to_bytes(2, "little")
def save(name, pickle, storage):
    with zipfile.ZipFile(name, "w") as z:
        z.writestr("a/data.pkl", pickle)
        z.writestr("a/data/0", storage)
tensor = (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") +
          text("cuda:0") + number(e.size) + b"tQK\x00K\x01" + number(e.size) + b"\x86" + number(e.size) +
          b"K\x01\x86\x89ccollections\nOrderedDict\n)RtR.")
save("ann.pt", tensor, e.tobytes())
save("evil.pt", b"cos\nsystem\n(" + text("touch executed") + b"tR.", e.tobytes())
END
    ask /cached_data -F threshold=0.4 -F reference=@ann.pt -F sample=@ann2.jpg >got
    jq -e --argjson d "$distance" '.match_status == 1 and .score == $d' got || fault "$(<got)"
    ask /cached_data -F threshold=0.4 -F reference=@evil.pt -F sample=@ann2.jpg | jq -e '.error.message | contains("os.system")'
    [ ! -e executed ]
    /usr/bin/python3 -c 'import numpy; numpy.save("short.npy", numpy.ones(64, "f4")); numpy.save("bad.npy", numpy.full(128, numpy.nan, "f4"))' ||
        skip 'no NumPy'
    refused 409 contract /cached_data -F reference=@short.npy -F sample=@ann2.jpg
    refused 415 corrupt /cached_data -F reference=@bad.npy -F sample=@ann2.jpg
}

@test "addresses: loopback alone, but for those who have the token" {
    run -2 --separate-stderr fc-serve --listen 0.0.0.0:0
    [[ $stderr == *'0.0.0.0:0: others than this machine reach it: wants --token-file'* ]]
    run -2 --separate-stderr fc-serve --listen '[::]:0'
    [[ $stderr == *'wants --token-file'* ]]
    run -2 --separate-stderr fc-serve --listen nowhere
    [[ $stderr == *"--listen: want ADDRESS:PORT"* ]]
    run -2 --separate-stderr fc-serve --listen 127.0.0.1:0 --unix sock
    [[ $stderr == *'want one of them'* ]]
    echo 0123456789abcdef >token
    chmod 644 token
    run -2 --separate-stderr fc-serve --listen 127.0.0.1:0 --token-file token
    [[ $stderr == *'token: others than its owner may read or write this token (chmod 600 it)'* ]]
    chmod 600 token
    run -2 --separate-stderr fc-serve --listen 127.0.0.1:0 --token-file <(echo short)
    [[ $stderr == *': want one line of 16..4096 bytes without blanks' ]] || fault "$stderr"
    run -2 --separate-stderr fc-serve --listen 127.0.0.1:0 -g missing
    [ "$stderr" = 'fc-serve: missing: No such file or directory' ]
    # a pipe that nobody writes to is not waited for
    mkfifo nobody
    run -2 --separate-stderr timeout 30 fc-serve --listen 127.0.0.1:0 --token-file nobody
    [[ $stderr == *'nobody: '* ]]
    fc-serve --listen 0.0.0.0:0 --token-file token -j 1 2>log &
    server=$!
    address=
    for _ in {1..600}; do
        [ ! -e log ] || address=$(sed -n 's/.*listening on 0.0.0.0://p' log)
        [ -z "$address" ] || break
        sleep 0.05
    done
    url=http://127.0.0.1:$address
    [ "$(curl -s "$url/ping")" = '{"API Status":200}' ]
    run -2 --separate-stderr fc-serve --listen "127.0.0.1:$address"
    [ "$stderr" = "fc-serve: 127.0.0.1:$address: Address already in use" ]
    [ "$(curl -s -o answer -w '%{http_code}' -F f=@small.jpg "$url/v1/detect")" = 401 ]
    jq -e '.error.code == "token"' answer
    [ "$(curl -s -o answer -w '%{http_code}' -H 'Authorization: Bearer 0123456789abcdeg' "$url/metrics")" = 401 ]
    curl -s -H 'Authorization: Bearer 0123456789abcdef' -F f=@small.jpg "$url/v1/detect" | jq -e '.faces | length == 1'
}

@test "pages of other sites in a browser on this machine are refused" {
    fc-serve --listen 127.0.0.1:0 -g g --writable -j 1 2>log &
    server=$!
    port=
    for _ in {1..600}; do
        [ ! -e log ] || port=$(sed -n 's/.*listening on 127.0.0.1://p' log)
        [ -z "$port" ] || break
        sleep 0.05
    done
    url=http://127.0.0.1:$port
    code() {
        curl -s -o answer -w '%{http_code}' "$@"
    }
    enroll=(-F id=Ann -F photo=@ann.jpg "$url/v1/enroll")
    for header in 'Sec-Fetch-Site: cross-site' 'Sec-Fetch-Site: same-site' 'Origin: https://example.org' 'Origin: null' \
        'Host: example.org' "Host: example.org:$port"; do
        [ "$(code -H "$header" "${enroll[@]}")" = 403 ] || fault "$header: $(<answer)"
        jq -e '.error.code == "site"' answer
    done
    [ "$(code -H "Host: example.org:$port" "$url/v1/people")" = 403 ] # a name that was made to lead here
    [ "$(code "$url/v1/people")" = 200 ] && [ ! -s answer ]           # nobody was enrolled
    for header in 'Sec-Fetch-Site: same-origin' 'Sec-Fetch-Site: none' "Origin: http://127.0.0.1:$port" 'X: y' "Host: localhost:$port"; do
        [ "$(code -H "$header" -F f=@small.jpg "$url/v1/detect")" = 200 ] || fault "$header: $(<answer)"
    done
    [ "$(code "${enroll[@]}")" = 200 ] || fault "$(<answer)"
}

@test "a socket that was handed over, and one that a killed server left" {
    serve
    run -2 --separate-stderr fc-serve --unix sock
    [[ $stderr == *'another server listens there'* ]]
    kill -9 "$server"
    wait "$server" || true
    serve
    ask /ping
    : >file
    run -2 --separate-stderr fc-serve --unix file
    [[ $stderr == *'file: is there, and no socket' ]]
    LISTEN_PID=1 LISTEN_FDS=1 run -2 --separate-stderr fc-serve --unix file
    python3 - <<'END' || skip 'no Python'
import os, socket, subprocess, sys, urllib.request
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(5)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
p = subprocess.Popen(["sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec fc-serve -q"], pass_fds=[3])
try:
    got = urllib.request.urlopen("http://127.0.0.1:%d/ping" % s.getsockname()[1], timeout=60).read()
finally:
    p.terminate()
    assert p.wait() == 0
assert got == b'{"API Status":200}\n', got
END
}

@test "who it is: the lines of fc-match -g, and SIGHUP reads the gallery again" {
    fc-enroll -q -g people --id Ann ann.jpg
    serve -g people
    ask /v1/identify -F no-timings=1 -F f=@ann2.jpg -F f=@group.jpg >got
    fc-match -q --no-timings -g people ann2.jpg group.jpg | cmp - got
    ask '/v1/identify?threshold=0.3&candidates=1&fuse=mean&unique=1' -F no-timings=1 -F f=@group.jpg >got
    fc-match -q --no-timings -g people --threshold 0.3 -k 1 --fuse mean --unique group.jpg >want || [ $? -eq 1 ]
    cmp want got
    refused 422 faces /v1/identify -F f=@ice.jpg
    refused 400 usage /v1/identify -F fpir=2 -F f=@ann.jpg
    ask /v1/people >got
    fc-gallery -g people list -f json | cmp - got
    ask /v1/people/Ann/photos >got
    fc-gallery -g people show -f json Ann | cmp - got
    # it is not written unless that was asked for
    for method in 'PUT /v1/people/Eve' 'DELETE /v1/people/Ann' 'DELETE /v1/people/Ann/photos/1'; do
        refused 403 read-only "${method#* }" -X "${method% *}"
    done
    refused 403 read-only /v1/enroll -F id=Eve -F f=@bob.png
    # others write it
    [ "$(ask /v1/identify -F f=@bob.png | jq -r .id)" = unknown ]
    fc-enroll -q -g people --id Bob bob.png
    kill -HUP "$server"
    for _ in {1..100}; do
        [ "$(ask /v1/identify -F f=@bob.png | jq -r .id)" != Bob ] || break
        sleep 0.1
    done
    [ "$(ask /v1/identify -F f=@bob.png | jq -r .id)" = Bob ]
    grep -q 'people: read again' log
    # what cannot be read does not take the place of what is there
    : >broken
    mv broken people
    kill -HUP "$server"
    for _ in {1..100}; do
        ! grep -q ': .*; the people are those of before' log || break
        sleep 0.1
    done
    [ "$(ask /v1/identify -F f=@bob.png | jq -r .id)" = Bob ]
}

@test "people and photos are added, changed and removed" {
    run -2 --separate-stderr fc-serve --writable
    [[ $stderr == *'--writable: wants -g GALLERY'* ]]
    serve -g people --writable
    [ -z "$(ask /v1/people)" ]
    refused 404 missing /v1/people/Ann
    ask /v1/enroll -F id=Ann -F f=@ann.jpg >got
    fc-enroll -q -g other --id Ann ann.jpg | cmp - got
    ask /v1/enroll -F id=Ann -F f=@ann.jpg | jq -e '.result == "known"'
    ask /v1/people/Jos%C3%A9%20B/photos -F f=@bob.png | jq -e '.id == "José B" and .result == "enrolled"'
    [ "$(ask /v1/people | jq -r .id)" = "$(printf 'Ann\nJosé B')" ]
    [ "$(ask /v1/identify -F f=@bob.png | jq -r .id)" = 'José B' ]
    # photos that cannot be enrolled
    refused 422 faces /v1/enroll -F id=Eve -F f=@ice.jpg
    refused 422 faces /v1/enroll -F id=Eve -F f=@group.jpg
    refused 400 usage /v1/enroll -F f=@ann.jpg
    refused 400 usage /v1/enroll -F id=unknown -F f=@ann.jpg
    refused 400 usage /v1/enroll -F id=Eve
    fc-embed ann.jpg >record
    refused 400 usage /v1/enroll -F id=Eve -F f=@record
    [ "$(ask /v1/people | wc -l)" -eq 2 ]
    ask /v1/enroll -F id=Ann -F f=@ice.jpg -F 'f=@ann2.jpg;filename=/etc/../ann2.jpg' >got
    [ "$(<status)" = 200 ]
    jq -e -s 'map(.result) == ["failed", "enrolled"] and .[1].src == "ann2.jpg"' got
    # data and another name
    ask /v1/people/Ann -X PUT -H 'Content-Type: application/json' --data '{"meta":{"desk":12}}' | jq -e '.result == "kept"'
    ask /v1/people/Ann | jq -e '.meta.desk == 12 and .photos == 2'
    ask /v1/people/Ann -X PUT -F name=Anna
    refused 404 missing /v1/people/Ann
    [ "$(ask /v1/identify -F f=@ann.jpg | jq -r .id)" = Anna ]
    ask /v1/people/Zoe -X PUT -F 'meta={"new":true}'
    ask /v1/people/Zoe | jq -e '.meta.new and .photos == 0'
    refused 422 data /v1/people/Zoe -X PUT -F name=Anna
    refused 400 usage /v1/people/Zoe -X PUT -F name=unknown
    refused 400 format /v1/people/Zoe -X PUT --data '[1'
    refused 400 usage /v1/people/Zoe -X PUT --data '{"meta":3}'
    # photos
    first=$(ask /v1/people/Anna/photos | jq -s '.[0].sample')
    ask "/v1/people/Anna/photos/$first" -X PUT -F f=@ann2.jpg | jq -e '.result == "known"'
    [ "$(ask /v1/people/Anna/photos | wc -l)" -eq 1 ]
    second=$(ask /v1/people/Anna/photos | jq .sample)
    refused 422 faces "/v1/people/Anna/photos/$second" -X PUT -F f=@ice.jpg
    ask "/v1/people/Anna/photos/$second" -X PUT -F f=@ann2.jpg
    ask "/v1/people/Anna/photos/$second" -X PUT -F f=@ann.jpg | jq -e '.result == "enrolled"'
    [ "$(ask /v1/people/Anna/photos | jq -r .src)" = ann.jpg ]
    refused 404 missing "/v1/people/Anna/photos/$second" -X DELETE
    refused 400 usage /v1/people/Anna/photos/x -X DELETE
    refused 404 missing "/v1/people/Zoe/photos/$(ask /v1/people/Anna/photos | jq .sample)" -X DELETE
    ask "/v1/people/Anna/photos/$(ask /v1/people/Anna/photos | jq .sample)" -X DELETE
    [ "$(ask /v1/identify -F f=@ann.jpg | jq -r .id)" = unknown ]
    ask /v1/people/Anna -X DELETE | jq -e '.result == "removed"'
    refused 404 missing /v1/people/Anna -X DELETE
    [ "$(ask /v1/people | jq -r .id)" = "$(printf 'José B\nZoe')" ]
    fc-gallery -g people check
}

@test "a gallery that is gone, damaged, none or of another model is the server's fault, and logged" {
    fc-enroll -q -g people --id Ann ann.jpg >/dev/null
    cp people kept
    fc-enroll -q -g flipped --flip --id Ann ann.jpg >/dev/null
    at_fault() {
        refused "$@"
        [ "$(tail -n 1 log)" = "fc-serve: $(jq -r .error.message answer)" ] || fault "${*:3}" "$(<log)"
        [[ $1 != 503 ]] || grep -qi '^retry-after:' head
    }
    serve -q -g people
    rm people
    at_fault 503 missing /v1/people
    at_fault 503 missing /v1/people/Ann/photos
    echo nonsense >people
    at_fault 500 format /v1/people
    : >people
    at_fault 500 empty /v1/people/Ann
    head -c 5000 kept >people
    at_fault 500 corrupt /v1/people
    cp kept people
    told=$(wc -l <log)
    refused 404 missing /v1/people/Eve # whom the client named
    [ "$(wc -l <log)" -eq "$told" ]
    ask /v1/identify -F f=@ann.jpg | jq -e '.id == "Ann"'
    kill "$server" && wait "$server"
    serve -q -g people --writable
    echo nonsense >people
    at_fault 500 format /v1/people/Ann -X DELETE
    at_fault 500 format /v1/people/Ann -X PUT -F 'meta={}'
    at_fault 500 format /v1/enroll -F id=Eve -F f=@bob.png
    cp flipped people
    at_fault 500 contract /v1/enroll -F id=Eve -F f=@bob.png
    at_fault 500 contract /v1/people/Ann -X PUT -F 'meta={}'
}

@test "kill -9 loses nothing that was acknowledged" {
    serve -g people --writable
    (
        for ((i = 1; i <= 60; i++)); do
            curl -s --unix-socket sock -F "id=P$i" -F f=@small.jpg http://x/v1/enroll | jq -r 'select(.result == "enrolled") | .id' || break
        done >acknowledged
    ) 2>/dev/null &
    client=$!
    until [ "$(wc -l <acknowledged)" -ge 3 ]; do sleep 0.02; done
    kill -9 "$server"
    wait "$client" || true
    fc-gallery -g people check
    fc-gallery -g people list -f json | jq -r .id >there
    [ "$(wc -l <acknowledged)" -ge 3 ]
    [ -z "$(grep -vxFf there acknowledged)" ]
}

@test "the page, in a browser: photos are compared, people added, named and removed, by keyboard and on a phone" {
    [ -z "$FC_SANITIZE" ] || skip 'the browser is tested with the release build'
    browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip 'no Chromium'
    fc-serve --listen 127.0.0.1:0 -g people --writable -j 1 2>log &
    server=$!
    until grep -q 'listening on' log; do
        kill -0 "$server"
        sleep 0.05
    done
    timeout 100 "$FC_TESTS/cli/serve_page.py" "$browser" "http://$(sed -n 's/.*listening on //p' log)/" "$PWD"
    [ -z "$(fc-gallery -g people list -f json)" ]
    # nothing comes from elsewhere
    ! curl -s "http://$(sed -n 's/.*listening on //p' log)/" | grep -E '(src|href)=|https?://' || false
}

@test "what is counted, logged and described" {
    serve
    ask /v1/detect -F f=@small.jpg -F f=@ice.jpg >/dev/null
    ask /nowhere >/dev/null
    ask /metrics >got
    grep -qx 'facecheck_requests_total{method="POST",path="/v1/detect",status="200"} 1' got
    grep -qx 'facecheck_requests_total{status="404"} 1' got
    grep -qx 'facecheck_pictures_total 2' got
    grep -qx 'facecheck_faces_total 1' got
    grep -qx 'facecheck_workers 2' got
    grep '^{' log | jq -e -s 'map(select(.path == "/v1/detect")) | length == 1 and (.[0] | .status == 200 and .sent and .ms >= .work_ms)'
    ! grep -qE 'small|nowhere' log || false
    # everything that is described is there, and every path answers other methods with 405
    ask /openapi.json >api
    jq -e '.openapi == "3.0.3" and .paths["/v1/match"].post.requestBody' api
    while read -r path methods; do
        for method in get post put delete; do
            code=$(curl -s --unix-socket sock -o /dev/null -w '%{http_code}' -X ${method^^} "http://x${path//[\{\}]/x}")
            if [[ " $methods " == *" $method "* ]]; then
                [[ $code != 405 ]] || fault "$method $path: $code"
            else
                [ "$code" = 405 ] || fault "$method $path: $code"
            fi
        done
    done < <(jq -r '.paths | to_entries[] | "\(.key) \(.value | keys | join(" "))"' api)
}

@test "--check says by its exit status whether a server answers" {
    run -1 --separate-stderr fc-serve --check --unix sock
    [[ $stderr == 'fc-serve: sock: '* ]]
    serve
    run -0 --separate-stderr fc-serve --check --unix sock
    [ -z "$output$stderr" ]
    kill "$server"
    wait "$server" || true
    server=
    run -1 --separate-stderr fc-serve --check -q --unix sock
    run -2 fc-serve --check --unix sock --listen 127.0.0.1:1
    run -2 fc-serve --check --listen nowhere
    run -2 fc-serve --check --unix ''
    run -2 fc-serve --check --unix "$(printf 'x%.0s' {1..200})"
    run -2 fc-serve --check x
}

@test "--check asks this machine where the server listens on all addresses, and takes no other answer for one" {
    (umask 077 && head -c 40 /dev/urandom | base64 >token)
    fc-serve --listen 0.0.0.0:0 --token-file token -j 1 2>log &
    server=$!
    until grep -q 'listening on' log; do
        kill -0 "$server"
        sleep 0.05
    done
    port=$(sed -n 's/.*listening on .*://p' log)
    fc-serve --check --listen "0.0.0.0:$port"
    fc-serve --check --listen "127.0.0.1:$port"
    kill -9 "$server"
    wait "$server" || true
    for answer in 'HTTP/1.1 503 no\r\n' 'SSH-2.0-x\r\n' ''; do
        rm -f other
        python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind("other")
s.listen(1)
c, _ = s.accept()
c.recv(1000)
c.sendall(sys.argv[1].encode().decode("unicode_escape").encode())' "$answer" &
        server=$!
        for _ in {1..200}; do
            [ ! -S other ] || break
            sleep 0.02
        done
        run -1 --separate-stderr fc-serve --check --unix other
        wait "$server" || true
    done
    [[ $stderr == *'hung up without an answer'* ]]
}

@test "--check waits five seconds, also for who answers a byte at a time" {
    python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("other")
s.listen(1)
c, _ = s.accept()
c.recv(1000)
try:
    for _ in range(60):
        c.sendall(b"H")
        time.sleep(0.5)
except OSError:
    pass' &
    server=$!
    for _ in {1..200}; do
        [ ! -S other ] || break
        sleep 0.02
    done
    SECONDS=0
    run -1 --separate-stderr fc-serve --check --unix other
    [ "$SECONDS" -lt 15 ]
    [ "$stderr" = 'fc-serve: other: no answer within 5 seconds' ] || fault "$stderr"
    wait "$server" || true
}

# The server has its gallery open.
until_reading() {
    for _ in {1..200}; do
        [ -z "$(find "/proc/$server/fd" -lname '*/people')" ] || return 0
        sleep 0.05
    done
    fault 'it does not read its gallery'
}

@test "a gallery that is read slowly does not bring back whom a request removed meanwhile" {
    chrt -i 0 chrt -o 0 true 2>/dev/null || skip 'no chrt, or it may not take back what it did'
    contract=$(fc-embed -q ann.jpg | tee ann | jq -r '.faces[0].embedding.model')
    perl -e 'srand 1; print pack("f<192", map { rand(2) - 1 } 1..192) for 1..12000' | base64 -w 1024 |
        awk -v model="$contract" '{ printf "{\"v\":1,\"id\":\"P%d\",\"faces\":[{\"embedding\":{\"model\":\"%s\",\"f32\":\"%s\"}}]}\n", NR, model, $0 }' |
        fc-enroll -q --no-check -g people >/dev/null
    serve -g people --writable
    for round in 1 2 3; do
        ask /v1/enroll -F id=Ann -F f=@ann.jpg >/dev/null
        [ "$(ask /v1/identify -F f=@ann | jq -r .id)" = Ann ]
        spinning=()
        for ((i = 0; i < $(nproc); i++)); do
            yes >/dev/null 3>&- &
            spinning+=($!)
        done
        # the thread that heeds signals, and that alone, gets what others leave of the CPUs, which is little
        chrt -i -p 0 "$server"
        kill -HUP "$server"
        until_reading
        sleep 0.5
        ask /v1/people/Ann -X DELETE | jq -e '.result == "removed"'
        kill "${spinning[@]}"
        chrt -o -p 0 "$server"
        for _ in {1..600}; do
            [ "$(grep -c 'read again' log)" -lt "$round" ] || break
            sleep 0.05
        done
        [ "$(grep -c 'read again' log)" -eq "$round" ]
        [ "$(ask /v1/identify -F f=@ann | jq -r .id)" = unknown ]
    done
}
