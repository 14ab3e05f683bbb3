load common

# What one picture may take: bytes, pixels, faces, seconds. A picture over a limit is a failed one, and the run goes on.

# code of the error of each record of the last run, a word each
codes() {
    jq -rn '[inputs | .error.code // "good"] | join(" ")' <<<"$output"
}

@test "a file over --max-bytes is not read, nor is a picture that comes through a pipe" {
    size=$(stat -Lc %s ann.jpg)
    run -3 --separate-stderr fc-detect --max-bytes $((size - 1)) ann.jpg small.jpg
    [ "$(codes)" = "limit good" ]
    [[ $stderr == *"ann.jpg: $size bytes, the limit is $((size - 1))"* ]]
    run -0 fc-detect --max-bytes "$size" ann.jpg
    # stdin and a pipe: the rest of it stays where it is, and what comes after is looked at
    run -3 --separate-stderr bash -c 'cat ann.jpg | fc-detect --max-bytes 60000 - small.jpg'
    [ "$(codes)" = "limit good" ]
    [[ $stderr == *"stdin: more than 60000 bytes"* ]]
    run -3 --separate-stderr bash -c 'fc-detect --max-bytes 60000 <(cat ann.jpg; sleep 0) small.jpg'
    [ "$(codes)" = "limit good" ]
    run -3 --separate-stderr bash -c 'yes | tr -d "\n" | fc-detect --max-bytes 100000'
    [ "$(codes)" = limit ]
}

@test "a picture that takes longer than --timeout fails with a code of its own, in any format and stage" {
    for file in ann.jpg bob.png "$FC_TESTS"/data/formats/{bmp-24.bmp,jpeg-progressive.jpg,png-interlaced.png}; do
        [ -e "$file" ] || continue
        run -3 --separate-stderr fc-detect --timeout 0.000001 "$file" --damaged keep
        [ "$(codes)" = timeout ] || fault "$file: $output"
        [[ $stderr == *"$file: took longer than 1e-06 seconds"* ]]
        [ "$(jq -r .error.stage <<<"$output")" = decode ]
    done
    convert small.jpg -resize 1200x1200 large.webp
    run -3 --separate-stderr fc-detect --timeout 0.0001 large.webp
    [ "$(codes)" = timeout ]
    # the faces of a record are the work of the stages behind it
    fc-detect group.jpg >found
    run -3 --separate-stderr fc-embed --timeout 0.000001 found
    [ "$(jq -r '.error.stage + " " + .error.code' <<<"$output")" = "decode timeout" ]
    fc-align group.jpg >aligned
    run -3 --separate-stderr fc-embed --timeout 0.000001 aligned
    [[ $(jq -r '.error.stage + " " + .error.code' <<<"$output") == @(align|embed)" timeout" ]] # where the time went
    # there is time enough, and nothing else changes
    fc-embed group.jpg ann.jpg >free
    fc-embed --timeout 3600 group.jpg ann.jpg | cmp - free
    fc-embed --timeout 0 group.jpg ann.jpg | cmp - free
}

@test "fc-draw has the limits, too" {
    fc-detect ann.jpg small.jpg >found
    mkdir drawn
    for limit in "--max-bytes 60000" "--max-pixels 10000" "--timeout 0.0005"; do
        # shellcheck disable=SC2086
        run -3 --separate-stderr fc-draw $limit --force -o drawn/ found
        [[ $stderr == *ann.jpg* ]] || fault "$limit: $stderr"
    done
    run -0 fc-draw --max-bytes 70000 --force -o drawn/ found
}

@test "--max-faces keeps the best, and says so" {
    run -0 --separate-stderr fc-detect --max-faces 2 group.jpg
    [ "$(jq '.faces | length' <<<"$output")" -eq 2 ]
    [[ $stderr == *"group.jpg: a crowd: there may be more faces than the 2 kept, the best by score (--max-faces)"* ]]
}
