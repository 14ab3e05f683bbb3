load common

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
    echo '{"v":2}' >broken
    run fc-embed -f npy -o broken.npy small.jpg broken
    [ "$status" -eq 2 ]
    [ -z "$(find . -name 'broken.*')" ]
    golden embed-npy-nowhere 2 fc-embed -f npy -o nowhere/x.npy small.jpg
    golden embed-npy-no-file 2 fc-embed -f npy small.jpg
    golden embed-output-json 2 fc-embed -o x small.jpg
}

@test "NumPy reads the array" {
    python3 -c 'import numpy' 2>/dev/null || skip "no NumPy"
    fc-embed -f npy -o out.npy group.jpg
    python3 -c 'import numpy; a = numpy.load("out.npy"); assert a.shape == (3, 192) and abs((a * a).sum(1) - 1).max() < 1e-5'
}

@test "--timings has all stages, in steps too" {
    fc-embed --timings small.jpg | jq -e '.ms | keys == ["align", "decode", "detect", "embed"]'
    fc-detect --timings small.jpg | fc-embed --timings | jq -e '.ms | keys == ["align", "decode", "detect", "embed"]'
}

@test "a run that is stopped leaves no temporary files" {
    fc-embed -q ann.jpg >records
    mkdir out
    for signal in INT TERM HUP; do
        mkfifo lines
        # a program in the background of a script ignores SIGINT unless it is told otherwise
        env --default-signal=INT fc-embed -f npy -o out/faces.npy <lines &
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
