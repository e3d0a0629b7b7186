"""Discarding and quarantining dead letters, and opening them again: steps in the ledger; no record is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from alphapanda.errors import RefusedError, UnknownNameError
from alphapanda.ids import EventId, generate_event_id
from alphapanda.model.dead_letter import LEDGER_TRANSITIONS, LedgerState, LedgerTrigger
from alphapanda.operations.audit import current_actor
from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.classification import Classification
from alphapanda.operations.dead_letters.execute import released
from alphapanda.operations.dead_letters.ledger import Actor, LedgerEntry, write_entries
from alphapanda.operations.dead_letters.plan import ReplayOptions
from alphapanda.operations.dead_letters.selection import find_in
from alphapanda.operations.dead_letters.service import DeadLetterService
from alphapanda.operations.policy import Permit

PAST = {LedgerTrigger.DISCARD: "discarded", LedgerTrigger.QUARANTINE: "quarantined"}
"""Of the steps that set aside."""
SENT = frozenset({LedgerState.REPLAYED, LedgerState.CONFIRMED})
UNDOABLE = frozenset({LedgerState.DISCARDED, LedgerState.QUARANTINED, LedgerState.PLANNED})


def is_topic(typed: str) -> bool:
    """Return whether text is a topic's name: a dead letter's id has no dots, its place has colons."""
    return ("." in typed or "-" in typed) and ":" not in typed


@dataclass(frozen=True, slots=True)
class SetAsideResult:
    """What was set aside.

    Attributes:
        count: how many dead letters.
        run_id: names them for `dlq undo`.
    """

    count: int
    run_id: EventId


@dataclass(frozen=True, slots=True)
class PreparedSetAside:
    """Dead letters to set aside, waiting for a confirmation.

    Attributes:
        service: the surroundings.
        trigger: discard or quarantine.
        topic: the dead-letter topic.
        items: the dead letters.
        states: those in which they can be set aside.
    """

    service: DeadLetterService
    trigger: LedgerTrigger
    topic: str
    items: Sequence[FailedRecord]
    states: frozenset[LedgerState]

    async def execute(self, permit: Permit, reason: str) -> SetAsideResult:
        """Set aside those that are still in one of the states; the caller holds the topic's lock.

        Raises:
            RefusedError: the policy does not permit it.
        """
        service, run_id = self.service, generate_event_id()
        act_name = f"dlq {self.trigger.value}"
        async with service.audit.audited(act_name, self.topic, reason=reason, run_id=run_id) as act:
            question = f"{self.trigger.value.capitalize()} {len(self.items):,} of {self.topic}"
            permit(act_name, service.policy_target(self.topic), question)
            shown, now = {item.id for item in self.items}, service.clock.now()
            actor = Actor(actor=current_actor(), reason=reason, run_id=run_id)
            entries = [
                item.step(actor, self.trigger, now)
                for item in (await service.read([self.topic])).items.values()
                if item.id in shown and item.state in self.states
            ]
            await write_entries(service.log, entries)
            act.details.update({"records": str(len(entries)), "run_id": run_id})
        return SetAsideResult(len(entries), run_id)


class SetAside:
    """Discards or quarantines dead letters.

    Args:
        service: the surroundings.
        trigger: which of the two.
    """

    def __init__(self, service: DeadLetterService, trigger: LedgerTrigger) -> None:
        self._service = service
        self._trigger = trigger

    async def prepare(
        self, typed: str, choose: Callable[[FailedRecord], bool], *, verdict: str = ""
    ) -> PreparedSetAside:
        """Find the dead letters; changes nothing.

        Args:
            typed: a topic, its dead-letter topic, or one dead letter.
            choose: which of the topic's.
            verdict: only those with this verdict; empty for all.

        Raises:
            UnknownNameError: a topic, dead letter or verdict does not exist.
            RefusedError: the dead letter that was named cannot be set aside.
        """
        service = self._service
        if verdict and verdict not in set(Classification):
            raise UnknownNameError("verdict", verdict, set(Classification))
        able = frozenset(state for state, step in LEDGER_TRANSITIONS if step is self._trigger)
        if is_topic(typed):
            topic, states = await service.resolve(typed), frozenset({LedgerState.OPEN, LedgerState.RETURNED})
            items = await self._chosen(topic, choose, verdict)
        else:
            named, states = await service.find(typed), able
            topic = named.newest.place.topic
            items = await self._chosen(topic, lambda item: item.id == named.id and choose(item), verdict)
            if items and items[0].state not in able:
                raise self._cannot(items[0])
        return PreparedSetAside(
            service, self._trigger, topic, [item for item in items if item.state in states], states
        )

    async def _chosen(
        self, topic: str, choose: Callable[[FailedRecord], bool], verdict: str
    ) -> list[FailedRecord]:
        if verdict:
            records = (await self._service.plan(topic, choose, ReplayOptions())).plan.records
            return [one.item for one in records if one.assessment.verdict.value == verdict]
        return [item for item in (await self._service.read([topic])).items.values() if choose(item)]

    def _cannot(self, item: FailedRecord) -> RefusedError:
        hint = f"alphapanda dlq show {item.id[:12]}"
        if item.state.is_under_way:
            hint = f"Run {item.run_id} has it; resume that run: alphapanda dlq replay {item.target}"
        return RefusedError(f"{item.id} is {item.state.value}: it cannot be {PAST[self._trigger]}.", hint=hint)


@dataclass(frozen=True, slots=True)
class PreparedUndo:
    """Dead letters to open again.

    Attributes:
        service: the surroundings.
        typed: the dead letter or run that was named.
        items: everything that it names.
        reopened: those that can be opened again.
        sent: those that were sent, and cannot be unsent.
    """

    service: DeadLetterService
    typed: str
    items: Sequence[FailedRecord]
    reopened: Sequence[FailedRecord]
    sent: Sequence[FailedRecord]

    async def execute(self, permit: Permit, reason: str) -> None:
        """Open them again; raises RefusedError where the policy does not permit it."""
        service, topic = self.service, self.items[0].newest.place.topic
        actor = Actor(actor=current_actor(), reason=reason or "undo")
        async with service.audit.audited("dlq undo", topic, reason=actor.reason) as act:
            permit("dlq undo", service.policy_target(topic), f"Open {len(self.reopened):,} of {topic} again")
            await write_entries(service.log, [self._entry(item, actor) for item in self.reopened])
            act.details.update({"records": str(len(self.reopened)), "what": self.typed})

    def _entry(self, item: FailedRecord, actor: Actor) -> LedgerEntry:
        now = self.service.clock.now()
        if item.state is LedgerState.PLANNED:
            return released(item, actor, now)
        return item.step(actor, LedgerTrigger.REOPEN, now)


class UndoDeadLetters:
    """Opens again what was discarded, quarantined or only planned.

    Args:
        service: the surroundings.
    """

    def __init__(self, service: DeadLetterService) -> None:
        self._service = service

    async def prepare(self, typed: str) -> PreparedUndo:
        """Find the dead letters of an id, a place or a run; raises UnknownNameError, UsageError."""
        items = await self._named(typed)
        sent_ids = await self._found_sent(items)
        return PreparedUndo(
            self._service,
            typed,
            items,
            [item for item in items if item.id not in sent_ids and item.state in UNDOABLE],
            [item for item in items if item.id in sent_ids or item.state in SENT],
        )

    async def _named(self, typed: str) -> list[FailedRecord]:
        backlog = await self._service.read_around(typed)
        if of_run := [item for item in backlog.items.values() if item.run_id == typed]:
            return of_run
        try:
            return [find_in(typed, backlog)]
        except UnknownNameError as error:
            hint = "All of them: alphapanda dlq history"
            raise UnknownNameError("dead letter or run", typed, (), hint=hint) from error

    async def _found_sent(self, items: Collection[FailedRecord]) -> frozenset[str]:
        """Return those that are planned, and that are in their target topic all the same."""
        planned = {item.id: item.newest.place.topic for item in items if item.state is LedgerState.PLANNED}
        found: set[str] = set()
        for topic in set(planned.values()):
            prepared = await self._service.plan(topic, lambda item: item.id in planned, ReplayOptions())
            found |= {one.item.id for one in prepared.plan.records if one.assessment.copy is not None}
        return frozenset(found)
