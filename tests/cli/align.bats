load common

@test "from a picture and from a record: the same bytes" {
    fc-align group.jpg ice.jpg >one
    fc-detect group.jpg ice.jpg | fc-align >two
    cmp one two
    fc-align one | cmp - one
    jq -e -s '.[0].faces | length == 3 and all(.[]; .crop.w == 112 and .crop.h == 112 and .crop.mode == "five-point"
        and (.crop.rgb | length) == 50176)' one
}

@test "from a reduced picture too" {
    fc-align --max-side 480 group.jpg >one
    fc-detect --max-side 480 group.jpg | fc-align >two
    cmp one two
}

@test "PNG files hold the crops' pixels, under names that tell pictures of one name apart" {
    mkdir other
    cp small.jpg 'other/small.jpg'
    cp small.jpg $'other/-a b\xff.c.jpg'
    fc-align -o crops small.jpg other >records
    [ "$(find crops -type f | wc -l)" -eq 3 ]
    jq -r '.faces[].crop.file' records >names
    [ "$(sed -E 's/-[0-9a-f]{16}-/-HASH-/' names | tr '\n' ' ')" = "small-HASH-0.png _a_b_.c-HASH-0.png small-HASH-0.png " ]
    [ "$(sort -u names | wc -l)" -eq 3 ]
    while read -r name; do
        [ -e "crops/$name" ]
    done <names
    convert=$(command -v convert-im6.q16 || command -v convert) || skip "no ImageMagick"
    jq -r '.faces[0].crop.rgb' records | head -n 1 | base64 -d >want
    "$convert" "crops/$(head -n 1 names)" rgb:- | cmp - want
    # once more: the same names
    fc-align -o crops small.jpg other | cmp - records
    [ "$(find crops -type f | wc -l)" -eq 3 ]
}

@test "crops that cannot be written end the run" {
    touch file
    golden align-no-folder 2 fc-align -o file small.jpg
    golden align-no-parent 2 fc-align -o nowhere/crops small.jpg
}

@test "box crops, sizes and margins" {
    fc-align --mode box --size 160 --margin 32 small.jpg |
        jq -e '.faces[0].crop | .w == 160 and .mode == "box" and .margin == 32 and (.rgb | length) == 102400'
    fc-align --size 64 small.jpg | jq -e '.faces[0].crop | .w == 64 and .mode == "five-point"'
    golden align-margin 2 fc-align --margin 3 small.jpg
    golden align-margin-size 2 fc-align --mode box --size 20 --margin 20 small.jpg
}

@test "a face without landmarks fails in five-point alignment, not in a box" {
    echo '{"v":1,"src":"small.jpg","faces":[{"box":[30,15,40,50],"score":0.9}]}' >record
    filter=$counts golden align-no-landmarks 3 fc-align record
    fc-align --mode box record | jq -e '.faces[0].crop.w == 112'
    echo '{"v":1,"src":"small.jpg","faces":[{"box":[300,15,40,50],"score":0.9}]}' >record
    filter=$counts golden align-outside 3 fc-align --mode box record
    echo '{"v":1,"src":"small.jpg","faces":[{"score":0.9}]}' >record
    golden align-no-box 2 fc-align record
}

@test "a picture from stdin cannot be opened a second time" {
    fc-detect - <small.jpg >record
    filter=$counts golden align-stdin 3 fc-align record
    fc-align - <small.jpg | jq -e '.faces[0].crop.w == 112'
    echo '{"v":1}' >record
    filter=$counts golden align-no-src 3 fc-align record
}

@test "the umask holds for every crop, at any number of threads" {
    fc-align --size 16 small.jpg >one.jsonl
    jq -c '. as $r | range(600) | . as $i | $r | .src = "p/\($i).jpg"' one.jsonl >many.jsonl
    (umask 077 && fc-align -q -j16 --size 16 -o crops many.jsonl >records)
    [ "$(ls crops | wc -l)" -eq 600 ]
    [ -z "$(find crops -perm /077)" ]
    (umask 022 && fc-align -q -j16 --size 16 -o open many.jsonl >records)
    [ -z "$(find open -type f ! -perm 0644)" ]
    [ -d open ] && [ "$(stat -c %a open)" = 755 ]
}

@test "crops of records without src have names of their own" {
    fc-align small.jpg | jq -c 'del(.src)' >one
    fc-align ann.jpg | jq -c 'del(.src)' >>one
    fc-align -o crops one >records
    [ "$(jq -r '.faces[].crop.file' records | sort -u | wc -l)" -eq 2 ]
    [ "$(ls crops | wc -l)" -eq 2 ]
    fc-align -j1 -o crops one | cmp - records
}

@test "records of one picture, and different faces: each crop has a file of its own, at any -j" {
    fc-detect group.jpg | jq -c '. as $r | range(3) as $i | $r | .faces = [.faces[$i]]' >three
    head -n 1 three >again
    for jobs in 1 4; do
        fc-align "-j$jobs" -o "crops$jobs" three again >records
        jq -r '.faces[0].crop.file' records >names
        [ "$(sort -u names | wc -l)" -eq 3 ] # the fourth is the first
        [ "$(ls "crops$jobs" | wc -l)" -eq 3 ]
        [ "$(sed -n 1p names)" = "$(sed -n 4p names)" ]
    done
    diff -r crops1 crops4
    # what a record says is what its file holds
    convert=$(command -v convert-im6.q16 || command -v convert) || skip "no ImageMagick"
    while read -r record; do
        jq -r '.faces[0].crop.rgb' <<<"$record" | base64 -d >want
        "$convert" "crops1/$(jq -r '.faces[0].crop.file' <<<"$record")" rgb:- | cmp - want
    done <records
    # the same path of two sizes of the picture, in one folder
    fc-align --max-side 480 -o crops1 group.jpg >small
    fc-align -o crops1 group.jpg >large
    [ "$(cat small large | jq -r '.faces[].crop.file' | sort -u | wc -l)" -eq 6 ]
}

@test "the budget of memory has room for what is behind a face" {
    [ -e "$FC_BUILD/modules/facecheck-grabcut.so" ] || skip "built without OpenCV"
    convert=$(command -v convert-im6.q16 || command -v convert) || skip "no ImageMagick"
    "$convert" ann.jpg -resize '1600x1600!' large.jpg # 7.3 MiB of pixels
    fc-align --max-memory 12 large.jpg >/dev/null
    run -3 --separate-stderr fc-align --max-memory 12 --background blur large.jpg
    [ "$(jq -r .error.code <<<"$output")" = limit ]
    fc-align --max-memory 24 --background blur large.jpg >/dev/null
}

@test "what is behind a face is blurred or removed" {
    [ -e "$FC_BUILD/modules/facecheck-grabcut.so" ] || skip "built without OpenCV"
    for background in keep blur remove; do
        fc-align --background $background ann.jpg >$background
        fc-align --background $background -j1 ann.jpg | cmp - $background
        fc-embed $background | jq -e '.faces | length == 1'
    done
    cmp keep <(fc-align ann.jpg)
    jq -e '.faces[0].crop | has("background") | not' keep
    jq -e '.faces[0].crop.background == "blur"' blur
    # it is another picture, and the same person
    [ "$(cat keep blur remove | jq -r '.faces[0].crop.rgb' | sort -u | wc -l)" -eq 3 ]
    for background in blur remove; do
        fc-match -q keep $background | jq -e '.similarity > 0.7 and .similarity < 0.9999'
    done
    # a crop of another background is not what is wanted; where any will do, it is taken
    run -2 --separate-stderr fc-align --background remove blur
    [[ $stderr == *"the crop was made with the background 'blur'; wanted is 'remove'"* ]]
    fc-align --background blur blur | cmp - blur
    fc-align blur | cmp - blur
    run -2 --separate-stderr fc-align --background blur --aligned small.jpg
    [[ $stderr == *"--background: is changed in photos, not in crops (--aligned)"* ]]
}
