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
            "up") verb="$longer" ;;
            "down") verb="$longer" ;;
            "status") verb="$longer" ;;
            "restart") verb="$longer" ;;
            "run") verb="$longer" ;;
            "tui") verb="$longer" ;;
            "orders") verb="$longer" ;;
            "positions") verb="$longer" ;;
            "pnl") verb="$longer" ;;
            "signals") verb="$longer" ;;
            "logs") verb="$longer" ;;
            "why") verb="$longer" ;;
            "trace") verb="$longer" ;;
            "halt") verb="$longer" ;;
            "resume") verb="$longer" ;;
            "cancel") verb="$longer" ;;
            "flatten") verb="$longer" ;;
            "state") verb="$longer" ;;
            "state verify") verb="$longer" ;;
            "topics") verb="$longer" ;;
            "topics list") verb="$longer" ;;
            "topics describe") verb="$longer" ;;
            "topics bootstrap") verb="$longer" ;;
            "topics diff") verb="$longer" ;;
            "topics plan") verb="$longer" ;;
            "topics apply") verb="$longer" ;;
            "topics import") verb="$longer" ;;
            "topics tail") verb="$longer" ;;
            "groups") verb="$longer" ;;
            "groups list") verb="$longer" ;;
            "groups lag") verb="$longer" ;;
            "groups reset") verb="$longer" ;;
            "dlq") verb="$longer" ;;
            "dlq list") verb="$longer" ;;
            "dlq show") verb="$longer" ;;
            "dlq reasons") verb="$longer" ;;
            "dlq plan") verb="$longer" ;;
            "dlq replay") verb="$longer" ;;
            "dlq edit") verb="$longer" ;;
            "dlq discard") verb="$longer" ;;
            "dlq quarantine") verb="$longer" ;;
            "dlq purge") verb="$longer" ;;
            "dlq history") verb="$longer" ;;
            "dlq undo") verb="$longer" ;;
            "dlq policy") verb="$longer" ;;
            "dlq policy check") verb="$longer" ;;
            "schemas") verb="$longer" ;;
            "schemas list") verb="$longer" ;;
            "schemas check") verb="$longer" ;;
            "schemas diff") verb="$longer" ;;
            "schemas register") verb="$longer" ;;
            "schemas generate") verb="$longer" ;;
            "init") verb="$longer" ;;
            "config") verb="$longer" ;;
            "config show") verb="$longer" ;;
            "config check") verb="$longer" ;;
            "doctor") verb="$longer" ;;
            "infra") verb="$longer" ;;
            "infra prepare") verb="$longer" ;;
            "infra status") verb="$longer" ;;
            "infra reset") verb="$longer" ;;
            "completions") verb="$longer" ;;
        esac
    done
    case "$verb:$previous" in
        "up:--wait-timeout")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "up:--feed")
            mapfile -t COMPREPLY < <(compgen -W "simulated recorded" -- "$current")
            return
            ;;
        "up:--file")
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        "up:--speed")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "down:--timeout" | "down:-t")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "status:--interval")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "restart:--reason" | "restart:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "restart:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "restart:--wait-timeout")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "tui:--port")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "tui:--theme")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "orders:--broker" | "orders:-b")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names brokers)" -- "$current")
            return
            ;;
        "orders:--limit" | "orders:-n")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "orders:--interval")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "positions:--broker" | "positions:-b")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names brokers)" -- "$current")
            return
            ;;
        "positions:--interval")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "pnl:--broker" | "pnl:-b")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names brokers)" -- "$current")
            return
            ;;
        "pnl:--interval")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "signals:--broker" | "signals:-b")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names brokers)" -- "$current")
            return
            ;;
        "signals:--limit" | "signals:-n")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
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
        "why:--since")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "why:--until")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "trace:--since")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "trace:--until")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "halt:--reason" | "halt:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "halt:--timeout")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "resume:--reason" | "resume:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "resume:--timeout")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "resume:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "cancel:--strategy" | "cancel:-s")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names strategies)" -- "$current")
            return
            ;;
        "cancel:--instrument" | "cancel:-i")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "cancel:--reason" | "cancel:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "cancel:--timeout")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "flatten:--strategy" | "flatten:-s")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names strategies)" -- "$current")
            return
            ;;
        "flatten:--instrument" | "flatten:-i")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "flatten:--reason" | "flatten:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "flatten:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "flatten:--timeout")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "state verify:--broker" | "state verify:-b")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names brokers)" -- "$current")
            return
            ;;
        "topics bootstrap:--reason" | "topics bootstrap:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics bootstrap:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics plan:--out" | "topics plan:-o")
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        "topics apply:--reason" | "topics apply:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics apply:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics import:--out" | "topics import:-o")
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        "topics tail:--range" | "topics tail:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics tail:--last" | "topics tail:-l")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics tail:--since")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics tail:--until")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics tail:--limit" | "topics tail:-n")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics tail:--partition" | "topics tail:-p")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics tail:--key" | "topics tail:-k")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics tail:--header" | "topics tail:-H")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names daemons)" -- "$current")
            return
            ;;
        "topics tail:--type" | "topics tail:-t")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics tail:--broker" | "topics tail:-b")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names brokers)" -- "$current")
            return
            ;;
        "topics tail:--value")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics tail:--where" | "topics tail:-w")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "topics tail:--output" | "topics tail:-o")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "groups list:--interval")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "groups lag:--over")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "groups lag:--topic")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names topics)" -- "$current")
            return
            ;;
        "groups lag:--window")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "groups lag:--interval")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "groups reset:--to-offset")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "groups reset:--to-datetime")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "groups reset:--by-duration")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "groups reset:--shift-by")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "groups reset:--from-file")
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        "groups reset:--topic")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names topics)" -- "$current")
            return
            ;;
        "groups reset:--reason" | "groups reset:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "groups reset:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq list:--code" | "dlq list:-c")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq list:--failed-in")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names groups)" -- "$current")
            return
            ;;
        "dlq list:--since")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq list:--until")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq list:--message")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq list:--where")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq list:--limit" | "dlq list:-n")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq reasons:--code" | "dlq reasons:-c")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq reasons:--failed-in")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names groups)" -- "$current")
            return
            ;;
        "dlq reasons:--since")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq reasons:--until")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq reasons:--message")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq reasons:--where")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--code" | "dlq plan:-c")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--failed-in")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names groups)" -- "$current")
            return
            ;;
        "dlq plan:--since")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--until")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--message")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--where")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--id")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--reason-id")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--max")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--run")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--group")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names groups)" -- "$current")
            return
            ;;
        "dlq plan:--max-replays")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--valid-for")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq plan:--force-one")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--code" | "dlq replay:-c")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--failed-in")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names groups)" -- "$current")
            return
            ;;
        "dlq replay:--since")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--until")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--message")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--where")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--id")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--reason-id")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--max")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--run")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--group")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names groups)" -- "$current")
            return
            ;;
        "dlq replay:--max-replays")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--valid-for")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--force-one")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--reason" | "dlq replay:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--rate")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--patience")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq replay:--max-returned")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq edit:--reason" | "dlq edit:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq edit:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq edit:--file" | "dlq edit:-f")
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        "dlq edit:--group")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names groups)" -- "$current")
            return
            ;;
        "dlq edit:--patience")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq discard:--code" | "dlq discard:-c")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq discard:--failed-in")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names groups)" -- "$current")
            return
            ;;
        "dlq discard:--since")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq discard:--until")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq discard:--message")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq discard:--where")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq discard:--reason" | "dlq discard:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq discard:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq discard:--verdict")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq quarantine:--code" | "dlq quarantine:-c")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq quarantine:--failed-in")
            mapfile -t COMPREPLY < <(compgen -W "$(_alphapanda_names groups)" -- "$current")
            return
            ;;
        "dlq quarantine:--since")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq quarantine:--until")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq quarantine:--message")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq quarantine:--where")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq quarantine:--reason" | "dlq quarantine:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq quarantine:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq quarantine:--verdict")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq purge:--reason" | "dlq purge:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq purge:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq purge:--before")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq purge:--to-offset")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq purge:--partition")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq history:--limit" | "dlq history:-n")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq undo:--reason" | "dlq undo:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "dlq undo:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "schemas check:--against")
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        "schemas check:--compatibility")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "schemas diff:--version")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "schemas diff:--against")
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        "schemas register:--compatibility")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "schemas register:--reason" | "schemas register:-r")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "schemas register:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
        "schemas generate:--out" | "schemas generate:-o")
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        "infra reset:--confirm")
            mapfile -t COMPREPLY < <(compgen -W "" -- "$current")
            return
            ;;
    esac
    case "$verb" in
        "")
            options="--version -V --debug --help -h"
            words="up down status restart run tui orders positions pnl signals logs why trace halt resume cancel flatten state topics groups dlq schemas init config doctor infra completions"
            ;;
        "up")
            options="--only --foreground --wait-timeout --dry-run --feed --file --speed --accept-log-reset --json --help -h"
            words="$(_alphapanda_names daemons)"
            ;;
        "down")
            options="--timeout -t --json --help -h"
            ;;
        "status")
            options="--json --watch -w --interval --help -h"
            ;;
        "restart")
            options="--reason -r --confirm --wait-timeout --json --help -h"
            words="$(_alphapanda_names daemons)"
            ;;
        "run")
            options="--accept-log-reset --help -h"
            words="$(_alphapanda_names daemons)"
            ;;
        "tui")
            options="--control --serve --port --theme --ascii --reset-layout --help -h"
            ;;
        "orders")
            options="--broker -b --open --limit -n --json --watch -w --interval --help -h"
            ;;
        "positions")
            options="--broker -b --all --json --watch -w --interval --help -h"
            ;;
        "pnl")
            options="--broker -b --json --watch -w --interval --help -h"
            ;;
        "signals")
            options="--broker -b --rejected --limit -n --json --watch -w --help -h"
            ;;
        "logs")
            options="--follow -f --lines -n --since --until --level --grep --channel --no-prefix --json --help -h"
            words="$(_alphapanda_names daemons)"
            ;;
        "why")
            options="--since --until --json --help -h"
            ;;
        "trace")
            options="--since --until --json --help -h"
            ;;
        "halt")
            options="--reason -r --reduce --timeout --json --help -h"
            words="$(_alphapanda_names brokers)"
            ;;
        "resume")
            options="--reason -r --timeout --confirm --json --help -h"
            words="$(_alphapanda_names brokers)"
            ;;
        "cancel")
            options="--all --strategy -s --instrument -i --reason -r --yes -y --dry-run --timeout --json --help -h"
            words="$(_alphapanda_names brokers)"
            ;;
        "flatten")
            options="--strategy -s --instrument -i --reason -r --yes -y --confirm --dry-run --timeout --json --help -h"
            words="$(_alphapanda_names brokers)"
            ;;
        "state")
            options="--help -h"
            words="verify"
            ;;
        "state verify")
            options="--broker -b --json --help -h"
            ;;
        "topics")
            options="--help -h"
            words="list describe bootstrap diff plan apply import tail"
            ;;
        "topics list")
            options="--dlq --all -a --declared --json --help -h"
            ;;
        "topics describe")
            options="--all -a --json --help -h"
            words="$(_alphapanda_names topics)"
            ;;
        "topics bootstrap")
            options="--reason -r --dry-run --confirm --json --help -h"
            ;;
        "topics diff")
            options="--json --help -h"
            words="$(_alphapanda_names topics)"
            ;;
        "topics plan")
            options="--out -o --json --help -h"
            ;;
        "topics apply")
            options="--allow-dangerous --reason -r --dry-run --confirm --json --help -h"
            [[ $current == -* ]] || { mapfile -t COMPREPLY < <(compgen -f -- "$current"); return; }
            ;;
        "topics import")
            options="--out -o --json --help -h"
            words="$(_alphapanda_names topics)"
            ;;
        "topics tail")
            options="--range -r --last -l --since --until --follow -f --limit -n --partition -p --key -k --header -H --type -t --broker -b --value --where -w --output -o --json --help -h"
            words="$(_alphapanda_names topics)"
            ;;
        "groups")
            options="--help -h"
            words="list lag reset"
            ;;
        "groups list")
            options="--json --watch -w --interval --help -h"
            ;;
        "groups lag")
            options="--over --topic --behind --window --json --watch -w --interval --help -h"
            words="$(_alphapanda_names groups)"
            ;;
        "groups reset")
            options="--to-earliest --to-latest --to-offset --to-datetime --by-duration --shift-by --from-file --topic --execute --reason -r --confirm --break-glass --json --help -h"
            words="$(_alphapanda_names groups)"
            ;;
        "dlq")
            options="--help -h"
            words="list show reasons plan replay edit discard quarantine purge history undo policy"
            ;;
        "dlq list")
            options="--code -c --failed-in --since --until --message --where --all -a --limit -n --metrics --json --help -h"
            words="$(_alphapanda_names dead-letters)"
            ;;
        "dlq show")
            options="--json --help -h"
            ;;
        "dlq reasons")
            options="--code -c --failed-in --since --until --message --where --all -a --json --help -h"
            words="$(_alphapanda_names dead-letters)"
            ;;
        "dlq plan")
            options="--code -c --failed-in --since --until --message --where --id --reason-id --max --run --group --max-replays --valid-for --include-stale --include-unreadable --force-one --json --help -h"
            words="$(_alphapanda_names dead-letters)"
            ;;
        "dlq replay")
            options="--code -c --failed-in --since --until --message --where --id --reason-id --max --run --group --max-replays --valid-for --include-stale --include-unreadable --force-one --reason -r --yes -y --confirm --dry-run --break-glass --rate --no-canary --canary --patience --max-returned --json --help -h"
            words="$(_alphapanda_names dead-letters)"
            ;;
        "dlq edit")
            options="--reason -r --yes -y --confirm --dry-run --break-glass --file -f --force --group --patience --json --help -h"
            ;;
        "dlq discard")
            options="--code -c --failed-in --since --until --message --where --reason -r --yes -y --confirm --dry-run --verdict --json --help -h"
            words="$(_alphapanda_names dead-letters)"
            ;;
        "dlq quarantine")
            options="--code -c --failed-in --since --until --message --where --reason -r --yes -y --confirm --dry-run --verdict --json --help -h"
            words="$(_alphapanda_names dead-letters)"
            ;;
        "dlq purge")
            options="--reason -r --yes -y --confirm --dry-run --break-glass --before --to-offset --partition --settled --allow-dangerous --json --help -h"
            words="$(_alphapanda_names dead-letters)"
            ;;
        "dlq history")
            options="--limit -n --json --help -h"
            words="$(_alphapanda_names dead-letters)"
            ;;
        "dlq undo")
            options="--reason -r --yes -y --confirm --dry-run --json --help -h"
            ;;
        "dlq policy")
            options="--help -h"
            words="check"
            ;;
        "dlq policy check")
            options="--json --help -h"
            ;;
        "schemas")
            options="--help -h"
            words="list check diff register generate"
            ;;
        "schemas list")
            options="--offline --json --help -h"
            ;;
        "schemas check")
            options="--all -a --offline --against --compatibility --preflight --json --help -h"
            words="$(_alphapanda_names subjects)"
            ;;
        "schemas diff")
            options="--version --offline --against --json --help -h"
            words="$(_alphapanda_names subjects)"
            ;;
        "schemas register")
            options="--all -a --compatibility --skip-preflight --reason -r --dry-run --confirm --json --help -h"
            words="$(_alphapanda_names subjects)"
            ;;
        "schemas generate")
            options="--out -o --check --allow-incompatible --json --help -h"
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
        "doctor")
            options="--json --help -h"
            ;;
        "infra")
            options="--help -h"
            words="prepare status reset"
            ;;
        "infra prepare")
            options="--json --help -h"
            ;;
        "infra status")
            options="--json --help -h"
            ;;
        "infra reset")
            options="--yes -y --confirm --help -h"
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
