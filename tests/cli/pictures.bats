load common

# What may be wrong with a picture, and what it may take.

# A photo in which 512 bytes stand twice.
damaged() {
    { head -c 30000 "$1"; tail -c +29489 "$1"; } >"$2"
}

@test "a damaged JPEG is refused, or kept and marked, from stage to stage" {
    damaged ann.jpg bad.jpg
    run --separate-stderr fc-detect bad.jpg small.jpg
    [ "$status" -eq 3 ]
    [ "$(jq -r '.error.code // (.faces | length)' <<<"$output")" = $'corrupt\n1' ]

    fc-detect --damaged keep bad.jpg small.jpg >records
    jq -s '[.[] | .damaged]' records | jq -e '. == [true, null]'
    jq -s '[.[] | .faces | length]' records | jq -e '. == [1, 1]'
    # a later stage reads the picture again without being told so
    fc-embed records >embedded
    fc-embed --damaged keep bad.jpg small.jpg | cmp - embedded
    jq -s '[.[] | .damaged]' embedded | jq -e '. == [true, null]'
    fc-detect --damaged keep bad.jpg | fc-draw -o drawn.png
    [ -s drawn.png ]
    echo '{"v":1,"src":"a","damaged":1,"faces":[]}' >record
    run --separate-stderr fc-detect <record
    [ "$status" -eq 2 ]
    [[ $stderr == *damaged* ]]
}

@test "a damaged PNG is refused, or kept and marked" {
    head -c 300000 bob.png >bad.png
    run --separate-stderr fc-detect bad.png
    [ "$status" -eq 3 ]
    [ "$(jq -r .error.code <<<"$output")" = truncated ]
    fc-detect --damaged keep bad.png | jq -e '.damaged and .w == 512 and .h == 512 and (.faces | length) == 1'
    # one wrong byte: the checksum of its chunk is wrong
    cp bob.png flipped.png
    printf X | dd of=flipped.png bs=1 seek=300000 conv=notrunc status=none
    run --separate-stderr fc-detect flipped.png
    [ "$status" -eq 3 ]
    [ "$(jq -r .error.code <<<"$output")" = corrupt ]
    fc-detect --damaged keep flipped.png | jq -e '.damaged and (.faces | length) == 1'
}

@test "a damaged picture of every other format is refused" {
    for file in webp-lossless.webp tiff-rgb8.tif jp2-rgb.jp2 bmp-24.bmp pnm-p6.ppm webp-animated.webp bmp-rle8.bmp; do
        head -c $(($(stat -c %s "$FC_TESTS/data/formats/$file") * 3 / 4)) "$FC_TESTS/data/formats/$file" >"$file"
        run --separate-stderr fc-detect "$file"
        [ "$status" -eq 3 ] || fault "$file: $output"
        run --separate-stderr fc-detect --damaged keep "$file"
        [ "$status" -eq 3 ] || fault "$file: $output"
    done
}

@test "one of several pictures in a file is taken, and the record says so" {
    fc-detect "$FC_TESTS"/data/formats/{webp-animated.webp,png-animated.png,png-rgb8.png} >records
    jq -s '[.[] | .frames]' records | jq -e '. == [2, 2, null]'
    fc-embed records | jq -s '[.[] | .frames]' | jq -e '. == [2, 2, null]'
}

@test "pictures wait for memory, and the output is the same for any number of jobs" {
    for i in 1 2 3 4 5 6; do
        cp group.jpg "a$i.jpg"
        cp ann.jpg "b$i.jpg"
    done
    fc-detect -j1 ./*.jpg >want
    for jobs in 1 2 8; do
        fc-detect --max-memory 4 "-j$jobs" ./*.jpg | cmp - want
    done
    # too little for the larger ones, whoever comes first
    status=0
    fc-detect -q --max-memory 2 -j1 ./*.jpg >want || status=$?
    [ "$status" -eq 3 ]
    jq -es '[.[] | select(.error.code == "limit")] | length >= 6' want
    for jobs in 2 8; do
        status=0
        fc-detect -q --max-memory 2 "-j$jobs" ./*.jpg >got || status=$?
        [ "$status" -eq 3 ]
        cmp got want
    done
    # reduced while it is decoded, it fits
    fc-detect -q --max-memory 2 --max-side 480 group.jpg | jq -e '.faces | length == 3'
    # a copy that may have to be turned wants its room, whether or not it is made
    fc-detect -q --max-memory 4 group.jpg | jq -e '.faces | length == 3'
    for jobs in 1 8; do
        status=0
        fc-detect -q --turns --max-memory 4 "-j$jobs" group.jpg group.jpg >got || status=$?
        [ "$status" -eq 3 ]
        jq -es 'map(.error.code) == ["limit", "limit"]' got
    done
    fc-detect -q --turns --max-memory 5 -j8 group.jpg group.jpg | jq -es 'map(.faces | length) == [3, 3]'
}

@test "a budget is kept: two large pictures at once take no more memory than one" {
    [ -z "${FC_SANITIZE:-}" ] || skip "a sanitizer takes memory of its own"
    convert -size 4000x4000 gradient:red-blue -interlace JPEG -sampling-factor 1x1 -quality 80 large.jpg
    cp large.jpg large2.jpg
    rss() {
        /usr/bin/env python3 - "$@" <<'P'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
P
    }
    one=$(rss fc-detect -j1 --max-side 500 large.jpg)
    two=$(rss fc-detect -j2 --max-memory 130 --max-side 500 large.jpg large2.jpg)
    echo "one $one MiB, two $two MiB"
    [ "$one" -gt 90 ]
    [ "$two" -lt $((one + 40)) ]
    [ "$(fc-detect -q --max-memory 60 --max-side 500 large.jpg | jq -r .error.code)" = limit ]
}
