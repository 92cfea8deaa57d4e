# Completion of mteval in bash: eval "$(mteval completion bash)"
_mteval() {
    local line="${COMP_LINE:0:COMP_POINT}" word cut found
    word="${line##*[[:space:]]}"
    # Readline replaces what follows the last of its word breaks; within quotes, what follows the quote.
    cut="${word%"${word##*["$COMP_WORDBREAKS"]}"}"
    case "$word" in \'* | \"*) cut="" ;; esac
    COMPREPLY=()
    while IFS= read -r found; do
        COMPREPLY+=("${found#"$cut"}")
    done < <("${COMP_WORDS[0]}" completion query "$line" 2>/dev/null)
}
complete -o nospace -o bashdefault -o default -F _mteval mteval
