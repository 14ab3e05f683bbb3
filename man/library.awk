# awk -v example=FILE -f mdoc.awk -f library.awk facecheck.h HEADER... libfacecheck.3.in > libfacecheck.3
# The overview of the library: a list of its headers by their first comments, the conventions that facecheck.h states, and
# the example.

FNR == 1 {
    file++
    page = FILENAME
    sub(/.*\//, "", page)
    is_page = page ~ /\.in$/
    sub(/\.h$/, "", page)
    about = ""
    in_about = file > 1 && !is_page
}

# " *  1. TEXT" of facecheck.h, to the end of its comment.
file == 1 && /^ \* +[0-9]\. / {
    text[++conventions] = ""
}
file == 1 && / \*\// {
    past = 1
}
file == 1 && conventions && !past {
    sub(/^ \* +([0-9]\. +)?/, "")
    text[conventions] = text[conventions] (text[conventions] == "" ? "" : " ") $0
}

in_about {
    last = sub(/ *\*\/.*/, "")
    sub(/^\/?[ *]*/, "")
    about = about (about == "" ? "" : " ") $0
    if (last || match(about, /\.( |$)/)) {
        if (match(about, /\.( |$)/))
            about = substr(about, 1, RSTART)
        names[++headers] = page
        what[headers] = about
        in_about = 0
    }
}

!is_page { next }

$0 == "@HEADERS@" {
    print ".Bl -tag -width Ds"
    for (i = 1; i <= headers; i++)
        print ".It Xr fc_" names[i] " 3\n" sentences(what[i])
    print ".El"
    next
}

$0 == "@CONVENTIONS@" {
    print ".Bl -enum"
    for (i = 1; i <= conventions; i++)
        print ".It\n" sentences(text[i])
    print ".El"
    next
}

$0 == "@EXAMPLE@" {
    while ((getline line < example) > 0)
        print verbatim(line)
    next
}

# By their names.
$0 == "@PAGES@" {
    for (i = 1; i <= headers; i++) {
        for (k = i; k > 1 && sorted[k - 1] > names[i]; k--)
            sorted[k] = sorted[k - 1]
        sorted[k] = names[i]
    }
    for (i = 1; i <= headers; i++)
        print ".Xr fc_" sorted[i] " 3 ,"
    next
}

{ print }
