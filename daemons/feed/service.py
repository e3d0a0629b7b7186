"""The feed daemon: one source of ticks, through a bounded queue, into `market.ticks`."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, aclosing
from datetime import date
from pathlib import Path

from alphapanda.errors import AlphaPandaError, ConfigError, TransientError, first_error
from alphapanda.ids import SequenceIds
from alphapanda.kafka.client import KafkaOptions
from alphapanda.kafka.tick_batch import Compression
from alphapanda.kafka.tick_writer import MAX_FRAME_TICKS, TICKS_TOPIC, TickWriterOptions, open_tick_writer
from alphapanda.market.simulation import MarketSimulation, SimulationConfig
from alphapanda.serialization.codec import Codec, JsonCodec
from alphapanda.settings import FeedSettings, FeedSource, SerializationFormat, Settings
from alphapanda.settings.calendar_file import CALENDAR_HINT, load_calendar
from daemons.feed import bad_rows
from daemons.feed.bad_rows import BadRowReport
from daemons.feed.feed_status import FeedBookkeeping
from daemons.feed.progress import open_progress
from daemons.feed.queue import QueuePolicy, TickQueue
from daemons.feed.recorded import RecordedSource
from daemons.feed.registry import InstrumentRegistry, InstrumentSubscription
from daemons.feed.sources import ReplaySpeed, SimulatedSource, TickSource
from daemons.feed.status_file import FeedState
from daemons.service import DaemonContext

QUEUE = "ticks"
"""The queue's name in metrics."""


class FeedService:
    """Feeds ticks until told to stop; a recording that has ended leaves it ready and idle."""

    name = "feed"

    async def run(self, context: DaemonContext) -> None:
        """Find how far the source has come, go on from there, and drain when told to stop."""
        settings, log = context.settings.feed, context.log
        async with AsyncExitStack() as stack:
            registry = InstrumentRegistry(_resolved(context, settings.instruments_file), log)
            report = BadRowReport(context.deployment.logs / bad_rows.FILE_NAME, log)
            source = await self._source(context, settings, registry, report)
            if isinstance(source, RecordedSource):
                stack.enter_context(report)
            subscription = InstrumentSubscription(log)
            subscription.choose(settings.instruments, source.instruments)
            ids = SequenceIds(source.name)
            keeping = FeedBookkeeping(context, source, registry, subscription, report, os.environ)
            keeping.set_state(FeedState.RECOVERING)
            progress = await stack.enter_async_context(
                open_progress(
                    KafkaOptions.from_settings(
                        context.settings.kafka, context.endpoints.bootstrap_servers, self.name
                    ),
                    TICKS_TOPIC,
                    ids,
                    log,
                )
            )
            resumption = await progress.find()
            codec = await _codec(context.settings)
            writer = await stack.enter_async_context(
                open_tick_writer(
                    TickWriterOptions(
                        context.endpoints.bootstrap_servers,
                        compression=Compression(context.settings.kafka.tick_compression.value),
                        request_timeout_ms=context.settings.kafka.request_timeout_ms,
                    ),
                    ids,
                    context.clock,
                    written=resumption.written,
                    on_acknowledged=keeping.acknowledged,
                    codec=codec,
                )
            )
            if writer.partitions != resumption.partitions:
                raise TransientError(
                    f"{TICKS_TOPIC} had {resumption.partitions} partitions and now has {writer.partitions}: "
                    "it is being changed.",
                    hint="Run: alphapanda topics list",
                )
            queue = TickQueue(
                settings.queue_maxsize,
                QueuePolicy.WAIT if source.loses_nothing_by_waiting else QueuePolicy(settings.policy.value),
                timeout_s=settings.enqueue_timeout_ms / 1000,
                clock=context.clock,
                on_drop=keeping.dropped,
            )
            keeping.begin(queue, writer, progress, resumption)
            try:
                await _feed(context, source, queue, keeping, resumption.highest)
            except* AlphaPandaError as failures:
                raise first_error(failures) from failures
            await writer.drain()
            await keeping.finish()

    async def _source(
        self, context: DaemonContext, settings: FeedSettings, registry: InstrumentRegistry, report: BadRowReport
    ) -> TickSource:
        pace = _pace(settings)
        if settings.source is FeedSource.SIMULATED:
            config = SimulationConfig(
                seed=settings.seed,
                start=settings.start,
                ticks_per_second=settings.ticks_per_second,
                auctions=settings.auctions,
            )
            return SimulatedSource(MarketSimulation(config), pace, context.clock)
        file = _resolved(context, settings.file)
        if file is None:
            raise ConfigError(
                "The feed's source is recorded, but no recording is named.",
                hint="Set FEED__FILE, or run: alphapanda up --feed recorded --file FILE",
            )
        calendar = load_calendar(context.deployment)

        def check_day(day: date) -> None:
            if not calendar.is_session(day):
                context.log.warning("recorded_on_no_trading_day", day=day.isoformat(), hint="Check calendar.toml.")
            elif not calendar.covers(day):
                context.log.warning("calendar_does_not_cover", day=day.isoformat(), hint=CALENDAR_HINT)

        return await RecordedSource.open(file, registry, report.add, pace, context.clock, on_day=check_day)


async def _feed(
    context: DaemonContext, source: TickSource, queue: TickQueue, keeping: FeedBookkeeping, highest: int
) -> None:
    """Run source, writer and housekeeping until told to stop, then empty the queue."""
    async with asyncio.TaskGroup() as group:
        filling = group.create_task(_fill(source, queue, highest), name="feed-source")
        emptying = group.create_task(_empty(queue, keeping), name="feed-writer")
        watching = group.create_task(keeping.watch(), name="feed-housekeeping")
        keeping.set_state(FeedState.FEEDING)
        context.health.ready()
        await context.stop.wait()
        filling.cancel()
        queue.close()
        await emptying
        watching.cancel()


async def _fill(source: TickSource, queue: TickQueue, highest: int) -> None:
    async with aclosing(source.frames(highest)) as frames:
        async for frame in frames:
            await queue.put(frame)
    queue.close()


async def _empty(queue: TickQueue, keeping: FeedBookkeeping) -> None:
    while (queued := await queue.get(MAX_FRAME_TICKS)) is not None:
        await keeping.write(queued)
    await keeping.exhausted()


def _pace(settings: FeedSettings) -> ReplaySpeed:
    speed = None if settings.speed == "max" else float(settings.speed)
    if speed is not None and not 0.0 < speed < float("inf"):
        raise ConfigError(
            f"feed.speed = {settings.speed} is no speed.",
            hint="Use a number above 0 (1 is the market's pace) or max.",
        )
    return ReplaySpeed(speed, settings.frame_ms / 1000)


def _resolved(context: DaemonContext, path: Path | None) -> Path | None:
    """Return a configured path; a relative one starts at the deployment's folder."""
    return None if path is None else context.deployment.root / path


async def _codec(settings: Settings) -> Codec:
    """Return how ticks are written; raises DependencyError where the registry does not have their schema."""
    if settings.serialization.format is SerializationFormat.JSON:
        return JsonCodec()
    from alphapanda.serialization.codec_factory import writing_codec  # noqa: PLC0415 - not for every feed's memory
    from alphapanda.settings.model import catalogue_of  # noqa: PLC0415

    return await writing_codec(settings, catalogue_of(settings), [TICKS_TOPIC])
