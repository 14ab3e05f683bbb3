load common

@test "the faces of a group: boxes, landmarks, scores" {
    fc-detect group.jpg ice.jpg | near detect-group.jsonl 0.5
}

@test "a table of faces" {
    fc-detect -f tsv group.jpg ice.jpg >table
    [ "$(wc -l <table)" -eq 4 ]
    [ "$(cut -f 1,2 table | tail -n +2)" = $'group.jpg\t0\ngroup.jpg\t1\ngroup.jpg\t2' ]
    fc-detect group.jpg | jq -r '.faces[] | [.box[], .score, .landmarks[][]] | map(tostring) | join("\t")' >want
    tail -n +2 table | cut -f 3- | sed 's/\.0\b//g' | diff - want
    awk -F '\t' 'NF != 17 { exit 1 }' table
}

@test "which faces: all, largest, best, center, one" {
    fc-detect group.jpg >all
    box() { jq -c '[.faces[].box]'; }
    [ "$(fc-detect --faces largest group.jpg | box)" = "$(jq -c '[.faces | max_by(.box[2] * .box[3]) | .box]' all)" ]
    [ "$(fc-detect --faces best group.jpg | box)" = "$(jq -c '[.faces | max_by(.score) | .box]' all)" ]
    [ "$(fc-detect --faces center group.jpg | box)" = "$(jq -c '[.faces
        | min_by((.box[0] + .box[2] / 2 - 480) as $x | (.box[1] + .box[3] / 2 - 320) as $y | $x * $x + $y * $y) | .box]' all)" ]
    filter=$counts golden detect-one 3 fc-detect --faces one small.jpg group.jpg ice.jpg
    # the same from records
    for choice in largest best center; do
        fc-detect --faces $choice all >from-record
        fc-detect --faces $choice group.jpg | cmp - from-record
    done
    run fc-detect -q --faces one all
    [ "$status" -eq 3 ]
    echo '{"v":1,"src":"a","faces":[{"box":[1,2,3,4],"score":1},{"box":[1,2,3,4]}]}' >record
    golden detect-no-score 3 fc-detect --faces best record
}

@test "smaller faces, stricter thresholds, another pyramid" {
    [ "$(fc-detect --min-face 250 group.jpg | jq '.faces | length')" -lt 3 ]
    [ "$(fc-detect --thresholds 0.6,0.7,0.9999 group.jpg | jq '[.faces[] | .score >= 0.9999] | all and length < 3')" = true ]
    [ "$(fc-detect --factor 0.5 small.jpg | jq '.faces | length')" -eq 1 ]
}

@test "--max-side: the picture is reduced, boxes stay where they are" {
    fc-detect group.jpg >full
    fc-detect --max-side 480 group.jpg >half
    [ "$(jq -c '[.w, .h, .max_side, (.faces | length)]' half)" = '[960,640,480,3]' ]
    jq -e -n --slurpfile a full --slurpfile b half '
        [$a[0].faces, $b[0].faces | map(.box) | sort] | transpose
        | all(.[]; ([.[0], .[1]] | transpose | all(.[]; (.[0] - .[1] | fabs) < 8)))'
}

@test "--timings adds the stages' milliseconds, which are not there otherwise" {
    fc-detect small.jpg | jq -e 'has("ms") | not'
    fc-detect --timings small.jpg | jq -e '.ms | keys == ["decode", "detect"] and all(.[]; . >= 0)'
}

@test "records that have faces are passed on as they are" {
    printf '%s\n' '{"x":[1.50,{"ü":null}],"v":1,"src":"nowhere.jpg","faces":[{"box":[1,2,3,4],"name":"Ann"}],"y":1e2}' |
        fc-detect >out
    [ "$(cat out)" = '{"x":[1.5,{"ü":null}],"v":1,"src":"nowhere.jpg","faces":[{"box":[1,2,3,4],"name":"Ann"}],"y":100.0}' ]
}

@test "a crowd: --max-faces keeps the best faces, and says so" {
    crowd crowd.png 40 30
    fc-detect --max-faces 5000 crowd.png >all 2>err
    [ ! -s err ]
    jq -e '(.faces | length) > 1100 and (has("cut") | not)' all
    for n in 1 7 1000; do # 1000 is the default
        if [ $n -lt 1000 ]; then
            fc-detect --max-faces $n crowd.png >best 2>err
        else
            fc-detect crowd.png >best 2>err
        fi
        jq -e --argjson n $n --slurpfile all all '.cut and .faces == $all[0].faces[:$n]' best
        grep -qx "fc-detect: crowd.png: a crowd: .* the $n kept, .*(--max-faces)" err
    done
    fc-detect -q crowd.png 2>&1 | cmp - best
    # other tools take the faces of a record as they are, and find as many themselves
    fc-align --size 16 all | jq -e --slurpfile all all '(.faces | length) == ($all[0].faces | length) and (has("cut") | not)'
    fc-align --size 16 --max-faces 7 crowd.png 2>err | jq -e '.cut and (.faces | length) == 7'
    grep -q 'the 7 kept' err
    run fc-detect --max-faces 0 crowd.png
    [ "$status" -eq 2 ]
}

@test "--turns finds faces on their side, and costs nothing where there is a good one" {
    fc-detect bob.png >upright
    fc-detect --turns bob.png | cmp - upright
    fc-detect --turns group.jpg >out
    fc-detect group.jpg | cmp - out
    fc-detect --turns ice.jpg | jq -e '.faces == []'
    for turn in 90 180 270; do
        convert bob.png -rotate $((360 - turn)) side.png
        fc-detect side.png | jq -e '.faces | all(.[]; .score < 0.99 and (has("turn") | not))'
        fc-detect --turns side.png >found
        # the place is that of the upright face, in the picture as it is: 512 x 512 pixels
        jq -e -n --argjson turn $turn --slurpfile was upright --slurpfile is found '
            def there: if $turn == 90 then [.[1], 511 - .[0]] elif $turn == 180 then [511 - .[0], 511 - .[1]]
                       else [511 - .[1], .[0]] end;
            $was[0].faces[0] as $w | $is[0].faces[0] as $i
            | $i.turn == $turn and $is[0].w == 512 and ($is[0].faces | length) == 1
            and ([$w.landmarks | map(there), $i.landmarks] | transpose
                 | all(.[]; (.[0][0] - .[1][0] | fabs) < 0.002 and (.[0][1] - .[1][1] | fabs) < 0.002))
            and ($i.box as [$x, $y, $w, $h] | $i.landmarks
                 | all(.[]; .[0] > $x and .[0] < $x + $w and .[1] > $y and .[1] < $y + $h))'
        # a face as any other for the tools behind it
        fc-embed --turns side.png >whole
        fc-align <found | fc-embed | cmp - whole
        fc-embed found | cmp - whole
        fc-embed --turns -j4 side.png side.png | head -n 1 | cmp - whole
        fc-match -q --turns bob.png side.png | jq -e '.similarity > 0.99'
        # crops of boxes, too, are upright
        for mode in five-point box; do
            fc-align --mode $mode bob.png | jq -r '.faces[0].crop.rgb' | base64 -d >upright.rgb
            fc-align --mode $mode found | jq -r '.faces[0].crop.rgb' | base64 -d >turned.rgb
            fc-align --turns --mode $mode side.png | jq -r '.faces[0].crop.rgb' | base64 -d | cmp - turned.rgb
            # a box begins at a whole pixel: up to one of a hundred further in
            { compare -metric PSNR -size 112x112 -depth 8 rgb:upright.rgb rgb:turned.rgb null: 2>&1 || true; } |
                awk -v least=$([ $mode = box ] && echo 17 || echo 40) '{ exit !($1 == "inf" || $1 > least) }'
        done
        fc-draw -o drawn.png found
    done
    echo '{"v":1,"src":"a","faces":[{"box":[1,2,3,4],"score":1,"turn":45}]}' >odd
    run -2 --separate-stderr fc-detect odd
    [[ $stderr == *'faces[0].turn: want 0, 90, 180 or 270'* ]]
}

@test "CelebA's tables: a row a picture, and people with two or more" {
    mkdir set
    cp ann.jpg 'set/000001.jpg'
    cp ann2.jpg 'set/000002.jpg'
    cp group.jpg 'set/a "b", c.jpg'
    cp bob.png 'set/000004.png'
    cp ice.jpg 'set/000005.jpg'
    printf '000002.jpg 7\r\n000001.jpg 7\n\n000004.png  12\n000005.jpg 12\n' >identities
    run -0 --separate-stderr fc-detect -f celeba-csv -o out --identities identities set
    [ -z "$output" ]
    [[ $stderr == *"1 pictures without a face are left out"*"1 pictures are not among the identities"* ]]
    [ "$(sed -E 's/,[0-9]+,[0-9]+,[0-9]+,[0-9]+$/,X/' out/cropped.csv)" = 'image_id,x_1,y_1,width,height
000001.jpg,X
000002.jpg,X
000004.png,X
"a ""b"", c.jpg",X' ]
    [ "$(<out/id_multiple.csv)" = 'image_id,identity
000001.jpg,7
000002.jpg,7' ]
    # the largest face, as whole pixels, unless another is wanted
    fc-detect --faces largest group.jpg >largest
    row=$(jq -r '.faces[0].box | [(.[0] | round), (.[1] | round)] | join(",")' largest)
    grep -q "^\"a \"\"b\"\", c.jpg\",$row," out/cropped.csv
    # the same at any -j, and from records
    fc-detect -q -j1 -f celeba-csv -o one set
    cmp one/cropped.csv out/cropped.csv
    [ ! -e one/id_multiple.csv ]
    fc-detect --faces largest set | fc-detect -q -f celeba-csv -o two
    cmp two/cropped.csv out/cropped.csv
    # a video is no picture of theirs
    if [ -e "$FC_BUILD/modules/facecheck-video.so" ] && command -v ffmpeg >/dev/null; then
        ffmpeg -v error -loop 1 -i ann.jpg -frames:v 5 -vf scale=360:-2 -pix_fmt yuv420p ann.mp4
        run -3 --separate-stderr fc-detect -f celeba-csv -o one set ann.mp4
        [[ $stderr == *"ann.mp4: "* ]]
        cmp one/cropped.csv out/cropped.csv
    fi
    # what fails is told, and what is there stays until the new one is whole
    cp "$FC_TESTS/bad/"truncated*.jpg set/ 2>/dev/null || printf 'x' >set/zz.jpg
    run -3 fc-detect -q -f celeba-csv -o one set
    cmp one/cropped.csv out/cropped.csv
    run -2 fc-detect -q --fail-fast -f celeba-csv -o one set
    cmp one/cropped.csv out/cropped.csv
}

@test "CelebA's tables: wrong usage, and identities that are none" {
    for words in "-f celeba-csv" "-o out" "--identities ids" "-f celeba-csv -o out --journal j"; do
        echo '1.jpg 2' >ids
        run -2 fc-detect $words ann.jpg
        [[ $output == *"fc-detect: "* ]]
    done
    while IFS=: read -r bad why; do
        printf "$bad" >ids
        run -2 fc-detect -f celeba-csv -o out --identities ids ann.jpg
        [[ $output == *"ids$why"* ]] || fault "$bad: $output"
    done <<'END'
a\n::1: want a picture's name and a number, as in CelebA's identities
a b c\n::1: want a picture's name and a number, as in CelebA's identities
a 1\na 2\n:: a is of 1 and of 2
a 1\0\n:: has NULs, and is no list of identities
:: empty
END
    run -2 fc-detect -f celeba-csv -o ann.jpg ann.jpg
    [ ! -e out/cropped.csv ]
}
