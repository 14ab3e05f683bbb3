load common

# complete WORD...: what bash offers for the last word.
complete_words() {
    bash -c '
        compopt() { :; } # works only while readline completes
        complete() { :; }
        . "$1/completions/facecheck"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _facecheck
        printf "%s\n" "${COMPREPLY[@]}"' bash "$FC_BUILD" "$@" | tr '\n' ' '
}

@test "the files are well formed" {
    bash -n "$FC_BUILD/completions/facecheck"
    if command -v shellcheck >/dev/null; then
        shellcheck -s bash "$FC_BUILD/completions/facecheck"
    fi
    if command -v zsh >/dev/null; then
        zsh -n "$FC_BUILD/completions/_facecheck"
    fi
    if command -v fish >/dev/null; then
        fish -n "$FC_BUILD/completions/facecheck.fish"
    fi
}

@test "every option of every tool is offered by all three shells" {
    for program in "$FC_BIN"/fc-*; do
        name=${program##*/}
        offered=" $(complete_words "$name" --)"
        while IFS=$'\t' read -r row option _; do
            [ "$row" = option ] || continue
            [[ $offered == *" --$option "* ]] || fault "bash: $name --$option"
            sed -n "/^_facecheck_${name//-/_}()/,/^}/p" "$FC_BUILD/completions/_facecheck" | grep -qE -- "--$option(=|\[|\}|,)" ||
                fault "zsh: $name --$option"
            grep -qE -- "^complete -c facecheck -n '__fish_seen_subcommand_from ${name#fc-}' .*-l $option( |\$)" \
                "$FC_BUILD/completions/facecheck.fish" || fault "fish: $name --$option"
        done < <("$program" --dump-options)
    done
}

@test "bash: options, values, commands" {
    [ "$(complete_words fc-detect --fac)" = "--factor --faces " ]
    [ "$(complete_words fc-detect --faces '')" = "all largest best center one " ]
    [ "$(complete_words fc-detect --faces b)" = "best " ]
    [ "$(complete_words fc-detect --faces = b)" = "best " ]
    [ "$(complete_words fc-detect --faces =)" = "all largest best center one " ]
    [ "$(complete_words fc-embed -f '')" = "json npy " ]
    [ "$(complete_words facecheck det)" = "detect " ]
    [ "$(complete_words facecheck match --met)" = "--metric " ]
    [ "$(complete_words facecheck fc-match --metric e)" = "euclidean " ]
    mkdir 'a folder'
    [ "$(complete_words fc-detect --models 'a f')" = "a folder " ]
    [ "$(complete_words facecheck nothing --x)" = " " ]
}

@test "fish: options, values, commands" {
    command -v fish >/dev/null || skip "no fish"
    offer() {
        fish --no-config -c "source '$FC_BUILD/completions/facecheck.fish'; complete -C '$1'" 2>/dev/null | cut -f 1 | tr '\n' ' '
    }
    [ "$(offer 'fc-detect --fac')" = "--faces --factor " ]
    [ "$(offer 'fc-detect --faces ')" = "all best center largest one " ]
    [ "$(offer 'facecheck match --met')" = "--metric " ]
    [ "$(offer 'facecheck det')" = "detect " ]
}

@test "fontconfig's fc-match is left alone" {
    run ! grep -E '^complete .* fc-match' "$FC_BUILD/completions/facecheck"
    run ! grep -E '^#compdef.* fc-match' "$FC_BUILD/completions/_facecheck"
    run ! grep -E '^complete -c fc-match' "$FC_BUILD/completions/facecheck.fish"
}
