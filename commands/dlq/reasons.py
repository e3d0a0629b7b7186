"""`alphapanda dlq reasons`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.policy import load_policy
from alphapanda.operations.dead_letters.selection import reasons_of
from alphapanda.operations.dead_letters.summary import short
from commands.dlq._options import FilterOptions, OptionalTopic, with_option_groups
from commands.dlq._session import reading
from commands.dlq._views import moment
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column

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


@with_option_groups
def reasons(
    call: typer.Context,
    chosen: FilterOptions,
    topic: OptionalTopic = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Include settled dead letters.")] = False,
    json: JsonOption = False,
) -> None:
    """Group dead letters by the reason of their failure; ids, numbers and times in messages are ignored.

    REASON names a group: `alphapanda dlq replay TOPIC --reason-id REASON` sends it again. POLICY is the verdict
    of dlq-policy.toml.

    Example: alphapanda dlq reasons paper.signals.raw
    """
    context = Context.of(call, json=json)
    context.run(_show(context, topic, chosen.filter(context).matches, everything=everything))


async def _show(
    context: Context, typed: str | None, matches: Callable[[FailedRecord], bool], *, everything: bool
) -> None:
    async with reading(context) as reader:
        topics = await reader.own_topics() if typed is None else (await reader.resolve(typed),)
        backlog = await reader.read(topics)
    items = [
        item
        for item in backlog.items.values()
        if matches(item) and (everything or item.state.value not in {"confirmed", "discarded"})
    ]
    found = reasons_of(items, load_policy(context.deployment.root, context.clock.now()).said_of)
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
