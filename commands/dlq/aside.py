"""`alphapanda dlq discard`, `dlq quarantine` and `dlq undo`: steps in the ledger; no record is sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from alphapanda.errors import RefusedError, UsageError
from alphapanda.model.dead_letter import LedgerState, LedgerTrigger
from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.set_aside import PAST, SetAside, UndoDeadLetters
from commands.dlq._options import ActOptions, FilterOptions, WhatArgument, with_option_groups
from commands.dlq._session import working
from commands.dlq._views import RECORD_COLUMNS, count_of, raw, shown
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.prompts import permit_with

FIRST = 20
"""Dead letters that are shown one by one."""


def _verb(trigger: LedgerTrigger, does: str) -> Callable[..., None]:
    def set_aside(
        call: typer.Context,
        what: WhatArgument,
        chosen: FilterOptions,
        act: ActOptions,
        verdict: Annotated[
            str,
            typer.Option(
                "--verdict",
                metavar="VERDICT",
                help="Only this verdict: stale, already-processed, in-doubt or new.",
            ),
        ] = "",
        json: JsonOption = False,
    ) -> None:
        context = Context.of(call, json=json)
        if not act.reason.strip() and not act.dry_run:
            raise UsageError(f"{trigger.value.capitalize()} needs a reason.", hint='Add --reason "…"; it is kept.')
        context.run(_set_aside(context, what, verdict, chosen, act, trigger))

    example = f"""alphapanda dlq {trigger.value} paper.signals.raw --verdict stale --reason "yesterday's\""""
    set_aside.__doc__ = f"{does}\n\nExample: {example}"
    return with_option_groups(set_aside)


discard = _verb(
    LedgerTrigger.DISCARD, "Discard dead letters: they are not replayed, and no longer counted as open."
)
quarantine = _verb(LedgerTrigger.QUARANTINE, "Quarantine dead letters: no replay sends them until `dlq undo`.")


async def _set_aside(
    context: Context, what: str, verdict: str, chosen: FilterOptions, act: ActOptions, trigger: LedgerTrigger
) -> None:
    output, confirmation = context.output, act.confirmation
    choose = chosen.filter(context).matches
    async with working(context, changing=not act.dry_run) as service:
        prepared = await SetAside(service, trigger).prepare(what, choose, verdict=verdict)
        items = prepared.items
        if output.as_json:
            body = {"dry_run": act.dry_run, "items": [raw(item) for item in items]}
            output.document(f"dlq-{trigger.value}", body)
        elif items:
            output.lines(output.render([shown(item) for item in items[:FIRST]], RECORD_COLUMNS))
            if len(items) > FIRST:
                output.say(f"and {len(items) - FIRST:,} more.")
        if not items:
            output.say("No dead letter matches.")
        if not items or act.dry_run:
            return
        with service.lock(prepared.topic):
            done = await prepared.execute(permit_with(context, confirmation), confirmation.reason)
    output.say(
        f"{count_of(done.count)} {PAST[trigger]}, and kept in {prepared.topic} until its retention ends."
        f" Undo: alphapanda dlq undo {done.run_id}"
    )


@with_option_groups
def undo(
    call: typer.Context,
    what: Annotated[str, typer.Argument(metavar="ID|RUN", help="A dead letter's id, or the run that moved it.")],
    act: ActOptions,
    json: JsonOption = False,
) -> None:
    """Open discarded, quarantined or planned dead letters again. Records that were sent cannot be unsent.

    Example: alphapanda dlq undo 4f0c2a
    """
    context = Context.of(call, json=json)
    context.run(_undo(context, what, act))


async def _undo(context: Context, what: str, act: ActOptions) -> None:
    async with working(context, changing=not act.dry_run) as service:
        prepared = await UndoDeadLetters(service).prepare(what)
        if context.output.as_json:
            body = {
                "dry_run": act.dry_run,
                "opened": [raw(item) for item in prepared.reopened],
                "cannot_be_unsent": [raw(item) for item in prepared.sent],
            }
            context.output.document("dlq-undo", body)
        if prepared.reopened and not act.dry_run:
            permit = permit_with(context, act.confirmation, unasked_off_terminal=True)
            await prepared.execute(permit, act.confirmation.reason)
            context.output.say(f"{count_of(len(prepared.reopened))} open again.")
    if prepared.sent:
        raise _cannot_unsend(prepared.sent)
    if not prepared.reopened:
        states = ", ".join(sorted({item.state.value for item in prepared.items}))
        raise RefusedError(f"Nothing to undo: {what} is {states}.")


def _cannot_unsend(sent: Sequence[FailedRecord]) -> RefusedError:
    first = sent[0]
    moved = first.entry.moved if first.entry is not None else None
    where = f" as {moved.sent}" if moved is not None and moved.sent is not None else ""
    processed = sum(item.state is LedgerState.CONFIRMED for item in sent)
    others = f" and {len(sent) - 1:,} more were" if len(sent) > 1 else " was"
    return RefusedError(
        f"{first.id}{others} sent again{where}: a record that was written cannot be unsent,"
        f" and {processed:,} of {len(sent):,} were already processed.",
        hint="To undo what they did, act on it: alphapanda positions, alphapanda halt BROKER.",
    )
