load common

# README.md: its examples print what it says. Numbers with a point may differ from machine to machine in the last
# digits, and do in the times.

masked() {
    sed -E 's/[0-9]+\.[0-9]+/N/g; s/ +/ /g'
}

# The lines of README's fenced blocks of that kind, from the first one on; the kind before each block.
blocks() {
    awk -v kind="$1" '/^```/ { inside = $0 == "```" kind; next } inside' "$FC_TESTS/../README.md"
}

@test "every recipe runs, and prints what the page says" {
    mkdir people
    ln -s ../ann.jpg ../bob.png people/
    ln -s ../group2.jpg people/eve.jpg
    blocks console | awk '
        /^\$ / { n++; print substr($0, 3) >(n ".command"); printf "" >(n ".want"); next }
        { print >(n ".want") }'
    for ((i = 1; ; i++)); do
        [ -e "$i.command" ] || break
        bash -o pipefail -c "$(<"$i.command")" >got 2>err </dev/null || [ -s "$i.want" ] ||
            fault "$(<"$i.command")" "$(<err)"
        diff -u <(masked <"$i.want") <(masked <got) >&2 || fault "$(<"$i.command")" "$(<err)"
    done
    [ "$i" -gt 9 ]
}

@test "the demo prints what the page says, and leaves its pictures" {
    "$FC_TESTS/../demo/demo.sh" "$FC_BIN" facecheck-demo >got
    diff -u <(blocks text | masked) <(masked <got) >&2
    # what the issue wants of the figures: two prints of one portrait, someone else, one woman in both groups
    awk '$2 == "grace_hopper.jpg" { a = $4 > 0.98 && $5 == "match" }
        $2 == "astronaut.png" { b = $4 < 0.25 && $5 == "no" }
        $2 == "sample1.jpg" && $3 == 2 { c = $4 > 0.7 && $5 == "match" }
        END { exit !(a && b && c) }' got
    for picture in match sample1 sample3; do
        [ "$(fc-detect "facecheck-demo/$picture.jpg" | jq .w)" = 960 ]
    done
}

@test "every program is in the page" {
    for program in "$FC_BIN"/fc-*; do
        grep -qF "| \`${program##*/}\` |" "$FC_TESTS/../README.md" || fault "${program##*/} is not in README.md"
    done
}
