"""The durable runner: batches of inputs through a stage, outputs into the log, in numbered steps.

Memory is never ahead of the log by more than the batch in hand: when a write fails the runner stops,
and the next start recovers (`alphapanda.pipeline.recovery`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from alphapanda.clock import Clock
from alphapanda.errors import InvariantError, LogResetError, RedisUnreachableError
from alphapanda.kafka.log import Log, LogReader, Ownership
from alphapanda.model.envelope import Event, LogPosition
from alphapanda.model.records import Offsets, Partition, Record, encode_offsets
from alphapanda.model.stage import Snapshot, SnapshotStore, Stage
from alphapanda.pipeline.engine import FoldError
from alphapanda.pipeline.meter import Meter
from alphapanda.pipeline.processor import Batch, RecordProcessor
from alphapanda.pipeline.recovery import LoggedDecision, OrderedInputs, Recovered, read_own, refuse_reset_log
from alphapanda.pipeline.runner_config import BatchStep, NoProjector, OnStep, Projector, RunnerSpec, no_step
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.telemetry.log import Logger
from alphapanda.waits import unless_set

SNAPSHOT_EVERY_S = 5.0
SNAPSHOT_RETRY_S = 30.0
COMMIT_EVERY_S = 1.0
TIMER_EVERY_S = 1.0
POLL_S = 0.5
"""How long an idle runner sleeps at most: it also bounds how long it takes to notice that it is to stop."""


async def no_preparation() -> None:
    """Do nothing before a batch."""


def ignore_decision(event: Event) -> None:
    """Do nothing with a decision."""


@dataclass(slots=True, kw_only=True)
class StageRunner:
    """Drives one stage over a log.

    `run` acquires ownership, recovers, reports that it is ready, works until it is to stop, then drains. It raises
    the errors that it cannot continue from; recovery repairs whatever is half done then.

    Attributes:
        before_batch: awaited before each batch, to fetch data that the stage asked for.
        on_step: called at each numbered step of a batch; tests die in it.
        on_decided: called with each decision once it is in the log.
        on_degraded: called with the reason when credentials are no longer valid.
        poll_s: how long an idle runner sleeps at most.
    """

    spec: RunnerSpec
    stage: Stage
    log: Log
    ownership: Ownership
    snapshots: SnapshotStore
    routes: Routes
    clock: Clock
    meter: Meter
    logger: Logger
    on_degraded: Callable[[str], None]
    projector: Projector = field(default_factory=NoProjector)
    before_batch: Callable[[], Awaitable[None]] = no_preparation
    on_decided: Callable[[Event], None] = ignore_decision
    on_step: OnStep = no_step
    poll_s: float = POLL_S
    _pristine: bytes = b""
    _log_id: str = ""
    _inputs: OrderedInputs = field(init=False)
    _processor: RecordProcessor = field(init=False)
    _outputs: Offsets = field(default_factory=dict)
    _poisoned: dict[LogPosition, FoldError] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _dirty: bool = False

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None], on_standby: Callable[[], None]) -> None:
        """Work until `stop` is set; `on_ready` is called after each recovery."""
        self._pristine = self.stage.snapshot()
        self._log_id = await self.log.identity()
        while not stop.is_set():
            on_standby()
            owned = await unless_set(stop, self.ownership.acquire())
            if owned is None:
                return
            reader = await self.log.reader()
            try:
                await self._recover(reader, owned)
                on_ready()
                await self._work(reader, stop)
            except FoldError as error:
                if error.cause.at is None:
                    raise
                # The state is recovered from the log; the input that broke it is refused when it comes again.
                self.logger.exception("fold_failed", position=str(error.cause.at))
                self._poisoned[error.cause.at] = error
            finally:
                await reader.aclose()

    # ------------------------------------------------------------------ live
    async def _work(self, reader: LogReader, stop: asyncio.Event) -> None:
        waiting: Sequence[Record] = self._inputs.take_buffered()
        while not stop.is_set() and not self.ownership.is_lost:
            records = waiting or await reader.poll(self.poll_s)
            waiting = ()
            await self.before_batch()
            if records:
                await self._measured_batch(records)
            else:
                await self._batch(records)
        if not self.ownership.is_lost:
            await self._drain()

    async def _measured_batch(self, records: Sequence[Record]) -> None:
        started = self.clock.monotonic()
        self.on_step(BatchStep.POLLED)
        self.meter.consumed(records, self.clock.now())
        await self._batch(records)
        self.meter.batch(len(records), self.clock.monotonic() - started)

    async def _batch(self, records: Sequence[Record]) -> None:
        positions = self._inputs.positions
        batch = Batch(encode_offsets(positions))
        for record in records:
            positions[record.partition] = record.offset + 1
            await self._processor.process(record, batch)
        if self.spec.timer and self._is_due("timer", TIMER_EVERY_S):
            self._processor.on_timer(batch)
        self.on_step(BatchStep.DECIDED)
        await self._produce(batch)
        self._dirty = self._dirty or bool(records)
        await self.projector.project(changed=bool(records or batch.outgoing))
        self.on_step(BatchStep.PROJECTED)
        if self._dirty and (batch.outgoing or self._is_due("commit", COMMIT_EVERY_S)):
            await self.ownership.commit(positions)
            self._measure_lag()
            self.on_step(BatchStep.COMMITTED)
        if self._dirty and self._is_due("snapshot", SNAPSHOT_EVERY_S):
            await self._save_snapshot()
            self.on_step(BatchStep.SNAPSHOT)

    async def _produce(self, batch: Batch) -> None:
        if not batch.outgoing:
            return
        self.on_step(BatchStep.PRODUCING)
        positions = await self.log.append(batch.outgoing)
        for position in positions:
            partition = Partition(position.topic, position.partition)
            self._outputs[partition] = max(self._outputs.get(partition, 0), position.offset + 1)
        self.meter.produced(positions)
        for event in batch.decided:
            self.on_decided(event)
        self.on_step(BatchStep.FLUSHED)

    async def _drain(self) -> None:
        await self.projector.project(changed=True, force=True)
        await self.ownership.commit(self._inputs.positions)
        await self._save_snapshot()

    def _measure_lag(self) -> None:
        for partition, position in self._inputs.positions.items():
            end = self._inputs.reader.known_end(partition)
            if end is not None:
                self.meter.lag(partition, max(0, end - position))

    async def _save_snapshot(self) -> None:
        started = self.clock.monotonic()
        snapshot = Snapshot(
            log=self._log_id,
            taken_at=self.clock.now(),
            state=self.stage.snapshot(),
            inputs={str(p): offset for p, offset in self._inputs.positions.items()},
            outputs={str(p): offset for p, offset in self._outputs.items()},
            recent=self._processor.engine.recent.dump(),
        )
        try:
            await self.snapshots.save(snapshot)
        except RedisUnreachableError as error:
            # A snapshot only saves time: the log has everything. The next one is tried a little later.
            self.logger.warning("snapshot_not_saved", error=str(error))
            self._due["snapshot"] = self.clock.monotonic() + SNAPSHOT_RETRY_S
            return
        self.meter.snapshot(self.clock.monotonic() - started)
        self._dirty = False

    def _is_due(self, timer: str, every_s: float) -> bool:
        now = self.clock.monotonic()
        if now < self._due.get(timer, 0.0):
            return False
        self._due[timer] = now + every_s
        return True

    # ------------------------------------------------------------------ recovery
    async def _recover(self, reader: LogReader, owned: frozenset[Partition]) -> None:
        started = self.clock.monotonic()
        exclusive = {partition.topic for partition in owned}
        shared = await self.log.partitions([t for t in self.spec.inputs if t not in exclusive])
        inputs = sorted((*owned, *shared))
        topics = {self.routes.topic(kind, broker) for kind, broker in self.spec.outputs}
        outputs = await self.log.partitions(topics)
        dead_letters = await self.log.partitions(self.routes.dead_letters(self.spec.inputs))
        snapshot = await self._restore(await self.log.ends((*inputs, *outputs, *dead_letters)))
        own = await read_own(
            self.log,
            self.routes,
            group=self.spec.group,
            outputs=outputs,
            dead_letters=dead_letters,
            since=_offsets(snapshot.outputs) if snapshot else {},
        )
        beginnings = await self.log.beginnings(inputs)
        remembered = _offsets(snapshot.inputs) if snapshot else {}
        self._inputs = OrderedInputs(reader, {p: max(remembered.get(p, 0), beginnings[p]) for p in inputs})
        self._outputs = dict(own.next_outputs)
        self._processor = self._new_processor(own)
        self._processor.engine.recent.load(snapshot.recent if snapshot else ())
        refolded = await self._refold(own)
        await self.projector.project(changed=True, force=True)
        seconds = self.clock.monotonic() - started
        self.meter.recovered(refolded, seconds)
        self.logger.info(
            "recovered",
            snapshot=snapshot.taken_at.isoformat() if snapshot else None,
            decisions=len(own.decisions),
            inputs=refolded,
            seconds=round(seconds, 3),
        )

    def _new_processor(self, own: Recovered) -> RecordProcessor:
        return RecordProcessor(
            spec=self.spec,
            stage=self.stage,
            routes=self.routes,
            clock=self.clock,
            meter=self.meter,
            logger=self.logger,
            on_degraded=self.on_degraded,
            positions=self._inputs.positions,
            refused=own.dead_lettered,
            poisoned=self._poisoned,
        )

    async def _restore(self, ends: Offsets) -> Snapshot | None:
        """Restore the stage from the snapshot and return it; None when all has to be folded from the log."""
        snapshot = await self._usable_snapshot(ends)
        if snapshot is not None:
            try:
                self.stage.restore(snapshot.state)
            except (InvariantError, msgspec.MsgspecError) as error:
                self.logger.warning("snapshot_of_another_version", error=str(error))
            else:
                return snapshot
        self.stage.restore(self._pristine)
        return None

    async def _usable_snapshot(self, ends: Offsets) -> Snapshot | None:
        snapshot = await self.snapshots.load()
        if snapshot is None:
            return None
        try:
            refuse_reset_log(snapshot, self._log_id, ends, owner=self.spec.group)
        except LogResetError as error:
            if not self.spec.accept_log_reset:
                raise
            self.logger.warning("log_reset_accepted", group=self.spec.group, found=str(error))
            return None
        return snapshot

    async def _refold(self, own: Recovered) -> int:
        """Follow the logged decisions in their order; write the outputs that a crash kept from being written."""
        batch = Batch(encode_offsets(own.base or self._inputs.positions))
        for decision in own.decisions:
            cause = decision.cause
            for partition, seen in decision.seen.items():
                if partition in self._inputs.positions:
                    is_cause = cause is not None and (cause.topic, cause.partition) == (
                        partition.topic,
                        partition.number,
                    )
                    # The cause itself comes last, with the decision on it.
                    limit = cause.offset if cause is not None and is_cause else seen
                    await self._refold_below(partition, limit, own, batch)
            await self._refold_decision(decision, own, batch)
        await self._produce(batch)
        return batch.inputs

    async def _refold_below(self, partition: Partition, limit: int, own: Recovered, batch: Batch) -> None:
        while (record := await self._inputs.take_below(partition, limit)) is not None:
            await self._processor.reprocess(record, batch, settled=_is_settled(record, own), logged=None)

    async def _refold_decision(self, decision: LoggedDecision, own: Recovered, batch: Batch) -> None:
        cause = decision.cause
        if cause is not None:
            partition = Partition(cause.topic, cause.partition)
            if partition in self._inputs.positions:
                record = await self._inputs.take_below(partition, cause.offset + 1)
                if record is not None:
                    settled = _is_settled(record, own)
                    await self._processor.reprocess(record, batch, settled=settled, logged=decision)
                    return
        # A timer's, or its input is no longer in the log: the decision still counts.
        for output in decision.outputs:
            self.stage.evolve(output)


def _is_settled(record: Record, own: Recovered) -> bool:
    return record.offset < own.base.get(record.partition, 0)


def _offsets(named: dict[str, int]) -> Offsets:
    return {Partition.parse(name): offset for name, offset in named.items()}
