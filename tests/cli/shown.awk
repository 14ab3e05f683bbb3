# awk -f shown.awk PAGE... TEST...
# What the manual's pages promise, and no test shows:
#   an exit status, an item of EXIT STATUS (of fc-serve's Answers: a status of HTTP): no test runs the tool and asks for it;
#   a message, an item of a list -diag: no line of a test has it. Words in capitals stand for anything;
#   the code or the stage of a record's error (facerecord(5)): no test compares an error with it.
# A test is a .bats file, a file of golden/, or a unit test. Comments, names of tests and comparisons that want something
# else (!=) show nothing.

function literal(text) {
    gsub(/[][\\.*^$+?(){}|]/, "\\\\&", text)
    return text
}

# The message as a pattern: words in capitals are anything.
function pattern(message, out, word) {
    while (match(message, /(^|[^A-Za-z0-9-])[A-Z][A-Z0-9]*($|[^A-Za-z0-9-])/)) {
        word = substr(message, RSTART, RLENGTH)
        out = out literal(substr(message, 1, RSTART - 1)) (word ~ /^[A-Z]/ ? "" : literal(substr(word, 1, 1))) ".+"
        message = substr(message, RSTART + RLENGTH - (word ~ /[A-Z0-9]$/ ? 0 : 1))
    }
    return out literal(message)
}

# Whether there is more in it than what stands for anything.
function says(message) {
    gsub(/[^a-z]/, "", message)
    return length(message) >= 6
}

function want(kind, what, name) {
    wanted[++wants] = kind
    whats[wants] = what
    names[wants] = name
    pages[wants] = page
}

# Each number of an item is a status, each word in small letters a code or a stage.
function want_words(kind, item, word, i, n) {
    n = split(item, word, " ")
    for (i = 2; i <= n; i++)
        if (kind == "status" ? word[i] ~ /^[0-9]+$/ : word[i] ~ /^[a-z]/)
            want(kind, word[i], word[i])
}

# The tool whose end is that of what a line runs: of a pipe the last one, else the first.
function tool_of(line, last, tool) {
    last = line ~ /bash -c|sh -c/
    while (match(line, /(^|[^a-z-])(fc-[a-z-]+[a-z]|facecheck)/)) {
        if (last || tool == "")
            tool = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
    }
    sub(/^[^a-z]/, "", tool)
    return tool
}

FNR == 1 {
    page = FILENAME
    sub(/.*\//, "", page)
    is_page = page ~ /\.[1-9]$/
    sub(/\.[1-9]$/, "", page)
    section = ""
    depth = 0
    tool = ""
    is_golden = FILENAME ~ /golden\//
    is_unit = FILENAME ~ /\.c$/
}

# ---- pages ----

is_page && /^\.S[hs] / { section = substr($0, 5) }
is_page && /^\.Bl / { list[++depth] = $0 }
is_page && /^\.El/ { depth-- }
is_page && /^\.It / {
    if (section == "EXIT STATUS" || section == "Answers" && depth == 1)
        want_words("status", $0)
    if (section == "Codes of errors" || section == "Answers" && depth == 1)
        want_words("code", $0)
    if (section == "Errors" && depth == 2)
        want_words("stage", $0)
    if (list[depth] ~ /-diag/) {
        text = substr($0, 5)
        gsub(/^"|"$/, "", text)
        gsub(/\\\(dq/, "\"", text)
        gsub(/\\e/, "\\", text)
        what = text
        sub(/^[A-Z]+(:N)*: (faces\[N\]: |face N: )?/, "", what) # where it is, which tests may leave out
        want("message", says(what) ? pattern(what) : "\001", text)
    }
}
is_page { next }

# ---- tests ----

is_unit && /^ *(\/?\*|\/\/)/ { next }
!is_golden && (/^ *#/ || /^@test/ || /!=/) { next }
{
    line = $0
    gsub(/\\"/, "\"", line)
}
!is_golden { sub(/[ \t]# .*/, "", line) }
{ lines[++count] = (is_golden ? "golden " : "") line }
is_golden || is_unit { next }

match(line, /(run -[0-9]+|golden [^ ]+ [0-9]+) /) {
    n = split(substr(line, RSTART, RLENGTH), word, /[ -]+/)
    ends[tool_of(substr(line, RSTART + RLENGTH)), word[n - 1]]
    next
}
line ~ /(^|[ (])run / { tool = tool_of(line) }
match(line, /\$status"? -eq [0-9]+/) {
    n = split(substr(line, RSTART, RLENGTH), word, " ")
    ends[tool, word[n]]
}
line ~ /^ +(fc-[a-z-]+|facecheck) / { ends[tool_of(line), 0] }

END {
    for (i = 1; i <= wants; i++) {
        found = 0
        if (wanted[i] == "status" && length(whats[i]) < 3)
            found = (pages[i], whats[i]) in ends
        else {
            what = wanted[i] == "status" ? "(HTTP/1.1 |refused |form |= |, )" whats[i] "([ ')]|$)" \
                : wanted[i] == "message" ? whats[i] \
                : "^golden .*\"" wanted[i] "\":\"" whats[i] "\"|(refused|form) [0-9]+ " whats[i] " " \
                "|(error\\." wanted[i] "|\\(codes\\)).*=.*[ \"]" whats[i] "([ \"]|$)"
            for (j = 1; !found && j <= count; j++)
                found = lines[j] ~ what
        }
        if (!found)
            print pages[i] ": no test shows the " wanted[i] " " names[i]
    }
}
