# Completion of mteval in zsh, after compinit: eval "$(mteval completion zsh)"
_mteval() {
    local -a whole open
    local found
    for found in "${(@f)$("${words[1]}" completion query "${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null)}"; do
        if [[ $found == *' ' ]]; then whole+=("${found% }"); elif [[ -n $found ]]; then open+=("$found"); fi
    done
    (( $#whole + $#open )) || { compset -P '*='; _files; return }
    compadd -a whole
    compadd -S '' -a open
}
compdef _mteval mteval
