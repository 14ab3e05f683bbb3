load common

@test "from a picture, from faces and from crops: the same quality, at any -j" {
    fc-quality group.jpg ann.jpg ice.jpg >one
    fc-detect group.jpg ann.jpg ice.jpg | fc-quality -j1 | cmp - one
    fc-quality -j4 one | cmp - one
    jq -c '[.faces[].quality]' one >want
    fc-align group.jpg ann.jpg ice.jpg | fc-quality | jq -c '[.faces[].quality]' | cmp - want
    fc-align --mode box group.jpg ann.jpg ice.jpg | fc-quality | jq -c '[.faces[].quality]' | cmp - want
    fc-embed group.jpg ann.jpg ice.jpg | fc-quality | jq -c '[.faces[].quality]' | cmp - want
    jq -e -s '[.[].faces | length] == [3, 1, 0]' one
}

@test "a record's crops are enough, and the rest of it passes through" {
    fc-quality ann.jpg | jq -c .faces[0].quality >want
    fc-align ann.jpg | jq -c '.src = "gone.jpg" | .who = "Ann" | .faces[0].hat = 1' >record
    fc-quality record >got
    jq -c .faces[0].quality got | cmp - want
    jq -c 'del(.faces[0].quality)' got | cmp - record
    # other crops are not
    fc-align --size 64 ann.jpg | jq -c '.src = "gone.jpg"' >record
    run -3 --separate-stderr fc-quality record
    [[ $stderr == *"gone.jpg"* ]]
}

@test "embeddings are the same with quality in the record" {
    fc-quality ann.jpg | fc-embed | jq -c 'del(.faces[0].quality)' >got
    fc-embed ann.jpg | cmp - got
    fc-quality ann.jpg | fc-embed | jq -e '.faces[0].quality.v == 1'
}

@test "what is measured is in its range, and a face that looks aside says so" {
    fc-quality group.jpg group2.jpg ann.jpg bob.png | jq -c '.faces[].quality' >all
    jq -e -s 'length == 8 and all(.[]; keys == (["v", "eye_distance", "yaw", "roll", "pitch_ratio", "sharpness", "luminance",
        "overexposed", "underexposed", "dynamic_range", "uniformity", "inside"] | sort)
        and .eye_distance > 30 and (.yaw | fabs) < 45 and .pitch_ratio > 0.3 and .pitch_ratio < 0.8 and .sharpness > 50
        and .luminance > 0.05 and .luminance < 0.7 and .dynamic_range > 5 and .inside == 1)' all
    convert=$(command -v convert-im6.q16 || command -v convert) || skip "no ImageMagick"
    # the same in a mirror, blurred, dark, bright, half as large
    fc-quality bob.png | jq -c '.faces[0].quality' >plain
    "$convert" bob.png -flop mirrored.png
    fc-quality mirrored.png | jq -e --slurpfile p plain '.faces[0].quality | (.yaw + $p[0].yaw | fabs) < 5
        and (.roll + $p[0].roll | fabs) < 2 and (.uniformity - $p[0].uniformity | fabs) < 0.1'
    "$convert" bob.png -blur 0x3 blurred.png
    fc-quality blurred.png | jq -e --slurpfile p plain '.faces[0].quality.sharpness < $p[0].sharpness / 4'
    "$convert" bob.png -evaluate multiply 0.4 dark.png
    fc-quality dark.png | jq -e --slurpfile p plain '.faces[0].quality | .luminance < $p[0].luminance / 3
        and .underexposed > $p[0].underexposed + 0.3'
    "$convert" bob.png -evaluate multiply 1.6 bright.png
    fc-quality bright.png | jq -e --slurpfile p plain '.faces[0].quality.overexposed > $p[0].overexposed + 0.3'
    "$convert" bob.png -resize 50% half.png
    fc-quality half.png | jq -e --slurpfile p plain '.faces[0].quality.eye_distance * 2 - $p[0].eye_distance | fabs < 3'
    "$convert" bob.png -colorspace Gray grey.png
    fc-quality grey.png | jq -e '.faces[0].quality.dynamic_range > 5'
}

@test "a table" {
    fc-quality -f tsv ann.jpg ice.jpg group.jpg >table
    [ "$(wc -l <table)" -eq 5 ]
    [ "$(head -n 1 table)" = "$(printf 'src\tface\teye_distance\tyaw\troll\tpitch_ratio\tsharpness\tluminance\toverexposed\tunderexposed\tdynamic_range\tuniformity\tinside')" ]
    awk -F '\t' 'NF != 13 { exit 1 }' table
    [ "$(awk -F '\t' '$1 == "ann.jpg" { print $3 }' table)" = "$(fc-quality ann.jpg | jq .faces[0].quality.eye_distance)" ]
}

@test "--timings says how long it took" {
    fc-quality --timings ann.jpg | jq -e '.ms.quality > 0 and .ms.quality < 100'
}

@test "faces that have none" {
    echo '{"v":1,"src":"small.jpg","faces":[{"box":[30,15,40,50],"score":0.9}]}' >record
    filter=$counts golden quality-no-landmarks 3 fc-quality record
    filter=$counts golden quality-aligned 3 fc-quality --aligned small.jpg
    face() { printf '{"v":1,"src":"small.jpg","faces":[{"box":[30,15,40,50],"score":0.9,"landmarks":%s}]}\n' "$1" >record; }
    face '[[40,30],[40,30],[45,40],[40,50],[52,50]]'
    filter=$counts golden quality-eyes 3 fc-quality record
    face '[[40,30],[52,30],[46,40],[40,30],[52,30]]'
    filter=$counts golden quality-line 3 fc-quality record
    face '[[40,30],[40,30],[40,30],[40,30],[40,30]]'
    filter=$counts golden quality-point 3 fc-quality record
    face '[[4000,30],[4012,30],[4006,40],[4000,50],[4012,50]]'
    filter=$counts golden quality-outside 3 fc-quality record
    # partly outside is no fault
    face '[[-5,30],[7,30],[1,40],[-5,50],[7,50]]'
    fc-quality record | jq -e '.faces[0].quality.inside | . > 0.3 and . < 0.8'
    face '[[-1e9,-1e9],[1e9,1e9],[0,1e9],[-1e9,1e9],[1e9,-1e9]]'
    run fc-quality record
    [ "$status" -eq 3 ] || fc-quality record | fc-quality >again
}

@test "records that cannot be" {
    quality() { fc-quality ann.jpg | jq -c ".faces[0].quality$1" >record; }
    quality '.yaw = 100'
    golden quality-range 2 fc-quality record
    quality ' |= del(.roll)'
    golden quality-missing 2 fc-quality record
    quality '.v = 2'
    golden quality-version 2 fc-quality record
    quality ' = 1.5'
    golden quality-number 2 fc-quality record
    echo '{"v":1,"src":"small.jpg","faces":[{"score":0.9}]}' >record
    golden quality-no-box 2 fc-quality record
    # a number, as samples of a gallery have it, is replaced
    quality ' = 0.5'
    fc-quality record | jq -e '.faces[0].quality.v == 1'
}

@test "a tiny picture, an empty one, none" {
    printf 'P6\n1 1\n255\n\1\2\3' >one.ppm
    fc-quality one.ppm | jq -e '.faces == []'
    echo '{"v":1,"src":"one.ppm","w":1,"h":1,"faces":[{"box":[-4,-4,8,8],"score":0.9,"landmarks":[[-2,-2],[2,-2],[0,0],[-1,2],[1,2]]}]}' |
        fc-quality | jq -e '.faces[0].quality.inside > 0'
    : >empty.jpg
    run -3 fc-quality -q empty.jpg missing.jpg ann.jpg
    run -2 fc-quality --no-such
}
