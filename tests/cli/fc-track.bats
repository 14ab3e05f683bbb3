load common

need_video() {
    [ -e "$FC_BUILD/modules/facecheck-video.so" ] || skip "a build without libav"
    command -v ffmpeg >/dev/null || skip "no ffmpeg"
}

# Two people who cross; for most of a second the one is behind the other.
make_cross() {
    ffmpeg -v error -loop 1 -framerate 10 -i ann.jpg -loop 1 -framerate 10 -i bob.png -filter_complex \
        "color=gray:size=640x360:rate=10:d=4[bg];[0:v]scale=-2:240[a];[1:v]crop=220:260:110:0,scale=-2:240[b];
         [bg][a]overlay=x='-100+150*t':y=60:shortest=1[one];[one][b]overlay=x='500-140*t':y=80:shortest=1" \
        -t 4 -pix_fmt yuv420p -c:v libx264 cross.mp4
}

# record TIME BOX...: of camera door; a box is "x y side".
record() {
    local time=$1 box faces=()
    shift
    for box in "$@"; do
        read -r x y side <<<"$box"
        faces+=("{\"box\":[$x,$y,$side,$side],\"score\":1}")
    done
    (IFS=, && printf '{"v":1,"camera":"door","time":%s,"faces":[%s]}\n' "$time" "${faces[*]}")
}

tracks() {
    fc-track "$@" | jq -c '[.faces[].track]' | tr -d '\n'
}

@test "two people who cross keep their tracks, with embeddings and without" {
    need_video
    make_cross
    # who is whom: the one walks to the right, the other to the left
    walks() {
        jq -e -s '[.[] | .pts as $t | .faces[] | select(.track) | {track, t: $t, x: .box[0], w: .box[2]}] | group_by(.track)
            | map(select(length > 5)) | length == 2 and all(.[];
                (sort_by(.t) | .[-1].x - .[0].x) as $way
                | all(.[]; ((if $way > 0 then 9 + 150 * (.t - 0.28) else 522 - 140 * (.t - 0.28) end) - .x | fabs) < 45))'
    }
    fc-embed cross.mp4 >faces
    fc-track faces >tracked
    [ "$(wc -l <tracked)" -eq 40 ]
    walks <tracked || fault "$(jq -c '[.pts, (.faces[] | [.track, .box[0]])]' tracked)"
    jq -c 'del(.faces[].track)' tracked | cmp - <(jq -c . faces)
    fc-track cross.mp4 | cmp - tracked
    fc-track -j1 - <faces | cmp - tracked
    fc-track tracked | cmp - tracked
    fc-track -j4 --keep-crop cross.mp4 | jq -c 'del(.faces[].crop)' | cmp - <(jq -c . tracked)
    jq -c 'del(.faces[].embedding)' faces | fc-track | walks
    # every second and third frame alone, at uneven times
    awk 'NR % 5 == 1 || NR % 5 == 3' faces | fc-track | walks
}

@test "--min-hits and --max-age are of time, not of frames" {
    { record 1 "0 0 50"; record 1 "0 0 50"; record 1.1 "2 0 50"; record 1.2 "4 0 50"; record 3.2 "9 0 50"; record 5.3 "9 0 50"; } >door
    [ "$(tracks door)" = '[null][null][1][1][1][null]' ]
    [ "$(tracks --min-hits 1 door)" = '[1][1][1][1][1][2]' ]
    [ "$(tracks --min-hits 4 door)" = '[null][null][null][null][1][null]' ]
    [ "$(tracks --max-age 0.5 door)" = '[null][null][1][1][null][null]' ]
    [ "$(tracks --max-age 3 door)" = '[null][null][1][1][1][1]' ]
    [ "$(tracks --max-age 0 door)" = '[null][null][null][null][null][null]' ]
}

@test "streams are apart, and time may go backwards" {
    { record 1 "0 0 50"; record 1.1 "0 0 50"; } >door
    sed 's/door/yard/' door | paste -d '\n' door - >both
    [ "$(tracks both)" = '[null][null][1][2]' ]
    jq -c 'del(.camera) + {src: "a.mp4"}' door >a
    jq -c 'del(.camera) + {src: "b-1.png", video: "b.mp4"}' door >b
    [ "$(tracks a b)" = '[null][1][null][2]' ]
    cat door door door | fc-track >loop # within --max-age: frames that came twice
    jq -e -s '[.[].faces[0].track] == [null, 1, 1, 1, 1, 1]' loop
    { cat door; record 100 "0 0 50"; record 100.1 "0 0 50"; cat door; } | fc-track | jq -e -s '[.[].faces[0].track] == [null, 1, null, 2, null, 3]'
    { cat door; echo '{"v":1,"camera":"door","time":2,"gap":{"from":1.2,"to":2,"attempts":1,"message":"x"}}'; record 2.1 "0 0 50"; } >short
    [ "$(fc-track short | jq -c '.faces[0].track' | tr '\n' ' ')" = 'null 1 null 1 ' ]
    sed 's/"time":2.1/"time":9/; s/"time":2,/"time":8.9,/' short >long
    [ "$(fc-track long | jq -c '.faces[0].track' | tr '\n' ' ')" = 'null 1 null null ' ]
}

@test "pictures and failed inputs pass as they are, and are told" {
    fc-embed -q ann.jpg ice.jpg broken.jpg >faces || true
    run -3 --separate-stderr fc-track faces
    cmp <(printf '%s\n' "$output") faces
    [[ $stderr == *"1 of the records have faces and neither pts nor time: they got no tracks"* ]]
    run -3 --separate-stderr fc-track -q faces
    [ -z "$stderr" ]
    run -0 --separate-stderr fc-track ann.jpg
    printf '%s\n' "$output" | cmp - <(head -n 1 faces)
}

@test "what is no record, or of another model, ends the run" {
    record 1 "0 0 50" >door
    for change in '.faces[0].track = 0' '.faces[0].track = 1.5' '.faces[0].box = [0, 0, 1]' '.time = "1"' 'del(.faces[0].box)'; do
        run -2 --separate-stderr bash -c 'jq -c "$1" door | cat door - | fc-track' - "$change"
        [[ $stderr == "fc-track: stdin:2: "* ]] || fault "$change: $stderr"
        [ "$(wc -l <<<"$output")" -eq 1 ]
    done
    e=$(python3 -c 'import base64, struct; print(base64.b64encode(struct.pack("<4f", 1, 0, 0, 0)).decode())')
    jq -c --arg e "$e" '.faces[0].embedding = {model: "a:1", f32: $e}' door >one
    jq -c '.faces[0].embedding.model = "b:1"' one | cat one - >two
    run -2 --separate-stderr fc-track two
    [[ $stderr == *"two:2: faces[0]: an embedding of 'b:1', and this run's are of 'a:1'; they cannot be compared" ]]
    # boxes without a size or of any other get no track, and do no harm
    { record 1 "0 0 0" "1e9 -1e9 1e9" "5 5 -3"; record 1.1 "0 0 0" "1e9 -1e9 1e9" "5 5 -3"; } | fc-track |
        jq -e -s '[.[1].faces[].track] == [null, 1, null]'
    run -2 fc-track --max-age -1 door
    run -2 fc-track --min-hits 0 door
    for format in influx prom; do
        for option in keep-crop timings; do
            run -2 fc-track -f $format --$option door
            [[ $output == *'--keep-crop and --timings: are for -f json'* ]]
        done
    done
    run -2 fc-track -o figures -m nowhere door # said before a model is looked for
    [[ $output == *'-o: is for -f prom'* ]]
    run -2 --separate-stderr bash -c 'fc-track door >/dev/full'
    [[ $stderr == *"No space left"* ]]
}

@test "each line is written when it came" {
    record 1 "0 0 50" >door
    mkfifo in out
    fc-track - <in >out &
    exec 5>in 6<out
    for i in 1 2; do
        cat door >&5
        read -r -t 20 -u 6 line
        [ "$(jq -c .time <<<"$line")" = 1 ]
    done
    exec 5>&-
    wait $!
}
