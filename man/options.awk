# awk -f options.awk NAME.tsv NAME.1.in > NAME.1
# Puts the options of NAME.tsv (NAME --dump-options; see cmd/kit/option_parts.h) in place of the line @OPTIONS@, as mdoc.
BEGIN { FS = "\t" }

# Text for mdoc: no backslash.
function escaped(s) {
    gsub(/\\/, "\\e", s)
    return s
}

# The same in lines of up to 80 characters, none of which looks like a request.
function folded(s, word, n, i, line, out) {
    n = split(escaped(s), word, " ")
    for (i = 1; i <= n; i++) {
        if (line != "" && length(line) + 1 + length(word[i]) > 79) {
            out = out line "\n"
            line = ""
        }
        if (line == "" && word[i] ~ /^[.']/)
            word[i] = "\\&" word[i]
        line = line (line == "" ? "" : " ") word[i]
    }
    return out line
}

function flag(dashed, arg) {
    return "Fl " dashed (arg == "" ? "" : " Ar " escaped(arg))
}

FNR == NR && $1 == "group" {
    text = text (text == "" ? "" : ".El\n") ".Ss " $2 "\n.Bl -tag -width Ds\n"
}

FNR == NR && $1 == "option" {
    text = text ".It " ($3 == "" ? "" : flag($3, $5) " , ") flag("-" $2, $5) "\n" folded($8 ".") "\n"
    if ($7 != "")
        text = text "The environment variable\n.Ev " $7 "\nstands in for it.\n"
}

FNR == NR { next }

$0 == "@OPTIONS@" {
    printf "%s.El\n", text
    found = 1
    next
}

{ print }

END {
    if (!found) {
        print FILENAME ": no line @OPTIONS@" > "/dev/stderr"
        exit 1
    }
}
