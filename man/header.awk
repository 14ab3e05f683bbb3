# awk -v name=fc_NAME -f mdoc.awk -f header.awk libfacecheck.3.in HEADER > fc_NAME.3
# The page of an installed header, from its comments: what stands at the beginning of a line is text about what follows,
# up to the next such comment. The page's date is that of libfacecheck.3.in.
#
# In the page, functions that a text is about are its heading; types and macros stand below it as in the header.

# ---- reading ----

FNR == NR {
    if ($1 == ".Dd")
        date = $0
    next
}

# Conditional parts are the compiler's affair, but for the guard around it all.
/^#if/ { conditional++ }
conditional > 1 {
    if (/^#endif/)
        conditional--
    text = ""
    next
}
/^#(if|endif|include)/ || /^#define FACECHECK_[A-Z]+_H$/ || /^FC_(BEGIN|END)_DECLS/ { next }

/^\/\* ---- .* ---- \*\/$/ {
    add_group()
    gsub(/^\/\* -+ | -+ \*\/$/, "")
    title[++groups] = toupper(substr($0, 1, 1)) substr($0, 2)
    next
}

/^\/\*/ {
    add_group()
    in_text = 1
}

in_text {
    last = sub(/ *\*\/.*/, "")
    sub(/^\/\* ?/, "")
    sub(/^ \* ?/, "")
    text = text $0 "\n"
    in_text = !last
    next
}

# A blank line ends what the text is about, but inside of a struct.
/^ *$/ && !depth {
    add_group()
    next
}

{
    code = code $0 "\n"
    gsub(/\/\*.*\*\//, "")
    depth += gsub(/[{(]/, "") - gsub(/[})]/, "")
}

function add_group() {
    if (text code ~ /[^\n ]/) {
        about[++groups] = text
        lines[groups] = code
    }
    text = code = ""
}

# ---- statements of a group ----

# Splits the code into statements, each on lines of its own: stmt[1..n], and their trailing comments in remark. A function
# is one line, others stay as they are.
function split_code(code, line, n, m, i, s, depth, whole, at) {
    n = 0
    m = split(code, line, "\n")
    s = ""
    depth = 0
    for (i = 1; i <= m; i++) {
        if (s == "" && line[i] == "")
            continue
        s = s (s == "" ? "" : "\n") line[i]
        whole = line[i]
        gsub(/\/\*.*\*\//, "", whole)
        depth += gsub(/[{(]/, "", whole) - gsub(/[})]/, "", whole)
        if (s ~ /\\$/ || depth > 0 || in_remark(s) || (s !~ /^#/ && whole !~ /; *$/))
            continue
        stmt[++n] = s
        remark[n] = ""
        if (function_of(s) != "") {
            if ((at = index(s, "/*")) > 0) {
                remark[n] = substr(s, at + 2)
                sub(/ *\*\/.*/, "", remark[n])
                gsub(/\n *\*? */, " ", remark[n])
                sub(/^ /, "", remark[n])
                s = substr(s, 1, at - 1)
            }
            gsub(/[\n ]+/, " ", s)
            sub(/ $/, "", s)
            stmt[n] = s
        }
        s = ""
    }
    return n
}

function in_remark(s) {
    return gsub(/\/\*/, "", s) > gsub(/\*\//, "", s)
}

# "fc_x" of a statement that declares a function, else "".
function function_of(s) {
    if (s ~ /^(#|typedef |enum )/ || s ~ /^struct [a-z0-9_]* *{/ || !match(s, /fc_[a-z0-9_]+\(/))
        return ""
    return substr(s, RSTART, RLENGTH - 1)
}

# Whether it is the end of what another function makes: their text is not about it.
function is_end(f) {
    return f ~ /_(free|clear|close)$/
}

# ---- writing ----

function prototype(s, f, at, args, arg, n, i, out) {
    f = function_of(s)
    at = index(s, f "(")
    out = substr(s, 1, at - 1)
    sub(/ $/, "", out)
    out = ".Ft \"" out "\"\n.Fo " f "\n"
    args = substr(s, at + length(f) + 1)
    sub(/\);$/, "", args)
    n = split(args, arg, /, /)
    for (i = 1; i <= n; i++)
        out = out ".Fa \"" arg[i] "\"\n"
    return out ".Fc\n"
}

# What was written last, for no paragraph may begin behind a heading or before a display.
function paragraph() {
    if (pending)
        print ".Pp"
    pending = 0
}

function begin_display() {
    print ".Bd -literal -offset indent"
}

function end_display() {
    print ".Ed"
    pending = 1
}

# A comment's text: paragraphs, items ("  NAME  text", indented by two), and code, which is indented by more.
function write_text(text, line, n, i, para, kind, now, head) {
    n = split(text, line, "\n")
    for (i = 1; i <= n + 1; i++) {
        if (i > n)
            now = ""
        else if (line[i] ~ /^ *$/)
            now = kind == "code" && line[i + 1] ~ /^   / ? "code" : ""
        else if (line[i] ~ /^  [^ ]/ || (kind == "item" && line[i] ~ /^   /))
            now = "item"
        else
            now = line[i] ~ /^   / ? "code" : "text"
        if (kind != now || (now == "item" && line[i] ~ /^  [^ ]/)) {
            flush_paragraph(para)
            para = ""
        }
        if (kind != now && kind == "code")
            end_display()
        if (kind != now && kind == "item") {
            print ".El"
            pending = 1
        }
        if (kind != now && now == "code")
            begin_display()
        if (kind != now && now == "item")
            print ".Bl -tag -width Ds -compact"
        kind = now
        if (now == "item" && match(line[i], /^  [^ ]+ */)) {
            head = escaped(substr(line[i], 3, RLENGTH - 2))
            line[i] = substr(line[i], RLENGTH + 1)
            sub(/ +$/, "", head)
            print ".It Li " head
            pending = 0
        }
        if (now == "code") {
            sub(/^    ?/, "", line[i])
            print verbatim(line[i])
        } else if (now != "") {
            sub(/^ +/, "", line[i])
            para = para (para == "" ? "" : " ") line[i]
        }
    }
}

function flush_paragraph(para) {
    if (para == "")
        return
    paragraph()
    print sentences(para)
    pending = 1
}

# A comment between two marks, folded: before the line that it is about.
function write_remark(indent, remark, word, n, i, line) {
    n = split(remark, word, " ")
    line = indent "/*"
    for (i = 1; i <= n; i++) {
        if (length(line) + 1 + length(word[i]) > 74) {
            print verbatim(line)
            line = indent " *"
        }
        line = line " " word[i]
    }
    print verbatim(line " */")
}

# A line of code, broken behind a comma where it is too long for a page.
function write_line(s, indent, at, i) {
    for (i = 74; length(indent s) > 74 && i > 0 && !at; i--)
        if (substr(s, i, 2) == ", ")
            at = i
    print verbatim(indent (at ? substr(s, 1, at) : s))
    if (at)
        write_line(substr(s, at + 2), "    ")
}

# A statement as it is, but that no line is too long for a page.
function write_code(s, line, n, i, at, indent, rest) {
    if (function_of(s) != "") {
        write_line(s, "")
        return
    }
    n = split(s, line, "\n")
    for (i = 1; i <= n; i++) {
        # clang-format broke a declaration before its name
        while (i < n && line[i] != "" && line[i + 1] !~ /^ *}/ && line[i] !~ /[;,{}\\]( *\/\*.*)?$/ && line[i] !~ /\/\*|\*\// && line[i] !~ /^#/) {
            rest = line[i + 1]
            sub(/^ +/, "", rest)
            line[i + 1] = line[i] (rest ~ /^\[/ ? "" : " ") rest
            i++
        }
        while (in_remark(line[i]) && i < n) {
            rest = line[i + 1]
            sub(/^ *\*? ?/, "", rest)
            line[i + 1] = line[i] " " rest
            i++
        }
        sub(/ +\\$/, " \\", line[i])
        at = index(line[i], "/*")
        if (length(line[i]) > 76 && at) {
            match(line[i], /^ */)
            indent = substr(line[i], 1, RLENGTH)
            rest = substr(line[i], at + 2)
            sub(/ *\*\/ *$/, "", rest)
            write_remark(indent, rest)
            line[i] = substr(line[i], 1, at - 1)
            sub(/ +$/, "", line[i])
            if (line[i] == "")
                continue
        }
        print verbatim(line[i])
    }
}

function write_item(head, text) {
    print ".Bl -tag -width Ds"
    print ".It " head
    pending = 0
    write_text(text)
    print ".El"
    pending = 1
}

function write_group(g, n, i, head, mixed, shown) {
    n = split_code(lines[g])
    for (i = 1; i <= n; i++)
        if (function_of(stmt[i]) == "")
            mixed = 1
    if (!mixed && about[g] != "") {
        for (i = 1; i <= n; i++)
            if (i == 1 || (remark[i] == "" && !is_end(function_of(stmt[i]))))
                head = head (head == "" ? "" : " , ") "Fn " function_of(stmt[i])
        if (head != "")
            write_item(head, about[g] (remark[1] == "" ? "" : "\n" remark[1]))
        else
            write_text(about[g])
        for (i = 2; i <= n; i++)
            if (remark[i] != "" || is_end(function_of(stmt[i])))
                write_item("Fn " function_of(stmt[i]), remark[i])
        return
    }
    write_text(about[g])
    if (n)
        begin_display()
    for (i = 1; i <= n; i++) {
        if (remark[i] != "")
            write_remark("", remark[i])
        write_code(stmt[i])
    }
    if (n)
        end_display()
}

END {
    add_group()
    # the first comment is the header's own: its first sentence says what the page is about
    what = about[1]
    gsub(/\n/, " ", what)
    sub(/^ +/, "", what)
    if (match(what, /\.( |$)/))
        what = substr(what, 1, RSTART - 1)
    what = tolower(substr(what, 1, 1)) substr(what, 2)

    print date "\n.Dt " toupper(name) " 3\n.Os\n.Sh NAME"
    for (g = 1; g <= groups; g++) {
        n = split_code(lines[g])
        for (i = 1; i <= n; i++)
            if ((f = function_of(stmt[i])) != "") {
                if (f != name)
                    names = names " ,\n.Nm " f
                synopsis = synopsis prototype(stmt[i])
            }
    }
    print ".Nm " name names "\n.Nd " folded(what)
    print ".Sh SYNOPSIS\n.In " header "\n" synopsis ".Sh DESCRIPTION"
    if (lines[1] == "" && length(about[1]) < length(what) + 4)
        delete about[1]
    for (g = 1; g <= groups; g++) {
        if (g in title) {
            print ".Ss " title[g]
            pending = 0
        } else {
            write_group(g)
        }
    }
    print ".Sh SEE ALSO\n.Xr facecheck 1 ,\n.Xr libfacecheck 3"
}
