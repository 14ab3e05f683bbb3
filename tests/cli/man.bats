load common

# The manual: every page is well formed, every option is in it, every example does what it says.

pages() {
    find "$FC_BUILD/man" -name '*.[0-9]'
    find "$FC_TESTS/../man" -name '*.[0-9]'
}

@test "mandoc finds nothing to complain about" {
    command -v mandoc >/dev/null || skip "no mandoc"
    [ "$(pages | wc -l)" -ge 6 ]
    # the pages that refer to each other are not installed here, and lines are as long as in the rest of the tree
    pages | xargs mandoc -Tlint -Wstyle 2>/dev/null |
        grep -v -e 'referenced manual not found' -e 'text line longer than 80 bytes' >complaints || true
    [ ! -s complaints ] || fault "$(<complaints)"
}

@test "every tool has a page, with all of its options" {
    for program in "$FC_BIN"/fc-*; do
        name=${program##*/}
        page=$FC_BUILD/man/man1/$name.1
        [ -e "$page" ] || fault "no page for $name"
        while IFS=$'\t' read -r row option _; do
            [ "$row" = option ] || continue
            grep -qE "^\.It (Fl .* , )?Fl -$option( |\$)" "$page" || fault "$name --$option is not in $page"
        done < <("$program" --dump-options)
    done
}

# Lines after "$ " up to the next one, or the end of the display, are what the command prints; without such lines,
# whatever it prints is right. A comment in front of the display may be "exit N" or "not run: REASON".
@test "every example runs, and prints what the page says" {
    command -v mandoc >/dev/null || skip "no mandoc"
    count=0
    for page in $(pages); do
        rm -rf example
        mkdir example
        cp -rL photos ./*.jpg bob.png example/
        awk '
            /^\.\\" exit / { want = $3 }
            /^\.\\" not run: / { skip = 1 }
            /^\.Bd / { inside = !skip; skip = 0; command = "" }
            /^\.Ed/ { inside = 0; command = "" }
            inside && /^\$ / { command = ++n; print substr($0, 3) >(n ".command"); printf "" >(n ".want")
                               print want + 0 >(n ".status"); want = 0; next }
            inside && command != "" && !/^\.Bd/ { print >(command ".want") }
        ' "$page"
        for ((i = 1; ; i++)); do
            [ -e "$i.command" ] || break
            sed -i 's/\\e/\\/g; s/\\&//g' "$i.command" "$i.want"
            status=0
            (cd example && bash -o pipefail -c "$(<"../$i.command")") >got 2>err </dev/null || status=$?
            [ "$status" -eq "$(<"$i.status")" ] ||
                fault "${page##*/}: exit status $status: $(<"$i.command")" "$(<err)"
            [ ! -s "$i.want" ] || diff -u "$i.want" got >&2 || fault "${page##*/}: $(<"$i.command")" "$(<err)"
            rm "$i.command" "$i.want" "$i.status"
            count=$((count + 1))
        done
    done
    [ "$count" -ge 15 ]
}
