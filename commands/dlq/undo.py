"""`alphapanda dlq undo`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import RefusedError, UnknownNameError
from commands.shell.context import Context
from commands.shell.options import ConfirmOption, DryRunOption, JsonOption, ReasonOption, YesOption

if TYPE_CHECKING:
    from alphapanda.operations.dead_letters.backlog import DeadLetterBacklog, FailedRecord
    from alphapanda.operations.dead_letters.ledger import Actor, LedgerEntry
    from alphapanda.operations.policy import Confirmation
    from commands.dlq._session import Session


def undo(
    call: typer.Context,
    what: Annotated[str, typer.Argument(metavar="ID|RUN", help="A dead letter's id, or the run that moved it.")],
    reason: ReasonOption = "",
    yes: YesOption = False,
    confirm: ConfirmOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Open again what was discarded, quarantined or only planned. What was sent again cannot be unsent.

    Example: alphapanda dlq undo 4f0c2a
    """
    from alphapanda.operations.policy import Confirmation

    context = Context.of(call, json=json)
    context.run(_run(context, what, Confirmation.given(yes=yes, confirm=confirm, reason=reason), dry_run=dry_run))


async def _run(context: Context, what: str, confirmation: Confirmation, *, dry_run: bool) -> None:
    from alphapanda.operations.audit import current_actor
    from alphapanda.operations.dead_letters.backlog import own_name
    from alphapanda.operations.dead_letters.ledger import Actor, write_entries
    from commands.dlq._acting import permit
    from commands.dlq._session import working
    from commands.dlq._views import count_of

    async with working(context, changing=not dry_run) as session:
        items = await _meant(context, session, what)
        sent_ids = await _sent_after_all(session, items)
        actor = Actor(actor=current_actor(), reason=confirmation.reason.strip() or "undo")
        back = [item for item in items if item.id not in sent_ids and _can_go_back(item)]
        sent = [item for item in items if item.id in sent_ids or item.state.value in {"replayed", "confirmed"}]
        _show(context, back, sent, dry_run=dry_run)
        topic = items[0].newest.place.topic
        if not dry_run and back:
            async with context.audit(session.log).audited("dlq undo", topic, reason=actor.reason) as act:
                name = own_name(topic)
                question = f"Opening {len(back):,} of {topic} again"
                permit(
                    context, "dlq undo", name.source if name else None, question, confirmation, beyond_new=False
                )
                await write_entries(session.log, [_reopened(item, actor, context) for item in back])
                act.details.update({"records": str(len(back)), "what": what})
            context.output.say(f"{count_of(len(back))} open again.")
    if sent:
        raise _unsendable(sent)
    if not back:
        states = ", ".join(sorted({item.state.value for item in items}))
        raise RefusedError(f"There is nothing to undo: {what} is {states}.")


async def _meant(context: Context, session: Session, what: str) -> list[FailedRecord]:
    from alphapanda.operations.dead_letters.backlog import read_backlog
    from alphapanda.operations.dead_letters.selection import find_in
    from commands.dlq._session import own_topics, typed_topic

    topics: Sequence[str] = await own_topics(context, session.log)
    if what.count(":") == 2:
        topics = [await typed_topic(session.log, what.split(":", maxsplit=1)[0])]
    backlog: DeadLetterBacklog = await read_backlog(session.log, topics)
    of_run = [item for item in backlog.items.values() if item.run_id == what]
    if of_run:
        return of_run
    try:
        return [find_in(what, backlog)]
    except UnknownNameError as error:
        raise UnknownNameError(
            "dead letter or run", what, (), hint="All of them: alphapanda dlq history"
        ) from error


async def _sent_after_all(session: Session, items: Sequence[FailedRecord]) -> frozenset[str]:
    """Return those that are planned and that their topic shows to be sent."""
    from alphapanda.operations.dead_letters.plan import ReplayOptions

    planned: dict[str, set[str]] = {}
    for item in items:
        if item.state.value == "planned":
            planned.setdefault(item.newest.place.topic, set()).add(item.id)
    found: set[str] = set()
    for topic, ids in planned.items():
        prepared = await session.service.prepare(topic, _among(ids), ReplayOptions())
        found |= {one.item.id for one in prepared.plan.records if one.assessment.copy is not None}
    return frozenset(found)


def _among(ids: set[str]) -> Callable[[FailedRecord], bool]:
    return lambda item: item.id in ids


def _can_go_back(item: FailedRecord) -> bool:
    return item.state.value in {"discarded", "quarantined", "planned"}


def _reopened(item: FailedRecord, actor: Actor, context: Context) -> LedgerEntry:
    from alphapanda.model.dead_letter import LedgerState, LedgerTrigger
    from alphapanda.operations.dead_letters.execute import released

    now = context.clock.now()
    if item.state is LedgerState.PLANNED:
        return released(item, actor, now)
    return item.step(actor, LedgerTrigger.REOPEN, now)


def _unsendable(sent: Sequence[FailedRecord]) -> RefusedError:
    first = sent[0]
    moved = first.entry.moved if first.entry is not None else None
    where = f" as {moved.sent}" if moved is not None and moved.sent is not None else ""
    processed = sum(item.state.value == "confirmed" for item in sent)
    others = f" and {len(sent) - 1:,} more were" if len(sent) > 1 else " was"
    return RefusedError(
        f"{first.id}{others} sent again{where}: a record that was written cannot be unsent,"
        f" and {processed:,} of {len(sent):,} were already processed.",
        hint="To undo what they did, act on it: alphapanda positions, alphapanda halt BROKER.",
    )


def _show(context: Context, back: Sequence[FailedRecord], sent: Sequence[FailedRecord], *, dry_run: bool) -> None:
    from commands.dlq._views import raw

    if context.output.as_json:
        body = {
            "dry_run": dry_run,
            "opened": [raw(item) for item in back],
            "cannot_be_unsent": [raw(item) for item in sent],
        }
        context.output.document("dlq-undo", body)
