# awk -v parts='NAME=PART...' -f tools.awk NAME.tsv... > tools.inc
# The list of facecheck: name and summary of each tool (NAME --dump-options; see kit/option_parts.h), as C, and the part of
# the packages that it is in where it is not facecheck's own.
BEGIN {
    FS = "\t"
    n = split(parts, one, " ")
    for (i = 1; i <= n; i++) {
        split(one[i], pair, "=")
        part[pair[1]] = pair[2]
    }
}

$1 == "program" {
    summary = substr($3, 1, length($3) - 1)
    gsub(/[\\"]/, "\\\\&", summary)
    printf "{\"%s\", \"%s%s\", \"%s\"},\n", substr($2, 4), tolower(substr(summary, 1, 1)), substr(summary, 2), part[$2]
}
