"""`alphapanda logs`: the daemons' log lines, merged in time order, and new ones as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from threading import Event
from typing import Annotated

import msgspec
import typer

from alphapanda.errors import AlphaPandaError, UnknownNameError, UsageError
from alphapanda.operations.logs.reader import LogFileReader, LogQuery, LogRecord, RestartMarks, compile_pattern
from alphapanda.query.times import parse_time
from alphapanda.telemetry.log import Channel, LogLevel
from alphapanda.telemetry.record import PrettyRenderer
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import SCHEMA_VERSION
from daemons.catalogue import services

DEFAULT_LINES = 100
LOOK_EVERY_S = 0.1
BATCH = 500

Show = Callable[[Iterable["LogRecord"]], int]


def register(app: typer.Typer) -> None:
    """Add `logs`."""
    app.command("logs")(logs)


def logs(
    call: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAMES]...",
            help="Daemons (risk.paper; risk for every broker; '*.paper'), kafka, valkey. Default: all daemons.",
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow new lines until Ctrl-C.")] = False,
    lines: Annotated[
        str | None,
        typer.Option(
            "--lines",
            "-n",
            metavar="N|all",
            help=f"Show this many of the latest lines. [{DEFAULT_LINES}; all with --since]",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="From this time on: 10m, 2h30m, 10:42 (IST), 2025-11-17, ISO 8601."),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="Up to this time.")] = None,
    level: Annotated[
        str | None,
        typer.Option(metavar="LEVEL", help="This level and above: debug, info, warning, error, critical."),
    ] = None,
    grep: Annotated[
        str | None, typer.Option(metavar="REGEX", help="Only lines that match this regular expression.")
    ] = None,
    channel: Annotated[
        str | None,
        typer.Option(metavar="CHANNEL", help="Only this channel: app, trading, market_data, bus, api or audit."),
    ] = None,
    no_prefix: Annotated[
        bool, typer.Option("--no-prefix", help="Do not prefix lines with the daemon's name.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Read the daemons' logs, merged in time order across rotations and restarts.

    Reads files only, so it also works when nothing is running.

    Example: alphapanda logs risk -f --level warning
    """
    context = Context.of(call, json=json)
    query = _query(context, lines, since, until, level, grep, channel)
    chosen = names or []
    reader = _reader(context, chosen)
    show = _show(context, sorted(reader.select(chosen)), prefix=not no_prefix)
    if follow:
        _follow(context, reader, chosen, query, show)
    elif not show(reader.history(reader.select(chosen), query)):
        context.output.say(_nothing_found(context, reader, chosen))


def _query(
    context: Context,
    lines: str | None,
    since: str | None,
    until: str | None,
    level: str | None,
    grep: str | None,
    channel: str | None,
) -> LogQuery:

    now = context.clock.now()
    if channel is not None and channel not in set(Channel):
        raise UnknownNameError("channel", channel, map(str, Channel))
    return LogQuery(
        since=parse_time(since, now, past=True) if since else None,
        until=parse_time(until, now, past=True) if until else None,
        level=LogLevel.parse(level) if level else None,
        pattern=compile_pattern(grep) if grep else None,
        channel=channel,
        limit=_limit(lines, everything=bool(since or until)),
    )


def _limit(lines: str | None, *, everything: bool) -> int | None:
    if lines is None:
        return None if everything else DEFAULT_LINES
    if lines == "all":
        return None
    if not lines.isdecimal():
        raise UsageError(f"{lines!r} is not a number of lines.", hint="Use -n 50, or -n all.")
    return int(lines)


def _reader(context: Context, names: Sequence[str]) -> LogFileReader:
    """Return a reader that knows the names; the settings are only read for one that has written nothing yet."""
    reader = LogFileReader(context.deployment, context.clock)
    try:
        reader.select(names)
    except UnknownNameError:
        return LogFileReader(context.deployment, context.clock, _configured_daemons(context))
    return reader


def _configured_daemons(context: Context) -> tuple[str, ...]:

    try:
        return tuple(spec.name for spec in services(context.settings()))
    except AlphaPandaError as error:
        context.output.warn(f"{error} Only daemons that have a log file are known.")
        return ()


def _show(context: Context, services: Sequence[str], *, prefix: bool) -> Show:
    """Return a writer of records to stdout that counts them."""
    output = context.output
    renderer = PrettyRenderer(
        colour=output.stdout.isatty() and not output.no_color,
        names=prefix,
        name_width=max(map(len, services), default=0),
    )
    marks = RestartMarks()

    def line(record: LogRecord) -> str:
        return _as_json(record) if output.as_json else renderer.render(marks.mark(record))

    def show(records: Iterable[LogRecord]) -> int:
        count, left = 0, iter(records)
        while batch := list(islice(left, BATCH)):
            output.lines([line(record) for record in batch])
            count += len(batch)
        return count

    return show


def _as_json(record: LogRecord) -> str:
    """Return a daemon's line as it wrote it, a server's line in the same form; both with the form's version."""
    if record.channel:
        return f'{{"schema_version":{SCHEMA_VERSION},{record.raw.decode()[1:]}'
    form = {
        "schema_version": SCHEMA_VERSION,
        "ts": record.at,
        "level": record.level,
        "service": record.service,
        "event": record.event,
    }
    return msgspec.json.encode(form).decode()


def _follow(context: Context, reader: LogFileReader, names: Sequence[str], query: LogQuery, show: Show) -> None:

    never = Event()
    with reader.follow(names, query) as live:
        if not show(live.history()):
            context.output.say("Waiting for the first line. Press Ctrl-C to stop.")
        while not (query.until and context.clock.now() > query.until):
            show(live.poll())
            never.wait(LOOK_EVERY_S)
        show(live.drain())


def _nothing_found(context: Context, reader: LogFileReader, names: Sequence[str]) -> str:
    if any(source.segments() for source in reader.select(names).values()):
        return "No line matches. Wider: -n all, or without --since, --level, --grep."
    of = f" of {', '.join(names)}" if names else ""
    return f"There are no logs{of} in {context.deployment.logs} yet. They begin with: alphapanda up"
