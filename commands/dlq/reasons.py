"""`alphapanda dlq reasons`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from commands.dlq._options import FailedGroupOption, OptionalTopic, SinceOption, UntilOption, WhereOption
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column

if TYPE_CHECKING:
    from alphapanda.operations.dead_letters.backlog import FailedRecord

_COLUMNS = (
    Column("id", "REASON"),
    Column("count", "RECORDS", right=True),
    Column("open", "OPEN", right=True),
    Column("topic", "TOPIC"),
    Column("group", "GROUP"),
    Column("code", "CODE"),
    Column("spark", "OVER TIME"),
    Column("first", "FIRST (IST)"),
    Column("last", "LAST (IST)"),
    Column("policy", "POLICY"),
    Column("message", "MESSAGE"),
)


def reasons(
    call: typer.Context,
    topic: OptionalTopic = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Settled ones, too.")] = False,
    failed_in: FailedGroupOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    where: WhereOption = "",
    json: JsonOption = False,
) -> None:
    """Group dead letters by why they failed: ids, numbers and times in messages are put aside.

    REASON names a group: `alphapanda dlq replay TOPIC --reason-id REASON` sends it again. POLICY is what
    dlq-policy.toml says of it.

    Example: alphapanda dlq reasons paper.signals.raw
    """
    from commands.dlq._session import selection_of

    context = Context.of(call, json=json)
    selection = selection_of(context, group=failed_in, since=since, until=until, where=where)
    context.run(_show(context, topic, selection.takes, everything=everything))


async def _show(
    context: Context, typed: str | None, takes: Callable[[FailedRecord], bool], *, everything: bool
) -> None:
    from alphapanda.operations.dead_letters.backlog import read_backlog
    from alphapanda.operations.dead_letters.selection import reasons_of
    from alphapanda.operations.dead_letters.summary import short
    from commands.dlq._session import own_topics, policy_of, reading, typed_topic, view_of
    from commands.dlq._views import moment

    async with reading(context) as log:
        topics = await own_topics(context, log) if typed is None else (await typed_topic(log, typed),)
        backlog = await read_backlog(log, topics, view_of(context))
    items = [
        item
        for item in backlog.items.values()
        if takes(item) and (everything or item.state.value not in {"confirmed", "discarded"})
    ]
    found = reasons_of(items, policy_of(context).said_of)
    output = context.output
    if output.as_json:
        rows = [
            {
                "id": reason.id,
                "topic": reason.topic,
                "group": reason.group or None,
                "error_code": reason.error_code,
                "signature": reason.signature,
                "count": reason.count,
                "unresolved": reason.unresolved,
                "retryable": reason.retryable.value,
                "first_at": moment(reason.first_ms),
                "last_at": moment(reason.last_ms),
                "example": reason.example,
                "policy": reason.policy or None,
            }
            for reason in found
        ]
        output.document("dead-letter-reasons", {"items": rows})
        return
    shown = [
        {
            "id": reason.id,
            "count": f"{reason.count:,}",
            "open": f"{reason.unresolved:,}",
            "topic": reason.topic,
            "group": reason.group or "-",
            "code": reason.error_code,
            "spark": reason.spark,
            "first": moment(reason.first_ms),
            "last": moment(reason.last_ms),
            "policy": reason.policy or "-",
            "message": short(reason.signature),
        }
        for reason in found
    ]
    output.table("dead-letter-reasons", shown, _COLUMNS, empty="No dead letter is unresolved.")
