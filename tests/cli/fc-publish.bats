load common
load servers

# fc-publish against Debian's mosquitto, on loopback and a port of its own.

teardown() {
    stop_servers
}

# Everything that is published, "TOPIC<tab>PAYLOAD", into got, as long as the test runs; over restarts of the broker.
subscribe() {
    : >got
    mosquitto_sub -p "$port" -q 1 -c -i "sub$port" -t '#' -F '%t	%p' "$@" >>got 2>sub.err 5>&- &
    servers+=($!)
    until_true grep -q "sub$port" broker.log
    mosquitto_pub -p "$port" -q 1 -r -t ready -m yes # retained: that it is connected does not say that it has subscribed
    until_true grep -q '^ready' got
}

# seen N [FILE]: N different messages about lines came.
seen() {
    [ "$(grep -v -e '/status	' -e '/count	' -e '^ready' got | sort -u | wc -l)" -ge "$1" ]
}

messages() {
    grep -v -e '/status	' -e '/count	' -e '^ready' got | awk '!seen[$0]++'
}

@test "every message comes, as it was sent and in order, over a restart of the broker" {
    configure_broker 'allow_anonymous true'
    start_broker
    subscribe
    jq -nc 'range(300) | {v: 1, type: "start", n: ., camera: ["front, door", "a/b", "#1 + \"2\"", "Straße \\ 王", "100%"][. % 5],
        person: ["Ann, \"the boss\"", "a=b#+", "Zoë 🙂", "x\\", "new\nline"][. % 5], similarity: 0.712345, time: 1600000000.25}' >lines
    mkfifo pipe
    fc-publish -q -b "mqtt://127.0.0.1:$port" --node 'node #1' -t '{node}/{camera}/{kind}/{type}' <pipe 2>pub.err &
    publisher=$!
    servers+=("$publisher")
    exec 5>pipe
    head -n 100 lines >&5
    until_true seen 100
    stop_broker
    sed -n 101,200p lines >&5
    sleep 0.3
    start_broker
    sed -n '201,$p' lines >&5
    exec 5>&-
    wait "$publisher"
    until_true seen 300
    messages | cut -f 2- | cmp - lines
    # names are escaped where they would be levels and wildcards of topics, and nowhere else
    messages | cut -f 1 | sort -u >topics
    printf '%s\n' 'node %231/%231 %2B "2"/event/start' 'node %231/100%25/event/start' 'node %231/Straße \ 王/event/start' \
        'node %231/a%2Fb/event/start' 'node %231/front, door/event/start' | sort | diff - topics
    # it was there, and went; nothing else is retained but that and the counts
    until_true grep -q '^facecheck/node %231/status	offline$' got
    grep -q '^facecheck/node %231/status	online$' got
    mosquitto_sub -p "$port" -t 'facecheck/#' -W 1 --retained-only -F '%t	%p' >retained || true
    [ "$(grep -c '/count	60$' retained)" -eq 5 ]
    [ "$(wc -l <retained)" -eq 6 ]
}

@test "what it does not deliver is in the spool, and the next run delivers it" {
    configure_broker 'allow_anonymous true'
    jq -nc 'range(50) | {v: 1, src: "a", faces: [], n: .}' >lines
    # nobody is there: it tries, and gives up
    run -3 --separate-stderr fc-publish -b "mqtt://127.0.0.1:$port" --spool waiting --drain 1 lines
    [[ $stderr == *': '*'; messages wait'*'51 messages are not delivered; they wait in the spool' ]]
    [ "$(stat -c %a waiting)" = 600 ]
    # killed while it waits
    mkfifo pipe
    fc-publish -q -b "mqtt://127.0.0.1:$port" --spool waiting <pipe 2>pub.err &
    publisher=$!
    servers+=("$publisher")
    exec 5>pipe
    jq -nc 'range(50; 100) | {v: 1, src: "a", faces: [], n: .}' | tee -a lines >&5
    # 51 of before, 51 of now: faces of a camera are counted anew
    until_true waiting_are 102
    # a spool is one process's
    run -2 --separate-stderr fc-publish -q -b "mqtt://127.0.0.1:$port" --spool waiting lines
    [[ $stderr == *'another process has it' ]]
    kill -9 "$publisher"
    wait "$publisher" || true
    exec 5>&-
    start_broker
    subscribe
    fc-publish -q -b "mqtt://127.0.0.1:$port" --node n --spool waiting </dev/null
    until_true seen 100
    jq -c 'del(.src)' lines >want
    messages | cut -f 2- | cmp - want
    # and it is empty then
    fc-publish -q -b "mqtt://127.0.0.1:$port" --node n --spool waiting </dev/null
    messages | cut -f 2- | cmp - want
    # what an earlier version put there, and no broker takes
    run -3 fc-publish -q -b mqtt://127.0.0.1:9 --spool waiting --drain 0 <<<'{"v":1}'
    sqlite3 waiting "UPDATE message SET topic = topic || char(65535)"
    run -3 fc-publish -b "mqtt://127.0.0.1:$port" --spool waiting </dev/null
    [[ $output == *': Malformed UTF-8; the message is left out'* ]] || fault "$output"
    # another database is left alone
    fc-enroll -q -g people.fcg --id Ann ann.jpg >log
    cp people.fcg before
    run -2 fc-publish -q -b "mqtt://127.0.0.1:$port" --spool people.fcg </dev/null
    [[ $output == *'people.fcg: is another database, and no spool' ]]
    cmp people.fcg before
    echo text >notes
    run -2 fc-publish -q -b "mqtt://127.0.0.1:$port" --spool notes </dev/null
    [ "$(<notes)" = text ]
}

waiting_are() {
    # the file is locked: what it has grown to is told by its log
    [ "$(strings -n 5 waiting waiting-wal 2>/dev/null | grep -o '"n":[0-9]*' | sort -u | wc -l)" -ge 100 ]
}

# Numbered lines of 200 bytes.
fill() {
    jq -nc --argjson from "$1" --argjson to "$2" '("x" * 200) as $x | range($from; $to) | {v: 1, n: ., x: $x}'
}

@test "a pipe goes on when the broker goes, however much is on its way" {
    configure_broker 'allow_anonymous true'
    start_broker
    subscribe
    mkfifo pipe
    fc-publish -b "mqtt://127.0.0.1:$port" --node n <pipe 2>pub.err &
    publisher=$!
    servers+=("$publisher")
    exec 5>pipe
    fill 0 100 | tee lines >&5
    until_true seen 100
    # it is there, and says nothing: reading waits, as more than the pipe holds is not taken
    kill -STOP "$broker"
    fill 100 6000 >more
    cat more >&5 &
    writer=$!
    servers+=("$writer")
    sleep 1
    kill -0 "$writer"
    kill "$broker"
    kill -CONT "$broker"
    wait "$broker" || true
    until_true is_over "$writer"
    exec 5>&-
    start_broker
    wait "$publisher"
    until_true seen 6000
    messages | cut -f 2- | cmp - <(cat lines more)
    grep -qx 'fc-publish: 127.0.0.1: .*; messages wait' pub.err
    grep -qx 'fc-publish: 127.0.0.1: is there again' pub.err
}

is_over() {
    ! kill -0 "$1" || false
}

# A port at which nobody answers: those who may wait are there already.
listen_silently() {
    cat >silent.py <<'END'
import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(0)
waiting = []
for _ in range(4):
    c = socket.socket()
    c.setblocking(False)
    c.connect_ex(s.getsockname())
    waiting.append(c)
print(s.getsockname()[1], flush=True)
time.sleep(600)
END
    python3 silent.py >silent 5>&- &
    servers+=($!)
    until_true test -s silent
    port=$(<silent)
}

@test "where nobody answers, it ends in time" {
    command -v python3 >/dev/null || skip 'no python3'
    listen_silently
    SECONDS=0
    run -3 timeout 60 fc-publish -b "mqtt://127.0.0.1:$port" --drain 1 <<<'{"v":1}'
    [ "$output" = 'fc-publish: 1 messages are not delivered' ]
    mkfifo pipe
    fc-publish -b "mqtt://127.0.0.1:$port" --drain 600 <pipe 2>pub.err &
    publisher=$!
    servers+=("$publisher")
    exec 5>pipe
    echo '{"v":1}' >&5
    sleep 1
    kill "$publisher"
    until_true grep -qx 'fc-publish: going down' pub.err
    kill "$publisher"
    exec 5>&-
    ! wait "$publisher" || false
    grep -qx 'fc-publish: 1 messages are not delivered' pub.err
    [ "$SECONDS" -lt 30 ]
}

@test "after a signal the rest of a file, on stdin, too, pushes nothing out" {
    configure_broker 'allow_anonymous true'
    fill 0 10000 >many
    for operand in many -; do
        fc-publish -b "mqtt://127.0.0.1:$port" --spool-size 1 --drain 0 $operand <many 2>pub.err &
        publisher=$!
        servers+=("$publisher")
        until_true grep -q 'messages wait$' pub.err
        sleep 0.5
        kill "$publisher"
        ! wait "$publisher" || false
        grep -q 'messages are not delivered$' pub.err
        ! grep -q dropped pub.err || false
    done
}

@test "killed, the broker says that it is offline; a signal drains what was read" {
    configure_broker 'allow_anonymous true'
    start_broker
    subscribe
    mkfifo pipe
    fc-publish -q -b "mqtt://127.0.0.1:$port" --node n <pipe 2>pub.err &
    publisher=$!
    servers+=("$publisher")
    exec 5>pipe
    until_true grep -q '^facecheck/n/status	online$' got
    kill -9 "$publisher"
    wait "$publisher" || true
    until_true grep -q '^facecheck/n/status	offline$' got
    exec 5>&-
    : >got
    fc-publish -b "mqtt://127.0.0.1:$port" --node n <pipe 2>pub.err &
    publisher=$!
    servers+=("$publisher")
    exec 5>pipe
    jq -nc 'range(20) | {v: 1, camera: "c", match: true, id: "Ann", n: .}' >&5
    until_true seen 20
    kill "$publisher"
    wait "$publisher"
    grep -qx 'fc-publish: going down' pub.err
    grep -q '^facecheck/n/c/match	{"v":1,"camera":"c","match":true,"id":"Ann","n":19}$' got
    until_true grep -q '^facecheck/n/status	offline$' got
    exec 5>&-
}

@test "what is private stays, unless lines are wanted whole; counts; Home Assistant" {
    configure_broker 'allow_anonymous true'
    start_broker
    subscribe
    fc-embed group.jpg missing.jpg 2>/dev/null | jq -c '.camera = "front door"' >records || true
    [ "$(wc -l <records)" -eq 2 ]
    fc-publish -q -b "mqtt://127.0.0.1:$port" --node n --discovery homeassistant records
    until_true grep -q '^facecheck/n/front door/error	' got
    grep '^facecheck/n/front door/record	' got | cut -f 2- | jq -e '(.faces | length == 3) and all(.faces[]; .box and (has("embedding") or has("crop") | not))
        and (has("src") | not)'
    grep '^facecheck/n/front door/error	' got | cut -f 2- | jq -e '.error == {"stage": "input", "code": "missing"} or .error.code == "missing"'
    ! grep -qE 'group.jpg|missing.jpg' got || false
    grep -qx 'facecheck/n/front door/count	3' got
    grep '^homeassistant/sensor/facecheck_n_front_door_[0-9a-f]*/count/config	' got | cut -f 2- |
        jq -e '.state_topic == "facecheck/n/front door/count" and .availability_topic == "facecheck/n/status" and (.unique_id | test("^[a-zA-Z0-9_-]+$"))'
    grep '^homeassistant/sensor/facecheck_n_front_door_[0-9a-f]*/person/config	' got | cut -f 2- | jq -e '.state_topic == "facecheck/n/front door/event"'
    fc-publish -q -b "mqtt://127.0.0.1:$port" --node n --whole -t whole <records
    until_true whole_is_there
    grep '^whole	' got | cut -f 2- | cmp - records
}

whole_is_there() {
    [ "$(grep -c '^whole	' got)" -eq 2 ]
}

@test "TLS is verified, and credentials come from a file that nobody else may read" {
    command -v openssl >/dev/null || skip 'no openssl'
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem 2>/dev/null
    for name in localhost elsewhere; do
        openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout $name.key -out $name.csr 2>/dev/null
        openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out $name.pem \
            -extfile <(echo "subjectAltName=DNS:$name") 2>/dev/null
    done
    printf 'ann:secret word\n' >passwords
    mosquitto_passwd -U passwords
    printf 'ann\nsecret word\n' >credentials
    for name in elsewhere localhost; do
        configure_broker "certfile $PWD/$name.pem" "keyfile $PWD/$name.key" 'allow_anonymous false' "password_file $PWD/passwords"
        start_broker
        publish() {
            fc-publish -b "mqtts://localhost:$port" --cafile ca.pem --credentials credentials --node n --drain 1 <<<'{"v":1,"n":1}'
        }
        if [ $name = elsewhere ]; then # a certificate of another host
            chmod 600 credentials
            run -3 publish
            [[ $output == *'localhost: host name verification failed'*'; messages wait'*'1 messages are not delivered'* ]] || fault "$output"
        else
            chmod 640 credentials
            run -2 publish
            [[ $output == *'others than its owner may read or write this file (chmod 600 it)'* ]]
            chmod 600 credentials
            publish
            # an authority that did not sign it
            run -3 fc-publish -b "mqtts://localhost:$port" --credentials credentials --drain 1 <<<'{"v":1}'
            [[ $output == *'localhost: certificate verify failed; messages wait'* ]] || fault "$output"
            # files that are none end it: they would be none at the next attempt, too
            echo none >none.pem
            openssl rsa -aes128 -passout pass:word -in ca.key -out locked.key 2>/dev/null
            while read -r what options; do
                # shellcheck disable=SC2086 # words
                run -2 timeout 20 fc-publish -b "mqtts://localhost:$port" $options < <(sleep 30)
                [[ $output == *"--cafile, --cert, --key: Unable to load $what"* ]] || fault "$options: $output"
                ! grep -q phrase <<<"$output" || fault "$options: $output"
            done <<'END'
CA --cafile none.pem
client --cafile ca.pem --cert none.pem --key ca.key
client --cafile ca.pem --cert ca.pem --key elsewhere.key
client --cafile ca.pem --cert ca.pem --key locked.key
END
            for option in --cafile '--key ca.key --cert' '--cert ca.pem --key' --credentials; do
                # shellcheck disable=SC2086 # words
                run -2 fc-publish -b "mqtts://localhost:$port" $option missing <<<'{"v":1}'
                [ "$output" = 'fc-publish: missing: No such file or directory' ] || fault "$option: $output"
            done
            # another password
            printf 'ann\nwrong\n' >credentials
            run -2 publish
            [[ $output == *'localhost: Connection Refused: not authorised'* ]]
            ! grep -q wrong <<<"$output" || false
            mosquitto_sub -h localhost --cafile ca.pem -p "$port" -u ann -P 'secret word' -t 'facecheck/n/status' -C 1 >state
            [ "$(<state)" = offline ]
        fi
        stop_broker
    done
}

@test "a spool that is full, broken lines, wrong usage" {
    configure_broker 'allow_anonymous true'
    # a pipe goes on while the broker is away: the oldest go
    jq -nc '("x" * 1000) as $x | range(3000) | {v: 1, n: ., x: $x}' >many
    run -3 bash -c "cat many | fc-publish -b mqtt://127.0.0.1:$port --spool waiting --spool-size 1 --drain 0"
    [[ $output == *' messages were dropped: too large, or without room to wait'*' messages are not delivered; they wait in the spool'* ]]
    start_broker
    subscribe
    fc-publish -q -b "mqtt://127.0.0.1:$port" --node n --spool waiting </dev/null
    until_true grep -q '"n":2999,' got
    n=$(messages | wc -l)
    [ "$n" -gt 500 ] && [ "$n" -lt 1000 ]
    messages | cut -f 2- | cmp - <(tail -n "$n" many)
    # a file waits for the broker: nothing is dropped
    fc-publish -q -b "mqtt://127.0.0.1:$port" --node n --spool-size 1 -t file many
    until_true file_is_there
    # what is right before a broken line is delivered
    printf '{"v":1,"n":1}\n{"v":1,\n{"v":1,"n":3}\n' >broken
    run -2 --separate-stderr fc-publish -q -b "mqtt://127.0.0.1:$port" --node n -t broken broken
    [[ $stderr == *'broken:2: '* ]]
    until_true grep -qx 'broken	{"v":1,"n":1}' got
    ! grep -q '"n":3}' got || false
    # a name of whatever length
    long=$(printf 'n%.0s' {1..300})
    fc-publish -q -b "mqtt://127.0.0.1:$port" --node "$long" -t long <<<'{"v":1}'
    until_true grep -q "^facecheck/$long/status	offline\$" got
    run -2 fc-publish -q -b "mqtt://127.0.0.1:$port" missing
    run -2 fc-publish -q -b "mqtt://ann:secret@127.0.0.1:$port" </dev/null
    [[ $output != *secret* ]]
    for wrong in 'a/#' '+' '{hat}' '{camera' ''; do
        run -2 fc-publish -q -b "mqtt://127.0.0.1:$port" -t "$wrong" </dev/null
    done
    for wrong in localhost http://x mqtt:// mqtt://x:0 mqtt://x:99999 mqtt://x/y 'mqtt://[::1' mqtt://x:1x; do
        run -2 fc-publish -q -b "$wrong" </dev/null
    done
    run -2 fc-publish -q --cafile x </dev/null
    run -2 fc-publish -q -b mqtts://x --cert x </dev/null
    run -2 fc-publish -q - - </dev/null
}

file_is_there() {
    [ "$(grep -c '^file	' got)" -ge 3000 ]
}
