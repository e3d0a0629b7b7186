"""Control actions on the seeded market: the real stages obey, over the log in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from alphapanda.clock import Clock
from alphapanda.ids import SYSTEM, BrokerId, EventId, generate_event_id
from alphapanda.model.control import EVERYTHING, Command, ControlCommand, ControlEvent, Scope
from alphapanda.model.dead_letter import DeadLetterMoved, LedgerState
from alphapanda.model.envelope import EventEnvelope, trace_id_of
from alphapanda.model.kinds import EventType
from alphapanda.operations.dead_letters.record import DeadLetter, read_dead_letter
from alphapanda.operations.dead_letters.summary import PlanLine, short
from alphapanda.operations.policy import ACTS, Confirmation, Missing, Target, decide
from alphapanda.serialization.codec import encode
from alphapanda.settings.sections import SafetySettings
from alphapanda.testing.seeded_market import BROKERS, SeededMarket
from topics.dead_letter_families import source_name_of
from topics.services import LEDGER
from tui.sources.control import (
    ActionProgress,
    ActionResult,
    Disposition,
    Ending,
    PreparedAction,
    Preview,
    Selection,
    Tell,
)
from tui.store.dead_letters import NO_CODE, NO_GROUP
from tui.theme.formatter import to_ms

ACTOR: Final = "operator"
MOST: Final = 1_000
PAUSE_S: Final = 0.6
"""What a command takes in the real world, about."""
DONE: Final = {
    Disposition.REPLAY: "discarded",
    Disposition.DISCARD: "discarded",
    Disposition.QUARANTINE: "quarantined",
}


class SeededControl:
    """What `tui.sources.control` asks for, in memory.

    Args:
        market: whose log.
        clock: the time.
        restarted: names of restarted daemons are added to it.
        still: whether nothing takes time.
    """

    def __init__(self, market: SeededMarket, clock: Clock, restarted: list[str], *, still: bool = False) -> None:
        self._market = market
        self._clock = clock
        self._restarted = restarted
        self._pause_s = 0.0 if still else PAUSE_S
        self._aside: set[str] = set()

    def missing(self, act: str, name: str, broker: str) -> tuple[Missing, ...]:
        """Demand what a deployment with these brokers demands while the exchange is closed."""
        target = Target(name, broker, dict(BROKERS).get(broker))
        return decide(ACTS[act], SafetySettings(), "demo", target, Confirmation(), exchange_open=False)

    async def halt(self, broker: str, confirmation: Confirmation) -> ActionResult:
        """Halt."""
        return await self._change(Command.HALT, broker, confirmation.reason)

    async def reduce(self, broker: str, confirmation: Confirmation) -> ActionResult:
        """Reduce."""
        return await self._change(Command.REDUCE, broker, confirmation.reason)

    async def resume(self, broker: str, confirmation: Confirmation) -> ActionResult:
        """Resume."""
        return await self._change(Command.RESUME, broker, confirmation.reason)

    async def cancel(self, broker: str, scope: Scope, confirmation: Confirmation) -> ActionResult:
        """Cancel."""
        obeyed = await self._order(Command.CANCEL, broker, confirmation.reason, scope)
        count = sum(event.done.cancelled for event in obeyed if event.done is not None)
        return ActionResult(f"{broker}: {count} order{'' if count == 1 else 's'} cancelled.")

    async def flatten(self, broker: str, scope: Scope, confirmation: Confirmation) -> ActionResult:
        """Reduce, cancel, and order the exits; the market fills them as it goes on."""
        if scope.is_everything:
            await self._order(Command.REDUCE, broker, confirmation.reason)
        await self._order(Command.CANCEL, broker, confirmation.reason, scope)
        obeyed = await self._order(Command.FLATTEN, broker, confirmation.reason, scope)
        exits = sum(event.done.exits for event in obeyed if event.done is not None)
        if not exits:
            return ActionResult(f"Nothing of {broker} was to be closed ({scope}).", ending=Ending.PARTLY)
        return ActionResult(f"{broker}: {exits} exit{'' if exits == 1 else 's'} sent ({scope}).")

    async def restart(self, daemon: str, confirmation: Confirmation) -> ActionResult:
        """Restart."""
        del confirmation
        await asyncio.sleep(self._pause_s)
        self._restarted.append(daemon)
        return ActionResult(f"{daemon} was restarted and is ready.")

    @asynccontextmanager
    async def prepare(self, letters: Selection, disposition: Disposition) -> AsyncIterator[PreparedAction]:
        """Look dead letters through: all that the seeded market has are of market data."""
        await asyncio.sleep(self._pause_s)
        log_access = self._market.log_access
        mine = [partition for partition in await log_access.partitions() if partition.topic == letters.topic]
        found = [
            letter
            for letter in (read_dead_letter(record) for each in mine for record in log_access.held(each, 0, MOST))
            if letter.id not in self._aside and _is_meant(letter, letters)
        ]
        yield SeededAction(self, letters, disposition, tuple(found))

    def put_aside(self, letter: DeadLetter, disposition: Disposition, reason: str, run_id: EventId) -> None:
        """Write to the ledger what became of a dead letter."""
        now = self._clock.now()
        state = LedgerState.QUARANTINED if disposition is Disposition.QUARANTINE else LedgerState.DISCARDED
        moved = DeadLetterMoved(
            dead_letter_id=letter.id,
            state=state,
            record=letter.place,
            target=source_name_of(letter.place.topic),
            group=letter.group,
            actor=ACTOR,
            reason=reason,
            run_id=run_id,
        )
        event_id = generate_event_id()
        envelope = EventEnvelope(
            id=event_id,
            type=EventType.DEAD_LETTER_MOVED,
            ts=now,
            key=letter.id,
            source="dlq",
            broker=SYSTEM,
            correlation_id=run_id,
            trace_id=trace_id_of(event_id),
            data=moved,
        )
        self._aside.add(letter.id)
        self._market.log_access.write(LEDGER, 0, to_ms(now), letter.id.encode(), encode(envelope))

    async def pause(self) -> None:
        """Take as long as the real world does, about."""
        await asyncio.sleep(self._pause_s)

    async def _change(self, command: Command, broker: str, reason: str) -> ActionResult:
        obeyed = await self._order(command, broker, reason)
        services = " and ".join(event.service for event in obeyed)
        return ActionResult(f"{broker} is {command.leads_to}: {services} obeyed.")

    async def _order(
        self, command: Command, broker: str, reason: str, scope: Scope = EVERYTHING
    ) -> list[ControlEvent]:
        await self.pause()
        order = ControlCommand(command=command, broker=BrokerId(broker), actor=ACTOR, reason=reason, scope=scope)
        return self._market.command(order, self._clock.now())


def _is_meant(letter: DeadLetter, letters: Selection) -> bool:
    if letters.id:
        return letter.id == letters.id
    return (letter.failure.error_code or NO_CODE, letter.group or NO_GROUP) == (letters.code, letters.group)


@dataclass(frozen=True, slots=True)
class SeededAction:
    """What can be done with dead letters of market data: it is too old to be sent again.

    Attributes:
        control: whose.
        letters: which were asked for.
        disposition: what was asked for.
        found: those that are open.
    """

    control: SeededControl
    letters: Selection
    disposition: Disposition
    found: tuple[DeadLetter, ...]

    @property
    def preview(self) -> Preview:
        """What it will do."""
        target = source_name_of(self.letters.topic)
        count, said = len(self.found), DONE[self.disposition]
        why = "market data is not sent again"
        lines = (PlanLine(count, "new", said, self.letters.group, self.letters.code, why),) if count else ()
        return Preview(
            topic=self.letters.topic,
            target=target,
            lines=lines,
            touched=count,
            first=tuple(_line(letter) for letter in self.found[:3]),
        )

    async def carry_out(self, reason: str, tell: Tell, stop: asyncio.Event) -> ActionResult:
        """Write each to the ledger."""
        run_id = generate_event_id()
        for done, letter in enumerate(self.found):
            if stop.is_set():
                return ActionResult(f"Stopped after {done} of {len(self.found)}.", ending=Ending.STOPPED)
            tell(ActionProgress(f"{done} {DONE[self.disposition]}", done, len(self.found)))
            self.control.put_aside(letter, self.disposition, reason, run_id)
            await self.control.pause()
        return ActionResult(f"{len(self.found)} of {self.letters.topic} {DONE[self.disposition]}.")


def _line(letter: DeadLetter) -> str:
    return f"{letter.place.partition}:{letter.place.offset}  {letter.id[:12]}  {short(letter.failure.message, 60)}"
