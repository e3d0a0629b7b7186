"""A risk daemon that kills itself with SIGKILL after the n-th time of one numbered step. Run by test_steps.py."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from alphapanda.clock import SystemClock
from alphapanda.ids import BrokerId
from alphapanda.kafka.client import KafkaOptions, open_log
from alphapanda.kafka.membership import join_group
from alphapanda.market.instruments import InstrumentTable
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.pipeline.kafka_runner import StageRunner
from alphapanda.pipeline.meter import MetricsMeter
from alphapanda.pipeline.runner_config import BatchStep, RunnerSpec
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.risk.limits import RiskLimits
from alphapanda.risk.stage import RiskStage
from alphapanda.state.store import RedisSnapshots, open_redis
from alphapanda.telemetry.log import SilentLogger
from alphapanda.telemetry.metrics import Metrics
from topics.catalogue import Catalogue

INPUTS = (EventType.SIGNAL_RAW, EventType.ORDER_FILLED, EventType.CONTROL_COMMAND)
OUTPUTS = (EventType.SIGNAL_VALIDATED, EventType.SIGNAL_REJECTED, EventType.CONTROL_EVENT)
LOOK_AGAIN_S = 0.05


async def live(
    bootstrap: str, redis_url: str, broker: BrokerId, step: BatchStep | None, times: int, signals: int
) -> None:
    """Judge until killed, or until all of `signals` are judged."""
    left = times
    done = asyncio.Event()

    def die(now: BatchStep) -> None:
        nonlocal left
        left -= now is step
        if now is step and left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    options = KafkaOptions(bootstrap, "crashing-runner")
    limits = RiskLimits(max_orders_per_second=10_000, max_open_positions=10_000, duplicate_window_ms=0)
    stage = RiskStage(broker, TradingMode.PAPER, limits, InstrumentTable(SIMULATED_INSTRUMENTS))
    routes = Routes(Catalogue.load(), broker)
    raw = routes.topic(EventType.SIGNAL_RAW, broker)
    async with (
        open_log(options) as log,
        open_redis(redis_url) as redis,
        join_group(options, f"{broker}.risk", [raw], instance=f"{broker}-crashing-runner") as ownership,
    ):
        runner = StageRunner(
            spec=RunnerSpec(
                group=f"{broker}.risk",
                broker=broker,
                inputs=tuple(routes.topic(kind, broker) for kind in INPUTS),
                outputs=tuple((kind, broker) for kind in OUTPUTS),
                timer=True,
            ),
            stage=stage,
            log=log,
            ownership=ownership,
            snapshots=RedisSnapshots(redis, f"{broker}:snapshot:risk"),
            routes=routes,
            clock=SystemClock(),
            meter=MetricsMeter(Metrics("crashing-runner", broker)),
            logger=SilentLogger(),
            on_degraded=lambda _reason: None,
            on_step=die,
            poll_s=0.05,
        )
        outputs = await log.partitions([routes.topic(kind, broker) for kind in OUTPUTS[:2]])

        async def watch() -> None:
            while sum((await log.ends(outputs)).values()) < signals or step is not None:  # noqa: ASYNC110 - Kafka is asked
                await asyncio.sleep(LOOK_AGAIN_S)
            done.set()

        async with asyncio.TaskGroup() as tasks:
            watcher = tasks.create_task(watch())
            await runner.run(done, lambda: None, lambda: None)
            watcher.cancel()


def main() -> None:
    """Take the words of the command line."""
    bootstrap, redis_url, broker, step, times, signals = sys.argv[1:]
    chosen = BatchStep[step] if step in BatchStep.__members__ else None
    asyncio.run(live(bootstrap, redis_url, BrokerId(broker), chosen, int(times), int(signals)))


if __name__ == "__main__":
    main()
