"""One input at a time: read, decide, fold, and collect the records to write.

The delivery policy is applied to failures here (`alphapanda.pipeline.delivery`), nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import stamina

from alphapanda.clock import Clock
from alphapanda.errors import DecodeError, MisroutedError
from alphapanda.model.envelope import Event, LogPosition
from alphapanda.model.records import TIMER_CAUSE, Header, Offsets, Outgoing, Record, encode_offsets
from alphapanda.model.stage import Stage, timer_event
from alphapanda.pipeline.delivery import (
    TRANSIENT_ATTEMPTS,
    DeliveryAction,
    Refusal,
    action_after,
    dead_letter,
    failure_kind,
)
from alphapanda.pipeline.engine import FoldError, StageEngine
from alphapanda.pipeline.meter import Meter
from alphapanda.pipeline.recovery import LoggedDecision
from alphapanda.pipeline.runner_config import RunnerSpec
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.telemetry.log import Logger
from topics.dead_letters import FailedStage


@dataclass(slots=True)
class Batch:
    """The inputs and outputs of one batch so far.

    Attributes:
        base: header value: the next offsets when it began.
        outgoing: the records to write, in order.
        decided: the events among it.
        inputs: how many records were processed.
    """

    base: bytes
    outgoing: list[Outgoing] = field(default_factory=list)
    decided: list[Event] = field(default_factory=list)
    inputs: int = 0


@dataclass(slots=True, kw_only=True)
class RecordProcessor:
    """Processes records for one stage.

    Attributes:
        positions: the next offset of every input partition; moved by whoever reads records.
        refused: inputs whose dead letter is in the log already, and when each was written, where known.
        poisoned: inputs whose folding failed in this process; they are refused when they come again.
    """

    spec: RunnerSpec
    stage: Stage
    routes: Routes
    clock: Clock
    meter: Meter
    logger: Logger
    on_degraded: Callable[[str], None]
    positions: Offsets
    refused: Mapping[LogPosition, int | None]
    poisoned: dict[LogPosition, FoldError]
    engine: StageEngine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = StageEngine(self.stage)

    async def process(self, record: Record, batch: Batch) -> None:
        """Decide on one input and fold it; the outputs go into `batch`."""
        event = self._read(record, batch)
        if event is not None:
            await self._decide_and_fold(record, event, None, batch)

    async def reprocess(
        self, record: Record, batch: Batch, *, settled: bool, logged: LoggedDecision | None
    ) -> None:
        """Process an input again in recovery.

        Args:
            record: the input.
            batch: gets the outputs that the log lacks.
            settled: all decisions on it are in the log: fold, do not decide.
            logged: the decision on it that the log has; None for none.
        """
        event = self._read(record, batch)
        if event is None:
            return
        if settled:
            self.engine.fold(event, logged.outputs if logged else ())
        else:
            await self._decide_and_fold(record, event, logged, batch)

    def on_timer(self, batch: Batch) -> None:
        """Give the stage a timer event."""
        event = timer_event(self.clock.now(), self.spec.group)
        for index, output in enumerate(self.engine.process(event)):
            self._write(output, TIMER_CAUSE, index, batch)

    def _read(self, record: Record, batch: Batch) -> Event | None:
        """Return the event to process; None when it was refused or needs no processing."""
        batch.inputs += 1
        if self._is_not_for_us(record):
            return None
        try:
            event = self.routes.read(record)
        except DecodeError as error:
            self.meter.failed("undecodable")
            self._refuse(record, Refusal(error, 1), batch, FailedStage.DECODE)
            return None
        except MisroutedError as error:
            self.meter.failed("misrouted")
            self._refuse(record, Refusal(error, 1), batch, FailedStage.VALIDATE)
            return None
        if self.engine.knows(event.id):
            self.meter.duplicate()
            return None
        if self.poisoned and (poison := self.poisoned.get(record.position)) is not None:
            self._refuse(record, Refusal(poison.failure, 1), batch, FailedStage.HANDLE)
            return None
        return event

    def _is_not_for_us(self, record: Record) -> bool:
        if self.refused and record.position in self.refused:
            written_ms = self.refused[record.position]
            if written_ms in {None, record.timestamp_ms}:
                return True
        addressee = record.header(Header.REPLAY_GROUP) if record.headers else None
        return addressee is not None and addressee.decode(errors="replace") != self.spec.group

    async def _decide_and_fold(
        self, record: Record, event: Event, logged: LoggedDecision | None, batch: Batch
    ) -> None:
        try:
            fresh = list(self.stage.decide(event))
        except Exception as error:  # noqa: BLE001 - whatever a stage raises is the policy decides
            again = await self._decide_again(event, error)
            if isinstance(again, Refusal):
                self._refuse(record, again, batch, FailedStage.HANDLE)
                return
            fresh = again
        outputs, missing = self._reconcile(record, fresh, logged)
        self.engine.fold(event, outputs)
        if missing:
            cause = str(record.position).encode()
            for index, output in enumerate(outputs):
                if output.id in missing:
                    self._write(output, cause, index, batch)

    async def _decide_again(self, event: Event, error: Exception) -> list[Event] | Refusal:
        """Retry after a transient failure; return the outputs, or the refusal."""
        attempts = 1
        last = error

        def may_pass(failure: Exception) -> bool:
            self.meter.failed(failure_kind(failure))
            is_retried = action_after(self.spec.policy, failure, attempts) is DeliveryAction.RETRY
            if is_retried:
                self.meter.retried()
            return is_retried

        if may_pass(error):
            retries = stamina.retry_context(
                on=may_pass, attempts=TRANSIENT_ATTEMPTS - 1, timeout=None, wait_initial=0.05, wait_max=2.0
            )
            try:
                async for attempt in retries:
                    with attempt:
                        attempts = attempt.num + 1
                        return list(self.stage.decide(event))
            except Exception as failure:  # noqa: BLE001 - the policy decides below
                last = failure
        match action_after(self.spec.policy, last, max(attempts, TRANSIENT_ATTEMPTS)):
            case DeliveryAction.STOP:
                raise last
            case DeliveryAction.DEGRADE:
                self.on_degraded(str(last))
            case _:
                pass
        return Refusal(last, attempts)

    def _reconcile(
        self, record: Record, fresh: list[Event], logged: LoggedDecision | None
    ) -> tuple[list[Event], frozenset[str]]:
        """Return the events to fold, and the ids of those still to be written. The log's decisions count."""
        ids: frozenset[str] = frozenset(output.id for output in fresh)
        if logged is None or not logged.outputs:
            return fresh, ids
        known = {output.id: output for output in logged.outputs}
        if not known.keys() <= ids:
            self.logger.warning("decided_differently", position=str(record.position), kept=sorted(known))
            return list(logged.outputs), frozenset()
        return [known.get(output.id, output) for output in fresh], ids - known.keys()

    def _write(self, output: Event, cause: bytes, index: int, batch: Batch) -> None:
        """Put an output into the batch, with the headers that recovery follows."""
        outgoing = self.routes.write(output)
        batch.decided.append(output)
        batch.outgoing.append(
            Outgoing(
                topic=outgoing.topic,
                key=outgoing.key,
                value=outgoing.value,
                headers=(
                    *outgoing.headers,
                    (Header.GROUP.value, self.spec.group.encode()),
                    (Header.CAUSE.value, cause),
                    (Header.INDEX.value, str(index).encode()),
                    (Header.SEEN.value, encode_offsets(self.positions)),
                    (Header.BASE.value, batch.base),
                ),
            )
        )

    def _refuse(self, record: Record, refusal: Refusal, batch: Batch, stage: FailedStage) -> None:
        self.logger.warning(
            "dead_lettered", position=str(record.position), stage=stage.value, error=str(refusal.error)
        )
        self.meter.dead_letter()
        batch.outgoing.append(
            dead_letter(
                record,
                refusal.error,
                group=self.spec.group,
                stage=stage,
                attempts=refusal.attempts,
                now=self.clock.now(),
                version=self.spec.version,
            )
        )
