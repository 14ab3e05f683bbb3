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

@test "headings are words, and an option is one" {
    # mandoc takes a word of a heading for a macro ("In scripts" became <scripts>), and what follows an option for another
    command -v mandoc >/dev/null || skip "no mandoc"
    while read -r page; do
        mandoc -T utf8 -O width=400 "$page" | sed 's/.\x08//g' |
            grep -E '^( {3})?[a-z<]|[ (,]-(too|and|or|of|the|to|in|as)( |\)|$)' >odd || true
        [ ! -s odd ] || fault "$page:" "$(<odd)"
    done < <(pages)
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

# Lines of other tests that run everywhere, and what they are held against, show a promise: see shown.awk.
@test "every exit status, message and code of the pages has a test" {
    find "$FC_TESTS/cli" -name '*.bats' ! -name man.bats ! -name threads.bats >shown
    find "$FC_TESTS/cli/golden" "$FC_TESTS/unit" -name '*.err' -o -name '*.out' -o -name '*.c' >>shown
    # shellcheck disable=SC2046 # names without blanks
    unshown() { awk -f "$FC_TESTS/cli/shown.awk" $(pages) "$@" $(<shown); }
    unshown >missing
    [ ! -s missing ] || fault "$(<missing)"
    # and it finds what no test has
    cat >made.1 <<'END'
.Sh EXIT STATUS
.It 0
.It 4
.Sh DIAGNOSTICS
.Bl -diag
.It "FILE: hums a tune of N bars"
.It "FILE: WHY"
.It "FILE: No such file or directory"
.El
.Ss Codes of errors
.Bl -tag
.It Cm limit , banana
.El
.Ss Errors
.Bl -tag
.It Cm stage
.Bl -tag
.It Cm decode , digest
.El
.El
.Ss Answers
.Bl -tag
.It 200 , 418
.El
END
    unshown made.1 >missing
    diff missing - <<'END' >&2
made: no test shows the status 0
made: no test shows the status 4
made: no test shows the message FILE: hums a tune of N bars
made: no test shows the message FILE: WHY
made: no test shows the code banana
made: no test shows the stage digest
made: no test shows the status 418
END
}

# Strings of C in parts, formats in place of what the page has in capitals. What is a format alone is somebody else's message.
@test "every message of the programs that is no error is in a page" {
    sed -n 's/^\.It "\(.*\)"$/\1/p' "$FC_TESTS"/../man/*.[1-8]* >told # of tools that are not built, too
    # shellcheck disable=SC2046 # names without blanks
    awk '
        FILENAME == "told" { told[++n] = $0; next }
        !open && !sub(/.*[^_a-z](say|note|fc_tell)\(/, "") { next }
        !open { text = "" }
        {
            open = 1
            while (match($0, /"([^"\\]|\\.)*"/)) {
                text = text substr($0, RSTART + 1, RLENGTH - 2)
                $0 = substr($0, RSTART + RLENGTH)
                if (/^ *[,)]/)
                    break
            }
            if (!/^ *[,)]/ && !/;/)
                next
            open = 0
            if (text !~ /[a-z][a-z][a-z]/)
                next
            pattern = text
            gsub(/[][()?+*.]/, "\\\\&", pattern)
            gsub(/%%/, "\001", pattern)
            gsub(/%[^a-z]*[a-z]+/, ".*", pattern)
            gsub(/\001/, "%", pattern)
            for (i = found = 0; !found && i++ < n;)
                found = told[i] ~ pattern
            count++
            if (!found)
                print FILENAME ": " text
        }
        END { print count > "count" }' told $(find "$FC_TESTS/../cmd" "$FC_TESTS/../lib" -name '*.c') >missing
    [ "$(<count)" -ge 50 ]
    [ ! -s missing ] || fault "$(<missing)"
}
