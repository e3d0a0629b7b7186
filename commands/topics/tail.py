"""`alphapanda topics tail`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import UnknownNameError, UsageError
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.reading import kafka_options

if TYPE_CHECKING:
    from alphapanda.kafka.client import KafkaReadLog
    from alphapanda.model.records import Partition, Record
    from alphapanda.operations.tail.filters import RecordFilter
    from alphapanda.operations.tail.formats import Format
    from alphapanda.query.offsets import OffsetRange

DEFAULT_LAST = 10
OFFSET_WIDTH = 9
_GLOB = "GLOB"


def tail(
    call: typer.Context,
    topics: Annotated[
        list[str], typer.Argument(metavar="TOPIC...", help="Topics, or globs such as 'paper.orders.*'.")
    ],
    range_: Annotated[
        str | None,
        typer.Option(
            "--range",
            "-r",
            metavar="RANGE",
            help="In each partition: oldest, newest, 100:200, +100, -100, :end, @-10m:, @09:15:@09:20 (IST).",
        ),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(
            "--last", "-l", min=0, metavar="N", help=f"The last N records of each partition. [{DEFAULT_LAST}]"
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="From this time on: 10m, 09:15 (IST), 2026-03-02T09:15.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Up to this time.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep reading new records until Ctrl-C.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, metavar="N", help="Stop after N matching records.")
    ] = None,
    partition: Annotated[
        list[int] | None, typer.Option("--partition", "-p", min=0, metavar="N", help="Only this partition.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", "-k", metavar=_GLOB, help="Only records with this key.")
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="NAME=GLOB", help="Only records with this header."),
    ] = None,
    type_: Annotated[
        str | None, typer.Option("--type", "-t", metavar=_GLOB, help="Only events of this type.")
    ] = None,
    broker: Annotated[
        str | None, typer.Option("--broker", "-b", metavar=_GLOB, help="Only events of this broker.")
    ] = None,
    value: Annotated[
        str | None, typer.Option("--value", metavar=_GLOB, help="Only records with this value: '*INFY*'.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option("--where", "-w", metavar="EXPRESSION", help="Only records that match: data.quantity > 100."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FORMAT", help="table, jsonl, raw or value.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show records of topics, merged in time order. Joins no group, commits no offsets.

    Example: alphapanda topics tail market.ticks -f --where 'data.last_price > 1500 and broker == "market"'

    Ends, also after Ctrl-C, with a count of the records read, on stderr.
    """
    from alphapanda.operations.tail.filters import RecordFilter, TailFilters, parse_header
    from alphapanda.query.compiler import compile_expression
    from alphapanda.serialization.transcoder import json_transcoder

    shape = _format(output, json=json)
    context = Context.of(call, json=shape == "jsonl")
    now = context.clock.now()
    wanted = TailFilters(
        key=key,
        headers=[parse_header(text) for text in header or ()],
        type=type_,
        broker=broker,
        value=value,
        expression=compile_expression(where, now) if where is not None else None,
    )
    chosen = _range(context, range_, last, since, until)
    picks = RecordFilter(wanted, json_transcoder(context.settings()), keeps_bytes=shape == "raw")
    numbers = frozenset(partition or ())
    act = _tail(context, topics, numbers, chosen, picks, shape, follow=follow, limit=limit)
    context.run(act)


def _format(name: str | None, *, json: bool) -> Format:
    from alphapanda.operations.tail.formats import Format

    if name is None:
        return Format.JSONL if json else Format.TABLE
    if name not in set(Format):
        raise UnknownNameError("format", name, map(str, Format))
    if json and name != Format.JSONL:
        raise UsageError(f"--json cannot be combined with --output {name}.", hint="Leave one of them out.")
    return Format(name)


def _range(
    context: Context, range_: str | None, last: int | None, since: str | None, until: str | None
) -> OffsetRange:
    from alphapanda.query.offsets import At, Bound, Newest, OffsetRange, Oldest, parse_range

    now = context.clock.now()
    if range_ is not None:
        if (last, since, until) != (None, None, None):
            raise UsageError(
                "--range cannot be combined with --last, --since or --until.",
                hint="Use --range alone, or the others.",
            )
        return parse_range(range_, now)
    if last is not None and since is not None:
        raise UsageError("--last and --since cannot be combined.", hint="Leave one of them out.")
    start: Bound = Newest(DEFAULT_LAST if last is None else last)
    if since is not None:
        start = At(_time(context, since))
    elif until is not None and last is None:
        start = Oldest()
    stop = At(_time(context, until)) if until is not None else None
    if isinstance(start, At) and stop is not None and stop.moment < start.moment:
        raise UsageError(f"--until {until} is before --since {since}.")
    return OffsetRange(start, stop)


def _time(context: Context, text: str) -> datetime:
    """Return a point in time; a duration is one ago."""
    from alphapanda.query.times import parse_time

    return parse_time(text, context.clock.now())


async def _tail(
    context: Context,
    names: Sequence[str],
    numbers: frozenset[int],
    chosen: OffsetRange,
    picks: RecordFilter,
    shape: Format,
    *,
    follow: bool,
    limit: int | None,
) -> None:
    from contextlib import aclosing

    from alphapanda.kafka.batch_reader import open_batch_reader
    from alphapanda.kafka.client import open_read_log
    from alphapanda.operations.tail.scan import Tail, resolve
    from alphapanda.query.times import milliseconds
    from commands.topics._tail_counter import TailCounter

    options = kafka_options(context, "tail")
    async with open_read_log(options) as log:
        partitions = await _partitions(log, names, numbers)
        reading = await resolve(log, partitions, chosen, follow=follow, now_ms=milliseconds(context.clock.now()))
        tail_ = Tail(reading, picks, context.clock)
        write = _writer(context, shape, max(len(str(one)) for one in partitions))
        topics = {partition.topic for partition in partitions}
        with TailCounter(context.output, context.clock, tail_.counter, picks) as counter:
            shown = 0
            async with (
                open_batch_reader(options, topics, log.beginnings) as reader,
                aclosing(tail_.batches(reader)) as batches,
            ):
                async for batch in batches:
                    due = batch if limit is None else batch[: limit - shown]
                    if due:
                        counter.clear()
                        write(due)
                        shown += len(due)
                    counter.tick(shown)
                    if shown == limit:
                        break


async def _partitions(log: KafkaReadLog, names: Sequence[str], numbers: frozenset[int]) -> Sequence[Partition]:
    """Return what to read; raises UnknownNameError for a topic that is not there, UsageError for a partition."""
    from alphapanda.operations.tail.filters import glob

    known = await log.topics()
    chosen: dict[str, None] = {}
    for name in names:
        passes = glob(name)
        found = sorted(topic for topic in known if passes(topic))
        if not found:
            raise UnknownNameError("topic", name, known, hint="List them: alphapanda topics list --all")
        chosen |= dict.fromkeys(found)
    partitions = await log.partitions(list(chosen))
    if not numbers:
        return partitions
    missing = numbers - {partition.number for partition in partitions}
    if missing:
        count = len(partitions)
        raise UsageError(
            f"{', '.join(chosen)} has no partition {min(missing)}.", hint=f"There are {count}, numbered from 0."
        )
    return [partition for partition in partitions if partition.number in numbers]


def _writer(context: Context, shape: Format, name_width: int) -> Callable[[Sequence[Record]], None]:
    """Return what writes records to stdout, a batch at once."""
    from alphapanda.operations.tail import formats

    output = context.output
    if shape is formats.Format.TABLE:
        line = formats.as_table_line(name_width + OFFSET_WIDTH)
        width = shutil.get_terminal_size().columns if output.stdout.isatty() else None
        return lambda records: output.lines([line(record)[:width] for record in records])
    as_bytes = {
        formats.Format.JSONL: formats.as_json_line,
        formats.Format.RAW: formats.as_raw,
        formats.Format.VALUE: formats.as_value,
    }[shape]
    stream = output.stdout.buffer

    def write(records: Sequence[Record]) -> None:
        stream.write(b"".join(as_bytes(record) + b"\n" for record in records))
        stream.flush()

    return write
