# Completion of alphapanda for bash. Made by: alphapanda completions bash

_alphapanda_names() {
    alphapanda completions --names "$1" 2>/dev/null
}

_alphapanda() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
    local verb="" words="" options="" longer i
    for ((i = 1; i < COMP_CWORD; i++)); do
        longer="${verb:+$verb }${COMP_WORDS[i]}"
        case "$longer" in
            "logs") verb="$longer" ;;
            "init") verb="$longer" ;;
            "config") verb="$longer" ;;
            "config show") verb="$longer" ;;
            "config check") verb="$longer" ;;
            "completions") verb="$longer" ;;
        esac
    done
    case "$verb:$previous" in
        "logs:--lines" | "logs:-n")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "logs:--since")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "logs:--until")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "logs:--level")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "logs:--grep")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "logs:--channel")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
    esac
    case "$verb" in
        "")
            options="--version -V --debug --help -h"
            words="logs init config completions"
            ;;
        "logs")
            options="--follow -f --lines -n --since --until --level --grep --channel --no-prefix --json --help -h"
            words="$(_alphapanda_names daemons)"
            ;;
        "init")
            options="--force --help -h"
            ;;
        "config")
            options="--help -h"
            words="show check"
            ;;
        "config show")
            options="--json --help -h"
            ;;
        "config check")
            options="--json --help -h"
            ;;
        "completions")
            options="--help -h"
            words="bash zsh fish"
            ;;
    esac
    if [[ $current == -* ]]; then
        words="$options"
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _alphapanda alphapanda
