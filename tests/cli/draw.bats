# fc-draw. Pictures are compared by their pixels, as fc-detect and ImageMagick read them.
load run

setup() {
    cd "$BATS_TEST_TMPDIR"
    photos=$FC_TESTS/data/photos
    convert=$(command -v convert-im6.q16 || command -v convert)
    compare=$(command -v compare-im6.q16 || command -v compare)
}

# Pixels that differ between two pictures by more than 20 %.
differing() {
    "$compare" -metric AE -fuzz 20% "$1" "$2" null: 2>&1 || [ $? -eq 1 ]
}

@test "boxes, landmarks and labels change the picture where the faces are, and nowhere else" {
    fc-detect "$photos/sample1.jpg" | fc-draw -o a.png
    fc-detect "$photos/sample1.jpg" | jq -c '.faces = []' >none.jsonl
    [ "$(differing "$photos/sample1.jpg" a.png)" -gt 1000 ]
    # the faces are in rows 75 to 340 of 640
    "$convert" "$photos/sample1.jpg" -crop 960x290+0+350 +repage below.png
    "$convert" a.png -crop 960x290+0+350 +repage below-drawn.png
    [ "$(differing below.png below-drawn.png)" -eq 0 ]
    fc-draw --labels none --no-landmarks -o none.png none.jsonl
    [ "$(differing "$photos/sample1.jpg" none.png)" -gt 0 ] # "no face" in the corner
    "$convert" none.png -crop 700x500+200+100 +repage rest.png
    "$convert" "$photos/sample1.jpg" -crop 700x500+200+100 +repage rest-before.png
    [ "$(differing rest.png rest-before.png)" -eq 0 ]
}

@test "the box is drawn at the record's box, in the verdict's colour" {
    "$convert" -size 400x300 xc:gray50 plain.png
    for verdict in null true false; do
        echo '{"v":1,"probe":"plain.png","box":[100,80,120,100],"probe_score":1,"match":'$verdict',"similarity":0.5}' |
            fc-draw --labels none -o drawn.png
        # the left side, away from the rounded corners; dashes leave gaps in it
        "$convert" drawn.png -crop 1x80+100+90 +repage txt: >left.txt
        case $verdict in
        null) grep -qi '#57b5e8' left.txt ;;
        true) grep -qi '#f0e342' left.txt ;;
        false) grep -qi '#d75e00' left.txt ;;
        esac
        "$convert" drawn.png -crop 60x60+130+100 +repage -format '%k' info: | grep -qx 1
    done
}

@test "the lines of fc-match about one picture go on one copy" {
    fc-match -q "$photos/sample3.jpg" "$photos/sample1.jpg" "$photos/sample3.jpg" >m.jsonl
    [ "$(wc -l <m.jsonl)" -eq 6 ]
    fc-draw -o drawn/ m.jsonl
    [ "$(ls drawn)" = "$(printf 'sample1.jpg\nsample3.jpg')" ]
    run -2 --separate-stderr fc-draw -o one.jpg m.jsonl
    [[ $stderr == *"one.jpg: is one file, and there is more than one picture; name a folder"* ]]
}

@test "pictures of the same name from two folders do not hide each other" {
    mkdir x y
    cp "$photos/sample1.jpg" x/p.jpg
    cp "$photos/sample3.jpg" y/p.jpg
    "$convert" "$photos/astronaut.png" x/p.png
    fc-detect x y | fc-draw -f png -o drawn/
    [ "$(ls drawn)" = "$(printf 'p-2.png\np-3.png\np.png')" ]
    [ "$("$convert" drawn/p-3.png -format '%w' info:)" = 960 ]
    [ "$("$convert" drawn/p-2.png -format '%w' info:)" = 512 ]
}

@test "pictures are not drawn over, neither the one at hand nor one beside it" {
    mkdir p
    cp "$photos/grace_hopper.jpg" p/x.jpeg
    cp "$photos/sample1.jpg" p/x.jpg
    fc-detect p >faces
    sha256sum p/* >before
    run -2 --separate-stderr fc-draw -o p/ faces
    [[ $stderr == *"-o p/: would write over the pictures: name another folder"* ]]
    cd p
    run -2 --separate-stderr bash -c 'fc-detect x.jpg | fc-draw -o .'
    run -2 --separate-stderr bash -c 'fc-detect x.jpg | fc-draw -o ../p/x.jpg'
    [[ $stderr == *"x.jpg: is an input, and the output ../p/x.jpg would replace it"* ]]
    cd ..
    sha256sum -c --quiet before
    [ "$(ls p | wc -l)" -eq 2 ]
}

@test "EXIF orientation: the copy is upright, and the boxes are in place" {
    "$convert" "$photos/sample1.jpg" -rotate 90 -quality 95 side.jpg
    # orientation 8: to be turned back by 90 degrees
    printf '\377\330\377\341\0\042Exif\0\0MM\0*\0\0\0\010\0\001\001\022\0\003\0\0\0\001\0\010\0\0\0\0\0\0' >turned.jpg
    tail -c +3 side.jpg >>turned.jpg
    fc-detect turned.jpg | fc-draw -o drawn.png
    fc-detect "$photos/sample1.jpg" | fc-draw -o straight.png
    [ "$("$convert" drawn.png -format '%wx%h' info:)" = 960x640 ]
    [ "$(differing drawn.png straight.png)" -lt 1500 ] # JPEG noise, and boxes that differ by a pixel
}

@test "--max-side reduces picture and boxes alike" {
    fc-detect "$photos/sample1.jpg" | fc-draw --max-side 480 -o small.png
    [ "$("$convert" small.png -format '%wx%h' info:)" = 480x320 ]
}

@test "the label is the name, the verdict with the similarity, or the score" {
    "$convert" -size 400x300 xc:gray50 plain.png
    face='"box":[100,80,120,100],"score":0.987'
    for fields in '' ',"name":"Ann"' ',"match":true,"similarity":0.78' ',"match":true,"similarity":0.16'; do
        echo '{"v":1,"src":"plain.png","faces":[{'"$face$fields"'}]}' | fc-draw -o "label${#fields}.png"
        echo '{"v":1,"src":"plain.png","faces":[{'"$face$fields"'}]}' | fc-draw -o again.png
        cmp again.png "label${#fields}.png"
        "$convert" again.png -crop 200x30+90+45 +repage -format '%#\n' info:
    done | sort -u | wc -l | grep -qx 4
}

@test "what cannot be drawn on is passed over, with a message and exit status 3" {
    cp "$photos/astronaut.png" a.png
    fc-detect a.png "$photos/sample1.jpg" >r.jsonl
    fc-detect - <a.png >>r.jsonl
    "$convert" a.png -resize 50% b.png
    mv b.png a.png
    echo '{"v":1,"src":"gone.jpg","faces":[]}' >>r.jsonl
    fc-detect "$FC_TESTS/cli/draw.bats" >>r.jsonl 2>err || [ $? -eq 3 ]
    run -3 --separate-stderr fc-draw -o drawn/ r.jsonl
    [ "$(ls drawn)" = sample1.jpg ]
    [[ $stderr == *"a.png: 256x256 pixels, but 512x512 when its record was made"* ]]
    [[ $stderr == *"the picture came from a pipe and is gone: give fc-detect its file name"* ]]
    [[ $stderr == *"gone.jpg: No such file or directory"* ]]
    [ "$(wc -l <<<"$stderr")" -eq 4 ]
    run -3 --separate-stderr fc-draw -q -o drawn/ r.jsonl
    [ -z "$stderr" ]
}

@test "what ends the run: no output, a picture instead of records, a broken line, a full disk" {
    run -2 fc-draw r.jsonl
    [[ $output == *"no -o"* ]]
    run -2 fc-draw -o x.gif r.jsonl
    [[ $output == *"x.gif"* ]]
    run -2 fc-draw -o x.png "$photos/sample1.jpg"
    [[ $output == *"no records"* ]]
    run -2 fc-draw -o x.png nothing.jsonl
    [[ $output == *"nothing.jsonl: No such file or directory"* ]]
    printf '{"v":1,"src":"a.png","faces":[]}\n{"v":1,"src"\n' >broken.jsonl
    cp "$photos/astronaut.png" a.png
    run -2 fc-draw -o drawn/ broken.jsonl
    [[ $output == *"broken.jsonl:2:"* ]]
    echo '{"v":2,"src":"a.png"}' >v2.jsonl
    run -2 fc-draw -o x.png v2.jsonl
    fc-detect a.png >r.jsonl
    run -2 fc-draw -o missing/x.png r.jsonl
    [[ $output == *"missing/x.png"* ]]
    [ ! -e x.png ]
}

@test "no records, no pictures" {
    run -0 fc-draw -o drawn/ </dev/null
    [ "$output" = "fc-draw: stdin: nothing came, neither records nor a picture" ]
    run -0 fc-draw -q -o drawn/ </dev/null
    [ -z "$output" ]
    [ -z "$(ls drawn)" ]
}

@test "boxes far outside the picture, of no size and of broken shape do no harm" {
    "$convert" -size 60x40 xc:gray50 plain.png
    for box in '[-1000000,-1000000,2000000,2000000]' '[10,10,0,0]' '[30,30,-20,-20]' '[1e6,1e6,5,5]' '[59,39,40,40]'; do
        echo '{"v":1,"src":"plain.png","faces":[{"box":'"$box"',"score":0.5,"landmarks":[[1e6,0],[0,0],[0,-1e6],[5,5],[9,9]]}]}' |
            fc-draw -o far.png
    done
    for box in '"x"' '[1,2,3]' '{}' '[null,1,2,3]'; do
        echo '{"v":1,"probe":"plain.png","box":'"$box"',"probe_score":1}' >bad.jsonl
        run -2 fc-draw -o far.png bad.jsonl
    done
}

@test "thousands of pictures of one name take no longer than others, and names are plain" {
    "$convert" -size 24x24 xc:gray50 p.png
    for ((i = 0; i < 2000; i++)); do
        echo '{"v":1,"src":"'"$i"'/p.png","faces":[]}'
    done >many.jsonl
    jq -c -r '.src | split("/")[0]' many.jsonl | xargs mkdir
    for ((i = 0; i < 2000; i++)); do ln p.png "$i/p.png"; done
    echo '{"v":1,"src":"x/p-2.png","faces":[]}' >last
    mkdir x && ln p.png x/p-2.png
    fc-draw -f png -o drawn/ many.jsonl last
    [ "$(ls drawn | wc -l)" -eq 2001 ]
    [ -e drawn/p-2000.png ] && [ -e drawn/p-2-2.png ]
    ln p.png $'x/a\e[2J\u009bb\u202e.png'
    fc-detect $'x/a\e[2J\u009bb\u202e.png' | fc-draw -f png -o plain/
    [ "$(ls plain)" = 'a_[2J__b___.png' ]
}

# Of a PNG of 2 pixels a point: the mean of a square of 40 points at X Y, 0 to 255.
shade() {
    "$convert" "$1" -crop "80x80+$(($2 * 2))+$(($3 * 2))" +repage -colorspace Gray -format '%[fx:int(mean*255)]' info:
}

@test "--sheet: the faces of one name side by side" {
    fc-cluster -q "$photos/grace_hopper.jpg" "$photos/grace_hopper_512x512.jpg" "$photos/sample1.jpg" >all
    fc-draw --sheet --each 4 -o sheet.png all
    # two people and those without a name: margins of 12, four faces of 72 and three gaps; a heading of 20 and a gap of 6
    run "$convert" sheet.png -format '%w %h' info:
    names=$(jq -r '.id // ""' all | sort -u | wc -l)
    [ "$output" = "$((2 * (24 + 4 * 78 - 6))) $((2 * (24 + names * 98)))" ]
    [ "$(shade sheet.png 28 48)" -lt 240 ] && [ "$(shade sheet.png 106 48)" -lt 240 ] # Grace Hopper twice
    [ "$(shade sheet.png 184 48)" -eq 255 ]                                           # and nobody else
    # the same by records with crops alone
    fc-align "$photos/grace_hopper.jpg" "$photos/grace_hopper_512x512.jpg" | jq -c '.id = "Grace" | .src = "gone.jpg"' >crops
    fc-draw --sheet --each 4 -o crops.png crops
    [ "$(shade crops.png 28 48)" -lt 240 ]
    fc-draw --sheet -o sheet.svg all
    grep -q '<svg' sheet.svg
    fc-draw --sheet --names 1 -o first.png all
    run "$convert" first.png -format '%h' info:
    [ "$output" -eq $((2 * (24 + 98 + 20))) ]
}

@test "--sheet: what is not there is said on it" {
    fc-detect "$photos/grace_hopper.jpg" | jq -c '.src = "gone.jpg"' >gone
    run -3 --separate-stderr fc-draw --sheet -o sheet.png gone
    [[ $stderr == *"sheet.png: 1 faces could not be drawn, and why stands in their places"* ]]
    [ -s sheet.png ]
    run -2 --separate-stderr fc-draw --sheet -o other.png - <<<'{"v":1,"src":"a.jpg","faces":[]}'
    [[ $stderr == *"no faces to put on a sheet"* ]]
    [ ! -e other.png ]
    run -2 --separate-stderr fc-draw --sheet -o other.jpg gone
    run -2 --separate-stderr fc-draw --sheet gone
    [[ $stderr == *"no -o FILE given"* ]]
    run -2 --separate-stderr fc-draw --sheet -o other.png "$photos/grace_hopper.jpg"
    [[ $stderr == *"fc-cluster makes them"* ]]
}

@test "--side-by-side: the reference stands beside each picture" {
    ann=$photos/grace_hopper.jpg ann2=$photos/grace_hopper_512x512.jpg group=$photos/sample1.jpg
    fc-match -q "$ann" "$ann2" >lines
    fc-draw --side-by-side -o pair.png lines
    fc-draw -o alone.png lines
    # on the left what is 512 x 600, as high as the other one; a white gap; on the right what is drawn without it
    [ "$("$convert" pair.png -format '%wx%h' info:)" = 959x512 ]
    "$convert" pair.png -crop 512x512+447+0 +repage right.png
    [ "$("$compare" -metric AE right.png alone.png null: 2>&1)" = 0 ]
    [ "$("$convert" pair.png -crop 10x512+437+0 +repage -format '%[fx:minima]' info:)" = 1 ]
    "$convert" pair.png -crop 437x512+0+0 +repage left.png
    "$convert" "$ann" -resize '437x512!' small.png
    [ "$(differing left.png small.png)" -lt 200 ]
    # several faces of a picture on one copy; what was compared with two becomes two
    { fc-match -q "$ann" "$group" || true; fc-match -q "$ann2" "$group" || true; } | fc-draw --side-by-side -o drawn/
    [ "$(LC_ALL=C ls drawn | tr '\n' ' ')" = 'sample1-2.jpg sample1.jpg ' ]
    # names that are not UTF-8, and references that are records
    cp "$ann" "$(printf 'r\xff.jpg')"
    fc-match -q "$(printf 'r\xff.jpg')" "$ann2" | fc-draw --side-by-side -o odd.png
    cmp odd.png pair.png
    fc-embed -q "$ann" >record
    fc-match -q record "$ann2" | fc-draw --side-by-side -o record.png
    cmp record.png pair.png
    # what is not there
    run -3 --separate-stderr fc-draw --side-by-side -o none.png <(jq -c '.ref = "gone.jpg"' lines)
    [ "$stderr" = 'fc-draw: gone.jpg: No such file or directory' ]
    run -3 --separate-stderr fc-draw --side-by-side -o none.png <(jq -c '.ref = "-"' lines)
    [ "$stderr" = 'fc-draw: the reference came from a pipe and is gone: give fc-match its file name' ]
    "$convert" -size 4000x1 xc:gray50 wide.png
    run -3 --separate-stderr fc-draw --side-by-side -o none.png <(jq -c '.ref = "wide.png"' lines)
    [[ $stderr == 'fc-draw: '*' x 512 pixels side by side, the limit is 32767' ]] || fault "$stderr"
    [ ! -e none.png ]
    for lines in <(fc-detect "$ann") <(jq -c 'del(.ref) | .id = "Ann"' lines); do
        run -2 --separate-stderr fc-draw --side-by-side -o none.png "$lines"
        [[ $stderr == *'--side-by-side: wants lines of fc-match with a reference'* ]] || fault "$stderr"
    done
    for wrong in '--sheet -o x.png' '-o x.mp4'; do
        # shellcheck disable=SC2086 # words
        run -2 --separate-stderr fc-draw --side-by-side $wrong lines
        [[ $stderr == *'--side-by-side: is for pictures, not for a sheet or a video'* ]] || fault "$stderr"
    done
}

@test "a video with what was found on its frames" {
    [ -e "$FC_BUILD/modules/facecheck-video.so" ] || skip "a build without libav"
    command -v ffmpeg >/dev/null || skip "no ffmpeg"
    ln -s "$photos/grace_hopper.jpg" ann.jpg
    ffmpeg -v error -loop 1 -framerate 25 -i ann.jpg -t 1 -vf "scale=480:-2,crop=361:241:x='60*t':y=90" \
        -pix_fmt yuv444p -c:v libx264 -bf 2 walk.mp4
    fc-track --min-hits 1 walk.mp4 >tracks
    fc-draw -o out.mp4 tracks
    fc-draw -o again.mp4 <tracks
    cmp out.mp4 again.mp4
    # as many frames at the same times; an odd row and column are left out
    fc-frames out.mp4 >got
    fc-frames walk.mp4 >want
    jq -e -n --slurpfile got got --slurpfile want want '($got | length) == ($want | length) and ($got | length) > 20
        and all(range($got | length); ($got[.].pts - $want[.].pts | fabs) < 1e-3) and $got[0].w == 360 and $got[0].h == 240'
    # the face is still found in it, and the picture is another one
    fc-detect out.mp4 | jq -e -s 'map(.faces | length) | add > 20'
    fc-frames --every 10 -o plain walk.mp4 >/dev/null
    fc-frames --every 10 -o drawn out.mp4 >/dev/null
    for picture in plain/*; do
        ! cmp -s "$picture" drawn/*-"${picture##*-}" || false
        [ -e drawn/*-"${picture##*-}" ]
    done
    # of frames that are files of their own, the video is drawn on
    fc-frames -o frames walk.mp4 | fc-detect | fc-track --min-hits 1 | fc-draw -o same.mp4
    cmp same.mp4 out.mp4
    # frames between those with records are drawn, too, from the first to the last
    fc-detect --every 5 --start 0.2 walk.mp4 | fc-draw -o few.mp4
    fc-frames few.mp4 | jq -e -s 'length == 16 and .[0].pts == 0'
    # who a track is
    jq -c '.faces[] | select(.track) | {v: 1, type: "start", track, person: "Ann"}' tracks | head -1 >events
    fc-draw --events events -o named.mp4 tracks
    run cmp -s named.mp4 out.mp4
    [ "$status" -eq 1 ]
    # the same number in another video is somebody else's
    jq -c '.src = "other.mp4"' events | fc-draw --events - -o others.mp4 tracks
    cmp others.mp4 out.mp4
    jq -c '.src = "walk.mp4"' events | fc-draw --events - -o same.mp4 tracks
    cmp same.mp4 named.mp4
    # a video that is gone, and a picture in its place
    run -2 --separate-stderr fc-draw -o x.mp4 <(jq -c '.src = "-"' tracks)
    [[ $stderr == *"a stream that is gone: nothing can be drawn on it any more"* ]]
    run -2 --separate-stderr fc-draw -o x.mp4 <(jq -c '.src = "ann.jpg"' tracks)
    [[ $stderr == *"ann.jpg: not a video in a format that facecheck knows"* ]]
    # what is no video's, and what cannot be written
    fc-detect ann.jpg >still
    run -2 --separate-stderr fc-draw -o x.mp4 still
    [[ $stderr == *"-o x.mp4: wants records of the frames of a video file"* ]]
    run -2 --separate-stderr fc-draw -o x.mp4 /dev/null
    [[ $stderr == *"-o x.mp4: there are no records of frames"* ]]
    run -2 --separate-stderr fc-draw -o x.mp4 <(cat tracks tracks)
    [[ $stderr == *"walk.mp4: frame 0 behind frame "*": records go by rising numbers"* ]]
    run -2 --separate-stderr fc-draw -o x.mp4 <(jq -c '.frame += 1000' tracks)
    [[ $stderr == *"walk.mp4: has fewer frames than its records say"* ]]
    run -2 --separate-stderr fc-draw -o x.mp4 <(jq -c '.w = 8' tracks)
    [[ $stderr == *"walk.mp4: 361x241 pixels, but 8x241 when its record was made"* ]]
    cp walk.mp4 other.mp4
    run -2 --separate-stderr fc-draw -o x.mp4 <(head -1 tracks; fc-detect other.mp4)
    [[ $stderr == *"-o x.mp4: is one video, and there are walk.mp4 and other.mp4"* ]]
    run -2 --separate-stderr fc-draw --events events -o out.png still
    [[ $stderr == *"--events: is for a video (-o FILE.mp4)"* ]]
    run -2 --separate-stderr fc-draw -o walk.mp4 tracks
    fc-frames walk.mp4 | cmp - want
    ln -s /dev/full full.mp4
    run -2 --separate-stderr fc-draw -o full.mp4 tracks
    [[ $stderr == *"full.mp4: No space left on device"* ]]
    [ ! -e x.mp4 ]
}
