# What the scripts that make pages share: text as mdoc.

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

# Text folded, with a new line for each sentence.
function sentences(s, out) {
    while (match(s, /[.?!]["')]* +[A-Z]/)) {
        out = out folded(substr(s, 1, RSTART + RLENGTH - 2)) "\n"
        s = substr(s, RSTART + RLENGTH - 1)
    }
    return out folded(s)
}

# A line that stands as it is.
function verbatim(s) {
    s = escaped(s)
    return s ~ /^[.']/ ? "\\&" s : s
}
