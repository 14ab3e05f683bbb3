# awk -f option_names.awk SOURCE... > option_names.inc
# The names of all tools and of their options, from the rows of the tables as they stand in the sources: a tool wants to know in
# facecheck-config(5)'s files an option that only others have, also those that this build leaves out. The test cli.config
# compares them with what the tools say (--dump-options).
match(FILENAME, /fc-[a-z-]+\.c$/) && !(FILENAME in seen) {
    seen[FILENAME]
    print "TOOL(\"" substr(FILENAME, RSTART, RLENGTH - 2) "\")"
}

/^ *\{?"[a-z][a-z0-9-]*", *('.', *)?(OPTION_[A-Z]|\.[a-z]+ = )/ {
    split($0, part, "\"")
    if (!(part[2] in names)) {
        names[part[2]]
        print "OPTION(\"" part[2] "\")"
    }
}
