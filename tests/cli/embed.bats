load common

# Crops of three portraits, as another program would leave them.
make_chips() {
    mkdir -p chips/Ann chips/Bob
    for photo in ann.jpg ann2.jpg bob.png; do
        fc-align -o crops "$photo" >"$photo.jsonl"
    done
    cp crops/ann-*.png chips/Ann/1.png
    cp crops/ann2-*.png chips/Ann/2.png
    cp crops/bob-*.png chips/Bob/1.png
}

@test "--aligned: a picture is a crop, no face is looked for, and the vector is the photo's" {
    make_chips
    vector='.faces[].embedding.f32'
    cat ann.jpg.jsonl ann2.jpg.jsonl bob.png.jsonl | fc-embed | jq -r "$vector" >want
    fc-embed --aligned chips/Ann chips/Bob >got
    jq -r "$vector" got | cmp - want
    [ "$(jq -c '[.w, .h, (.faces[0] | .box, .aligned, .score, .landmarks, .crop)]' got | sort -u)" = \
        '[112,112,[0,0,112,112],true,null,null,null]' ]
    # the stages apart, and records that name crops
    fc-detect --aligned chips/Ann chips/Bob | fc-align | fc-embed | cmp - got
    jq -c '{v, src}' got | fc-embed --aligned | cmp - got
    fc-embed --aligned -j1 - <chips/Bob/1.png | jq -r "$vector" | cmp - <(tail -n 1 want)
    [ "$(fc-detect --aligned -f tsv chips/Bob | tail -n 1 | cut -f 2-8)" = "$(printf '0\t0.0\t0.0\t112.0\t112.0\t\t')" ]
    # without it, a detector looks at the crop, and cuts it again
    fc-embed chips/Bob | jq -r "$vector" >other
    run ! cmp other <(tail -n 1 want)
    fc-draw -o drawn/ got
}

@test "--aligned: match, enrolment and measuring" {
    make_chips
    fc-match --aligned chips/Ann/1.png chips/Ann/2.png chips/Bob/1.png >lines
    [ "$(jq -c '[.match, .ref_score, .probe_score]' lines | tr '\n' ' ')" = '[true,null,null] [false,null,null] ' ]
    fc-embed ann.jpg >ann.jsonl # a record is not looked at again
    [ "$(fc-match --aligned ann.jsonl chips/Ann/2.png | jq .similarity)" = "$(fc-match ann.jpg ann2.jpg | jq .similarity)" ]
    fc-match --aligned -f tsv chips/Ann/1.png chips/Ann/2.png >table
    fc-enroll -q --aligned -g g.fcg --from-dirs chips | jq -r .result >results
    [ "$(sort results | uniq -c | tr -s ' ')" = " 3 enrolled" ]
    fc-gallery -g g.fcg check >/dev/null
    [ "$(fc-match -g g.fcg ann2.jpg bob.png | jq -r .id | tr '\n' ' ')" = "Ann Bob " ]
    [ "$(fc-match --aligned -g g.fcg chips/Ann/2.png chips/Bob/1.png | jq -r .id | tr '\n' ' ')" = "Ann Bob " ]
    fc-gallery -g g.fcg export >out.jsonl
    fc-knn-train -g g.fcg -k 1 -o m.knn >/dev/null 2>&1
    [ "$(fc-match --aligned --knn m.knn chips/Ann/1.png | jq -r .nearest)" = Ann ]
    run -2 fc-enroll --aligned --augment 2 -g g.fcg --id Cat chips/Bob/1.png
    [[ $output == *"--augment: makes views of photos, not of crops (--aligned)"* ]]
    fc-eval all-pairs --root chips --aligned --cache cache -f json >one
    jq -e '.protocol.detector.aligned and (.protocol.repeat | contains(" --aligned ")) and .metrics.fte == 0' one
    fc-eval all-pairs --root chips --aligned --cache cache -f json >two
    [ "$(jq .run.cached two)" -eq 3 ]
    fc-eval all-pairs --root chips --cache cache -f json >three || [ $? -eq 3 ]
    [ "$(jq .run.cached three)" -eq 0 ] # found faces are others
    fc-plot map --aligned -o map.svg chips/Ann chips/Bob
}

@test "--aligned: other sizes are made to fit, and photos are refused" {
    make_chips
    convert=$(command -v convert) || skip "no ImageMagick"
    fc-embed --aligned chips/Ann/1.png >base
    for side in 56 111 160 224 448; do
        "$convert" chips/Ann/1.png -resize ${side}x$side resized.png
        fc-match --aligned base resized.png | jq -e '.similarity > 0.9' >/dev/null || fault "side $side"
    done
    "$convert" chips/Ann/1.png -resize 449x449 large.png
    "$convert" chips/Ann/1.png -resize 55x55 little.png
    "$convert" chips/Ann/1.png -crop 96x112+8+0 +repage narrow.png
    cp ann.jpg photo.jpg
    filter='.error' golden embed-aligned-sizes 3 fc-embed --aligned large.png little.png narrow.png photo.jpg chips/Ann/1.png
    # fc-align says what size; box crops are whole pictures as well
    fc-align --aligned --size 160 --mode box --margin 20 chips/Ann/1.png |
        jq -ce '.faces[0].crop | [.w, .h, .mode, .margin] == [160, 160, "box", 20]'
    echo '{"v":1,"src":"x","faces":[{"box":[0,0,1,1],"aligned":1}]}' | { run -2 fc-embed; [[ $output == *"faces[0].aligned: want true or false"* ]]; }
}

@test "in steps and in one process: the same bytes" {
    fc-embed group.jpg ice.jpg small.jpg missing.jpg >one 2>/dev/null || [ $? -eq 3 ]
    fc-detect -q group.jpg ice.jpg small.jpg missing.jpg | fc-align -q -j2 | fc-embed >two || [ $? -eq 3 ]
    cmp one two
    fc-align -q group.jpg ice.jpg small.jpg missing.jpg | fc-embed >three || [ $? -eq 3 ]
    cmp one three
    fc-detect -q group.jpg ice.jpg small.jpg missing.jpg | fc-embed >four || [ $? -eq 3 ]
    cmp one four
    run ! grep -q crop one
    fc-embed --keep-crop --faces largest --max-side 600 group.jpg >one
    fc-detect --max-side 600 group.jpg | fc-align | fc-embed --keep-crop --faces largest >two
    cmp one two
    jq -e '.faces[0].crop.w == 112' one
}

@test "embeddings that are there are kept, and need no picture" {
    fc-embed small.jpg >cache
    rm small.jpg
    fc-embed cache | cmp - cache
}

@test "the vector has unit length and stands under its contract" {
    fc-embed small.jpg | jq -r '.faces[0].embedding | .model, .f32' >out
    [[ $(head -n 1 out) =~ ^mobilefacenet:[0-9a-f]{16}$ ]]
    tail -n 1 out | base64 -d | od -An -v -tf4 -w4 >floats
    [ "$(wc -l <floats)" -eq 192 ]
    awk '{ s += $1 * $1 } END { exit !(s > 0.99999 && s < 1.00001) }' floats
}

@test "--flip is another contract" {
    fc-embed small.jpg >plain
    fc-embed --flip small.jpg >flip
    [ "$(jq -r '.faces[0].embedding.model' plain)" != "$(jq -r '.faces[0].embedding.model' flip)" ]
    run --separate-stderr fc-embed --flip plain
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == *"$(jq -r '.faces[0].embedding.model' plain)"*"$(jq -r '.faces[0].embedding.model' flip)"* ]]
}

@test "an array for NumPy and its list" {
    name=$'tab\tname.jpg'
    cp small.jpg "$name"
    run --separate-stderr fc-embed -f npy -o out.npy group.jpg missing.jpg ice.jpg "$name"
    [ "$status" -eq 3 ]
    [ -z "$output" ]
    [ "$(cat out.ids)" = $'group.jpg\t0\ngroup.jpg\t1\ngroup.jpg\t2\ntab\\tname.jpg\t0' ]
    [ "$(wc -c <out.npy)" -eq $((128 + 4 * 192 * 4)) ]
    head -c 128 out.npy | tail -c +11 | grep -qx "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 192), } *"
    [ "$(head -c 10 out.npy | od -An -tx1 | tr -d ' ')" = 934e554d505901007600 ]
    fc-embed group.jpg | jq -r '.faces[1].embedding.f32' | base64 -d >want
    tail -c +129 out.npy | head -c 1536 | tail -c 768 | cmp - want
}

@test "an array of no rows, and one that is not written" {
    fc-embed -f npy -o none ice.jpg
    head -c 128 none | grep -qa "'shape': (0, 192)"
    [ -e none.ids ]
    [ ! -s none.ids ]
    { fc-detect small.jpg; echo '{"v":2}'; } >broken
    run fc-embed -f npy -o broken.npy small.jpg broken
    [ "$status" -eq 2 ]
    [ -z "$(find . -name 'broken.*')" ]
    golden embed-npy-nowhere 2 fc-embed -f npy -o nowhere/x.npy small.jpg
    golden embed-npy-no-file 2 fc-embed -f npy small.jpg
    golden embed-output-json 2 fc-embed -o x small.jpg
}

@test "weights of which nothing comes are a failure of the engine, with its own code" {
    header=$((8 + $(od -An -tu8 -N 8 "$FC_TESTS/../models/mobilefacenet.safetensors")))
    head -c "$header" "$FC_TESTS/../models/mobilefacenet.safetensors" >zero.safetensors
    truncate -r "$FC_TESTS/../models/mobilefacenet.safetensors" zero.safetensors
    printf 'input: 112\nalignment: {mode: five-point}\nnormalisation: {mean: 127.5, scale: 0.0078125}\n' >zero.yaml
    filter=$counts golden embed-zero 3 fc-embed -m ./zero.safetensors small.jpg
}

@test "NumPy reads the array" {
    local python
    for python in python3 /usr/bin/python3 ''; do # Debian's may not be the first
        ! "$python" -c 'import numpy' 2>/dev/null || break
    done
    [ -n "$python" ] || skip "no NumPy"
    fc-embed -f npy -o out.npy group.jpg
    "$python" -c 'import numpy; a = numpy.load("out.npy"); assert a.shape == (3, 192) and abs((a * a).sum(1) - 1).max() < 1e-5'
}

@test "--timings has all stages, in steps too" {
    fc-embed --timings small.jpg | jq -e '.ms | keys == ["align", "decode", "detect", "embed"]'
    fc-detect --timings small.jpg | fc-embed --timings | jq -e '.ms | keys == ["align", "decode", "detect", "embed"]'
}

@test "a run that is stopped leaves no temporary files" {
    fc-embed -q ann.jpg >records
    mkdir out
    for signal in INT TERM HUP PIPE XCPU; do
        mkfifo lines
        # a program in the background of a script ignores SIGINT unless it is told otherwise
        env --default-signal=INT,PIPE fc-embed -f npy -o out/faces.npy <lines &
        child=$!
        exec 9>lines
        cat records >&9
        for ((i = 0; i < 200; i++)); do
            [ "$(find out -name '*.tmp' | wc -l)" -eq 2 ] && break
            sleep 0.05
        done
        [ "$(find out -name '*.tmp' | wc -l)" -eq 2 ]
        kill -s $signal $child
        status=0
        wait "$child" || status=$?
        [ "$status" -gt 128 ]
        exec 9>&-
        rm lines
        [ -z "$(ls -A out)" ]
    done
}

# vectors: of the faces on stdin, a line each
vectors() {
    jq -r '.faces[].embedding.f32' "$@"
}

@test "faces of one picture have the embeddings that each has alone, however many there are, at any -j" {
    fc-detect -q group.jpg | jq -c '.faces |= .[:3] + . + .[:2] + .[1:]' >many # 10 faces: more than go together
    jq -c '.faces[] as $f | .faces = [$f]' many >each
    for options in '' '-m dlib-face' '-m dlib-face --flip' '-m dlib-face --precision fp32' '-m mobilefacenet,dlib-face'; do
        fc-embed -q -j1 $options each | vectors >alone
        [ "$(wc -l <alone)" -eq 10 ]
        for j in 1 2; do
            fc-embed -q -j $j $options many >made
            vectors made | diff - alone
            # of some of them it is known
            jq -c 'del(.faces[0, 4, 9].embedding)' made | fc-embed -q -j $j $options | vectors | diff - alone
        done
    done
}

@test "a face whose crop is missing fails its picture, and no other" {
    fc-detect -q group.jpg >one
    jq -c 'del(.faces[2].landmarks)' one >broken
    cat broken one >both
    run -3 --separate-stderr fc-embed -q both
    [ "$(jq -s 'map(has("faces")) == [false, true]' <<<"$output")" = true ]
    fc-embed -q one | diff - <(tail -n 1 <<<"$output")
}
