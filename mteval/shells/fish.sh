# Completion of mteval in fish: mteval completion fish | source
function __mteval_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    set -l found ($words[1] completion query (commandline -cp | string collect) 2>/dev/null | string trim --right)
    if test (count $found) -gt 0
        printf '%s\n' $found
        return
    end
    set -l key (string match -r '^[^=]*=' -- $token)
    for path in (__fish_complete_path (string replace -r '^[^=]*=' '' -- $token))
        printf '%s\n' "$key$path"
    end
end
complete -c mteval -f -a '(__mteval_complete)'
