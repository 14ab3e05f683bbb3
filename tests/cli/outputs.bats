# What a tool writes is none of what it reads. spared COMMAND...: it ends with status 2 and says so, stdout is empty, and
# no file in this folder is another one than before.
load common

spared() {
    sha256sum $(find . -type f ! -name err ! -name before | sort) >before
    run -2 --separate-stderr "$@"
    [[ $stderr == *"is an input, and the output"*"would replace it"* ]] || fault "$stderr"
    [ -z "$output" ]
    sha256sum -c --quiet before
    [ "$(find . -name '*.tmp')" = "" ]
}

photos() {
    rm -f a.jpg b.jpg
    cp -L small.jpg a.jpg
    cp -L small.jpg b.jpg
}

@test "-o and pictures: operands, links, folders, lists, records, standard input" {
    photos
    spared fc-embed -f npy -o a.jpg a.jpg b.jpg
    spared fc-embed -f npy -o b.jpg a.jpg ./b.jpg
    ln -s a.jpg link.jpg
    ln b.jpg hard.jpg
    spared fc-embed -f npy -o a.jpg link.jpg
    spared fc-embed -f npy -o link.jpg a.jpg
    spared fc-embed -f npy -o hard.jpg b.jpg
    [ -L link.jpg ]
    mkdir folder
    cp a.jpg b.jpg folder
    spared fc-embed -q -j1 -f npy -o folder/b.jpg folder
    spared fc-embed -q -j4 -f npy -o folder/a.jpg folder
    printf 'b.jpg\na.jpg\n' >list
    spared fc-embed -q -f npy -o a.jpg --files-from list
    spared fc-embed -q -f npy -o list --files-from list
    spared bash -c 'cat list | fc-embed -q -f npy -o a.jpg --files-from -'
    spared bash -c 'fc-embed -q -f npy -o list --files-from - <list'
    spared bash -c 'fc-embed -q -f npy -o a.jpg - <a.jpg'
    # the list of rows beside the array
    cp a.jpg x.ids
    spared fc-embed -f npy -o x.npy x.ids
    spared fc-embed -f npy -o x x.ids
    # records: the file, and the pictures that they name, although nobody needs to read those
    fc-embed a.jpg >e.jsonl
    spared fc-embed -f npy -o e.jsonl e.jsonl
    spared fc-embed -f npy -o e.jsonl - <e.jsonl
    spared fc-embed -f npy -o a.jpg e.jsonl
    spared bash -c 'cat e.jsonl | fc-embed -f npy -o link.jpg'
    spared bash -c 'cat e.jsonl | fc-draw -o a.jpg'
    spared fc-draw -o a.jpg e.jsonl
    # what is an input nowhere is replaced
    cp a.jpg old.npy
    fc-embed -f npy -o old.npy a.jpg b.jpg
    head -c 6 old.npy | grep -q NUMPY
    fc-embed -f npy -o /dev/null a.jpg
}

@test "-o and galleries, models, keys, reports" {
    photos
    fc-enroll -q --no-check -g g.fcg --id Ann ann.jpg >/dev/null
    fc-enroll -q --no-check -g g.fcg --id Bob bob.png >/dev/null
    fc-gallery -g g.fcg index
    ln -s g.fcg other
    spared fc-gallery -g g.fcg export -f npy -o g.fcg
    spared fc-gallery -g other export -f npy -o g.fcg
    spared fc-gallery -g g.fcg export -f npy -o other
    spared fc-gallery -g g.fcg export -f npy -o g.fcg.index
    spared fc-gallery -g g.fcg export -f npy -o g.fcg-wal
    spared fc-gallery -g other export -f npy -o ./g.fcg-journal
    spared env FACECHECK_GALLERY=g.fcg fc-gallery export -f npy -o g.fcg
    cp -L ann.jpg own.jpg
    fc-enroll -q --no-check -g g.fcg --id Own own.jpg >/dev/null
    spared fc-gallery -g g.fcg export -f npy -o own.jpg
    spared fc-knn-train -k 1 -g g.fcg -o g.fcg
    spared fc-knn-train -k 1 -g g.fcg -o own.jpg
    fc-gallery -g g.fcg export >r.jsonl
    spared fc-knn-train -k 1 -o r.jsonl r.jsonl
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >key
    chmod 600 key
    fc-enroll -q --no-check -g sealed --seal --key-file key --id Ann ann.jpg >/dev/null
    spared fc-gallery -g sealed --key-file key export -f npy -o key
    cp key a.ids
    chmod 600 a.ids
    spared fc-gallery -g sealed --key-file a.ids export -f npy -o a.npy
    # a model file of the user's own, and the description beside it
    cp "$FC_BUILD/models/mobilefacenet.safetensors" my.safetensors
    printf 'arch: mobilefacenet\ninput: 112\nalignment: {mode: five-point}\nnormalisation: {mean: 127.5, scale: 0.0078125}\n' >my.yaml
    fc-embed -m ./my.safetensors a.jpg >/dev/null
    spared fc-embed -m ./my.safetensors -f npy -o my.safetensors a.jpg
    spared fc-embed -m ./my.safetensors -f npy -o my.yaml a.jpg
    spared fc-model import -o my.safetensors my.safetensors
    printf '{"v":1}' >report.json
    spared fc-bench --baseline report.json -o report.json --rounds 1 a.jpg
    spared fc-bench -o a.jpg --rounds 1 a.jpg
}

@test "a folder in a file's place is told before anything is read" {
    mkdir folder
    for tool in 'fc-head-train -o' 'fc-knn-train -o' 'fc-embed -f npy -o' 'fc-head-train -o head --log' \
        'fc-eval pairs --root . --pairs none --html' 'fc-finetune data -o'; do
        # the input is an endless one, which nobody waits for
        run -2 --separate-stderr timeout 30 $tool folder <>/dev/zero
        [[ $stderr == *'folder: Is a directory'* ]] || fault "$tool: $stderr"
    done
    [ -z "$(ls folder)" ]
}

@test "-o and data sets: pairs, pictures, the worst cases, two outputs of one name" {
    mkdir -p lfw/Ann lfw/Bob worst
    cp -L ann.jpg lfw/Ann/Ann_0001.jpg
    cp -L ann2.jpg lfw/Ann/Ann_0002.jpg
    cp -L small.jpg lfw/Bob/Bob_0001.jpg
    cp -L bob.png lfw/Bob/Bob_0002.jpg
    printf '2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\nBob\t1\t2\nAnn\t2\tBob\t2\n' >pairs.txt
    spared fc-eval pairs --root lfw --pairs pairs.txt -o pairs.txt
    spared fc-eval pairs --root lfw --pairs pairs.txt --html pairs.txt
    run -2 --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt -o r --html ./r
    [[ $stderr == *"./r: is to be written twice, also as r"* ]]
    # a link to what is not there yet: what it leads to is made
    mkdir far
    ln -s far/report r
    run -2 --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt -o r --html far/report
    [[ $stderr == *"far/report: is to be written twice, also as r"* ]] || fault "$stderr"
    fc-eval pairs --root lfw --pairs pairs.txt -o r >/dev/null
    [ -L r ] && jq -e '.kind == "pairs"' far/report
    rm r far/report
    ln -s gone/report r
    run -2 --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt -o r
    [[ $stderr == *"r: No such file or directory"* ]] && [ -L r ] && [ -z "$output" ]
    rm r
    sha256sum lfw/*/* >before
    run -2 --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt -o lfw/Ann/Ann_0002.jpg
    [[ $stderr == *"lfw/Ann/Ann_0002.jpg: is an input, and"* ]] || fault "$stderr"
    mv lfw/Bob/Bob_0001.jpg worst/001.png
    ln -s ../../worst/001.png lfw/Bob/Bob_0001.jpg
    sha256sum lfw/*/* >before
    run -2 --separate-stderr fc-eval pairs --root lfw --pairs pairs.txt --worst 2 worst
    [[ $stderr == *": is an input, and"* ]] || fault "$stderr"
    sha256sum -c --quiet before
}

# What lies in a folder that a tool writes into. kept COMMAND...: the record fails, and the file stays as it is.
kept() {
    local path=$1 message
    shift
    message="$path: another file of that name is there, and is left alone (--force)"
    sha256sum "$path" >before
    run -3 --separate-stderr "$@"
    [[ $stderr == *"$message"* ]] || fault "$stderr"
    sha256sum -c --quiet before
    [ "$(find . -name '*.tmp')" = "" ]
}

@test "-o DIR and the files that lie there: fc-draw" {
    photos
    fc-detect a.jpg b.jpg >faces
    mkdir drawn
    echo mine >drawn/b.jpg
    kept drawn/b.jpg fc-draw -o drawn faces
    kept drawn/b.jpg fc-draw -o drawn/ faces # named with one slash
    [ "$(ls drawn)" = "$(printf 'a.jpg\nb.jpg')" ] # the other one was written
    [ "$(head -c 2 drawn/a.jpg | od -An -tx1)" = " ff d8" ]
    run -3 --separate-stderr fc-draw -q -o drawn faces
    [ -z "$stderr" ]
    fc-draw --force -o drawn faces
    cmp drawn/a.jpg drawn/b.jpg
    # once more: the same bytes, and nothing is touched
    touch -d 2001-01-01 drawn/*
    fc-draw -o drawn faces
    [ "$(find drawn -newermt 2002-01-01 -type f)" = "" ]
    # other bytes than before
    kept drawn/b.jpg fc-draw --quality 50 -o drawn faces
    fc-draw --quality 50 --force -o drawn faces
    # links, to something and to nothing; what is no file
    rm drawn/*
    echo mine >elsewhere
    ln -s ../elsewhere drawn/a.jpg
    run -3 --separate-stderr fc-draw -o drawn faces
    [[ $stderr == *"/elsewhere: another file of that name is there, and is left alone (--force)"* ]]
    [ -L drawn/a.jpg ] && [ "$(<elsewhere)" = mine ]
    ln -sf ../nowhere drawn/a.jpg
    run -3 --separate-stderr fc-draw -o drawn faces
    [ -L drawn/a.jpg ] && [ ! -e nowhere ]
    rm drawn/a.jpg
    mkfifo drawn/a.jpg
    run -3 --separate-stderr timeout 20 fc-draw -o drawn faces
    [[ $stderr == *"drawn/a.jpg: another file"* ]]
    [ -p drawn/a.jpg ]
    rm drawn/a.jpg
    mkdir drawn/a.jpg
    run -3 --separate-stderr fc-draw -o drawn faces
    [ -d drawn/a.jpg ]
    # one file, by its name, is replaced
    echo mine >x.jpg
    head -n 1 faces | fc-draw -o x.jpg
    [ "$(head -c 2 x.jpg | od -An -tx1)" = " ff d8" ]
}

@test "-o DIR and the files that lie there: fc-align" {
    photos
    fc-align -o crops a.jpg b.jpg >want
    name=$(jq -r .faces[0].crop.file want | head -n 1)
    echo mine >"crops/$name"
    for jobs in 1 4; do
        kept "crops/$name" fc-align "-j$jobs" -o crops a.jpg b.jpg
        jq -e -s '.[0].error.code == "exists" and .[0].error.stage == "output" and .[1].faces[0].crop.file' <<<"$output"
    done
    run -2 --separate-stderr fc-align --fail-fast -o crops a.jpg b.jpg
    fc-align --force -o crops a.jpg b.jpg | cmp - want
    touch -d 2001-01-01 crops/*
    fc-align -j4 -o crops a.jpg b.jpg | cmp - want
    [ "$(find crops -newermt 2002-01-01 -type f)" = "" ]
    [ "$(ls crops | wc -l)" -eq 2 ]
}

@test "-o DIR and the files that lie there: fc-eval --worst" {
    mkdir -p lfw/Ann lfw/Bob worst
    cp -L ann.jpg lfw/Ann/Ann_0001.jpg
    cp -L ann2.jpg lfw/Ann/Ann_0002.jpg
    cp -L small.jpg lfw/Bob/Bob_0001.jpg
    cp -L bob.png lfw/Bob/Bob_0002.jpg
    printf '2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\nBob\t1\t2\nAnn\t2\tBob\t2\n' >pairs.txt
    cp -L small.jpg worst/001.png
    kept worst/001.png fc-eval pairs --root lfw --pairs pairs.txt --worst 2 worst
    [ -n "$output" ]
    [ -e worst/002.png ]
    fc-eval pairs --root lfw --pairs pairs.txt --force --worst 2 worst
    fc-eval pairs --root lfw --pairs pairs.txt --worst 2 worst
}
