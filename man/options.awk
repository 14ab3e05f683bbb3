# awk -f mdoc.awk -f options.awk NAME.tsv NAME.1.in > NAME.1
# Puts the options of NAME.tsv (NAME --dump-options; see cmd/kit/option_parts.h) in place of the line @OPTIONS@, as mdoc.
BEGIN { FS = "\t" }

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
