load common

# Operands, lists, folders, stdin: which pictures, in which order, under which names.

# Names of the pictures that the tool got, on one line.
sources() {
    jq -r '.src // .src_b64' | tr '\n' ' '
}

# A folder tree of small pictures.
tree() {
    mkdir -p tree/sub/deep tree/.hidden tree/empty
    for name in b.jpg A.JPG a.png a10.jpeg a9.jpg sub/z.jpg sub/deep/y.jpg .hidden/no.jpg sub/.no.jpg notes.txt sub.jpg.txt; do
        cp small.jpg "tree/$name"
    done
    ln -s .. tree/sub/loop
    ln -s ../sub tree/sub/link.jpg
}

@test "a folder's own pictures, in the order of their names" {
    tree
    fc-detect tree >all
    [ "$(sources <all)" = "tree/A.JPG tree/a.png tree/a10.jpeg tree/a9.jpg tree/b.jpg " ]
}

@test "-r goes into folders, each once, and not into hidden ones" {
    tree # whose links lead back
    fc-detect -r tree/ >all
    [ "$(sources <all)" = "tree/A.JPG tree/a.png tree/a10.jpeg tree/a9.jpg tree/b.jpg tree/sub/deep/y.jpg tree/sub/z.jpg " ]
}

@test "operands keep their order, and one that comes twice is done twice" {
    fc-detect small.jpg photos/ice.jpg ./small.jpg >all
    [ "$(sources <all)" = "small.jpg photos/ice.jpg ./small.jpg " ]
}

@test "-- ends the options; ./- is a file, - is stdin" {
    cp small.jpg -- -q
    cp small.jpg ./-
    fc-detect -- -q ./- - <small.jpg >all
    [ "$(sources <all)" = "-q ./- - " ]
    jq -e '.faces | length == 1' <all
}

@test "without operands, stdin: a picture" {
    fc-detect <small.jpg >one
    fc-detect - <small.jpg >two
    cmp one two
    [ "$(jq -c '[.src, (.faces | length)]' <one)" = '["-",1]' ]
    fc-detect small.jpg | jq -c '.src = "-"' >three
    [ "$(jq -c . one)" = "$(cat three)" ]
}

@test "without operands, stdin: records, with what they have and what they do not" {
    printf '%s\n' '{"v":1,"src":"small.jpg","id":7}' ' ' '{"v":1,"src":"x.jpg","faces":[]}' |
        fc-detect | jq -c '[.src, .id, (.faces | length)]' >all
    [ "$(cat all)" = '["small.jpg",7,1]
["x.jpg",null,0]' ]
}

@test "white space before records is no picture, a last line needs no newline" {
    printf '\n \n{"v":1,"src":"x","faces":[]}' | fc-detect >all
    [ "$(cat all)" = '{"v":1,"src":"x","faces":[]}' ]
}

@test "nothing on stdin is nothing to do, and said" {
    golden inputs-nothing 0 fc-detect </dev/null
    golden inputs-nothing-quiet 0 fc-detect -q </dev/null
    for tool in fc-embed fc-align "fc-eval all-pairs" "fc-knn-train -o k" "fc-plot map -o m.svg" "fc-gallery -g g import" \
        "fc-enroll -g g"; do
        run --separate-stderr bash -c 'printf "\n" | $1' bash "$tool"
        case $tool in
        fc-embed | fc-align | fc-gallery* | fc-enroll*) [ "$status" -eq 0 ] ;;
        *) [ "$status" -eq 2 ] ;;
        esac
        [ -z "$output" ]
        [[ $stderr == *"stdin: nothing came, neither records nor a picture"* ]] || fault "$tool: $stderr"
    done
}

@test "a terminal on stdin and no operand is wrong usage" {
    command -v script >/dev/null || skip "no script(1)"
    run script -qec "fc-detect 2>err" /dev/null </dev/null
    [ "$status" -eq 2 ]
    grep -q 'no pictures given' err
}

@test "a file of records and a pipe as operands" {
    fc-detect small.jpg >records
    fc-embed records <(cat small.jpg) <(fc-detect small.jpg) photos/ice.jpg | jq -c '.faces | length' >all
    [ "$(tr '\n' ' ' <all)" = "1 1 1 0 " ]
}

@test "lists: lines, NULs, stdin, blank lines, folders in them" {
    tree
    printf 'small.jpg\n\ntree/sub\nice.jpg' >list
    fc-detect --files-from list >one
    [ "$(sources <one)" = "small.jpg tree/sub/z.jpg ice.jpg " ]
    fc-detect --files-from - <list >two
    cmp one two
    tr '\n' '\0' <list >list0
    fc-detect -0 --files-from=list0 >three
    cmp one three
    fc-detect photos/ice.jpg --files-from list >four
    [ "$(sources <four)" = "photos/ice.jpg small.jpg tree/sub/z.jpg ice.jpg " ]
    name=$'a\nb.jpg'
    cp small.jpg "$name"
    printf '%s\0' "$name" | fc-detect -0 --files-from - | jq -r .src >five
    [ "$(cat five)" = "$name" ]
    cp small.jpg ./-
    echo - | fc-detect --files-from - >six
    [ "$(sources <six)" = "./- " ]
}

@test "lists that cannot be" {
    golden inputs-no-list 2 fc-detect --files-from nowhere
    golden inputs-null-alone 2 fc-detect -0 small.jpg
    golden inputs-two-stdins 2 fc-detect --files-from - - </dev/null
    printf 'a\0b\n' >list
    golden inputs-null-in-list 2 fc-detect --files-from list
}

@test "a list is not read faster than it is worked on" {
    # an endless list, and a reader that stops
    run -0 bash -c 'yes small.jpg | fc-detect --files-from - -j2 | head -n 3 | jq -c ".faces | length"'
    [ "$output" = $'1\n1\n1' ]
}

@test "the same bytes at any -j, and whatever comes before" {
    tree
    printf '%s\n' group.jpg missing.jpg tree small.jpg tree/sub ice.jpg >list
    for jobs in 1 2 3; do
        fc-embed -q --min-face 40 "-j$jobs" -r --files-from list >"out$jobs" || [ $? -eq 3 ]
    done
    cmp out1 out2
    cmp out1 out3
    fc-embed -q --min-face 40 small.jpg >alone
    grep -qxF "$(cat alone)" out1
}

# ---- what lies in folders ----

@test "only files are taken from a folder: a pipe, a socket, a device is an error record, and nobody waits for it" {
    mkdir d
    cp small.jpg d/a.jpg
    cp small.jpg d/y.jpg
    mkfifo d/pipe.jpg
    ln -s /dev/zero d/device.jpg
    ln -s /nowhere d/gone.jpg
    perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "d/socket.jpg", Listen => 1) or die'
    [ -n "${FC_SANITIZE:-}" ] || ulimit -S -v 4000000 # AddressSanitizer wants its own address space
    for jobs in 1 2; do
        filter='[.src, .error.code, .error.message, (.faces | length)]' \
            golden inputs-no-files 3 timeout 60 fc-detect "-j$jobs" d
    done
    mkdir p
    mv d p/Ann
    timeout 60 fc-enroll -q -g g.fcg --from-dirs p >got || [ $? -eq 3 ]
    [ "$(jq -r '"\(.src) \(.result)"' got | grep -c failed)" -eq 4 ]
    [ "$(jq -r '.error.message // empty' got | grep -c 'not a file')" -eq 3 ]
}

@test "files that other files name are no pipes either: a record's picture, models, descriptions, reports, keys" {
    mkfifo pipe pipe.onnx pipe.pt pipe.safetensors
    printf 'input: 112\nalignment: {mode: five-point}\nnormalisation: {mean: 127.5, scale: 0.0078125}\n' >pipe.yaml
    mkdir models
    mkfifo models/models.yaml
    echo '{"v":1,"src":"pipe"}' >record
    run -3 timeout 60 fc-detect record
    [[ $output == *"pipe: is a pipe, not a file"* ]]
    for command in "fc-embed -m pipe.onnx small.jpg" "fc-embed -m pipe.pt small.jpg" "fc-embed -m pipe.safetensors small.jpg" \
        "fc-detect --models models small.jpg" "fc-detect --detector yunet -m pipe small.jpg" "fc-match --knn pipe small.jpg" \
        "fc-model info pipe" "fc-model import pipe -o new" "fc-match -g pipe small.jpg" "fc-gallery -g pipe check" \
        "fc-plot roc pipe -o x.svg" "fc-eval pairs --root photos --pairs pipe" "fc-eval all-pairs photos --baseline pipe" \
        "fc-match -g none --key-file pipe small.jpg"; do
        run -2 timeout 60 $command
        [[ $output == *pipe* || $output == *models.yaml:\ is\ a\ pipe* ]] || fault "$command: $output"
    done
    for command in "fc-detect" "fc-embed --models" "fc-plot roc -o x.svg" "fc-eval pairs --root photos --pairs" \
        "fc-knn-train -o k" "fc-match small.jpg -g none --key-file" "fc-match small.jpg --knn" "fc-gallery check -g"; do
        run ! timeout 60 $command /dev/zero
        [[ $output == *"/dev/zero"*"a device, not a file"* || $output == *"not a gallery"* ||
            $output == *"/dev/zero/models.yaml"* ]] || fault "$command: $output"
    done
}

@test "a pipe that somebody writes to is a file for reports, pairs and keys" {
    printf '2 1\nA 1 2\nA 1 B 1\nB 1 2\nA 2 B 2\n' >pairs
    mkdir -p lfw/A lfw/B
    cp ann.jpg lfw/A/A_0001.jpg && cp ann2.jpg lfw/A/A_0002.jpg && cp bob.png lfw/B/B_0001.png && cp bob.png lfw/B/B_0002.png
    fc-eval pairs --root lfw --pairs pairs -f json | jq -S 'del(.run, .protocol.repeat)' >one
    fc-eval pairs --root lfw --pairs <(sleep 1; cat pairs) -f json | jq -S 'del(.run, .protocol.repeat)' | cmp one -
    mkfifo pipe
    cat pairs >pipe &
    fc-eval pairs --root lfw --pairs pipe -f json | jq -S 'del(.run, .protocol.repeat)' | cmp one -
    [ "$(fc-detect /dev/null --files-from /dev/null | wc -c)" -eq 0 ]
}

@test "a link to a folder is followed under -r, each folder once, under the name that comes first" {
    mkdir -p tree/real outside/deep p
    cp small.jpg tree/real/r.jpg
    cp small.jpg outside/o.jpg
    cp small.jpg outside/deep/d.jpg
    ln -s real tree/alias
    ln -s ../outside tree/way
    ln -s ../../outside/deep tree/real/deep
    ln -s ../tree outside/back
    ln -s . tree/self
    ln -s loop tree/loop
    fc-detect -r tree >all
    [ "$(sources <all)" = "tree/alias/deep/d.jpg tree/alias/r.jpg tree/way/o.jpg " ]
    fc-detect tree 2>err || [ $? -eq 3 ]
    run ! grep -q alias err
    fc-eval all-pairs --root tree -f json | jq -r '.failures[].image' >failures || true
    # two names of one person would be two people
    mkdir -p p/Ann
    cp ann.jpg p/Ann
    ln -s Ann p/Zoe
    ln -s /nowhere p/Nobody
    fc-enroll --no-check -g g.fcg --from-dirs p 2>err | jq -r .src >got
    [ "$(cat got)" = p/Ann/ann.jpg ]
    grep -qF "p/Zoe: is the same folder as Ann, and passed over" err
}

@test "names in a folder: every ending of the manual's table, in any case, and nothing else" {
    page=$FC_TESTS/../man/facecheck-images.7
    mkdir d
    for kind in taken refused; do
        awk -v kind=$kind '/^\.\\"/ && $2 == kind { on = 1 } /^\.El/ { on = 0 }
            on && /^\.Dl / { for (i = 2; i <= NF; i++) print $i }' "$page" >$kind
        [ "$(wc -l <$kind)" -ge 10 ]
    done
    while read -r ending; do
        cp small.jpg "d/low.$ending"
        cp small.jpg "d/UP.${ending^^}"
    done < <(cat taken refused)
    for other in txt cr2 mp4 pdf json xmp jpg~ jpgx '' jpg.part; do
        cp small.jpg "d/other.$other"
    done
    cp small.jpg d/jpg
    cp small.jpg d/._apple.jpg
    cp small.jpg d/.hidden.jpg
    fc-detect d | jq -r .src | sort >got
    find d \( -name 'low.*' -o -name 'UP.*' \) | LC_ALL=C sort | cmp - got
    [ "$(wc -l <got)" -eq $((2 * $(cat taken refused | wc -l))) ]
}

@test "formats that are refused by name are errors in folders, as operands and in lists" {
    mkdir d
    printf '\377\012 jxl' >d/a.jxl
    printf '8BPS' >d/b.psd
    printf 'v/1\001' >d/c.exr
    printf '#?RADIANCE\n' >d/d.hdr
    printf 'P7\nWIDTH 1\n' >d/e.pam
    printf '\0\0\1\0\1\0' >d/f.ico
    cp "$FC_TESTS"/bad/known.* d
    fc-detect -q d >one || [ $? -eq 3 ]
    fc-detect -q d/* >two || [ $? -eq 3 ]
    printf '%s\n' d/* | fc-detect -q --files-from - >three || [ $? -eq 3 ]
    cmp one two
    cmp one three
    [ "$(jq -r '.error.code' one | sort | uniq -c | tr -s ' ')" = " 7 unsupported" ]
    golden inputs-refused 3 fc-detect -q d
}

@test "what systems put beside pictures is passed over: @eaDir, bins, snapshots, lost+found" {
    for name in @eaDir '#recycle' '#snapshot' '$RECYCLE.BIN' '$Recycle.Bin' __MACOSX lost+found @Recycle .thumbnails; do
        mkdir -p "p/$name/IMG.jpg" "p/Ann/$name"
        cp small.jpg "p/$name/no.jpg"
        cp ann.jpg "p/Ann/$name/no.jpg"
        cp small.jpg "p/$name/IMG.jpg/SYNOPHOTO_THUMB_M.jpg"
    done
    cp ann.jpg p/Ann/ann.jpg
    [ "$(fc-detect -r p | sources)" = "p/Ann/ann.jpg " ]
    [ "$(fc-enroll -q -r -g g.fcg --from-dirs p | sources)" = "p/Ann/ann.jpg " ]
    fc-eval all-pairs --root p -f json 2>err >report || true
    run ! grep -q no.jpg err
    [ "$(fc-detect p/@eaDir | sources)" = "p/@eaDir/no.jpg " ] # named, it is a folder like another
}

@test "--exclude: names, and with a slash paths" {
    mkdir -p tree/sub/raw tree/raw
    for name in a.jpg b.png sub/a.jpg sub/raw/c.jpg raw/d.jpg; do
        cp small.jpg "tree/$name"
    done
    check() {
        local want=$1
        shift
        [ "$(fc-detect -q -r "$@" | sources)" = "$want" ] || fault "$*: $(fc-detect -r "$@" | sources)"
    }
    check "tree/b.png tree/sub/a.jpg " --exclude raw --exclude 'tree' --exclude=/a.jpg --exclude './a.jpg' tree --exclude a.jpg tree/sub/a.jpg
    check "tree/a.jpg tree/b.png tree/raw/d.jpg tree/sub/a.jpg " --exclude sub/raw tree
    check "tree/a.jpg tree/b.png tree/raw/d.jpg " --exclude 'sub/*' tree/
    check "tree/a.jpg tree/b.png tree/sub/a.jpg " --exclude 'ra[vw]/' tree
    check "tree/b.png tree/raw/d.jpg tree/sub/raw/c.jpg " --exclude '?.jpg/' --exclude a.jpg tree
    check "tree/a.jpg tree/raw/d.jpg tree/sub/a.jpg tree/sub/raw/c.jpg " --exclude '*.png' --files-from <(echo tree)
    mkdir -p p/Ann/old p/Bob
    cp ann.jpg p/Ann && cp ann.jpg p/Ann/old && cp bob.png p/Bob
    [ "$(fc-enroll -q -r -g g.fcg --from-dirs p --exclude Bob --exclude Ann/old | sources)" = "p/Ann/ann.jpg " ]
    [ "$(fc-enroll -q -r -g h.fcg --from-dirs p/ --exclude old/ | sources)" = "p/Ann/ann.jpg p/Bob/bob.png " ]
}

@test "fc-enroll --from-dirs says that photos beside the folders are nobody's" {
    mkdir -p p/Ann
    cp ann.jpg p/Ann
    cp ann.jpg p/x.jpg
    cp ann.jpg p/y.jpg
    fc-enroll --no-check -g g.fcg --from-dirs p 2>err | sources >got
    [ "$(cat got)" = "p/Ann/ann.jpg " ]
    grep -q "p: 2 pictures in the folder itself, such as x.jpg, passed over: the folders in it say whose one is" err
    fc-enroll -q -g g.fcg --from-dirs p 2>err >out
    [ ! -s err ]
}

@test "a folder of other files says so" {
    mkdir raws
    touch raws/IMG_1.CR2 raws/IMG_2.CR2
    run -3 --separate-stderr fc-detect raws
    [[ $stderr == *"raws: no pictures in this folder, but 2 other files, such as IMG_1.CR2"* ]]
}

# ---- what is no record ----

@test "another program's JSON under the name of a picture is a failed input, wherever it is named" {
    mkdir d
    cp small.jpg d/a.jpg
    cp small.jpg d/c.jpg
    echo '{"error":{"code":404,"message":"not found"}}' >d/b.jpg
    for jobs in 1 2; do
        for how in d "d/a.jpg d/b.jpg d/c.jpg" "--files-from list"; do
            printf '%s\n' d/* >list
            fc-detect -q "-j$jobs" $how >got && fault "exit status 0" || [ $? -eq 3 ]
            [ "$(jq -c '[.src, .error.code]' got | tr '\n' ' ')" = '["d/a.jpg",null] ["d/b.jpg","format"] ["d/c.jpg",null] ' ]
        done
    done
    mkfifo pipe
    cat d/b.jpg >pipe &
    golden inputs-foreign 3 fc-embed -q d/b.jpg pipe
    golden inputs-foreign-stdin 2 fc-embed <d/b.jpg
    # a file that began with a record, and breaks later, is a broken stream
    { fc-detect d/a.jpg; cat d/b.jpg; } >later
    run -2 --separate-stderr fc-embed later
    [ "$(wc -l <<<"$output")" -eq 1 ]
    run -2 fc-match d/b.jpg d/a.jpg
    fc-match d/a.jpg d/b.jpg d/c.jpg >got 2>err || [ $? -eq 3 ]
    [ "$(jq -r '.match' got | tr '\n' ' ')" = "null true " ]
    fc-match --no-timings d/a.jpg d/c.jpg >decisions # which are no records, and fc-draw reads them
    fc-draw -o drawn/ decisions
}

@test "records with a byte-order mark or CRLF are read; printed over many lines, as an array, in UTF-16 they are named" {
    fc-detect small.jpg ice.jpg >records
    fc-embed <records >want
    for file in want records; do
        { printf '\357\273\277'; cat $file; printf '\357\273\277'; cat $file; } >marked-$file
    done
    fc-embed <marked-records | cmp - <(cat want want)
    fc-embed marked-records | cmp - <(cat want want)
    fc-draw -o drawn/ marked-records
    sed 's/$/\r/' records | fc-embed | cmp - want
    jq . records >pretty
    golden inputs-pretty 3 fc-embed pretty
    golden inputs-pretty-stdin 2 fc-embed <pretty
    jq -s . records >array
    golden inputs-array 3 fc-embed array
    golden inputs-array-stdin 2 fc-embed <array
    iconv -f UTF-8 -t UTF-16LE records | { printf '\377\376'; cat; } >wide
    golden inputs-utf16 3 fc-embed wide
}

@test "lists from other systems: what is odd about a name that no file has is said; nothing is cut off" {
    printf 'small.jpg\r\nice.jpg\r\n' >crlf
    golden inputs-list-crlf 3 fc-detect --files-from crlf
    printf '\357\273\277small.jpg\n# small.jpg\n small.jpg\nsmall.jpg \n"small.jpg"\nnone.jpg\nsmall.jpg\n' >odd
    filter='[.src, .error.message]' golden inputs-list-odd 3 fc-detect -q --files-from odd
    filter='[.src, .error.message]' golden inputs-list-null 3 fc-detect -q -0 --files-from crlf
    printf '\377\376s\0m\0' >wide
    golden inputs-list-utf16 2 fc-detect --files-from wide
    # files may be called so
    for name in $'small.jpg\r' $'\357\273\277small.jpg' '# small.jpg' ' small.jpg' 'small.jpg ' '"small.jpg"'; do
        cp small.jpg "./$name"
        printf '%s\n' "$name" | fc-detect --files-from - | jq -r '[.src, (.faces | length | tostring)] | join("|")' >got
        [ "$(cat got)" = "$name|1" ]
    done
}

@test "a name like a URL with a password is said without it: of a folder, a gallery, a model, an output, of what is there and what is not" {
    local at=x://ann:secret@h tool
    mkdir -p x:/ann:secret@h/{closed,empty}
    echo nothing | tee x:/ann:secret@h/{bad.jpg,bad.db,bad.safetensors,bad.json} >/dev/null
    while read -r tool; do
        # shellcheck disable=SC2086 # a command and its options
        run --separate-stderr $tool </dev/null
        [ "$status" -ne 0 ] || fault "$tool does"
        [[ $stderr == *'x://ann:***@h/'* ]] || fault "$tool says: $stderr"
        run ! grep -F secret <<<"$stderr$(jq -r '.error.message' <<<"$output")" || fault "$tool: $stderr"
    done <<EOF
fc-detect $at/bad.jpg
fc-detect $at/empty
fc-detect $at/none.jpg
fc-detect --files-from $at/list
fc-embed -f npy -o $at/none/x.npy small.jpg
fc-embed --cache $at/bad.db small.jpg
fc-embed -m $at/bad.safetensors small.jpg
fc-embed -m $at/none.safetensors small.jpg
fc-match -g $at/bad.db small.jpg
fc-match -g $at/none.db small.jpg
fc-match $at/bad.jpg small.jpg
fc-gallery list -g $at/bad.db
fc-gallery list -g $at/none.db
fc-enroll -g $at/bad.db --id ann small.jpg
fc-enroll -g g.db --from-dirs $at/none
fc-eval compare $at/none.json $at/bad.json
fc-knn-train -o $at/none/x.knn $at/bad.json
fc-plot roc -o x.svg $at/bad.json
fc-draw -o x.png $at/none.jsonl
fc-publish --credentials $at/none
facecheck $at/none
EOF
}
