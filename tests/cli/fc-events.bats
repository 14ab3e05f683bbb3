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

# Ann is there for 2 seconds, away for 4, and there again.
make_visits() {
    ffmpeg -v error -loop 1 -framerate 5 -i ann.jpg -filter_complex \
        "color=gray:size=480x300:rate=5:d=8[bg];[0:v]scale=-2:240[a];
         [bg][a]overlay=x='if(lt(t,2),20+60*t,if(lt(t,6),-900,300-30*(t-6)))':y=30:shortest=1" \
        -t 8 -pix_fmt yuv420p -c:v libx264 visits.mp4
}

make_gallery() {
    fc-enroll -q --no-check -g people --id Ann ann2.jpg >/dev/null
    fc-enroll -q --no-check -g people --id Bob bob.png >/dev/null
}

# a= and b= are embeddings of two people, as unlike as can be.
make_looks() {
    read -r a b < <(python3 -c '
import base64, struct
print(*(base64.b64encode(struct.pack("<4f", *v)).decode() for v in ((1, 0, 0, 0), (0, 1, 0, 0))))')
}

# face TIME TRACK [EMBEDDING]: a record of camera door with one face.
face() {
    printf '{"v":1,"camera":"door","time":%s,"faces":[{"box":[0,0,80,80],"score":1,"track":%s%s}]}\n' "$1" "$2" \
        "${3:+,\"embedding\":{\"model\":\"a:1\",\"f32\":\"$3\"}}"
}
nobody() {
    printf '{"v":1,"camera":"door","time":%s,"faces":[]}\n' "$1"
}

# What happened, in short.
short() {
    jq -r '[.type, .person // "-", .first, .last, .seen] | join(" ")'
}

@test "a person who leaves and comes back is one visit, or two, by --rejoin" {
    need_video
    make_visits
    make_gallery
    fc-events -q -g people visits.mp4 >events
    jq -e -s 'map(.type) == ["start", "end"] and all(.[]; .person == "Ann" and .src == "visits.mp4"
        and .similarity >= .threshold and (.id | test("^0[.][0-9]{3}-[0-9a-f]{8}$"))) and .[0].id == .[1].id and .[0].first < 0.5
        and .[1].last > 7.5 and .[1].seen > 15' events || fault "$(<events)"
    fc-events -q -g people --rejoin 1 --camera door visits.mp4 >two
    jq -e -s 'map(.type) == ["start", "end", "start", "end"] and all(.[]; .person == "Ann" and .camera == "door")
        and .[1].last < 2.1 and .[2].first > 5.9 and .[0].id != .[2].id' two || fault "$(<two)"
    fc-events -q -g people --rejoin 1 --cooldown 30 visits.mp4 | jq -e -s 'map(.type) == ["start", "end"]'
    # without a gallery: by looks
    fc-events -q visits.mp4 | jq -e -s 'map(.type) == ["start", "end"] and all(.[]; has("person") | not)'
    # the parts one by one
    fc-align visits.mp4 | fc-quality | fc-embed | fc-track | fc-events -q -g people - | cmp - events
    fc-events -q -j1 -g people visits.mp4 | cmp - events
    # a stranger waits for a name, and is one visit all the same
    fc-gallery rm -q -g people Ann >/dev/null
    fc-events -q -g people visits.mp4 | jq -e -s 'map(.type) == ["start", "end"] and .[0].person == "unknown"
        and .[0].similarity < .[0].threshold'
}

@test "two people who cross are two visits, without a change of names" {
    need_video
    make_cross
    make_gallery
    fc-events -q -g people cross.mp4 >events
    jq -e -s '(map(select(.type == "start") | .person) | sort) == ["Ann", "Bob"] and (map(select(.type == "end") | .person) | sort) == ["Ann", "Bob"]
        and length == 4' events || fault "$(<events)"
    fc-embed cross.mp4 | awk 'NR % 5 == 1 || NR % 5 == 3' | fc-events -q -g people | jq -e -s 'length == 4 and all(.[]; .type != "update")'
}

@test "visits: faces that make one, rejoining, cooling down, restarts" {
    make_looks
    { face 1 1 "$a"; nobody 2; nobody 30; } >records
    fc-events -q records >events # one face is none
    [ ! -s events ]
    [ "$(fc-events -q --min-faces 1 records | short)" = $'start - 1 1 1\nend - 1 1 1' ]
    # alike, of an unknown model: nothing says so
    { face 1 1 "$a"; face 2 1 "$a"; nobody 5; face 6 2 "$a"; face 7 2 "$a"; } >again
    [ "$(fc-events -q again | short)" = $'start - 1 2 2\nstart - 6 7 2\nend - 1 2 2\nend - 6 7 2' ]
    # the same number is the same track within --rejoin, unless it does not look like it
    { face 1 1 "$a"; face 2 1 "$a"; nobody 9; face 10 1 "$a"; face 11 1 "$a"; nobody 30; face 31 1 "$a"; face 32 1 "$a"; } >same
    [ "$(fc-events -q same | short)" = $'start - 1 2 2\nend - 1 11 4\nstart - 31 32 2\nend - 31 32 2' ]
    { face 1 1 "$a"; face 2 1 "$a"; face 2.5 1 "$b"; face 3 1 "$b"; } >other
    [ "$(fc-events -q other | short)" = $'start - 1 2 2\nstart - 2.5 3 2\nend - 1 2 2\nend - 2.5 3 2' ]
    # played twice: two visits of the same id
    cat same same | fc-events -q >twice
    [ "$(wc -l <twice)" -eq 8 ]
    jq -e -s '.[:4] == .[4:]' twice
    # two cameras do not know of each other; the clock of one ends visits of the other
    { face 1 1 "$a"; face 2 1 "$a"; nobody 50 | sed 's/door/yard/'; } >yard
    [ "$(fc-events -q yard | jq -c .time | tr '\n' ' ')" = "2 50 " ]
    jq -c 'del(.faces[].track)' same | fc-track -q --min-hits 1 | fc-events -q | short >tracked
    jq -c 'del(.faces[].track)' same | fc-events -q --min-hits 1 | short | cmp - tracked
}

@test "crops, embeddings and a table" {
    make_looks
    fc-align -q ann.jpg | jq -c '.camera = "a\tb" | .faces[0].track = 7' >one
    for i in 1 2 3; do
        jq -c ".time = 100.5 + $i" one
    done | fc-quality >records
    fc-events -q --crops crops --keep-crop records >events
    jq -e -s 'length == 2 and all(.[]; .crop.w == 112 and .quality.eye_distance > 80 and .score > 0.9 and .track == 7
        and .crop_file == "crops/\(.id)-\(.type).jpg")' events
    id=$(head -n 1 events | jq -r .id)
    [ "$(ls crops)" = "$id-end.jpg"$'\n'"$id-start.jpg" ]
    fc-detect -q --aligned "crops/$id-end.jpg" | jq -e '.w == 112 and .h == 112'
    fc-events -q --crops crops records | jq -c . >again # the same files are no harm
    jq -c 'del(.crop)' events | cmp - again
    echo x >"crops/$id-start.jpg"
    run -2 fc-events -q --crops crops records
    [ "$(cat "crops/$id-start.jpg")" = x ]
    fc-events -q --crops crops --force records >/dev/null
    [ "$(head -c 2 "crops/$id-start.jpg" | od -An -tx1 | tr -d ' ')" = ffd8 ]
    fc-events -q -f tsv records >table
    [ "$(head -n 1 table)" = "type	id	camera	track	time	first	last	seen	person	similarity	threshold	crop_file" ]
    [ "$(sed -n 3p table)" = "end	$id	a\\tb	7	103.5	101.5	103.5	3				" ]
    { face 1 1 "$a"; face 2 1 "$a"; } | fc-events -q --embedding | jq -e --arg a "$a" '.embedding == {model: "a:1", f32: $a}'
    # too large to be kept
    jq -c '.faces[0].crop = {w: 400, h: 400, rgb: ("A" * 640000)} | del(.faces[0].quality)' records >large
    fc-events -q --keep-crop large | jq -e 'has("crop") | not'
}

@test "SIGTERM ends what goes on, and each event is written when it happens" {
    make_looks
    mkfifo in out
    fc-events -q - <in >out &
    pid=$!
    exec 5>in 6<out
    { face 1 1 "$a"; face 2 1 "$a"; } >&5
    read -r -t 20 -u 6 line
    [ "$(short <<<"$line")" = "start - 1 2 2" ]
    { face 3 1 "$a"; nobody 60; face 61 2 "$a"; face 62 2 "$a"; } >&5
    read -r -t 20 -u 6 line
    [ "$(short <<<"$line")" = "end - 1 3 3" ]
    read -r -t 20 -u 6 line
    [ "$(short <<<"$line")" = "start - 61 62 2" ]
    kill -TERM "$pid"
    read -r -t 20 -u 6 line
    [ "$(short <<<"$line")" = "end - 61 62 2" ]
    wait "$pid"
    exec 5>&-
}

@test "what is wrong is told, and ends the run" {
    make_looks
    { face 1 1 "$a"; face 2 1 "$a"; } >records
    { cat records; face 3 1 "$a" | sed 's/a:1/b:1/'; } >mixed
    run -2 --separate-stderr fc-events mixed
    [[ $stderr == *"mixed:3: faces[0]: an embedding of 'b:1', and this run's are of 'a:1'; they cannot be compared"* ]]
    [ "$(short <<<"$output")" = $'start - 1 2 2\nend - 1 2 2' ] # what is known is not lost
    make_gallery
    run -2 --separate-stderr fc-events -g people records
    [[ $stderr == *"records:1: faces[0]: an embedding of 'a:1', and this run's are of 'mobilefacenet:"* ]]
    run -2 fc-events -g nothing records
    run -2 fc-events --fpir 0.1 records
    run -2 fc-events --threshold 0.4 records
    run -2 fc-events -g people --threshold 1.5 records
    run -2 fc-events --force records
    for format in tsv influx prom; do
        for option in keep-crop embedding; do
            run -2 fc-events -f $format --$option records
            [[ $output == *'--keep-crop and --embedding: are for -f json'* ]]
        done
    done
    for option in rejoin cooldown unknown-after max-age; do
        run -2 fc-events --$option -1 records
    done
    jq -c '.faces[0].track = 0' records >zero
    run -2 fc-events zero
    run -2 --separate-stderr bash -c 'fc-events records >/dev/full'
    [[ $stderr == *"No space left"* ]]
    fc-events -q <records | head -c 0
    fc-embed -q ann.jpg >picture
    run -0 --separate-stderr fc-events picture
    [[ -z $output && $stderr == *"1 of the records have faces and neither pts nor time: they are of no visit"* ]]
    run -3 --separate-stderr fc-events gone.jpg records
    [ "$(short <<<"$output")" = $'start - 1 2 2\nend - 1 2 2' ]
}

@test "-f influx and -f prom: visits for dashboards" {
    make_looks
    { face 1000 1 "$a"; face 1002.5 1 "$a"; nobody 1050; face 1060 2 "$b"; face 1061 2 "$b"; } | sed 's/door/the door/' >records
    fc-events -q -f influx records >points
    [ "$(wc -l <points)" -eq 4 ]
    grep -qE '^facecheck_visit,camera=the\\ door,type=end id="1000\.000-[0-9a-f]{8}",seconds=2\.5,seen=2i 1050000000000$' points || fault "$(<points)"
    fc-events -q -f prom -o figures.prom records
    grep -qx 'facecheck_visits_total{camera="the door"} 2' figures.prom || fault "$(<figures.prom)"
    grep -qx 'facecheck_visit_seconds_sum{camera="the door"} 3.5' figures.prom
    grep -qx 'facecheck_visitors{camera="the door"} 0' figures.prom
    fc-events -q -f prom -o figures.prom records # counts go on
    grep -qx 'facecheck_visits_total{camera="the door"} 4' figures.prom
    fc-events -q -f prom records | grep -qx 'facecheck_visits_total{camera="the door"} 2'
    make_gallery
    fc-embed ann.jpg | jq -c '.time = (5, 6) | .faces[0].track = 3' >ann
    fc-events -q -g people -f influx ann | grep -q '^facecheck_visit,decision=known,type=start id='
    fc-events -q -g people -f influx --tag-person ann | grep -q '^facecheck_visit,decision=known,person=Ann,type=start id='
    fc-events -q -g people -f prom --tag-person ann | grep -q '^facecheck_visits_total{decision="known",person="Ann"} 1'
    # names in a file are gone when they are no longer asked for
    fc-events -q -g people -f prom --tag-person -o named.prom ann
    fc-events -q -g people -f prom -o named.prom ann
    ! grep -q Ann named.prom || false
    grep -qx 'facecheck_visits_total{decision="known"} 2' named.prom
    if command -v promtool >/dev/null; then
        promtool check metrics <figures.prom
    fi
    fc-track -q -f influx <(jq -c 'del(.faces[].track)' records) | tail -n 1 | grep -qx 'facecheck_tracks,camera=the\\ door faces=1i,tracks=1i,begun=1i 1061000000000'
    jq -c 'del(.faces[].track)' records | fc-track -q --max-age 5 -f prom | grep -qx 'facecheck_tracks_total{camera="the door"} 2'
    run -2 fc-events -o x records
    run -2 fc-events --tag-person records
    run -2 fc-track -o x records
}
