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

@test "-r goes into folders, but not through links and not into hidden ones" {
    tree
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

@test "nothing on stdin is nothing to do" {
    golden inputs-nothing 0 fc-detect </dev/null
    golden inputs-nothing 0 bash -c 'printf "\n" | fc-embed'
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
    run bash -c 'yes small.jpg | fc-detect --files-from - -j2 | head -n 3 | jq -c ".faces | length"'
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
