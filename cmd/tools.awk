# awk -f tools.awk NAME.tsv... > tools.inc
# The list of facecheck: name and summary of each tool (NAME --dump-options; see kit/option_parts.h), as C.
BEGIN { FS = "\t" }

$1 == "program" {
    summary = substr($3, 1, length($3) - 1)
    gsub(/[\\"]/, "\\\\&", summary)
    printf "{\"%s\", \"%s%s\"},\n", substr($2, 4), tolower(substr(summary, 1, 1)), substr(summary, 2)
}
