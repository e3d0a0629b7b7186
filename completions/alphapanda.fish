# Completion of alphapanda for fish. Made by: alphapanda completions fish

function __alphapanda_names
    alphapanda completions --names $argv[1] 2>/dev/null
end

function __alphapanda_at
    set -l verb ""
    for word in (commandline -opc)[2..]
        set -l longer (string trim "$verb $word")
        if contains -- "$longer" $__alphapanda_verbs
            set verb $longer
        end
    end
    test "$verb" = "$argv[1]"
end

complete -c alphapanda -f
set -g __alphapanda_verbs 'logs' 'init' 'config' 'config show' 'config check' 'completions'
complete -c alphapanda -n '__alphapanda_at ""' -a logs -d 'Read the daemons\' logs, merged in time order.'
complete -c alphapanda -n '__alphapanda_at ""' -a init -d 'Write commented starter files into this folder.'
complete -c alphapanda -n '__alphapanda_at ""' -a config -d 'Show and check settings.'
complete -c alphapanda -n '__alphapanda_at ""' -a completions -d 'Print the completion script of a shell.'
complete -c alphapanda -n '__alphapanda_at ""' -l version -s V -d 'Show the version.'
complete -c alphapanda -n '__alphapanda_at ""' -l debug -d 'Show the traceback of an error.'
complete -c alphapanda -n '__alphapanda_at ""' -l help -s h -d 'Show this message and exit.'
complete -c alphapanda -n '__alphapanda_at "logs"' -x -a "(__alphapanda_names daemons)"
complete -c alphapanda -n '__alphapanda_at "logs"' -l follow -s f -d 'Go on with new lines until Ctrl-C.'
complete -c alphapanda -n '__alphapanda_at "logs"' -l lines -s n -x -d 'How many of the latest lines. [100; all with --since]'
complete -c alphapanda -n '__alphapanda_at "logs"' -l since -x -d 'From then on: 10m, 2h30m, 10:42 (IST), 2025-11-17, ISO 8601.'
complete -c alphapanda -n '__alphapanda_at "logs"' -l until -x -d 'Up to then.'
complete -c alphapanda -n '__alphapanda_at "logs"' -l level -x -d 'At least: debug, info, warning, error, critical.'
complete -c alphapanda -n '__alphapanda_at "logs"' -l grep -x -d 'Only lines in which this is found.'
complete -c alphapanda -n '__alphapanda_at "logs"' -l channel -x -d 'Only app, trading, market_data, bus, api or audit.'
complete -c alphapanda -n '__alphapanda_at "logs"' -l no-prefix -d 'Do not begin lines with the daemon.'
complete -c alphapanda -n '__alphapanda_at "logs"' -l json -d 'Write JSON for programs: versioned, raw values.'
complete -c alphapanda -n '__alphapanda_at "logs"' -l help -s h -d 'Show this message and exit.'
complete -c alphapanda -n '__alphapanda_at "init"' -l force -d 'Overwrite files that exist.'
complete -c alphapanda -n '__alphapanda_at "init"' -l help -s h -d 'Show this message and exit.'
complete -c alphapanda -n '__alphapanda_at "config"' -a show -d 'Show every setting\'s value and where it came from. Secrets are masked.'
complete -c alphapanda -n '__alphapanda_at "config"' -a check -d 'Check all files: alphapanda.toml, .env, strategies.toml, risk.toml. Ends with 78 if anything is wrong.'
complete -c alphapanda -n '__alphapanda_at "config"' -l help -s h -d 'Show this message and exit.'
complete -c alphapanda -n '__alphapanda_at "config show"' -l json -d 'Write JSON for programs: versioned, raw values.'
complete -c alphapanda -n '__alphapanda_at "config show"' -l help -s h -d 'Show this message and exit.'
complete -c alphapanda -n '__alphapanda_at "config check"' -l json -d 'Write JSON for programs: versioned, raw values.'
complete -c alphapanda -n '__alphapanda_at "config check"' -l help -s h -d 'Show this message and exit.'
complete -c alphapanda -n '__alphapanda_at "completions"' -x -a 'bash zsh fish'
complete -c alphapanda -n '__alphapanda_at "completions"' -l help -s h -d 'Show this message and exit.'
