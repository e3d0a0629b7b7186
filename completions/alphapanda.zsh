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
            "orders") verb="$longer" ;;
            "positions") verb="$longer" ;;
            "pnl") verb="$longer" ;;
            "signals") verb="$longer" ;;
            "logs") verb="$longer" ;;
            "halt") verb="$longer" ;;
            "resume") verb="$longer" ;;
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
        "restart:--wait-timeout")
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
        "state verify:--broker" | "state verify:-b")
            _alphapanda_names brokers
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
            true
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
                'up:Start everything on this machine and wait until it is ready.'
                'down:Stop everything, in order.'
                'status:Show what runs, how it is, and since when.'
                'restart:Restart daemons.'
                'run:Run one daemon in the foreground.'
                'orders:List orders.'
                'positions:List positions.'
                'pnl:Show profit and loss.'
                'signals:List signals and what risk made of them.'
                'logs:Read the daemons'\'' logs, merged in time order.'
                'halt:Stop a broker from trading; cancels still pass.'
                'resume:Let a halted broker trade again.'
                'state:Compare remembered state with the log.'
                'topics:List, create and compare topics.'
                'groups:Show consumer groups and their lag.'
                'init:Write commented starter files into this folder.'
                'config:Show and check settings.'
                'doctor:Check this machine and this deployment.'
                'infra:Prepare, show and reset the embedded servers.'
                'completions:Print the completion script of a shell.'
            )
            ;;
        "up")
            options=(
                '--only:Start the named daemons without those they need.'
                '--foreground:Supervise here until Ctrl-C.'
                '--wait-timeout:How long to wait until ready.'
                '--dry-run:Show what would be done; do nothing.'
                '--feed:Where ticks come from.'
                '--file:The recording.'
                '--speed:1: the market'\''s own pace; 60; max.'
                '--accept-log-reset:Start empty if the log is shorter than what was remembered.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names daemons; return; }
            ;;
        "down")
            options=(
                '--timeout:Then kill what is left.'
                '-t:Then kill what is left.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "status")
            options=(
                '--json:Write JSON for programs: versioned, raw values.'
                '--watch:Show it again and again until Ctrl-C.'
                '-w:Show it again and again until Ctrl-C.'
                '--interval:Seconds between two looks of --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "restart")
            options=(
                '--wait-timeout:How long to wait until ready.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names daemons; return; }
            ;;
        "run")
            options=(
                '--accept-log-reset:Start empty if the log is shorter than what was remembered.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names daemons; return; }
            ;;
        "orders")
            options=(
                '--broker:Only this broker; else all active ones.'
                '-b:Only this broker; else all active ones.'
                '--open:Only orders that are not closed.'
                '--limit:At most so many, newest first.'
                '-n:At most so many, newest first.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--watch:Show it again and again until Ctrl-C.'
                '-w:Show it again and again until Ctrl-C.'
                '--interval:Seconds between two looks of --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "positions")
            options=(
                '--broker:Only this broker; else all active ones.'
                '-b:Only this broker; else all active ones.'
                '--all:Flat positions too.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--watch:Show it again and again until Ctrl-C.'
                '-w:Show it again and again until Ctrl-C.'
                '--interval:Seconds between two looks of --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "pnl")
            options=(
                '--broker:Only this broker; else all active ones.'
                '-b:Only this broker; else all active ones.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--watch:Show it again and again until Ctrl-C.'
                '-w:Show it again and again until Ctrl-C.'
                '--interval:Seconds between two looks of --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "signals")
            options=(
                '--broker:Only this broker; else all active ones.'
                '-b:Only this broker; else all active ones.'
                '--rejected:Only those that risk denied.'
                '--limit:At most so many, newest first.'
                '-n:At most so many, newest first.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--watch:Go on with new ones until Ctrl-C.'
                '-w:Go on with new ones until Ctrl-C.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
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
        "halt")
            options=(
                '--reason:Why; it is written to the audit.'
                '-r:Why; it is written to the audit.'
                '--reduce:Let exits pass: only nothing new is opened.'
                '--timeout:How long to wait until it is obeyed.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names brokers; return; }
            ;;
        "resume")
            options=(
                '--reason:Why; it is written to the audit.'
                '-r:Why; it is written to the audit.'
                '--timeout:How long to wait until it is obeyed.'
                '--json:Write JSON for programs: versioned, raw values.'
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
                'verify:Fold the log afresh and compare: positions, orders, and that nothing was decided twice.'
            )
            ;;
        "state verify")
            options=(
                '--broker:Only this broker; else all active ones.'
                '-b:Only this broker; else all active ones.'
                '--json:Write JSON for programs: versioned, raw values.'
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
                'list:List the deployment'\''s topics: what is declared, and whether the cluster has it so.'
                'describe:Show one topic: what it is for, its partitions, and its configs, declared and real.'
                'bootstrap:Make the declared topics that are missing. What is there stays as it is; a second run changes nothing.'
                'diff:Show how the cluster differs from the catalogue. Ends with 3 if it does.'
                'plan:Work out what would make the cluster as declared; change nothing. Ends with 3 if anything would.'
                'apply:Make the cluster as declared. Never deletes a topic; a plan that the cluster has left behind is refused.'
                'import:Write topics that are there as declarations, in the form of catalogue.toml. Changes nothing.'
                'tail:Show records of topics, merged in the order of time. Joins no group, commits nothing.'
            )
            ;;
        "topics list")
            options=(
                '--dlq:Dead-letter topics, too.'
                '--all:Those that nobody declared, too.'
                '-a:Those that nobody declared, too.'
                '--declared:Only what the catalogue says; Kafka need not be there.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "topics describe")
            options=(
                '--all:Every config, the cluster'\''s defaults, too.'
                '-a:Every config, the cluster'\''s defaults, too.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names topics; return; }
            ;;
        "topics bootstrap")
            options=(
                '--dry-run:Show what would be done; do nothing.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "topics diff")
            options=(
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names topics; return; }
            ;;
        "topics plan")
            options=(
                '--out:Write the plan here, to review and apply it.'
                '-o:Write the plan here, to review and apply it.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "topics apply")
            options=(
                '--allow-dangerous:Make dangerous changes, too, without asking.'
                '--reason:Why; it is written to the audit.'
                '-r:Why; it is written to the audit.'
                '--dry-run:Show what would be done; do nothing.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _files; return; }
            ;;
        "topics import")
            options=(
                '--out:Write here, not to stdout.'
                '-o:Write here, not to stdout.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            [[ ${words[CURRENT]} == -* ]] || { _alphapanda_names topics; return; }
            ;;
        "topics tail")
            options=(
                '--range:Of each partition: oldest, newest, 100:200, +100, -100, :end, @-10m:, @09:15:@09:20 (IST).'
                '-r:Of each partition: oldest, newest, 100:200, +100, -100, :end, @-10m:, @09:15:@09:20 (IST).'
                '--last:The last N records of each partition. [10]'
                '-l:The last N records of each partition. [10]'
                '--since:From then on: 10m, 09:15 (IST), 2026-03-02T09:15.'
                '--until:Up to then.'
                '--follow:Go on with what comes until Ctrl-C.'
                '-f:Go on with what comes until Ctrl-C.'
                '--limit:Stop after N records that match.'
                '-n:Stop after N records that match.'
                '--partition:Only this partition.'
                '-p:Only this partition.'
                '--key:Only with this key.'
                '-k:Only with this key.'
                '--header:Only with this header.'
                '-H:Only with this header.'
                '--type:Only events of this type.'
                '-t:Only events of this type.'
                '--broker:Only events of this broker.'
                '-b:Only events of this broker.'
                '--value:Only with such a value: '\''*INFY*'\''.'
                '--where:Only where this holds, on any field.'
                '-w:Only where this holds, on any field.'
                '--output:table, jsonl, raw or value.'
                '-o:table, jsonl, raw or value.'
                '--json:Write JSON for programs: versioned, raw values.'
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
                'list:List all consumer groups: who is in them, and how far behind they are, in records and in seconds.'
                'lag:Show how far behind groups are in each partition, how fast they read, and when nothing will wait.'
                'reset:Show where a reset would move a group; with --execute, move it.'
            )
            ;;
        "groups list")
            options=(
                '--json:Write JSON for programs: versioned, raw values.'
                '--watch:Show it again and again until Ctrl-C.'
                '-w:Show it again and again until Ctrl-C.'
                '--interval:Seconds between two looks of --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "groups lag")
            options=(
                '--over:Exit with 3 if a group is further behind: 1000 (records), 30s, 5m.'
                '--topic:Only this topic.'
                '--behind:Only partitions in which something waits.'
                '--window:If something waits, measure so long.'
                '--json:Write JSON for programs: versioned, raw values.'
                '--watch:Show it again and again until Ctrl-C.'
                '-w:Show it again and again until Ctrl-C.'
                '--interval:Seconds between two looks of --watch.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "groups reset")
            options=(
                '--to-earliest:To the oldest records.'
                '--to-latest:To the end: only what comes is read.'
                '--to-offset:To one offset.'
                '--to-datetime:To a time: 09:15 (IST), 2026-03-02T09:15, -10m.'
                '--by-duration:To so long ago: 10m, 1h30m.'
                '--shift-by:By N records; -N goes back.'
                '--from-file:To the offsets in a file: an undo file.'
                '--topic:Only this topic, or these partitions of it.'
                '--execute:Do it; otherwise it is only shown.'
                '--reason:Why; it is written to the audit.'
                '-r:Why; it is written to the audit.'
                '--json:Write JSON for programs: versioned, raw values.'
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
        "doctor")
            options=(
                '--json:Write JSON for programs: versioned, raw values.'
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
                'prepare:Do ahead what the first start needs: download, check, format, and train Java'\''s cache.'
                'status:Show versions, ports, processes, sizes and where data lies. Exit code 3 when a server is not ready.'
                'reset:Delete all data of this deployment'\''s Kafka and Valkey: every topic, every position, every snapshot.'
            )
            ;;
        "infra prepare")
            options=(
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "infra status")
            options=(
                '--json:Write JSON for programs: versioned, raw values.'
                '--help:Show this message and exit.'
                '-h:Show this message and exit.'
            )
            ;;
        "infra reset")
            options=(
                '--yes:Do not ask.'
                '-y:Do not ask.'
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
