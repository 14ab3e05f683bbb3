#!/usr/bin/env bats
# What is no file that a tool can use, for every option that takes one: a folder, a pipe at whose other end is nobody, a
# device, an empty file, one of 0xFF, one that may not be read; missing folders and full disks for outputs. A tool ends soon,
# with status 2, or 3 where it went on to other inputs, and with a message; it leaves nothing behind.
load common

setup_hostile() {
    need_strictness
    mkdir -p bad/dir lfw/Ann lfw/Bob
    mkfifo bad/pipe
    : >bad/empty
    head -c 4096 /dev/zero | tr '\0' '\377' >bad/ff
    ln -s /dev/zero bad/zero
    cp small.jpg bad/closed
    chmod 0 bad/closed
    cp ann.jpg lfw/Ann/Ann_0001.jpg
    cp ann2.jpg lfw/Ann/Ann_0002.jpg
    cp bob.png lfw/Bob/Bob_0001.png
    cp bob.png lfw/Bob/Bob_0002.png
    printf '2 1\nAnn 1 2\nAnn 1 Bob 1\nBob 1 2\nAnn 2 Bob 2\n' >pairs
    fc-embed -q ann.jpg ann2.jpg bob.png | jq -c '.id = .src[:3]' >records
    fc-enroll -q --no-check -g g records >/dev/null
}

# goes COMMAND...: its exit status to $got, what it says to err. It is over within 20 seconds (120 with a sanitizer), or hangs.
goes() {
    got=0
    timeout "${FC_SANITIZE:+1}20" setpriv --bounding-set=-dac_override,-dac_read_search "$@" >out 2>err </dev/null || got=$?
}

# refuse_all KINDS COMMAND...: @ in the command stands for a file of each kind.
refuse_all() {
    local kind command kinds=$1
    shift
    for kind in $kinds; do
        command=${*//@/bad/$kind}
        goes $command
        [[ $got -eq 2 || $got -eq 3 ]] || fault "$command: exit status $got" "$(<err)"
        [ -s err ] && [ "$(wc -l <err)" -le 2 ] || fault "$command says" "$(<err)"
        grep -q "bad/$kind" err || [ "$kind" = ff ] || fault "$command does not name the file" "$(<err)"
        [ -z "$(find . -name 'new*' -o -name '*.tmp')" ] || fault "$command leaves" "$(ls)"
    done
}

all='dir pipe empty ff zero closed'
quick='dir empty ff zero closed' # a pipe takes two seconds

@test "pictures and records" {
    setup_hostile
    for command in "fc-detect @" "fc-align @" "fc-embed @" "fc-match @ small.jpg" "fc-match ann.jpg @" "fc-enroll -g new --id A @" \
        "fc-gallery -g new import @" "fc-knn-train -k 1 -o new @" "fc-draw -o new.jpg @" "fc-eval all-pairs @" \
        "fc-bench --rounds 1 --no-cold-start @" "fc-plot map @ -o new.svg"; do
        refuse_all "$quick" "$command"
    done
    refuse_all pipe "fc-enroll -g new --id A @"
    refuse_all pipe "fc-match @ small.jpg"
    # others are still done
    run -3 --separate-stderr fc-detect bad/pipe small.jpg
    [ "$(jq -c '[.src, .error.code, (.faces | length)]' <<<"$output")" = '["bad/pipe","io",0]
["small.jpg",null,1]' ]
    [[ $stderr == *"bad/pipe: is a pipe that nobody writes to"* ]]
}

@test "lists" {
    setup_hostile
    for command in "fc-detect --files-from @" "fc-detect -0 --files-from @" "fc-match ann.jpg --files-from @" \
        "fc-enroll -g new --files-from @" "fc-bench --no-cold-start --files-from @" "fc-plot map -o new.svg --files-from @"; do
        refuse_all "dir ff zero closed" "$command" # an empty list is one
    done
    goes fc-detect --files-from bad/pipe
    [ "$got" -eq 2 ]
    [ "$(<err)" = "fc-detect: bad/pipe: is a pipe that nobody writes to" ]
    # of no names
    for command in "fc-bench --files-from bad/empty" "fc-bench --no-cold-start --rounds 1 --files-from bad/empty"; do
        goes $command
        [ "$got" -eq 2 ]
        [ "$(<err)" = "fc-bench: nothing came in: no record, no picture and no name of one" ]
    done
}

@test "galleries, classifiers, keys" {
    setup_hostile
    for command in "fc-match -g @ small.jpg" "fc-gallery -g @ list" "fc-gallery -g @ check" "fc-gallery -g @ rm Ann" \
        "fc-gallery -g @ upgrade" "fc-knn-train -k 1 -g @ -o new"; do
        refuse_all "$all" "$command"
    done
    # an empty file becomes a gallery
    refuse_all "dir pipe ff zero closed" fc-enroll -g @ --id A ann.jpg
    refuse_all "dir pipe ff zero closed" fc-gallery -g @ import records
    refuse_all "$all" fc-match --knn @ small.jpg
    for command in "fc-match -g g --key-file @ small.jpg" "fc-gallery -g g --key-file @ list" \
        "fc-enroll -g new --seal --key-file @ --id A ann.jpg" "fc-knn-train -k 1 -g g --key-file @ -o new"; do
        refuse_all "$all" "$command"
    done
}

@test "heads" {
    setup_hostile
    refuse_all "$all" fc-match -g g --head @ ann.jpg
    refuse_all "$all" fc-head-train -g @ -o new
    fc-embed -q ann.jpg ann2.jpg bob.png group.jpg | jq -c 'select(.src != "group.jpg") | .id = .src[:3]' >some
    { cat some; tail -n 1 some | jq -c '.src = "bob2.png" | del(.sha256)'; } >people
    for command in "fc-head-train -o new @" "fc-head-train --type linear --negatives @ -o new people" \
        "fc-head-train --type lda --background @ -o new people"; do
        refuse_all "$quick" "$command"
    done
    refuse_all "$all" fc-head-train --type linear --checkpoint @ -o new people
    refuse_all "dir pipe closed" fc-head-train --type linear --log @ -o new people
    goes fc-head-train --type linear --log bad/pipe -o new people
    [ "$(<err)" = "fc-head-train: bad/pipe: is a pipe that nobody reads from" ]
}

@test "models" {
    setup_hostile
    for command in "fc-detect --models @ small.jpg" "fc-embed --models @ small.jpg" "fc-embed -m ./@ small.jpg" \
        "fc-model info ./@" "fc-model import ./@ -o new" "fc-model list --models @" \
        "fc-detect --detector yunet --detector-model @ small.jpg" "fc-detect --detector scrfd -m @ small.jpg"; do
        refuse_all "$all" "$command"
    done
}

@test "data sets and reports" {
    setup_hostile
    for command in "fc-eval pairs --root @ --pairs pairs" "fc-eval pairs --root lfw --pairs @" \
        "fc-eval pairs --root lfw --pairs pairs --baseline @" \
        "fc-bench --rounds 1 --no-cold-start --baseline @ small.jpg" "fc-plot roc @ -o new.svg" "fc-plot layers @ -o new.svg"; do
        refuse_all "$all" "$command"
    done
    refuse_all "pipe empty ff zero closed" fc-eval pairs --root lfw --pairs pairs --cache @
}

@test "outputs: a missing folder, a full disk, a folder, below a file, a folder that is closed, a pipe that nobody reads" {
    setup_hostile
    mkdir -m 555 closed
    fc-detect ann.jpg >found
    fc-eval all-pairs -o all.json records >/dev/null
    cp "$FC_TESTS/../models/mtcnn-pnet.safetensors" pnet.safetensors
    for command in "fc-bench --rounds 1 --warmup 0 --no-cold-start -o @ small.jpg" "fc-embed -f npy -o @ small.jpg" \
        "fc-eval all-pairs -o @ records" "fc-eval all-pairs --html @ records" \
        "fc-eval all-pairs --assert eer<=1 --junit @ records" "fc-gallery -g g export -f npy -o @" \
        "fc-knn-train -q -k 1 -o @ records" "fc-head-train -q -o @ records" "fc-model import pnet.safetensors -o @" "fc-gallery -g @ import records" \
        "fc-enroll -g @ --id A ann.jpg" "fc-align -o @ small.jpg" "fc-draw -o @.jpg found" "fc-plot roc all.json -o @.svg"; do
        for to in missing/x /dev/full bad/dir bad/empty/x closed/x; do
            case "$command $to" in
            fc-align*bad/dir | *@.*/dev/full | *@.*bad/dir) continue ;; # is where it writes; is another name
            esac
            goes ${command//@/$to}
            [[ $got -eq 2 || $got -eq 3 ]] || fault "${command//@/$to}: exit status $got" "$(<err)"
            [ "$(wc -l <err)" -eq 1 ] || fault "${command//@/$to} says" "$(<err)"
            [ ! -e missing ] || fault "${command//@/$to}" "$(find .)"
            [ -z "$(find . -name '*.tmp')" ] || fault "${command//@/$to} leaves" "$(find .)"
        done
    done
    [ -c /dev/full ]
    goes fc-embed -f npy -o bad/pipe small.jpg
    [ "$got" -eq 2 ]
    [ "$(<err)" = "fc-embed: bad/pipe: is a pipe that nobody reads from" ]
    [ -p bad/pipe ]
}
