# awk -v skip=fc-match -f fish.awk NAME.tsv... > facecheck.fish
# Completion for fish; as bash.awk.
BEGIN {
    FS = "\t"
    print "# Completion for fish of facecheck(1) and its tools; made from their option tables."
    print "complete -c facecheck -n __fish_use_subcommand -f -a help -d 'Print the help of a command'"
    print "complete -c facecheck -n __fish_use_subcommand -f -a path -d 'Print the folder of the programs'"
    print "complete -c facecheck -n __fish_use_subcommand -f -l help -d 'Print help'"
    print "complete -c facecheck -n __fish_use_subcommand -f -l version -d 'Print the version'"
}

function quoted(s) {
    gsub(/\\/, "\\\\", s)
    gsub(/'/, "\\'", s)
    return "'" s "'"
}

# The same for the tool by its name, and as a command of facecheck.
function put(rest) {
    if (index(" " skip " ", " " tool " ") == 0)
        print "complete -c " tool " " rest
    print "complete -c facecheck -n '__fish_seen_subcommand_from " substr(tool, 4) "' " rest
}

$1 == "program" {
    tool = $2
    print "complete -c facecheck -n __fish_use_subcommand -f -a " substr(tool, 4) " -d " quoted($3)
    if ($6 != "")
        put("-a " quoted($6))
}

$1 == "option" {
    rest = ($3 == "" ? "" : "-s " $3 " ") "-l " $2
    if ($4 == "choice")
        rest = rest " -x -a " quoted($6)
    else if ($4 == "dir")
        rest = rest " -x -a '(__fish_complete_directories)'"
    else if ($4 == "file")
        rest = rest " -r -F"
    else if ($4 != "flag")
        rest = rest " -x"
    put(rest " -d " quoted($8))
}
