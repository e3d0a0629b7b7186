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
    case "$verb:${words[CURRENT-1]}" in
        "up:--wait-timeout")
            true
            return
            ;;
        "up:--feed")
            compadd simulated recorded
            return
            ;;
        "up:--file")
            _files
            return
            ;;
        "up:--speed")
            true
            return
            ;;
        "down:--timeout" | "down:-t")
            true
            return
            ;;
        "status:--interval")
            true
            return
            ;;
        "restart:--reason" | "restart:-r")
            true
            return
            ;;
        "restart:--confirm")
            true
            return
            ;;
        "restart:--wait-timeout")
            true
            return
            ;;
        "tui:--port")
            true
            return
            ;;
        "tui:--theme")
            true
            return
            ;;
        "orders:--broker" | "orders:-b")
            _alphapanda_names brokers
            return
            ;;
        "orders:--limit" | "orders:-n")
            true
            return
            ;;
        "orders:--interval")
            true
            return
            ;;
        "positions:--broker" | "positions:-b")
            _alphapanda_names brokers
            return
            ;;
        "positions:--interval")
            true
            return
            ;;
        "pnl:--broker" | "pnl:-b")
            _alphapanda_names brokers
            return
            ;;
        "pnl:--interval")
            true
            return
            ;;
        "signals:--broker" | "signals:-b")
            _alphapanda_names brokers
            return
            ;;
        "signals:--limit" | "signals:-n")
            true
            return
            ;;
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
        "why:--since")
            true
            return
            ;;
        "why:--until")
            true
            return
            ;;
        "trace:--since")
            true
            return
            ;;
        "trace:--until")
            true
            return
            ;;
        "halt:--reason" | "halt:-r")
            true
            return
            ;;
        "halt:--timeout")
            true
            return
            ;;
        "resume:--reason" | "resume:-r")
            true
            return
            ;;
        "resume:--timeout")
            true
            return
            ;;
        "resume:--confirm")
            true
            return
            ;;
        "cancel:--strategy" | "cancel:-s")
            _alphapanda_names strategies
            return
            ;;
        "cancel:--instrument" | "cancel:-i")
            true
            return
            ;;
        "cancel:--reason" | "cancel:-r")
            true
            return
            ;;
        "cancel:--timeout")
            true
            return
            ;;
        "flatten:--strategy" | "flatten:-s")
            _alphapanda_names strategies
            return
            ;;
        "flatten:--instrument" | "flatten:-i")
            true
            return
            ;;
        "flatten:--reason" | "flatten:-r")
            true
            return
            ;;
        "flatten:--confirm")
            true
            return
            ;;
        "flatten:--timeout")
            true
            return
            ;;
        "state verify:--broker" | "state verify:-b")
            _alphapanda_names brokers
            return
            ;;
        "topics bootstrap:--reason" | "topics bootstrap:-r")
            true
            return
            ;;
        "topics bootstrap:--confirm")
            true
            return
            ;;
        "topics plan:--out" | "topics plan:-o")
            _files
            return
            ;;
        "topics apply:--reason" | "topics apply:-r")
            true
            return
            ;;
        "topics apply:--confirm")
            true
            return
            ;;
        "topics import:--out" | "topics import:-o")
            _files
            return
            ;;
        "topics tail:--range" | "topics tail:-r")
            true
            return
            ;;
        "topics tail:--last" | "topics tail:-l")
            true
            return
            ;;
        "topics tail:--since")
            true
            return
            ;;
        "topics tail:--until")
            true
            return
            ;;
        "topics tail:--limit" | "topics tail:-n")
            true
            return
            ;;
        "topics tail:--partition" | "topics tail:-p")
            true
            return
            ;;
        "topics tail:--key" | "topics tail:-k")
            true
            return
            ;;
        "topics tail:--header" | "topics tail:-H")
            _alphapanda_names daemons
            return
            ;;
        "topics tail:--type" | "topics tail:-t")
            true
            return
            ;;
        "topics tail:--broker" | "topics tail:-b")
            _alphapanda_names brokers
            return
            ;;
        "topics tail:--value")
            true
            return
            ;;
        "topics tail:--where" | "topics tail:-w")
            true
            return
            ;;
        "topics tail:--output" | "topics tail:-o")
            true
            return
            ;;
        "groups list:--interval")
            true
            return
            ;;
        "groups lag:--over")
            true
            return
            ;;
        "groups lag:--topic")
            _alphapanda_names topics
            return
            ;;
        "groups lag:--window")
            true
            return
            ;;
        "groups lag:--interval")
            true
            return
            ;;
        "groups reset:--to-offset")
            true
            return
            ;;
        "groups reset:--to-datetime")
            true
            return
            ;;
        "groups reset:--by-duration")
            true
            return
            ;;
        "groups reset:--shift-by")
            true
            return
            ;;
        "groups reset:--from-file")
            _files
            return
            ;;
        "groups reset:--topic")
            _alphapanda_names topics
            return
            ;;
        "groups reset:--reason" | "groups reset:-r")
            true
            return
            ;;
        "groups reset:--confirm")
            true
            return
            ;;
        "dlq list:--code" | "dlq list:-c")
            true
            return
            ;;
        "dlq list:--failed-in")
            _alphapanda_names groups
            return
            ;;
        "dlq list:--since")
            true
            return
            ;;
        "dlq list:--until")
            true
            return
            ;;
        "dlq list:--message")
            true
            return
            ;;
        "dlq list:--where")
            true
            return
            ;;
        "dlq list:--limit" | "dlq list:-n")
            true
            return
            ;;
        "dlq reasons:--code" | "dlq reasons:-c")
            true
            return
            ;;
        "dlq reasons:--failed-in")
            _alphapanda_names groups
            return
            ;;
        "dlq reasons:--since")
            true
            return
            ;;
        "dlq reasons:--until")
            true
            return
            ;;
        "dlq reasons:--message")
            true
            return
            ;;
        "dlq reasons:--where")
            true
            return
            ;;
        "dlq plan:--code" | "dlq plan:-c")
            true
            return
            ;;
        "dlq plan:--failed-in")
            _alphapanda_names groups
            return
            ;;
        "dlq plan:--since")
            true
            return
            ;;
        "dlq plan:--until")
            true
            return
            ;;
        "dlq plan:--message")
            true
            return
            ;;
        "dlq plan:--where")
            true
            return
            ;;
        "dlq plan:--id")
            true
            return
            ;;
        "dlq plan:--reason-id")
            true
            return
            ;;
        "dlq plan:--max")
            true
            return
            ;;
        "dlq plan:--run")
            true
            return
            ;;
        "dlq plan:--group")
            _alphapanda_names groups
            return
            ;;
        "dlq plan:--max-replays")
            true
            return
            ;;
        "dlq plan:--valid-for")
            true
            return
            ;;
        "dlq plan:--force-one")
            true
            return
            ;;
        "dlq replay:--code" | "dlq replay:-c")
            true
            return
            ;;
        "dlq replay:--failed-in")
            _alphapanda_names groups
            return
            ;;
        "dlq replay:--since")
            true
            return
            ;;
        "dlq replay:--until")
            true
            return
            ;;
        "dlq replay:--message")
            true
            return
            ;;
        "dlq replay:--where")
            true
            return
            ;;
        "dlq replay:--id")
            true
            return
            ;;
        "dlq replay:--reason-id")
            true
            return
            ;;
        "dlq replay:--max")
            true
            return
            ;;
        "dlq replay:--run")
            true
            return
            ;;
        "dlq replay:--group")
            _alphapanda_names groups
            return
            ;;
        "dlq replay:--max-replays")
            true
            return
            ;;
        "dlq replay:--valid-for")
            true
            return
            ;;
        "dlq replay:--force-one")
            true
            return
            ;;
        "dlq replay:--reason" | "dlq replay:-r")
            true
            return
            ;;
        "dlq replay:--confirm")
            true
            return
            ;;
        "dlq replay:--rate")
            true
            return
            ;;
        "dlq replay:--patience")
            true
            return
            ;;
        "dlq replay:--max-returned")
            true
            return
            ;;
        "dlq edit:--reason" | "dlq edit:-r")
            true
            return
            ;;
        "dlq edit:--confirm")
            true
            return
            ;;
        "dlq edit:--file" | "dlq edit:-f")
            _files
            return
            ;;
        "dlq edit:--group")
            _alphapanda_names groups
            return
            ;;
        "dlq edit:--patience")
            true
            return
            ;;
        "dlq discard:--code" | "dlq discard:-c")
            true
            return
            ;;
        "dlq discard:--failed-in")
            _alphapanda_names groups
            return
            ;;
        "dlq discard:--since")
            true
            return
            ;;
        "dlq discard:--until")
            true
            return
            ;;
        "dlq discard:--message")
            true
            return
            ;;
        "dlq discard:--where")
            true
            return
            ;;
        "dlq discard:--reason" | "dlq discard:-r")
            true
            return
            ;;
        "dlq discard:--confirm")
            true
            return
            ;;
        "dlq discard:--verdict")
            true
            return
            ;;
        "dlq quarantine:--code" | "dlq quarantine:-c")
            true
            return
            ;;
        "dlq quarantine:--failed-in")
            _alphapanda_names groups
            return
            ;;
        "dlq quarantine:--since")
            true
            return
            ;;
        "dlq quarantine:--until")
            true
            return
            ;;
        "dlq quarantine:--message")
            true
            return
            ;;
        "dlq quarantine:--where")
            true
            return
            ;;
        "dlq quarantine:--reason" | "dlq quarantine:-r")
            true
            return
            ;;
        "dlq quarantine:--confirm")
            true
            return
            ;;
        "dlq quarantine:--verdict")
            true
            return
            ;;
        "dlq purge:--reason" | "dlq purge:-r")
            true
            return
            ;;
        "dlq purge:--confirm")
            true
            return
            ;;
        "dlq purge:--before")
            true
            return
            ;;
        "dlq purge:--to-offset")
            true
            return
            ;;
        "dlq purge:--partition")
            true
            return
            ;;
        "dlq history:--limit" | "dlq history:-n")
            true
            return
            ;;
        "dlq undo:--reason" | "dlq undo:-r")
            true
            return
            ;;
        "dlq undo:--confirm")
            true
            return
            ;;
        "schemas check:--against")
            _files
            return
            ;;
        "schemas check:--compatibility")
            true
            return
            ;;
        "schemas diff:--version")
            true
            return
            ;;
        "schemas diff:--against")
            _files
            return
            ;;
        "schemas register:--compatibility")
            true
            return
            ;;
        "schemas register:--reason" | "schemas register:-r")
            true
            return
            ;;
        "schemas register:--confirm")
            true
            return
            ;;
        "schemas generate:--out" | "schemas generate:-o")
            _files
            return
            ;;
        "infra reset:--confirm")
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
                'up:Start all daemons on this machine and wait until they are ready.'
                'down:Stop all daemons, in order.'
                'status:Show each process with its state and uptime.'
                'restart:Restart daemons.'
                'run:Run one daemon in the foreground.'
                'tui:Open the dashboard.'
                'orders:List orders.'
                'positions:List positions.'
                'pnl:Show profit and loss.'
                'signals:List signals with risk'\''s verdicts.'
                'logs:Read the daemons'\'' logs, merged in time order.'
                'why:Show the whole chain behind an order or an event.'
                'trace:The same as why.'
                'halt:Stop a broker from trading; cancels still pass.'
                'resume:Let a halted broker trade again.'
                'cancel:Cancel open orders of a broker.'
                'flatten:Close the positions of a broker.'
                'state:Compare snapshots and views with the log.'
                'topics:List, create and compare topics.'
                'groups:Show consumer groups and their lag; reset offsets.'
                'dlq:Examine dead letters and replay them.'
                'schemas:Register and check event schemas.'
                'init:Write commented starter files into this folder.'
                'config:Show and check settings.'
                'doctor:Check this machine and this deployment.'
                'infra:Prepare, show and reset the embedded servers.'
                'completions:Print the completion script of a shell.'
            )
            ;;
        "up")
            options=(
                '--only:Start the named daemons without their dependencies.'
                '--foreground:Supervise in this terminal until Ctrl-C.'
                '--wait-timeout:How long to wait until they are ready.'
                '--dry-run:Show what would be done and change nothing.'
                '--feed:The source of ticks.'
                '--file:The recording to replay: a CSV file, or a folder of them.'
                '--speed:Replay speed: 1 is the market'\''s own pace, 60 sixty times as fast; or max.'
                '--accept-log-reset:Start empty if the log is shorter than the snapshot.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names daemons; return; }
            ;;
        "down")
            options=(
                '--timeout:Kill the remaining processes after this.'
                '-t:Kill the remaining processes after this.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "status")
            options=(
                '--json:Print versioned JSON with raw values.'
                '--watch:Refresh until Ctrl-C.'
                '-w:Refresh until Ctrl-C.'
                '--interval:Seconds between refreshes with --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "restart")
            options=(
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--wait-timeout:How long to wait until they are ready.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names daemons; return; }
            ;;
        "run")
            options=(
                '--accept-log-reset:Start empty if the log is shorter than the snapshot.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names daemons; return; }
            ;;
        "tui")
            options=(
                '--control:Enable actions: halt, resume, cancel, flatten, restart, replay.'
                '--serve:Serve it read-only to a browser on this machine.'
                '--port:The loopback port of --serve.'
                '--theme:panda-dark, panda-light, panda-cvd or panda-ansi.'
                '--ascii:Use only ASCII characters.'
                '--reset-layout:Discard saved sorting, filters and columns.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "orders")
            options=(
                '--broker:Only this broker; default: all active brokers.'
                '-b:Only this broker; default: all active brokers.'
                '--open:Only open orders.'
                '--limit:Show at most this many, newest first.'
                '-n:Show at most this many, newest first.'
                '--json:Print versioned JSON with raw values.'
                '--watch:Refresh until Ctrl-C.'
                '-w:Refresh until Ctrl-C.'
                '--interval:Seconds between refreshes with --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "positions")
            options=(
                '--broker:Only this broker; default: all active brokers.'
                '-b:Only this broker; default: all active brokers.'
                '--all:Include flat positions.'
                '--json:Print versioned JSON with raw values.'
                '--watch:Refresh until Ctrl-C.'
                '-w:Refresh until Ctrl-C.'
                '--interval:Seconds between refreshes with --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "pnl")
            options=(
                '--broker:Only this broker; default: all active brokers.'
                '-b:Only this broker; default: all active brokers.'
                '--json:Print versioned JSON with raw values.'
                '--watch:Refresh until Ctrl-C.'
                '-w:Refresh until Ctrl-C.'
                '--interval:Seconds between refreshes with --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "signals")
            options=(
                '--broker:Only this broker; default: all active brokers.'
                '-b:Only this broker; default: all active brokers.'
                '--rejected:Only signals that risk denied.'
                '--limit:Show at most this many, newest first.'
                '-n:Show at most this many, newest first.'
                '--json:Print versioned JSON with raw values.'
                '--watch:Follow new signals until Ctrl-C.'
                '-w:Follow new signals until Ctrl-C.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "logs")
            options=(
                '--follow:Follow new lines until Ctrl-C.'
                '-f:Follow new lines until Ctrl-C.'
                '--lines:Show this many of the latest lines. [100; all with --since]'
                '-n:Show this many of the latest lines. [100; all with --since]'
                '--since:From this time on: 10m, 2h30m, 10:42 (IST), 2025-11-17, ISO 8601.'
                '--until:Up to this time.'
                '--level:This level and above: debug, info, warning, error, critical.'
                '--grep:Only lines that match this regular expression.'
                '--channel:Only this channel: app, trading, market_data, bus, api or audit.'
                '--no-prefix:Do not prefix lines with the daemon'\''s name.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names daemons; return; }
            ;;
        "why")
            options=(
                '--since:Search from this time on: 10m, 09:15 (IST).'
                '--until:Search up to this time.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "trace")
            options=(
                '--since:Search from this time on: 10m, 09:15 (IST).'
                '--until:Search up to this time.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "halt")
            options=(
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--reduce:Let exits pass and refuse entries, instead of stopping all trading.'
                '--timeout:How long to wait until it is done.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names brokers; return; }
            ;;
        "resume")
            options=(
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--timeout:How long to wait until it is done.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names brokers; return; }
            ;;
        "cancel")
            options=(
                '--all:Every open order of the broker.'
                '--strategy:Only of this strategy.'
                '-s:Only of this strategy.'
                '--instrument:Only of this instrument: NSE:INFY.'
                '-i:Only of this instrument: NSE:INFY.'
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--yes:Do not ask for confirmation.'
                '-y:Do not ask for confirmation.'
                '--dry-run:Show what would be done and change nothing.'
                '--timeout:How long to wait until it is done.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names brokers; return; }
            ;;
        "flatten")
            options=(
                '--strategy:Only of this strategy.'
                '-s:Only of this strategy.'
                '--instrument:Only of this instrument: NSE:INFY.'
                '-i:Only of this instrument: NSE:INFY.'
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--yes:Do not ask for confirmation.'
                '-y:Do not ask for confirmation.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--dry-run:Show what would be done and change nothing.'
                '--timeout:How long to wait until it is done.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names brokers; return; }
            ;;
        "state")
            options=(
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            verbs=(
                'verify:Rebuild state from the log and compare positions and orders; check that no decision was made twice.'
            )
            ;;
        "state verify")
            options=(
                '--broker:Only this broker; default: all active brokers.'
                '-b:Only this broker; default: all active brokers.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "topics")
            options=(
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            verbs=(
                'list:List the deployment'\''s topics as declared, and their state on the cluster.'
                'describe:Show one topic: its purpose, its partitions, and its configs, declared and real.'
                'bootstrap:Create the declared topics that are missing. Existing topics stay as they are; a second run changes nothing.'
                'diff:Show the differences between the cluster and the catalogue. Exits 3 if there are any.'
                'plan:Show the changes that would bring the cluster to the catalogue; change nothing. Exits 3 if there are any.'
                'apply:Bring the cluster to the catalogue. Never deletes a topic; refuses a plan that is out of date.'
                'import:Write existing topics as declarations, in the form of catalogue.toml. Changes nothing.'
                'tail:Show records of topics, merged in time order. Joins no group, commits no offsets.'
            )
            ;;
        "topics list")
            options=(
                '--dlq:Dead-letter topics too.'
                '--all:Undeclared topics too.'
                '-a:Undeclared topics too.'
                '--declared:Only the catalogue; Kafka is not needed.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "topics describe")
            options=(
                '--all:Every config, also the defaults.'
                '-a:Every config, also the defaults.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names topics; return; }
            ;;
        "topics bootstrap")
            options=(
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--dry-run:Show what would be done and change nothing.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "topics diff")
            options=(
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names topics; return; }
            ;;
        "topics plan")
            options=(
                '--out:Write the plan to FILE, to review and apply it.'
                '-o:Write the plan to FILE, to review and apply it.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "topics apply")
            options=(
                '--allow-dangerous:Make dangerous changes too, without asking.'
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--dry-run:Show what would be done and change nothing.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _files; return; }
            ;;
        "topics import")
            options=(
                '--out:Write to FILE, not to stdout.'
                '-o:Write to FILE, not to stdout.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names topics; return; }
            ;;
        "topics tail")
            options=(
                '--range:In each partition: oldest, newest, 100:200, +100, -100, :end, @-10m:, @09:15:@09:20 (IST).'
                '-r:In each partition: oldest, newest, 100:200, +100, -100, :end, @-10m:, @09:15:@09:20 (IST).'
                '--last:The last N records of each partition. [10]'
                '-l:The last N records of each partition. [10]'
                '--since:From this time on: 10m, 09:15 (IST), 2026-03-02T09:15.'
                '--until:Up to this time.'
                '--follow:Keep reading new records until Ctrl-C.'
                '-f:Keep reading new records until Ctrl-C.'
                '--limit:Stop after N matching records.'
                '-n:Stop after N matching records.'
                '--partition:Only this partition.'
                '-p:Only this partition.'
                '--key:Only records with this key.'
                '-k:Only records with this key.'
                '--header:Only records with this header.'
                '-H:Only records with this header.'
                '--type:Only events of this type.'
                '-t:Only events of this type.'
                '--broker:Only events of this broker.'
                '-b:Only events of this broker.'
                '--value:Only records with this value: '\''*INFY*'\''.'
                '--where:Only records that match: data.quantity > 100.'
                '-w:Only records that match: data.quantity > 100.'
                '--output:table, jsonl, raw or value.'
                '-o:table, jsonl, raw or value.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names topics; return; }
            ;;
        "groups")
            options=(
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            verbs=(
                'list:List all consumer groups with their members and their lag in records and in seconds.'
                'lag:Show the lag of groups in each partition, their read rate, and the time they need to catch up.'
                'reset:Show where a reset would move a group; with --execute, move it.'
            )
            ;;
        "groups list")
            options=(
                '--json:Print versioned JSON with raw values.'
                '--watch:Refresh until Ctrl-C.'
                '-w:Refresh until Ctrl-C.'
                '--interval:Seconds between refreshes with --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "groups lag")
            options=(
                '--over:Exit with 3 if a group is further behind: 1000 (records), 30s, 5m.'
                '--topic:Only this topic.'
                '--behind:Only partitions with a lag.'
                '--window:Measure rates over this time when there is a lag.'
                '--json:Print versioned JSON with raw values.'
                '--watch:Refresh until Ctrl-C.'
                '-w:Refresh until Ctrl-C.'
                '--interval:Seconds between refreshes with --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names groups; return; }
            ;;
        "groups reset")
            options=(
                '--to-earliest:Move to the oldest record.'
                '--to-latest:Move to the end: only new records are read.'
                '--to-offset:Move to this offset.'
                '--to-datetime:Move to a time: 09:15 (IST), 2026-03-02T09:15, -10m.'
                '--by-duration:Move back by this long: 10m, 1h30m.'
                '--shift-by:Move by N records; -N moves back.'
                '--from-file:Move to the offsets in a file, such as an undo file.'
                '--topic:Only this topic, or these partitions of it.'
                '--execute:Move the group; without it the move is only shown.'
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--break-glass:Allow this on a live broker during market hours.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names groups; return; }
            ;;
        "dlq")
            options=(
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            verbs=(
                'list:List unresolved dead letters: one line per topic, or with TOPIC one line per dead letter, oldest first.'
                'show:Show one dead letter: the failure, its origin, its history, its value, and what a replay would do.'
                'reasons:Group dead letters by the reason of their failure; ids, numbers and times in messages are ignored.'
                'plan:Show what `dlq replay` would do with each dead letter, and why; changes nothing.'
                'replay:Send dead letters again to the topic they came from, to be processed only by the group that failed.'
                'edit:Edit the event in one dead letter and send it again, with its id and the names of the changed fields.'
                'discard:Discard dead letters: they are not replayed, and no longer counted as open.'
                'quarantine:Quarantine dead letters: no replay sends them until `dlq undo`.'
                'purge:Delete the oldest dead letters of a topic for good. The ledger keeps their history.'
                'history:Show the history of dead letters: each step with its actor and reason; the newest steps, oldest first.'
                'undo:Open discarded, quarantined or planned dead letters again. Records that were sent cannot be unsent.'
                'policy:Check the rules for dead letters in dlq-policy.toml.'
            )
            ;;
        "dlq list")
            options=(
                '--code:Only this error code; repeat for several.'
                '-c:Only this error code; repeat for several.'
                '--failed-in:Only failures of this consumer group.'
                '--since:Only failures since then: 09:15, -10m, 2026-03-02T09:15.'
                '--until:Only failures before then.'
                '--message:Only failures whose message contains this text.'
                '--where:Only records that match: data.quantity > 100.'
                '--all:Include settled dead letters, empty topics and other systems'\'' topics.'
                '-a:Include settled dead letters, empty topics and other systems'\'' topics.'
                '--limit:Show at most this many, newest first.'
                '-n:Show at most this many, newest first.'
                '--metrics:Write metrics in Prometheus'\''s text format, for a file collector.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names dead-letters; return; }
            ;;
        "dlq show")
            options=(
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "dlq reasons")
            options=(
                '--code:Only this error code; repeat for several.'
                '-c:Only this error code; repeat for several.'
                '--failed-in:Only failures of this consumer group.'
                '--since:Only failures since then: 09:15, -10m, 2026-03-02T09:15.'
                '--until:Only failures before then.'
                '--message:Only failures whose message contains this text.'
                '--where:Only records that match: data.quantity > 100.'
                '--all:Include settled dead letters.'
                '-a:Include settled dead letters.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names dead-letters; return; }
            ;;
        "dlq plan")
            options=(
                '--code:Only this error code; repeat for several.'
                '-c:Only this error code; repeat for several.'
                '--failed-in:Only failures of this consumer group.'
                '--since:Only failures since then: 09:15, -10m, 2026-03-02T09:15.'
                '--until:Only failures before then.'
                '--message:Only failures whose message contains this text.'
                '--where:Only records that match: data.quantity > 100.'
                '--id:Only this dead letter; repeat for several.'
                '--reason-id:Only this REASON of `dlq reasons`; repeatable.'
                '--max:Send at most this many records.'
                '--run:Resume this run, and send nothing else.'
                '--group:Consumer group to use when a dead letter names none.'
                '--max-replays:Quarantine a record after this many failed replays.'
                '--valid-for:Treat records as stale after this time: 10m, 2h.'
                '--include-stale:Send stale records too.'
                '--include-unreadable:Send records too that this version cannot decode.'
                '--force-one:Send this record even if it is in doubt or stale.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names dead-letters; return; }
            ;;
        "dlq replay")
            options=(
                '--code:Only this error code; repeat for several.'
                '-c:Only this error code; repeat for several.'
                '--failed-in:Only failures of this consumer group.'
                '--since:Only failures since then: 09:15, -10m, 2026-03-02T09:15.'
                '--until:Only failures before then.'
                '--message:Only failures whose message contains this text.'
                '--where:Only records that match: data.quantity > 100.'
                '--id:Only this dead letter; repeat for several.'
                '--reason-id:Only this REASON of `dlq reasons`; repeatable.'
                '--max:Send at most this many records.'
                '--run:Resume this run, and send nothing else.'
                '--group:Consumer group to use when a dead letter names none.'
                '--max-replays:Quarantine a record after this many failed replays.'
                '--valid-for:Treat records as stale after this time: 10m, 2h.'
                '--include-stale:Send stale records too.'
                '--include-unreadable:Send records too that this version cannot decode.'
                '--force-one:Send this record even if it is in doubt or stale.'
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--yes:Do not ask for confirmation.'
                '-y:Do not ask for confirmation.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--dry-run:Show what would be done and change nothing.'
                '--break-glass:Allow this on a live broker during market hours.'
                '--rate:Send this many records per second. Default: as fast as possible.'
                '--no-canary:Send one record and await its confirmation before the rest.'
                '--canary:Send one record and await its confirmation before the rest.'
                '--patience:Stop when no record was confirmed for this many seconds.'
                '--max-returned:Stop when this many records failed again.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names dead-letters; return; }
            ;;
        "dlq edit")
            options=(
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--yes:Do not ask for confirmation.'
                '-y:Do not ask for confirmation.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--dry-run:Show what would be done and change nothing.'
                '--break-glass:Allow this on a live broker during market hours.'
                '--file:Read the edited JSON from here; - is stdin. Default: $EDITOR.'
                '-f:Read the edited JSON from here; - is stdin. Default: $EDITOR.'
                '--force:Send it even if it is in doubt or stale.'
                '--group:Consumer group to use when a dead letter names none.'
                '--patience:Stop when no record was confirmed for this many seconds.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "dlq discard")
            options=(
                '--code:Only this error code; repeat for several.'
                '-c:Only this error code; repeat for several.'
                '--failed-in:Only failures of this consumer group.'
                '--since:Only failures since then: 09:15, -10m, 2026-03-02T09:15.'
                '--until:Only failures before then.'
                '--message:Only failures whose message contains this text.'
                '--where:Only records that match: data.quantity > 100.'
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--yes:Do not ask for confirmation.'
                '-y:Do not ask for confirmation.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--dry-run:Show what would be done and change nothing.'
                '--verdict:Only this verdict: stale, already-processed, in-doubt or new.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names dead-letters; return; }
            ;;
        "dlq quarantine")
            options=(
                '--code:Only this error code; repeat for several.'
                '-c:Only this error code; repeat for several.'
                '--failed-in:Only failures of this consumer group.'
                '--since:Only failures since then: 09:15, -10m, 2026-03-02T09:15.'
                '--until:Only failures before then.'
                '--message:Only failures whose message contains this text.'
                '--where:Only records that match: data.quantity > 100.'
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--yes:Do not ask for confirmation.'
                '-y:Do not ask for confirmation.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--dry-run:Show what would be done and change nothing.'
                '--verdict:Only this verdict: stale, already-processed, in-doubt or new.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names dead-letters; return; }
            ;;
        "dlq purge")
            options=(
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--yes:Do not ask for confirmation.'
                '-y:Do not ask for confirmation.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--dry-run:Show what would be done and change nothing.'
                '--break-glass:Allow this on a live broker during market hours.'
                '--before:Only records written before then: 09:15, -2d.'
                '--to-offset:Only records before this offset.'
                '--partition:Only this partition; repeat for several.'
                '--settled:Stop before the first record that has to stay, instead of refusing.'
                '--allow-dangerous:Remove settled records even if their originals are in the log.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names dead-letters; return; }
            ;;
        "dlq history")
            options=(
                '--limit:Show at most this many, newest first.'
                '-n:Show at most this many, newest first.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names dead-letters; return; }
            ;;
        "dlq undo")
            options=(
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--yes:Do not ask for confirmation.'
                '-y:Do not ask for confirmation.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--dry-run:Show what would be done and change nothing.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "dlq policy")
            options=(
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            verbs=(
                'check:Check dlq-policy.toml and list its rules. Exits with 3 and the line of each fault if the file is wrong.'
            )
            ;;
        "dlq policy check")
            options=(
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "schemas")
            options=(
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            verbs=(
                'list:List the schema of every topic: whether its file is up to date, and its version in the registry.'
                'check:Check that this program'\''s schemas are compatible with the committed ones and with the registry'\''s.'
                'diff:Show, field by field, how this program'\''s schema differs from the registry'\''s, or from the committed one.'
                'register:Register the schemas of topics, all or none. Exits 3, with the reasons, if one is incompatible.'
                'generate:Write the schema file of every event type.'
            )
            ;;
        "schemas list")
            options=(
                '--offline:Do not contact the registry.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "schemas check")
            options=(
                '--all:Every topic of the deployment.'
                '-a:Every topic of the deployment.'
                '--offline:Do not contact the registry.'
                '--against:Compare with this folder of .avsc files.'
                '--compatibility:BACKWARD, FORWARD, FULL, also with _TRANSITIVE, or NONE. [the subject'\''s, else BACKWARD]'
                '--preflight:Also check that the new schemas read the open dead letters.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names subjects; return; }
            ;;
        "schemas diff")
            options=(
                '--version:Version in the registry. [the latest]'
                '--offline:Do not contact the registry.'
                '--against:Compare with this folder of .avsc files.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names subjects; return; }
            ;;
        "schemas register")
            options=(
                '--all:Every topic of the deployment.'
                '-a:Every topic of the deployment.'
                '--compatibility:BACKWARD, FORWARD, FULL, also with _TRANSITIVE, or NONE. [the subject'\''s, else BACKWARD]'
                '--skip-preflight:Do not check the open dead letters.'
                '--reason:Why you do this, for the audit.'
                '-r:Why you do this, for the audit.'
                '--dry-run:Show what would be done and change nothing.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names subjects; return; }
            ;;
        "schemas generate")
            options=(
                '--out:Write to FOLDER. [the committed files]'
                '-o:Write to FOLDER. [the committed files]'
                '--check:Write nothing; exit 3 if a file is out of date.'
                '--allow-incompatible:Write schemas too that cannot read what the committed ones wrote.'
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
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
                'check:Check all files: alphapanda.toml, .env, strategies.toml, risk.toml, dlq-policy.toml. Ends with 78 on error.'
            )
            ;;
        "config show")
            options=(
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "config check")
            options=(
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "doctor")
            options=(
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "infra")
            options=(
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            verbs=(
                'prepare:Prepare the first start: download, check, format, and train Java'\''s cache.'
                'status:Show versions, ports, processes, sizes and data folders. Ends with 3 if a server is not ready.'
                'reset:Delete all data of this deployment'\''s Kafka and Valkey: every topic, every position, every snapshot.'
            )
            ;;
        "infra prepare")
            options=(
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "infra status")
            options=(
                '--json:Print versioned JSON with raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "infra reset")
            options=(
                '--yes:Do not ask for confirmation.'
                '-y:Do not ask for confirmation.'
                '--confirm:Confirm without a prompt: the name you would be asked to type (comma-separated).'
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
