load common

# README.md and docs/: their examples print what they say. Numbers with a point may differ from machine to machine in the
# last digits, and do in the times.

masked() {
    sed -E 's/[0-9]+\.[0-9]+/N/g; s/ +/ /g'
}

# The lines of a page's fenced blocks of that kind.
blocks() { # PAGE KIND
    awk -v kind="$2" '/^```/ { inside = $0 == "```" kind; next } inside' "$FC_TESTS/../$1"
}

# Runs a page's examples, and holds what they print against what the page says.
examples() { # PAGE COUNT
    local i
    rm -f ./*.command ./*.want office.*
    blocks "$1" console | awk '
        /^\$ / { n++; print substr($0, 3) >(n ".command"); printf "" >(n ".want"); next }
        { print >(n ".want") }'
    for ((i = 1; ; i++)); do
        [ -e "$i.command" ] || break
        bash -o pipefail -c "$(<"$i.command")" >got 2>err </dev/null || [ -s "$i.want" ] ||
            fault "$(<"$i.command")" "$(<err)"
        diff -u <(masked <"$i.want") <(masked <got) >&2 || fault "$(<"$i.command")" "$(<err)"
    done
    [ "$i" -eq $(($2 + 1)) ] || fault "$1 has $((i - 1)) examples, not $2"
}

@test "every example of the first page runs, and prints what it says" {
    examples README.md 4
}

@test "every recipe runs, and prints what the page says" {
    mkdir people
    ln -s ../ann.jpg ../bob.png people/
    ln -s ../group2.jpg people/eve.jpg
    examples docs/RECIPES.md 15
}

@test "the first page is one screen, and what it names is there" {
    [ "$(wc -l <"$FC_TESTS/../README.md")" -le 70 ]
    for page in README.md docs/INSTALL.md docs/RECIPES.md docs/PROGRAMS.md docs/FIGURES.md docs/MODEL-CARD.md; do
        grep -o '](\([^)]*\))' "$FC_TESTS/../$page" | tr -d ']()' | while read -r name; do
            [ -e "$FC_TESTS/../$(dirname "$page")/$name" ] || fault "$page names $name, which is not there"
        done
    done
}

@test "the demo prints what the page says, and leaves its pictures" {
    "$FC_TESTS/../demo/demo.sh" "$FC_BIN" facecheck-demo >got
    diff -u <(blocks docs/RECIPES.md text | masked) <(masked <got) >&2
    # what the issue wants of the figures: two prints of one portrait, someone else, one woman in both groups
    awk '$2 == "grace_hopper.jpg" { a = $4 > 0.98 && $5 == "match" }
        $2 == "astronaut.png" { b = $4 < 0.25 && $5 == "no" }
        $2 == "sample1.jpg" && $3 == 2 { c = $4 > 0.7 && $5 == "match" }
        END { exit !(a && b && c) }' got
    for picture in match sample1 sample3; do
        [ "$(fc-detect "facecheck-demo/$picture.jpg" | jq .w)" = 960 ]
    done
}

@test "what may be left out of a build is in the page" {
    grep -rhE '^(option|set)\(FC_[A-Z]+ .*(is left out|through OpenCV|: ON, OFF or AUTO)"' --include=CMakeLists.txt \
        "$FC_TESTS/../CMakeLists.txt" "$FC_TESTS/../lib" | sed -E 's/^[a-z]+\((FC_[A-Z]+) .*/\1/' >parts
    [ "$(wc -l <parts)" -eq 8 ]
    while read -r part; do
        grep -qF "\`$part\`" "$FC_TESTS/../docs/INSTALL.md" || fault "$part is not in docs/INSTALL.md"
    done <parts
}

@test "every program is in its page" {
    for program in "$FC_BIN"/fc-*; do
        grep -qF "| \`${program##*/}\` |" "$FC_TESTS/../docs/PROGRAMS.md" || fault "${program##*/} is not in docs/PROGRAMS.md"
    done
}
