"""`alphapanda dlq list`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from alphapanda.operations.dead_letters.backlog import DeadLetterBacklog, dead_letter_topics
from alphapanda.operations.dead_letters.exporter import exposition
from alphapanda.operations.dead_letters.selection import DeadLetterFilter
from alphapanda.operations.dead_letters.summary import short, signature
from commands.dlq._options import FilterOptions, OptionalTopic, with_option_groups
from commands.dlq._session import reading
from commands.dlq._views import RECORD_COLUMNS, age, moment, raw, shown
from commands.shell.context import Context
from commands.shell.options import JsonOption, LimitOption
from commands.shell.output import Column, Style

_SUMMARY = (
    Column("topic", "TOPIC"),
    Column("open", "OPEN", right=True, style=lambda value: Style.WARN if value else None),
    Column("returned", "CAME BACK", right=True, style=lambda value: Style.BAD if value else None),
    Column("under_way", "UNDER WAY", right=True),
    Column("quarantined", "QUARANTINED", right=True),
    Column("settled", "SETTLED", right=True),
    Column("age", "OLDEST OPEN", right=True),
    Column("reason", "MOST FREQUENT REASON"),
)


@with_option_groups
def list_(
    call: typer.Context,
    chosen: FilterOptions,
    topic: OptionalTopic = None,
    everything: Annotated[
        bool,
        typer.Option("--all", "-a", help="Include settled dead letters, empty topics and other systems' topics."),
    ] = False,
    limit: LimitOption = 50,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Write metrics in Prometheus's text format, for a file collector.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """List unresolved dead letters: one line per topic, or with TOPIC one line per dead letter, oldest first.

    Example: alphapanda dlq list paper.orders.filled --since -1h
    """
    context = Context.of(call, json=json)
    selection = chosen.filter(context)
    if topic is None:
        context.run(_topics(context, selection, everything=everything, metrics=metrics))
    else:
        context.run(_records(context, topic, selection, limit, everything=everything))


async def _topics(context: Context, selection: DeadLetterFilter, *, everything: bool, metrics: bool) -> None:
    async with reading(context) as reader:
        topics = dead_letter_topics(await reader.log.topics()) if everything else await reader.own_topics()
        backlog = await reader.read(topics)
    if metrics:
        context.output.lines(exposition(backlog, topics, context.clock.now()).splitlines())
        return
    rows = _summaries(context, backlog, topics, selection)
    if not everything:
        rows = [row for row in rows if row["open"] or row["returned"] or row["under_way"] or row["quarantined"]]
    context.output.table("dead-letter-topics", rows, _SUMMARY, empty="No dead letter is open.")


def _summaries(
    context: Context, backlog: DeadLetterBacklog, topics: Sequence[str], selection: DeadLetterFilter
) -> list[Mapping[str, object]]:
    now = context.clock.now().timestamp()
    rows: list[Mapping[str, object]] = []
    by_topic: dict[str, list[object]] = {name: [] for name in topics}
    chosen = [item for item in backlog.items.values() if selection.matches(item)]
    for name in by_topic:
        items = [item for item in chosen if item.newest.place.topic == name]
        states = Counter(item.state.value for item in items)
        unresolved = [item for item in items if item.state.is_unresolved]
        oldest = min((item.first_failed_ms for item in unresolved), default=None)
        reasons = Counter(
            (one.newest.failure.error_code, signature(one.newest.failure.message)) for one in unresolved
        )
        reason = reasons.most_common(1)[0][0] if reasons else None
        rows.append(
            {
                "topic": name,
                "open": states["open"],
                "returned": states["returned"],
                "under_way": states["planned"] + states["replayed"],
                "quarantined": states["quarantined"],
                "settled": states["confirmed"] + states["discarded"],
                "oldest_open_at": None if oldest is None else moment(oldest),
                "oldest_open_seconds": None if oldest is None else round(now - oldest / 1000, 3),
                "age": None if oldest is None else age(now - oldest / 1000),
                "error_code": reason[0] if reason else None,
                "reason": short(f"{reason[0]}: {reason[1]}") if reason else None,
            }
        )
    return rows


async def _records(
    context: Context, typed: str, selection: DeadLetterFilter, limit: int, *, everything: bool
) -> None:
    async with reading(context) as reader:
        topic = await reader.resolve(typed)
        backlog = await reader.read([topic])
    items = [
        item
        for item in backlog.items.values()
        if selection.matches(item) and (everything or item.state.value not in {"confirmed", "discarded"})
    ]
    output = context.output
    if output.as_json:
        output.document("dead-letters", {"topic": topic, "items": [raw(item) for item in items[:limit]]})
        return
    output.table(
        "dead-letters",
        [shown(item) for item in items[:limit]],
        RECORD_COLUMNS,
        empty=f"No dead letter in {topic} is unresolved.",
    )
    if len(items) > limit:
        output.say(f"{len(items) - limit:,} more: --limit {len(items)}; by reason: alphapanda dlq reasons {topic}")
