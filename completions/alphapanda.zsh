#compdef alphapanda
# Completion of alphapanda for zsh. Made by: alphapanda completions zsh

_alphapanda_names() {
    local -a names
    names=(${(f)"$(alphapanda completions --names $1 2>/dev/null)"})
    compadd -a names
}

_alphapanda() {
    local verb="" longer
    local -a options verbs
    local -i i
    for ((i = 2; i < CURRENT; i++)); do
        longer="${verb:+$verb }${words[i]}"
        case "$longer" in
            "logs") verb="$longer" ;;
            "init") verb="$longer" ;;
            "config") verb="$longer" ;;
            "config show") verb="$longer" ;;
            "config check") verb="$longer" ;;
            "completions") verb="$longer" ;;
        esac
    done
    case "$verb:${words[CURRENT-1]}" in
        "logs:--lines" | "logs:-n")
            true
            return
            ;;
        "logs:--since")
            true
            return
            ;;
        "logs:--until")
            true
            return
            ;;
        "logs:--level")
            true
            return
            ;;
        "logs:--grep")
            true
            return
            ;;
        "logs:--channel")
            true
            return
            ;;
    esac
    case "$verb" in
        "")
            options=(
                '--version:Show the version.'
                '-V:Show the version.'
                '--debug:Show the traceback of an error.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            verbs=(
                'logs:Read the daemons'\'' logs, merged in time order.'
                'init:Write commented starter files into this folder.'
                'config:Show and check settings.'
                'completions:Print the completion script of a shell.'
            )
            ;;
        "logs")
            options=(
                '--follow:Go on with new lines until Ctrl-C.'
                '-f:Go on with new lines until Ctrl-C.'
                '--lines:How many of the latest lines. [100; all with --since]'
                '-n:How many of the latest lines. [100; all with --since]'
                '--since:From then on: 10m, 2h30m, 10:42 (IST), 2025-11-17, ISO 8601.'
                '--until:Up to then.'
                '--level:At least: debug, info, warning, error, critical.'
                '--grep:Only lines in which this is found.'
                '--channel:Only app, trading, market_data, bus, api or audit.'
                '--no-prefix:Do not begin lines with the daemon.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names daemons; return; }
            ;;
        "init")
            options=(
                '--force:Overwrite files that exist.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "config")
            options=(
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            verbs=(
                'show:Show every setting'\''s value and where it came from. Secrets are masked.'
                'check:Check all files: alphapanda.toml, .env, strategies.toml, risk.toml. Ends with 78 if anything is wrong.'
            )
            ;;
        "config show")
            options=(
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "config check")
            options=(
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "completions")
            options=(
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { compadd bash zsh fish; return; }
            ;;
    esac
    if [[ ${words[CURRENT]} == -* ]]; then
        _describe option options
    elif (( ${#verbs} )); then
        _describe command verbs
    fi
}

if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
    _alphapanda "$@"
else
    compdef _alphapanda alphapanda
fi
