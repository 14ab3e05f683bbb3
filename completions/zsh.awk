# awk -v skip=fc-match -f zsh.awk NAME.tsv... > _facecheck
# Completion for zsh; as bash.awk.
BEGIN { FS = "\t" }

# For the inside of '...[HELP]'.
function help(s) {
    gsub(/\\/, "\\\\", s)
    gsub(/\[/, "\\[", s)
    gsub(/\]/, "\\]", s)
    gsub(/:/, "\\:", s)
    gsub(/'/, "'\\''", s)
    return s
}

function finish() {
    if (tool != "")
        body = body spec operands "\n}\n"
}

$1 == "program" {
    finish()
    tool = $2
    id = $2
    gsub(/-/, "_", id)
    body = body "\n_facecheck_" id "() {\n    _arguments -s -S"
    spec = ""
    operands = " \\\n        '*:file:_files'"
    if ($5 == "dir")
        operands = " \\\n        '*:folder:_files -/'"
    if ($6 != "")
        operands = " \\\n        '1:command:(" $6 ")'" operands
    commands = commands "            '" substr(tool, 4) ":" help($3) "'\n"
    if (index(" " skip " ", " " tool " ") == 0)
        names = names " " tool
}

$1 == "option" {
    value = ""
    if ($4 == "choice")
        value = ":" $5 ":(" $6 ")"
    else if ($4 == "dir")
        value = ":" $5 ":_files -/"
    else if ($4 == "file")
        value = ":" $5 ":_files"
    else if ($4 != "flag")
        value = ":" $5 ": "
    equals = $4 == "flag" ? "" : "="
    plus = $4 == "flag" ? "" : "+"
    spec = spec " \\\n        "
    if ($3 == "")
        spec = spec "'--" $2 equals "[" help($8) "]" value "'"
    else
        spec = spec "'(-" $3 " --" $2 ")'{-" $3 plus ",--" $2 equals "}'[" help($8) "]" value "'"
}

END {
    finish()
    print "#compdef facecheck" names
    print "# Completion for zsh of facecheck(1) and its tools; made from their option tables."
    printf "%s", body
    print ""
    print "_facecheck() {"
    print "    local tool=$service"
    print "    if [[ $service == facecheck ]]; then"
    print "        local -a commands=("
    printf "%s", commands
    print "            'help:print the help of a command'"
    print "            'path:print the folder of the programs'"
    print "        )"
    print "        if ((CURRENT == 2)); then"
    print "            _describe command commands"
    print "            return"
    print "        fi"
    print "        tool=fc-${words[2]#fc-}"
    print "        shift words"
    print "        ((CURRENT--))"
    print "    fi"
    print "    (($+functions[_facecheck_${tool//-/_}])) && _facecheck_${tool//-/_}"
    print "}"
    print ""
    print "_facecheck \"$@\""
}
