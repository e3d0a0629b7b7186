"""How dead letters are set aside: choosing them and writing one step for each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from alphapanda.errors import RefusedError, UnknownNameError, UsageError
from commands.shell.context import Context

if TYPE_CHECKING:
    from alphapanda.model.dead_letter import LedgerState, LedgerTrigger
    from alphapanda.operations.dead_letters.backlog import FailedRecord
    from alphapanda.operations.dead_letters.selection import DeadLetterFilter
    from alphapanda.operations.policy import Confirmation
    from commands.dlq._session import Session


async def set_aside(
    context: Context,
    what: str,
    selection: DeadLetterFilter,
    trigger: LedgerTrigger,
    *,
    verdict: str,
    confirmation: Confirmation,
    dry_run: bool,
) -> None:
    """Take the chosen dead letters one step: discarded or quarantined; raises RefusedError, UsageError."""
    from alphapanda.ids import generate_event_id
    from alphapanda.model.dead_letter import LEDGER_TRANSITIONS, LedgerState
    from alphapanda.operations.audit import current_actor
    from alphapanda.operations.dead_letters.backlog import own_name
    from alphapanda.operations.dead_letters.ledger import Actor, write_entries
    from commands.dlq._acting import alone, permit
    from commands.dlq._session import is_topic, working
    from commands.dlq._views import count_of

    if not confirmation.reason.strip() and not dry_run:
        raise UsageError(f"{trigger.value.capitalize()} needs a reason.", hint='Add --reason "…"; it is kept.')
    async with working(context, changing=not dry_run) as session:
        topic, items = await _chosen(context, session, what, selection, verdict)
        able = frozenset(state for state, step in LEDGER_TRANSITIONS if step is trigger)
        named = not is_topic(what)
        if named and items and items[0].state not in able:
            raise _cannot(items[0], trigger)
        unresolved = {LedgerState.OPEN, LedgerState.RETURNED}
        items = [item for item in items if item.state in (able if named else unresolved)]
        _show(context, items, dry_run=dry_run, trigger=trigger)
        if not items or dry_run:
            return
        run_id = generate_event_id()
        name = own_name(topic)
        with alone(context, topic):
            async with context.audit(session.log).audited(
                f"dlq {trigger.value}", topic, reason=confirmation.reason, run_id=run_id
            ) as act:
                question = f"{trigger.value.capitalize()}ing {len(items):,} of {topic}"
                permit(context, f"dlq {trigger.value}", name.source if name else None, question, confirmation)
                actor = Actor(actor=current_actor(), reason=confirmation.reason.strip(), run_id=run_id)
                now = context.clock.now()
                await write_entries(session.log, [item.step(actor, trigger, now) for item in items])
                act.details.update({"records": str(len(items)), "run_id": run_id})
    context.output.say(
        f"{count_of(len(items))} {_done(trigger)}, and kept in {topic} until its retention ends."
        f" Undo: alphapanda dlq undo {run_id}"
    )


async def _chosen(
    context: Context, session: Session, what: str, selection: DeadLetterFilter, verdict: str
) -> tuple[str, list[FailedRecord]]:
    from alphapanda.operations.dead_letters.backlog import read_backlog
    from alphapanda.operations.dead_letters.classification import Classification
    from alphapanda.operations.dead_letters.plan import ReplayOptions
    from commands.dlq._session import find, is_topic, typed_topic

    if verdict and verdict not in set(Classification):
        raise UnknownNameError("verdict", verdict, set(Classification))
    if is_topic(what):
        topic = await typed_topic(session.log, what)
    else:
        item, _ = await find(context, session.log, what)
        topic, selection = item.newest.place.topic, replace(selection, ids=frozenset({item.id}))
    if verdict:
        prepared = await session.service.prepare(topic, selection.takes, ReplayOptions())
        return topic, [one.item for one in prepared.plan.records if one.assessment.verdict.value == verdict]
    backlog = await read_backlog(session.log, [topic], session.service.view)
    return topic, [item for item in backlog.items.values() if selection.takes(item)]


def _cannot(item: FailedRecord, trigger: LedgerTrigger) -> RefusedError:
    state: LedgerState = item.state
    hint = f"alphapanda dlq show {item.id[:12]}"
    if state.is_under_way:
        hint = f"Run {item.run_id} has it: alphapanda dlq replay {item.target} goes on with that."
    return RefusedError(f"{item.id} is {state.value}: it cannot be {_done(trigger)}.", hint=hint)


def _done(trigger: LedgerTrigger) -> str:
    return {"discard": "discarded", "quarantine": "quarantined"}[trigger.value]


def _show(context: Context, items: list[FailedRecord], *, dry_run: bool, trigger: LedgerTrigger) -> None:
    from commands.dlq._views import RECORD_COLUMNS, raw, shown

    output = context.output
    if output.as_json:
        body = {"dry_run": dry_run, "items": [raw(item) for item in items]}
        output.document(f"dlq-{trigger.value}", body)
    elif items:
        output.lines(output.render([shown(item) for item in items[:20]], RECORD_COLUMNS))
        if len(items) > 20:
            output.say(f"and {len(items) - 20:,} more.")
    if not items:
        output.say("No dead letter fits.")
