"""A replay run: the plan into the ledger, one canary, the rest at a rate, each watched until it settles.

Each record is planned in the ledger before it is sent, and replayed afterwards. After a kill between the two the
next run finds the sent record in the target topic by its `ap-replay-of` header.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alphapanda.clock import Clock
from alphapanda.kafka.client import KafkaLog
from alphapanda.model.dead_letter import LedgerState, LedgerTrigger
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Outgoing
from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.ledger import Actor, LedgerEntry, write_entries
from alphapanda.operations.dead_letters.plan import PlannedAction, PlannedRecord, ReplayPlan
from alphapanda.operations.dead_letters.republish import RecordEdit, ResendOptions, resend
from alphapanda.operations.dead_letters.watch import ReplayWatch, SentRecord, WatchResult
from alphapanda.waits import first_of

BATCH = 1_000
BETWEEN_LOOKS_S = 0.1
UNTHROTTLED_LOOKS_S = 0.5
"""While records are sent as fast as it goes: each look takes time that they would have."""


_AUDITED = ("sent", "confirmed", "returned", "waiting", "released", "discarded", "quarantined", "unsent")


@dataclass(frozen=True, slots=True)
class ReplayPace:
    """How fast, and when to stop.

    Attributes:
        rate: records a second; None is as fast as it goes.
        canary: send one and wait for it before the rest.
        patience_s: how long nothing may settle before waiting ends.
        max_returned: stop sending when so many came back; the canary alone is enough.
    """

    rate: float | None = None
    canary: bool = True
    patience_s: float = 30.0
    max_returned: int = 10


@dataclass(slots=True)
class ReplayReport:
    """What a run has done so far.

    Attributes:
        sent: records written to the target.
        confirmed: of those, and of those sent before, processed.
        returned: came back.
        released: given up unsent: open again.
        discarded: set aside for good.
        quarantined: put aside.
        waiting: sent, and not settled when the run ended.
        unsent: left planned by an interrupt: the next run goes on with them.
        breaker: why sending stopped; empty when it did not.
        interrupted: whether somebody stopped it.
        send_seconds: how long sending took, without the canary.
    """

    sent: int = 0
    confirmed: int = 0
    returned: int = 0
    released: int = 0
    discarded: int = 0
    quarantined: int = 0
    waiting: int = 0
    unsent: int = 0
    breaker: str = ""
    interrupted: bool = False
    send_seconds: float = 0.0

    @property
    def words(self) -> str:
        """What was done, in one line."""
        parts = [
            f"{count:,} {name}"
            for name, count in (
                ("sent", self.sent),
                ("confirmed", self.confirmed),
                ("came back", self.returned),
                ("not yet processed", self.waiting),
                ("discarded", self.discarded),
                ("quarantined", self.quarantined),
                ("released", self.released),
                ("left for the next run", self.unsent),
            )
            if count or name in {"sent", "confirmed"}
        ]
        return f"{', '.join(parts)}."

    def details(self, run_id: str) -> dict[str, str]:
        """Return the counts for the audit."""
        counts = {name: getattr(self, name) for name in _AUDITED}
        details = {"run_id": run_id} | {name: str(count) for name, count in counts.items() if count}
        return details | ({"breaker": self.breaker} if self.breaker else {})


def ignore_progress(_report: ReplayReport) -> None:
    """Let progress pass without a word."""


@dataclass(frozen=True, slots=True)
class RunControl:
    """The operator's hold on a run.

    Attributes:
        stop: ends it after the batch in hand; what was not sent stays planned.
        on_progress: told whenever something changed.
    """

    stop: asyncio.Event
    on_progress: Callable[[ReplayReport], None] = ignore_progress


@dataclass(slots=True)
class ReplayRun:
    """Carries out one plan.

    Attributes:
        log: where to.
        watch: over the dead-letter topic, from where the plan's reading stopped.
        clock: the time.
        plan: what to do.
        actor: who does it.
        pace: how fast.
        group: addressed where a dead letter names none.
        edits: dead letter's id → what to send instead of its value.
        on_progress: told whenever something changed.
        report: what was done.
    """

    log: KafkaLog
    watch: ReplayWatch
    clock: Clock
    plan: ReplayPlan
    actor: Actor
    pace: ReplayPace
    group: str = ""
    edits: Mapping[str, RecordEdit] = field(default_factory=dict)
    on_progress: Callable[[ReplayReport], None] = ignore_progress
    report: ReplayReport = field(default_factory=ReplayReport)
    _planned: dict[str, LedgerEntry] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _is_unthrottled: bool = False

    async def run(self, stop: asyncio.Event) -> ReplayReport:
        """Carry it out; `stop` ends it after the current batch, and unsent records stay planned."""
        await self._write_unsent()
        queue = deque(self.plan.doing(PlannedAction.SEND))
        await self._write_plan(queue)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._keep_watching())
            try:
                if queue and self.pace.canary:
                    await self._try_canary(queue.popleft(), stop)
                await self._send_all(queue, stop)
                await self._until(lambda: not self.watch.waiting, stop)
            finally:
                watching.cancel()
        self.report.interrupted = stop.is_set()
        if self.report.interrupted:
            self.report.unsent = len(queue)
        else:
            await self._release(queue)
        self.report.waiting = len(self.watch.waiting)
        return self.report

    # ------------------------------------------------------------------ the books
    async def _write_unsent(self) -> None:
        """Write the ledger entries of records that are not sent: found processed, set aside, released."""
        now = self.clock.now()
        entries: list[LedgerEntry] = []
        for planned in self.plan.records:
            item, copy = planned.item, planned.assessment.copy
            if planned.action in {PlannedAction.WATCH, PlannedAction.SETTLE} and copy is not None:
                entry = self._as_sent(item, copy.at)
                if planned.action is PlannedAction.SETTLE:
                    entry = self.actor.moved(entry, LedgerTrigger.CONFIRM, now)
                    self.report.confirmed += 1
                else:
                    group = copy.addressee or self._group_of(item)
                    self.watch.add(SentRecord(entry, item.newest, copy.at, group))
                entries.append(entry)
            elif planned.action in {PlannedAction.DISCARD, PlannedAction.QUARANTINE}:
                entries.append(self._put_aside(planned))
            elif planned.action is PlannedAction.HOLD and item.state is LedgerState.PLANNED:
                entries.append(released(item, self.actor, now))
                self.report.released += 1
        await write_entries(self.log, entries)
        self.on_progress(self.report)

    def _as_sent(self, item: FailedRecord, at: LogPosition) -> LedgerEntry:
        """Return the entry of a record that the target topic shows to be sent."""
        now = self.clock.now()
        if item.entry is not None and item.state is LedgerState.REPLAYED:
            return item.entry
        planned = item.entry
        if planned is None or item.state is not LedgerState.PLANNED:
            planned = item.step(self.actor, LedgerTrigger.PLAN, now, replays=item.replays + 1)
        return self.actor.moved(planned, LedgerTrigger.SEND, now, sent=at)

    def _put_aside(self, planned: PlannedRecord) -> LedgerEntry:
        item, now = planned.item, self.clock.now()
        because = with_reason(self.actor, planned.why)
        trigger = LedgerTrigger.DISCARD
        if planned.action is PlannedAction.QUARANTINE:
            trigger = LedgerTrigger.QUARANTINE
            self.report.quarantined += 1
        else:
            self.report.discarded += 1
        if item.state is LedgerState.PLANNED:
            return because.moved(released(item, self.actor, now), trigger, now)
        return item.step(because, trigger, now)

    async def _write_plan(self, queue: Iterable[PlannedRecord]) -> None:
        now = self.clock.now()
        fresh: list[LedgerEntry] = []
        for planned in queue:
            item = planned.item
            if item.entry is not None and item.state is LedgerState.PLANNED and item.run_id == self.plan.run_id:
                self._planned[item.id] = item.entry  # the same run sends the same bytes
                continue
            edit = self.edits.get(item.id)
            entry = item.step(
                self.actor,
                LedgerTrigger.PLAN,
                now,
                replays=item.replays + 1,
                edited_fields=edit.fields if edit is not None else None,
            )
            self._planned[item.id] = entry
            fresh.append(entry)
        await write_entries(self.log, fresh)

    async def _release(self, queue: Iterable[PlannedRecord]) -> None:
        now = self.clock.now()
        entries = [
            self.actor.moved(
                self._planned[one.item.id],
                LedgerTrigger.RELEASE,
                now,
                replays=one.item.replays,
                edited_fields=(),
            )
            for one in queue
        ]
        await write_entries(self.log, entries)
        self.report.released += len(entries)

    # ------------------------------------------------------------------ sending
    async def _try_canary(self, planned: PlannedRecord, stop: asyncio.Event) -> None:
        await self._send([planned])
        canary = planned.item.id
        settled = await self._until(lambda: canary not in self.watch.waiting, stop)
        if not settled and not stop.is_set():
            group = self._group_of(planned.item)
            self.report.breaker = (
                f"{group or 'its group'} did not process the canary within {self.pace.patience_s:g} s"
            )
        elif self.report.returned:
            self.report.breaker = "the canary came back"

    async def _send_all(self, queue: deque[PlannedRecord], stop: asyncio.Event) -> None:
        began, done = self.clock.monotonic(), 0
        rate = self.pace.rate
        size = BATCH if rate is None else max(1, min(BATCH, int(rate / 10)))
        recording: asyncio.Task[None] | None = None
        self._is_unthrottled = rate is None
        try:
            while queue and not stop.is_set() and not self._is_broken():
                batch = [queue.popleft() for _ in range(min(size, len(queue)))]
                positions = await self._write(batch)
                done += len(batch)
                if recording is not None:
                    await recording
                recording = asyncio.ensure_future(self._record_sent(batch, positions))
                if rate is not None and queue:
                    await first_of(stop.wait(), timeout_s=max(0.0, began + done / rate - self.clock.monotonic()))
        finally:
            self._is_unthrottled = False
            if recording is not None:
                await recording
        self.report.send_seconds = self.clock.monotonic() - began

    async def _send(self, batch: Sequence[PlannedRecord]) -> None:
        await self._record_sent(batch, await self._write(batch))

    async def _write(self, batch: Sequence[PlannedRecord]) -> list[LogPosition]:
        positions = await self.log.append_in_bulk([self._outgoing(planned) for planned in batch])
        self.report.sent += len(batch)
        return positions

    async def _record_sent(self, batch: Sequence[PlannedRecord], positions: Sequence[LogPosition]) -> None:
        """Write the ledger entries of sent records, and watch the records from then on."""
        now = self.clock.now()
        entries = [
            self.actor.moved(self._planned[planned.item.id], LedgerTrigger.SEND, now, sent=position)
            for planned, position in zip(batch, positions, strict=True)
        ]
        await write_entries(self.log, entries)
        for planned, entry, position in zip(batch, entries, positions, strict=True):
            self.watch.add(SentRecord(entry, planned.item.newest, position, self._group_of(planned.item)))
        self.on_progress(self.report)

    def _outgoing(self, planned: PlannedRecord) -> Outgoing:
        item, target = planned.item, self.plan.target
        entry, edit = self._planned[item.id], self.edits.get(item.id)
        number = item.newest.failure.partition
        keeps = target.same_partitions and number is not None and number < target.partitions
        how = ResendOptions(
            run_id=entry.moved.run_id,
            actor=entry.moved.actor,
            at=entry.at,
            group=self._group_of(item),
            count=entry.moved.replays,
            partition=number if keeps else None,
            value=edit.value if edit is not None else None,
            edited_fields=edit.fields if edit is not None else (),
        )
        return resend(item.newest, str(target.name), how)

    def _group_of(self, item: FailedRecord) -> str:
        return item.newest.group or self.group

    def _is_broken(self) -> bool:
        if not self.report.breaker and self.report.returned >= self.pace.max_returned:
            self.report.breaker = f"{self.report.returned} records came back"
        return bool(self.report.breaker)

    # ------------------------------------------------------------------ watching
    async def _keep_watching(self) -> None:
        while True:
            seen = await self.watch.look()
            if seen.confirmed or seen.returned:
                await self._write_seen(seen)
                self._news.set()
                self.on_progress(self.report)
            await asyncio.sleep(UNTHROTTLED_LOOKS_S if self._is_unthrottled else BETWEEN_LOOKS_S)

    async def _write_seen(self, seen: WatchResult) -> None:
        now = self.clock.now()
        entries = [self.actor.moved(one.entry, LedgerTrigger.CONFIRM, now) for one in seen.confirmed]
        entries += [
            self.actor.moved(one.entry, LedgerTrigger.RETURN, now, dead_letter=dead_letter)
            for one, dead_letter in seen.returned
        ]
        await write_entries(self.log, entries)
        self.report.confirmed += len(seen.confirmed)
        self.report.returned += len(seen.returned)

    async def _until(self, is_so: Callable[[], bool], stop: asyncio.Event) -> bool:
        """Wait until `is_so`; give up when nothing settles for as long as patience lasts, or on `stop`."""
        while not is_so() and not stop.is_set():
            self._news.clear()
            if await first_of(self._news.wait(), stop.wait(), timeout_s=self.pace.patience_s) is None:
                return is_so()
        return is_so()


def released(item: FailedRecord, actor: Actor, now: datetime) -> LedgerEntry:
    """Return the entry of a record that was planned and is not sent after all: it does not count as a replay."""
    return item.step(actor, LedgerTrigger.RELEASE, now, replays=item.replays, edited_fields=())


def with_reason(actor: Actor, why: str) -> Actor:
    """Return who moves, with a reason of the plan's where the operator gave none."""
    return actor if actor.reason else Actor(actor=actor.actor, reason=why, run_id=actor.run_id)
