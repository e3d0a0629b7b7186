"""What surrounds the flow of ticks: counting, metrics, the status file, and files that change meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from alphapanda.errors import AlphaPandaError, TransientError
from alphapanda.kafka.tick_writer import TICKS_TOPIC, Acknowledged, TickWriter
from alphapanda.settings import load
from daemons.feed.bad_rows import BadRowReport
from daemons.feed.progress import FeedProgress, Resumption
from daemons.feed.queue import Queued, TickQueue
from daemons.feed.recorded import RecordedSource
from daemons.feed.registry import InstrumentRegistry, InstrumentSubscription, WatchedFile
from daemons.feed.sources import TickSource
from daemons.feed.status_file import FeedState, FeedStatus, write_status

if TYPE_CHECKING:
    from daemons.service import DaemonContext

_PERIOD_S: Final = 1.0
_SILENT_S: Final = 5.0
"""A log that has not acknowledged for so long makes the feed not ready."""

_LOG_PART: Final = "log"
_QUEUE: Final = "ticks"


class FeedBookkeeping:
    """The feed's bookkeeping. Everything that it counts is of this run.

    Args:
        context: of the daemon.
        source: what is fed.
        registry: reloaded when its file changes.
        subscription: changed when the settings do.
        report: of bad rows.
        environ: the process's variables, which win over the settings file when that is read again.
    """

    def __init__(
        self,
        context: DaemonContext,
        source: TickSource,
        registry: InstrumentRegistry,
        subscription: InstrumentSubscription,
        report: BadRowReport,
        environ: Mapping[str, str],
    ) -> None:
        self._context = context
        self._log = context.log
        self._source = source
        self._registry = registry
        self._subscription = subscription
        self._report = report
        self._environ = environ
        self._config = WatchedFile(context.deployment.config_file)
        metrics = context.metrics
        self._out = metrics.events_out(TICKS_TOPIC)
        self._drops = metrics.queue_drops(_QUEUE)
        self._bad = metrics.feed_bad_rows
        self._state = FeedState.RECOVERING
        self._ticks = 0
        self._dropped = 0
        self._dropped_logged = 0
        self._bad_counted = 0
        self._resumed_after = -1
        self._event_time: datetime | None = None
        self._said: FeedStatus | None = None

    def begin(self, queue: TickQueue, writer: TickWriter, progress: FeedProgress, resumption: Resumption) -> None:
        """Take what the flow runs through."""
        self._writer = writer
        self._progress = progress
        self._resumed_after = resumption.highest
        self._context.metrics.queue_depth(_QUEUE).set_function(queue.qsize)
        self._context.metrics.queue_capacity(_QUEUE).set(queue.maxsize)
        self._log.info(
            "feeding",
            source=self._source.name,
            policy=queue.policy.value,
            resumed_after=resumption.highest,
            scanned=resumption.scanned,
        )

    async def write(self, queued: Queued) -> None:
        """Hand a frame to the log."""
        self._context.metrics.enqueue_delay.observe(self._context.clock.monotonic() - queued.entered)
        await self._writer.write(queued.frame, wanted=self._subscription.wanted, arrived=queued.entered)
        self._event_time = queued.frame.ticks[-1].exchange_ts

    def acknowledged(self, frame: Acknowledged) -> None:
        """Count a frame that is in the log."""
        self._ticks += frame.ticks
        self._out.inc(frame.ticks)
        self._context.metrics.emit_latency.observe(frame.seconds)
        self._context.metrics.touch()

    def dropped(self, ticks: int) -> None:
        """Count ticks that the full queue refused."""
        self._dropped += ticks
        self._drops.inc(ticks)
        self._context.lost["ticks"] += ticks

    async def exhausted(self) -> None:
        """Say that the source has ended, once all of it is in the log; nothing when it was only stopped."""
        await self._writer.drain()
        if self._context.stop.is_set():
            return
        await self._remember()
        self._tell_drops()
        self._count_bad()
        self._log.info(
            "recording finished",
            rows=self._rows,
            ticks=self._ticks,
            bad_rows=self._report.count,
            resumed_after=self._resumed_after,
            report=str(self._report.path) if self._report.count else None,
        )
        self._context.health.set_status(
            f"the recording is in the log: {self._rows:,} rows, {self._report.count:,} bad"
        )
        self.set_state(FeedState.FINISHED)

    async def watch(self) -> None:
        """Once a second: remember the progress, tell of drops, look at files. Until cancelled."""
        while True:
            await asyncio.sleep(_PERIOD_S)
            await self._remember()
            self._tell_drops()
            self._count_bad()
            self._watch_log()
            self._registry.reload()
            if self._config.has_changed():
                self._reload_settings()
            self.set_state(self._state)

    async def finish(self) -> None:
        """Remember that nothing follows, and say that the feed has stopped."""
        try:
            await self._progress.close(self._writer.marks)
        except TransientError as error:
            self._log.warning("progress not remembered, the next start may take longer", reason=str(error))
        self._tell_drops()
        if self._state is not FeedState.FINISHED:
            self.set_state(FeedState.STOPPED)
        self._log.info("feed stopped", ticks=self._ticks, dropped=self._dropped)

    def set_state(self, state: FeedState) -> None:
        """Write the status file, if there is anything new to say."""
        self._state = state
        status = FeedStatus(
            state=state,
            source=self._source.name,
            ticks=self._ticks,
            resumed_after=self._resumed_after,
            dropped=self._dropped,
            rows=self._rows,
            bad_rows=self._report.count,
            event_time=self._event_time,
            instruments_version=self._registry.version.number,
            updated_at=self._context.clock.now(),
        )
        if self._said is None or _content(status) != _content(self._said):
            self._said = status
            try:
                write_status(self._context.deployment.run, status)
            except OSError as error:
                self._log.warning("status file not written", reason=str(error))

    @property
    def _rows(self) -> int:
        return self._source.rows if isinstance(self._source, RecordedSource) else 0

    async def _remember(self) -> None:
        try:
            await self._progress.remember(self._writer.marks)
        except TransientError as error:
            self._log.warning("progress not remembered, the next start may take longer", reason=str(error))

    def _tell_drops(self) -> None:
        new = self._dropped - self._dropped_logged
        if new:
            self._dropped_logged = self._dropped
            self._log.warning(
                "ticks dropped: the log is slower than the market", dropped=new, in_all=self._dropped
            )

    def _count_bad(self) -> None:
        self._bad.inc(self._report.count - self._bad_counted)
        self._bad_counted = self._report.count

    def _watch_log(self) -> None:
        age = self._writer.oldest_age()
        if age > _SILENT_S:
            self._context.health.not_ready(f"Kafka has acknowledged nothing for {age:.0f} s", part=_LOG_PART)
        else:
            self._context.health.ready(_LOG_PART)

    def _reload_settings(self) -> None:
        try:
            settings = load(self._context.deployment, self._environ).settings
        except AlphaPandaError as error:
            self._log.warning("settings not reloaded, the last ones stay", reason=str(error))
            return
        self._subscription.choose(settings.feed.instruments, self._source.instruments)


def _content(status: FeedStatus) -> tuple[object, ...]:
    return (
        status.state,
        status.ticks,
        status.dropped,
        status.rows,
        status.bad_rows,
        status.instruments_version,
    )
