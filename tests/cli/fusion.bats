# Two models as one: -m A,B.
load common

two=mobilefacenet,dlib-face

# What is compared, without what the CPU decides of the last bits.
scores() {
    jq -c '[.probe, .match, .similarity, .parts[].similarity]'
}

@test "the score is the mean of both models' by their shares, and both are told" {
    fc-match -q --no-timings -m $two ann.jpg ann2.jpg bob.png >both
    for model in mobilefacenet dlib-face; do
        fc-match -q --no-timings -m $model ann.jpg ann2.jpg bob.png | jq '.similarity, .model' >$model
    done
    jq '.parts[0].similarity, .parts[0].model' both | cmp - mobilefacenet
    jq '.parts[1].similarity, .parts[1].model' both | cmp - dlib-face
    jq -e -s 'map(.similarity as $s | [.parts[] | .share * .similarity] | add - $s | fabs < 2e-6) | all' both
    jq -e -s 'map(.parts | map(.share) | add) | all(. > 0.999999 and . < 1.000001)' both
    [ "$(jq -c '.match' both | tr '\n' ' ')" = 'true false ' ]
    jq -e -s 'all(.[]; .match == (.similarity >= .threshold) and (.model | startswith("mobilefacenet,dlib-face:")))' both
    fc-match -q --no-timings -f tsv -m $two ann.jpg ann2.jpg >table
    [ "$(head -1 table | cut -f 22-23 | tr '\t' ' ')" = 'similarity_1 similarity_2' ]
    [ "$(tail -1 table | cut -f 22-23 | tr '\t' ' ')" = "$(jq -r '"\(.parts[0].similarity) \(.parts[1].similarity)"' both | head -1)" ]
}

@test "the same bits at any -j, stage by stage, and of records" {
    fc-embed -m $two ann.jpg group.jpg bob.png -j1 >one
    fc-embed -m $two ann.jpg group.jpg bob.png -j3 | cmp - one
    fc-detect ann.jpg group.jpg bob.png | fc-embed -m $two | cmp - one
    fc-align ann.jpg group.jpg bob.png | fc-embed -m $two | cmp - one
    [ "$(jq -r '.faces[0].embedding.f32' one | head -1 | base64 -d | wc -c)" -eq $((4 * (192 + 128))) ]
    fc-match -q --no-timings -m $two ann.jpg ann2.jpg >want
    fc-embed -m $two ann.jpg >ann.jsonl
    rm ann.jpg
    fc-match -q --no-timings ann.jsonl ann2.jpg | cmp - want
    fc-match -q --no-timings ann.jsonl <(fc-embed -m $two ann2.jpg) | cmp - want
    run -2 --separate-stderr fc-match ann.jsonl <(fc-embed ann2.jpg)
    [[ $stderr == *"'mobilefacenet:"*"'mobilefacenet,dlib-face:"* ]]
    [ "$(fc-match -q --flip -m $two ann2.jpg bob.png | jq -r .model)" != "$(jq -r .model want)" ]
}

@test "a gallery, and what learns from it" {
    fc-enroll -q -m $two -g people --id Ann ann.jpg
    fc-enroll -q -g people --id Bob bob.png
    fc-gallery check -g people
    [ "$(fc-match -q -g people ann2.jpg | jq -r .id)" = Ann ]
    fc-match -q -g people ann2.jpg | jq -e '.threshold_by == "curve"'
    fc-match -q -g people --unique -f tsv group.jpg >/dev/null || [ $? -eq 1 ]
    run -2 --separate-stderr fc-match -m mobilefacenet -g people ann2.jpg
    [[ $stderr == *"people holds embeddings of mobilefacenet,dlib-face:"* ]]
    run -2 --separate-stderr fc-enroll -m $two -g views --augment 2 --id Ann ann.jpg
    [[ $stderr == *'views of a photo are made for one'* ]]
    [ ! -e views ]
    fc-head-train -q -g people -o head --type mean
    [ "$(fc-match -q -g people --head head ann2.jpg | jq -r .head.id)" = Ann ]
}

# numbers FILE: those of the first embedding, a line each.
numbers() {
    jq -r 'select(.faces) | .faces[0].embedding.f32' "$1" | head -1 | base64 -d | od -An -v -tf4 -w4
}

@test "each of the two sees a photo with the background that is wanted" {
    [ -e "$FC_BUILD/modules/facecheck-grabcut.so" ] || skip "built without OpenCV"
    for model in $two dlib-face; do
        fc-enroll -q -m $model -g $model.fcg --background remove --id Ann ann.jpg >/dev/null
        fc-gallery export -g $model.fcg >$model.jsonl
    done
    # dlib-face's numbers stand last, and have its share for a length
    paste <(numbers $two.jsonl | tail -n 128) <(numbers dlib-face.jsonl) | awk '
        { both += $1 * $2; a += $1 * $1; b += $2 * $2 }
        END { cosine = both / sqrt(a * b); printf "%d %.8f\n", NR, cosine; exit !(NR == 128 && cosine > 0.99999) }'
}

@test "what two models are not" {
    local folder=$FC_BUILD/models
    for bad in mobilefacenet, ,mobilefacenet mobilefacenet,nobody mobilefacenet,mobilefacenet mobilefacenet,mtcnn-onet \
        mobilefacenet,dlib-face,mobilefacenet; do
        run --separate-stderr fc-match -m $bad ann.jpg ann2.jpg
        [ "$status" -eq 2 ] && [ -z "$output" ] || fault "$bad: $status $output"
    done
    run -2 --separate-stderr fc-match -m dlib-face,mobilefacenet ann.jpg ann2.jpg
    [[ $stderr == *"'fc-eval calibrate -m dlib-face,mobilefacenet --root DIR --pairs FILE' finds that out"* ]]
    run -2 --separate-stderr fc-match --models $two ann.jpg ann2.jpg
    [[ $stderr == *"two models are named by -m $two"* ]]
    run -2 --separate-stderr fc-align -m $two ann.jpg
    [[ $stderr == *'a crop is of one'* ]]
    run -2 --separate-stderr fc-embed --aligned -m $two ann.jpg
    [[ $stderr == *'each wants a crop of its own'* ]]
    run -2 --separate-stderr fc-bench -m $two ann.jpg
    [[ $stderr == *'two models, and one is wanted'* ]]
    mkdir mine
    cp "$folder"/models.yaml "$folder"/*.safetensors mine
    for bad in '{}' 'version: 2' 'fusions: [{models: [mobilefacenet, dlib-face]}]'; do
        echo "$bad" >mine/fusions.yaml
        run -2 --separate-stderr fc-match --models mine -m $two ann.jpg ann2.jpg
        [[ $stderr == *"mine/fusions.yaml:"* ]] || fault "$bad: $stderr"
    done
    fc-match -q --models mine ann.jpg ann2.jpg >/dev/null # who wants one model is not told
}

@test "fc-model info says how much each counts" {
    fc-model info $two >info
    [ "$(sed -n 's/^models\t//p' info)" = $two ]
    [ "$(sed -n 's/^dim\t//p' info)" = 320 ]
    grep -qE '^weights\s1.0,[0-9.]+$' info
    fc-match -q --no-timings -m $two ann.jpg ann2.jpg | jq -r '.threshold, .model' >want
    sed -n 's/^threshold\t//p; s/^contract\t//p' info | cmp - want
    # what has a comma is two models, and a file of that name ./NAME, as for the other tools
    cp "$FC_BUILD"/models/mobilefacenet.safetensors $two
    fc-model info $two | cmp - info
    fc-model info ./$two | grep -qx "file\s./$two"
    run -2 --separate-stderr fc-model info dlib-face,mobilefacenet
    [[ $stderr == *"dlib-face,mobilefacenet: nothing says how much each of the two counts; 'fc-eval calibrate -m dlib-face,mobilefacenet --root DIR --pairs FILE' finds that out" ]]
}

# Two people of two photos each, and a folder of models that may be written.
calibration() {
    mkdir -p set/Ann set/Bob models
    cp ann.jpg set/Ann/Ann_0001.jpg
    cp ann2.jpg set/Ann/Ann_0002.jpg
    cp bob.png set/Bob/Bob_0001.png
    convert bob.png -resize 75% set/Bob/Bob_0002.png
    printf '2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\nBob\t1\t2\nAnn\t2\tBob\t2\n' >pairs
    cp "$FC_BUILD"/models/models.yaml "$FC_BUILD"/models/*.safetensors models
}

@test "fc-eval calibrate finds the weights and the threshold, and writes them" {
    calibration
    calibrate=(fc-eval calibrate -q --models models --root set --pairs pairs --fmr 0.3 --cache cache)
    run -2 fc-match --models models -m dlib-face,mobilefacenet ann.jpg ann2.jpg
    "${calibrate[@]}" -m $two --dry-run -f json >dry
    [ ! -e models/fusions.yaml ]
    "${calibrate[@]}" -m $two -f json | jq -S 'del(.run)' >report
    jq -S 'del(.run) | .protocol.repeat |= sub(" --dry-run"; "")' dry | cmp - report
    jq -e '.fusion | .both.accuracy == 1 and .paired[0].p == 1 and .pairs == 4 and .folds == 2 and (.weights | length == 2)' report
    contract=$(jq -r .protocol.contract report) threshold=$(jq .metrics.threshold report)
    fc-match -q --models models -m $two --no-timings ann.jpg ann2.jpg >line
    jq -e --arg c "$contract" --argjson t "$threshold" '.model == $c and .threshold == $t' line
    # another pair stands beside it, the same again in its place
    "${calibrate[@]}" -m dlib-face,mobilefacenet >/dev/null
    "${calibrate[@]}" -m $two >/dev/null
    [ "$(grep -c '^- models' models/fusions.yaml)" -eq 2 ]
    fc-match -q --models models -m dlib-face,mobilefacenet --no-timings ann.jpg ann2.jpg >/dev/null
    fc-match -q --models models -m $two --no-timings ann.jpg ann2.jpg | cmp - line
    fc-eval pairs -q --models models -m $two --root set --pairs pairs --cache cache -f json | jq -e --arg c "$contract" '.protocol.contract == $c and .metrics.accuracy == 1'
    fc-eval compare -q --models models -m mobilefacenet -m $two --root set --pairs pairs --cache cache -f json | jq -e '.paired.p == 1'
    # the models that it was found with are named, and others of these names are refused
    [ "$(fc-model info --models models mobilefacenet dlib-face | sed -n 's/^contract\t//p' | paste -sd' ')" = \
        "$(sed -n '/models: \[mobilefacenet, /{n; s/[^[]*\[//; s/[],'"'"']//g; p}' models/fusions.yaml)" ]
    sed -i '/name: mobilefacenet/,/scale:/ s/0.0078125/0.0079/' models/models.yaml
    run -2 --separate-stderr fc-match --models models -m $two ann.jpg ann2.jpg
    [[ $stderr == *"$two: calibrated with other models of these names"*"'fc-eval calibrate -m $two "* ]]
    fc-match -q --models models -m mobilefacenet ann.jpg ann2.jpg >/dev/null
    "${calibrate[@]}" -m $two >/dev/null
    fc-match -q --models models -m $two ann.jpg ann2.jpg >/dev/null
}

@test "fc-eval calibrate of two models: what it wants, a folder that may not be written, and a full disk" {
    calibration
    run -2 --separate-stderr fc-eval calibrate -m $two --root set
    [[ $stderr == *'two models want --root DIR and --pairs FILE'* ]]
    run -2 --separate-stderr fc-eval calibrate -m mobilefacenet --root set --pairs pairs
    [[ $stderr == *'--pairs is for two models'* ]]
    run -2 --separate-stderr fc-eval calibrate -q --models models -m $two --root set --pairs pairs --fmr 1e-4
    [[ $stderr == *'less than one of the 4 impostor pairs'* ]]
    if command -v unshare >/dev/null && unshare -m true 2>/dev/null; then
        mkdir small
        unshare -m bash -c 'mount -t tmpfs -o size=64k none small && cp models/models.yaml small && ln -s "$PWD"/models/*.safetensors small &&
            (head -c 1M /dev/zero >small/fill 2>/dev/null || true) &&
            { fc-eval calibrate -q --models small -m "$1" --root set --pairs pairs --fmr 0.3 2>err; echo $? >status; ls -A small >left; }' - $two
        [ "$(<status)" -eq 2 ] && [[ $(<err) == *"small/fusions.yaml"*"No space left on device"* ]] || fault "$(<status) $(<err)"
        [ "$(grep -v safetensors left | paste -sd' ')" = 'fill models.yaml' ] || fault "$(<left)"
    fi
    chmod a-w models
    need_strictness
    run -2 --separate-stderr strictly fc-eval calibrate -q --models models -m $two --root set --pairs pairs --fmr 0.3
    [[ $stderr == *'models/fusions.yaml'* ]]
    chmod u+w models
    [ ! -e models/fusions.yaml ]
}
