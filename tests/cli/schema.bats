load common

# docs/facerecord.schema.json: what the tools write is of it, and what is not of it they refuse.

@test "every tool's records are of the schema" {
    need_jsonschema
    echo nothing >broken.jpg
    odd=$(printf 'odd\xff.jpg')
    cp ann.jpg "$odd"
    inputs=(ann.jpg group.jpg ice.jpg broken.jpg gone.jpg "$odd")
    fc-detect -q --timings "${inputs[@]}" >detected || [ $? -eq 3 ]
    fc-detect -q --turns --max-side 400 group.jpg >>detected
    fc-detect -q --aligned small.jpg >>detected
    fc-align -q "${inputs[@]}" >aligned || [ $? -eq 3 ]
    fc-align -q --mode box ann.jpg >>aligned
    fc-embed -q --timings --keep-crop "${inputs[@]}" >embedded || [ $? -eq 3 ]
    fc-quality -q "${inputs[@]}" >measured || [ $? -eq 3 ]
    fc-cluster -q embedded ann2.jpg >clustered || [ $? -eq 3 ]
    fc-enroll -q --no-check -g g --id Ann ann.jpg broken.jpg >enrolled || [ $? -eq 3 ]
    fc-gallery export -g g >exported
    fc-detect -q - <ann.jpg >piped
    for file in detected aligned embedded measured clustered enrolled exported piped; do
        [ -s "$file" ] || fault "$file: nothing"
        schema <"$file" >faults
        [ ! -s faults ] || fault "$file: $(<faults)"
    done
    [ "$(wc -l <detected)" -eq 8 ]
    grep -q src_b64 detected && grep -q '"error"' detected && grep -q '"cluster":1' clustered
}

@test "records of frames, of tracks and of other backgrounds are of the schema" {
    need_jsonschema
    if [ -e "$FC_BUILD/modules/facecheck-video.so" ] && command -v ffmpeg >/dev/null; then
        ffmpeg -v error -loop 1 -framerate 5 -i ann.jpg -vf scale=-2:240 -t 0.8 -pix_fmt yuv420p -c:v libx264 film.mp4
        fc-frames -q --camera door -o frames film.mp4 >framed
        fc-frames -q --live film.mp4 >live
        fc-track -q --keep-crop film.mp4 >tracked
        grep -q '"video":"film.mp4"' framed
        grep -q '"dropped":' live
        grep -q '"track":1' tracked
    fi
    if [ -e "$FC_BUILD/modules/facecheck-grabcut.so" ]; then
        fc-align --background blur ann.jpg >backgrounds
        fc-align --background remove ann.jpg >>backgrounds
        [ "$(grep -c '"background":' backgrounds)" -eq 2 ]
    fi
    for file in framed live tracked backgrounds; do
        [ -e "$file" ] || continue
        schema <"$file" >faults
        [ ! -s faults ] || fault "$file: $(<faults)"
    done
}

# Of the cases: what is wrong is refused by both; what is right is taken by both.
both_of_a_mind() {
    local what change n=0
    while read -r what change; do
        jq -c "$change" whole
    done <cases >lines
    [ "$(wc -l <lines)" -eq "$(wc -l <cases)" ]
    schema <lines >faults
    while read -r what change; do
        n=$((n + 1))
        sed -n "${n}p" lines | cat whole - >line # the first line says that there are records
        if [ "$what" = right ]; then
            grep "^$n " faults && fault "the schema refuses $change"
            fc-embed -q line >/dev/null || fault "fc-embed refuses $change"
        else
            grep -q "^$n " faults || fault "the schema takes $change"
            run fc-embed -q line
            [ "$status" -eq 2 ] || fault "fc-embed: exit status $status for $change: $output"
        fi
    done <cases
}

@test "the schema and the tools refuse the same" {
    need_jsonschema
    fc-quality ann.jpg | fc-embed --keep-crop >whole
    cat >cases <<'EOF'
right .
right .other = {"a": [1]}
right .faces = []
right .faces[0].score = 1
right .faces[0].cluster = 12
right .faces[0].cluster = null
right .faces[0].track = 3
right .faces[0].track = null
right .video = "a.mp4"
right .faces[0].quality = 0.5
right .faces[0].turn = 90
right del(.faces[0].crop)
right .faces[0].crop.background = "blur"
right .faces[0].crop.background = "remove"
right .ms = {"decode": 1.5}
right .frame = 3 | .pts = 0.12 | .time = 1.5 | .camera = "door" | .dropped = 0
right del(.faces) | .gap = {"from": 1.5, "to": 2, "attempts": 3, "message": "x"}
right del(.faces) | .gap = {"from": 1, "attempts": 0, "message": ""}
wrong .v = 2
wrong .frame = -1
wrong .pts = "1"
wrong .time = 1e13
wrong .camera = 1
wrong .dropped = 1.5
wrong .gap = {"from": 1, "attempts": 0, "message": ""}
wrong del(.faces) | .gap = 1
wrong del(.faces) | .gap = {"attempts": 0, "message": ""}
wrong del(.faces) | .gap = {"from": 1, "to": "2", "attempts": 0, "message": ""}
wrong del(.faces) | .gap = {"from": 1, "attempts": -1, "message": ""}
wrong del(.faces) | .gap = {"from": 1, "attempts": 1}
wrong del(.faces) | .error = {"stage": "a", "code": "b", "message": "c"} | .gap = {"from": 1, "attempts": 0, "message": ""}
wrong del(.v)
wrong .src = 1
wrong .src_b64 = "YQ=="
wrong .w = 0
wrong .w = 1.5
wrong .h = "1"
wrong .max_side = -1
wrong .frames = 0
wrong .damaged = 1
wrong .faces = {}
wrong .faces[0] = 1
wrong .faces[0].box = [1, 2, 3]
wrong .faces[0].box[0] = 1e10
wrong .faces[0].box[1] = "1"
wrong .faces[0].score = 1.5
wrong .faces[0].aligned = 0
wrong .faces[0].turn = 45
wrong .faces[0].landmarks = [[1, 2]]
wrong .faces[0].landmarks[2] = [1]
wrong .faces[0].cluster = 0
wrong .faces[0].cluster = "a"
wrong .faces[0].track = 0
wrong .faces[0].track = "1"
wrong .frame = 0.5
wrong .time = 1e13
wrong .video = 1
wrong .video = "a\u0000.mp4"
wrong .camera = "a\u0000"
wrong .faces[0].quality = 2
wrong del(.faces[0].quality.yaw)
wrong .faces[0].quality.v = 2
wrong .faces[0].quality.luminance = 7
wrong .faces[0].crop.w = 5000
wrong .faces[0].crop.background = "keep"
wrong .faces[0].crop.background = "blu"
wrong .faces[0].crop.background = true
wrong .faces[0].crop.background = null
wrong del(.faces[0].crop.rgb)
wrong .faces[0].embedding = []
wrong .faces[0].embedding.f32 = ""
wrong .faces[0].embedding.model = 1
wrong .faces[0].embedding.model = "a:1\u0000"
wrong .sha256 = "12"
wrong .face = -1
wrong .view = 1.5
wrong .ms = {"decode": "1"}
wrong .error = "no"
wrong .error = {"stage": "decode", "code": "io"}
wrong .error = {"stage": "decode", "code": "io", "message": "\u0000"}
EOF
    [ "$(wc -l <cases)" -eq 80 ]
    untraced both_of_a_mind
}
