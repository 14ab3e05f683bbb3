# awk -v skip=fc-match -f bash.awk NAME.tsv... > facecheck
# Completion for bash of the tools whose option tables are given (--dump-options; see cmd/kit/option_parts.h), by their own names,
# but for those in skip, and as commands of facecheck.
BEGIN {
    FS = "\t"
    print "# Completion for bash of facecheck(1) and its tools; made from their option tables."
    print ""
    print "_facecheck_offer() { # WORDS WORD"
    print "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\")"
    print "}"
    print ""
    print "_facecheck_dirs() { # WORD"
    print "    mapfile -t COMPREPLY < <(compgen -d -- \"$1\")"
    print "    compopt -o filenames"
    print "}"
}

function finish() {
    if (tool == "")
        return
    print ""
    print "_facecheck_" tool_id "() { # WORD, and the word before it"
    print "    case $2 in"
    printf "%s", cases
    print "    esac"
    print "    if [[ $1 == -* ]]; then"
    print "        _facecheck_offer '" words "' \"$1\""
    if (commands != "") {
        print "    elif [[ $3 ]]; then"
        print "        _facecheck_offer '" commands "' \"$1\""
    }
    print "    else"
    print operand_kind == "dir" ? "        _facecheck_dirs \"$1\"" : "        compopt -o default"
    print "    fi"
    print "}"
}

$1 == "program" {
    finish()
    tool = $2
    tool_id = $2
    gsub(/-/, "_", tool_id)
    operand_kind = $5
    commands = $6
    cases = words = ""
    short = substr(tool, 4)
    all = all (all == "" ? "" : " ") short
    if (index(" " skip " ", " " tool " ") == 0)
        names = names " " tool
}

$1 == "option" {
    words = words (words == "" ? "" : " ") "--" $2
    pattern = "--" $2 ($3 == "" ? "" : " | -" $3)
    if ($4 == "choice")
        action = "_facecheck_offer '" $6 "' \"$1\"; return"
    else if ($4 == "dir")
        action = "_facecheck_dirs \"$1\"; return"
    else if ($4 == "file")
        action = "compopt -o default; return"
    else
        action = "return"
    if ($4 != "flag")
        cases = cases "    " pattern ") " action " ;;\n"
}

END {
    finish()
    print ""
    print "_facecheck() {"
    print "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} tool=${COMP_WORDS[0]##*/} first=1"
    print "    COMPREPLY=()"
    print "    if [[ $tool == facecheck ]]; then"
    print "        if ((COMP_CWORD == 1)); then"
    print "            _facecheck_offer '" all " help path --help --version' \"$word\""
    print "            return"
    print "        fi"
    print "        tool=fc-${COMP_WORDS[1]#fc-} first=2"
    print "    fi"
    print "    # --option=value comes as three words"
    print "    if [[ $word == = ]]; then"
    print "        word="
    print "    elif [[ $before == = ]]; then"
    print "        before=${COMP_WORDS[COMP_CWORD - 2]}"
    print "    fi"
    print "    ((COMP_CWORD == first)) || first="
    print "    if declare -F \"_facecheck_${tool//-/_}\" >/dev/null; then"
    print "        \"_facecheck_${tool//-/_}\" \"$word\" \"$before\" \"$first\""
    print "    fi"
    print "}"
    print "complete -F _facecheck facecheck" names
}
