load common

# --journal: a run that was stopped, and the same command again, write what one run writes.

many() {
    for i in {1..40}; do
        ln -s ../small.jpg "many/$i.jpg"
    done
    ln -s ../ann.jpg many/21a.jpg
    echo nothing >many/30-broken.jpg
}

@test "kill -9 at any time, and again: the output of one run" {
    mkdir many
    many
    fc-embed -q many >want || [ $? -eq 3 ]
    [ "$(wc -l <want)" -eq 42 ]
    kills=0
    for wait in 0.05 0.1 0.15 0.12 0.2 0.08 0.17 0.25 0.3 0.11; do
        timeout -s KILL "$wait" fc-embed -q -j2 --journal j many >out 2>/dev/null && break
        kills=$((kills + 1))
        lines=$(wc -l <out)
        head -n "$lines" out | cmp - <(head -n "$lines" want) # what came is the beginning
    done
    [ "$kills" -ge 3 ]
    run -3 --separate-stderr fc-embed --journal j many
    printf '%s\n' "$output" | cmp - want
    # and all over again without work
    run -3 --separate-stderr fc-embed --journal j many
    printf '%s\n' "$output" | cmp - want
    [[ $stderr == *"j: 42 of the inputs are done already"* && $stderr == *"1 of 42 inputs failed"* ]]
}

@test "a line that was cut counts for nothing, at any byte" {
    fc-detect ann.jpg bob.png ice.jpg >want
    fc-detect --journal whole ann.jpg bob.png ice.jpg | cmp - want
    size=$(stat -c %s whole)
    for ((cut = 0; cut < size; cut += 37)); do
        head -c "$cut" whole >j
        fc-detect -q --journal j ann.jpg bob.png ice.jpg | cmp - want
        cmp j whole
    done
}

@test "every stage has it, from records and lists, too" {
    fc-detect ann.jpg group.jpg ice.jpg >faces
    for tool in fc-detect fc-align fc-embed fc-quality; do
        "$tool" faces >want
        "$tool" --journal "$tool.j" faces | cmp - want
        head -n 2 "$tool.j" >cut
        mv cut "$tool.j"
        "$tool" -q --journal "$tool.j" <faces | cmp - want
    done
    printf '%s\n' ann.jpg ice.jpg >names
    fc-embed --files-from names >want
    for i in 1 2; do
        fc-embed -q --journal names.j --files-from names | cmp - want
    done
}

@test "another command, other inputs, other files and other processes are refused" {
    fc-embed -q --journal j ann.jpg bob.png >/dev/null
    cp j kept
    run -2 --separate-stderr fc-embed --flip --journal j ann.jpg bob.png
    [[ $stderr == *"j: is of another command or version: --fps "*"; this one is --flip "* ]] || fault "$stderr"
    run -2 --separate-stderr fc-embed --max-faces 3 --journal j ann.jpg bob.png
    [[ $stderr == *": --max-faces 1000 "*"; this one is --max-faces 3 "* ]] || fault "$stderr"
    run -2 --separate-stderr fc-detect --journal j ann.jpg bob.png
    run -2 --separate-stderr fc-embed --journal j bob.png ann.jpg
    [[ $stderr == *"j: the inputs are others now: bob.png, where it has ann.jpg"* ]]
    run -2 --separate-stderr fc-embed --journal j ann.jpg
    [[ $stderr == *"j: holds more records than there are inputs now"* ]]
    cmp j kept
    # -j and the like decide nothing
    fc-embed -q -j1 --no-progress --journal j ann.jpg bob.png >/dev/null
    cp bob.png photo
    run -2 --separate-stderr fc-embed --journal photo ann.jpg
    [[ $stderr == *"photo: is there, and no journal; another name is wanted"* ]]
    cmp bob.png photo
    run -2 --separate-stderr fc-embed --journal ann.jpg ann.jpg
    # one that has no lines is not read whole, and never emptied
    truncate -s 6G disk.img
    run -2 --separate-stderr bash -c '[ -n "$FC_SANITIZE" ] || ulimit -v 3000000; exec fc-embed --journal disk.img ann.jpg'
    [[ $stderr == *"disk.img: is there, and no journal; another name is wanted"* ]] || fault "$stderr"
    [ "$(stat -c %s disk.img)" -eq 6442450944 ]
    mkfifo pipe
    run -2 --separate-stderr fc-embed --journal pipe ann.jpg
    run -2 --separate-stderr fc-embed --journal photos ann.jpg
    run -2 --separate-stderr fc-detect -f tsv --journal t ann.jpg
    [[ $stderr == *"--journal: keeps records"* ]]
    flock j bash -c 'fc-embed --journal j ann.jpg bob.png 2>err; [ $? -eq 2 ]'
    grep -q "j: another process writes to it" err
    # one that was killed and is not gone yet is waited for
    flock j sleep 0.5 3>&- &
    sleep 0.1
    fc-embed -q --journal j ann.jpg bob.png | cmp - <(fc-embed ann.jpg bob.png)
    wait $!
    run -2 --separate-stderr fc-embed --journal /dev/full ann.jpg
}

@test "a journal of another instruction set or detector's file is refused: it holds other numbers" {
    for tool in fc-detect fc-embed; do
        "$tool" -q --journal "$tool.j" ann.jpg >/dev/null
        run -2 --separate-stderr env ONEDNN_MAX_CPU_ISA="$(lowest_isa)" "$tool" --journal "$tool.j" ann.jpg bob.png
        [[ $stderr == *'"instructions":"'*'; this one is "instructions":"'* ]] || fault "$stderr"
        [ -z "$output" ]
    done
    mkdir mine
    cp "$FC_BUILD"/models/*.yaml "$FC_BUILD"/models/*.safetensors mine
    fc-detect -q --models mine --journal mine.j ann.jpg >/dev/null
    fc-detect -q --models mine --journal mine.j ann.jpg >/dev/null
    sed -i '/mtcnn-rnet/,/sha256/s/sha256: .*/sha256: 0000000000000000000000000000000000000000000000000000000000000000/' mine/models.yaml
    run -2 --separate-stderr fc-detect --models mine --journal mine.j ann.jpg
    [[ $stderr == *"mine.j: is of another command or version: "* ]] || fault "$stderr"
}

@test "a picture from a pipe is not taken for the one that the journal has" {
    fc-detect -q --journal j <ann.jpg >/dev/null
    run -2 --separate-stderr fc-detect --journal j <bob.png
    [ "$stderr" = "fc-detect: j: a picture from a pipe (-) may be another one now" ] || fault "$stderr"
    [ -z "$output" ]
}

@test "more inputs at the end are gone on with, and --fail-fast stops where it did" {
    fc-embed -q --journal j ann.jpg >/dev/null
    fc-embed -q --journal j ann.jpg bob.png | cmp - <(fc-embed ann.jpg bob.png)
    echo nothing >broken.jpg
    run -2 fc-embed -q --fail-fast --journal f ann.jpg broken.jpg bob.png
    first=$output
    run -2 fc-embed -q --fail-fast --journal f ann.jpg broken.jpg bob.png
    [ "$output" = "$first" ]
}

@test "a video goes on with frames of the size that the first had" {
    [ -e "$FC_BUILD/modules/facecheck-video.so" ] || skip "a build without libav"
    command -v ffmpeg >/dev/null || skip "no ffmpeg"
    ffmpeg -v error -loop 1 -i ann.jpg -t 0.2 -r 25 -vf scale=400:-2 -c:v ffv1 ann.mkv
    fc-detect --max-side 200 --journal j ann.mkv >want
    jq -e -s 'length == 5 and all(.[]; .max_side == 200 and (.faces | length) == 1)' want
    head -n 3 j >cut && mv cut j
    fc-detect -q --max-side 200 --journal j ann.mkv | cmp - want
}
