# awk -v file=FILE -f mdoc.awk -f config.awk NAME.tsv... facecheck-config.5.in > facecheck-config.5
# Puts the system's file in place of @SYSTEM@, the keys that a configuration may have in place of the line @KEYS@, and in place of @ONCE@, @SECRET@ and @ALLOWS@ the
# options that are in none, from the tools' tables (NAME --dump-options; see cmd/kit/option_parts.h).
BEGIN { FS = "\t" }

function join(list, one) {
    return list == "" ? one : list ", " one
}

# The words of a list with commas, in order.
function sorted(list, word, n, i, j, w, out) {
    n = split(list, word, ", ")
    for (i = 2; i <= n; i++) {
        w = word[i]
        for (j = i - 1; j > 0 && word[j] > w; j--)
            word[j + 1] = word[j]
        word[j + 1] = w
    }
    for (i = 1; i <= n; i++)
        out = join(out, word[i])
    return out
}

function keys(word, n, i, text) {
    n = split(sorted(names), word, ", ")
    print ".Bl -tag -width Ds"
    for (i = 1; i <= n; i++) {
        print ".It Cm " word[i]
        text = all[word[i]]
        if (own[word[i]] != "")
            text = text (text == "" ? "under the name of the tool only: " : "; under its own name only: ") own[word[i]]
        print folded(text)
    }
    print ".El"
}

FILENAME ~ /\.tsv$/ && $1 == "program" { tool = $2 }

FILENAME ~ /\.tsv$/ && $1 == "option" {
    if ($10 == "once" || $10 == "secret" || $10 == "allows") {
        if (index(", " none[$10] ",", ", " $2 ",") == 0)
            none[$10] = join(none[$10], $2)
    } else {
        if (!($2 in all) && !($2 in own))
            names = join(names, $2)
        if ($10 == "any")
            all[$2] = join(all[$2], tool)
        else
            own[$2] = join(own[$2], tool)
    }
}

FILENAME ~ /\.tsv$/ { next }

$0 == "@KEYS@" { keys(); next }
$0 == "@ONCE@" { print folded(sorted(none["once"]) "."); next }
$0 == "@SECRET@" { print folded(sorted(none["secret"]) "."); next }
$0 == "@ALLOWS@" { print folded(sorted(none["allows"]) "."); next }
{ gsub(/@SYSTEM@/, escaped(file)); print }
