"""`alphapanda dlq history`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from alphapanda.errors import UnknownNameError
from alphapanda.operations.dead_letters.ledger import LedgerEntry
from alphapanda.operations.dead_letters.set_aside import is_topic
from commands.dlq._session import reading
from commands.dlq._views import state_style
from commands.shell.context import Context
from commands.shell.options import JsonOption, LimitOption
from commands.shell.output import Column

_COLUMNS = (
    Column("at", "TIME (IST)"),
    Column("short_id", "ID"),
    Column("state", "STATE", style=state_style),
    Column("topic", "TOPIC"),
    Column("actor", "BY"),
    Column("run_id", "RUN"),
    Column("note", "REASON"),
)


def history(
    call: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(metavar="[TOPIC|ID|RUN]", help="A topic, a dead letter's id or a run. Default: all."),
    ] = None,
    limit: LimitOption = 100,
    json: JsonOption = False,
) -> None:
    """Show the history of dead letters: each step with its actor and reason; the newest steps, oldest first.

    Example: alphapanda dlq history paper.orders.filled
    """
    context = Context.of(call, json=json)
    context.run(_show(context, what, limit))


async def _show(context: Context, what: str | None, limit: int) -> None:
    async with reading(context) as reader:
        entries = (await reader.read(())).entries
    steps = [step for entry in entries.values() for step in _steps(entry)]
    if what is not None:
        known = {value for step in steps for value in (str(step["topic"]), str(step["target"]))}
        if is_topic(what) and what not in known and not any(step["run_id"] == what for step in steps):
            raise UnknownNameError("topic or run in the ledger", what, known)
        steps = [step for step in steps if _is_of(step, what)]
    steps.sort(key=lambda step: (str(step["at"]), str(step["id"])))
    context.output.table("dlq-history", steps[-limit:], _COLUMNS, empty="Nothing was done with any dead letter.")


def _is_of(step: Mapping[str, object], what: str) -> bool:
    return what in {step["topic"], step["target"], step["run_id"], step["place"]} or (
        len(what) >= 4 and str(step["id"]).startswith(what)
    )


def _steps(entry: LedgerEntry) -> list[Mapping[str, object]]:
    moved = entry.moved
    return [
        {
            "at": step.at,
            "id": moved.dead_letter_id,
            "short_id": moved.dead_letter_id[:12],
            "state": step.state.value,
            "topic": moved.record.topic,
            "target": moved.target,
            "place": str(moved.record),
            "sent": str(moved.sent) if moved.sent is not None else None,
            "edited_fields": list(moved.edited_fields),
            "actor": step.actor,
            "run_id": step.run_id or None,
            "reason": step.reason,
            "note": step.reason or None,
        }
        for step in moved.trail
    ]
