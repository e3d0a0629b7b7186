"""`alphapanda dlq list`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from commands.dlq._options import (
    CodeOption,
    FailedGroupOption,
    MessageOption,
    OptionalTopic,
    SinceOption,
    UntilOption,
    WhereOption,
)
from commands.shell.context import Context
from commands.shell.options import JsonOption, LimitOption
from commands.shell.output import Column, Style

if TYPE_CHECKING:
    from alphapanda.operations.dead_letters.backlog import DeadLetterBacklog
    from alphapanda.operations.dead_letters.selection import DeadLetterFilter

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


def list_(
    call: typer.Context,
    topic: OptionalTopic = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Settled ones, empty topics, and other systems' topics, too.")
    ] = False,
    code: CodeOption = None,
    failed_in: FailedGroupOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    message: MessageOption = "",
    where: WhereOption = "",
    limit: LimitOption = 50,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="As metrics in Prometheus's text format, for a collector of files.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """List what is unresolved: a line a topic, or with TOPIC a line a dead letter, oldest first.

    Example: alphapanda dlq list paper.orders.filled --since -1h
    """
    from commands.dlq._session import selection_of

    context = Context.of(call, json=json)
    selection = selection_of(
        context, codes=code, group=failed_in, since=since, until=until, message=message, where=where
    )
    if topic is None:
        context.run(_topics(context, selection, everything=everything, metrics=metrics))
    else:
        context.run(_records(context, topic, selection, limit, everything=everything))


async def _topics(context: Context, selection: DeadLetterFilter, *, everything: bool, metrics: bool) -> None:
    from alphapanda.operations.dead_letters.backlog import dead_letter_topics, read_backlog
    from alphapanda.operations.dead_letters.exporter import exposition
    from commands.dlq._session import own_topics, reading, view_of

    async with reading(context) as log:
        topics = dead_letter_topics(await log.topics()) if everything else await own_topics(context, log)
        backlog = await read_backlog(log, topics, view_of(context))
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
    from alphapanda.operations.dead_letters.summary import short, signature
    from commands.dlq._views import age, moment

    now = context.clock.now().timestamp()
    rows: list[Mapping[str, object]] = []
    by_topic: dict[str, list[object]] = {name: [] for name in topics}
    chosen = [item for item in backlog.items.values() if selection.takes(item)]
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
    from alphapanda.operations.dead_letters.backlog import read_backlog
    from commands.dlq._session import reading, typed_topic, view_of
    from commands.dlq._views import RECORD_COLUMNS, raw, shown

    async with reading(context) as log:
        topic = await typed_topic(log, typed)
        backlog = await read_backlog(log, [topic], view_of(context))
    items = [
        item
        for item in backlog.items.values()
        if selection.takes(item) and (everything or item.state.value not in {"confirmed", "discarded"})
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
