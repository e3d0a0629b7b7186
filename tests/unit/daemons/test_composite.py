from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.errors import RefusedError
from alphapanda.infra.base import Endpoints
from alphapanda.settings import Settings
from alphapanda.telemetry.health import Health
from alphapanda.telemetry.log import SilentLogger
from alphapanda.telemetry.metrics import Metrics
from daemons.composite import CompositeService
from daemons.service import DaemonContext


class Part:
    """A service that is ready when it is let, and ends when it is told to, or fails."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.may_be_ready = asyncio.Event()
        self.is_ready = asyncio.Event()
        self.fails = asyncio.Event()
        self.health = Health()

    async def run(self, context: DaemonContext) -> None:
        self.health = context.health
        context.metrics.duplicates.inc()
        await self.may_be_ready.wait()
        context.health.ready()
        self.is_ready.set()
        async with asyncio.TaskGroup() as group:
            failing = group.create_task(self._fail())
            await context.stop.wait()
            failing.cancel()

    async def _fail(self) -> None:
        await self.fails.wait()
        raise RefusedError(f"{self.name} fails.")


@pytest.fixture
def context(tmp_path: Path) -> DaemonContext:
    clock = SystemClock()
    return DaemonContext(
        deployment=Deployment(tmp_path),
        settings=Settings(),
        clock=clock,
        log=SilentLogger(),
        metrics=Metrics("broker.paper", "paper", clock),
        health=Health("broker.paper", clock),
        endpoints=Endpoints("127.0.0.1:1", "redis://127.0.0.1:1/0"),
        stop=asyncio.Event(),
    )


async def test_it_is_ready_when_all_its_parts_are_and_ends_when_told_to(context: DaemonContext) -> None:
    risk, trader = Part("risk.paper"), Part("trader.paper")
    async with asyncio.timeout(90), asyncio.TaskGroup() as group:
        running = group.create_task(CompositeService("broker.paper", (risk, trader)).run(context))
        risk.may_be_ready.set()
        await risk.is_ready.wait()
        assert context.health.reasons == ("trader.paper: recovers",)
        trader.may_be_ready.set()
        await context.health.wait_ready()
        trader.health.not_ready("Redis does not answer", part="redis")
        assert context.health.reasons == ("trader.paper: Redis does not answer",)
        trader.health.ready("redis")
        assert context.health.is_ready
        context.stop.set()
        await running


async def test_one_part_that_fails_ends_them_all(context: DaemonContext) -> None:
    risk, trader = Part("risk.paper"), Part("trader.paper")
    risk.may_be_ready.set()
    trader.may_be_ready.set()
    risk.fails.set()
    with pytest.raises(BaseExceptionGroup) as ended:
        async with asyncio.timeout(90):
            await CompositeService("broker.paper", (risk, trader)).run(context)
    assert ended.group_contains(RefusedError, match="risk.paper fails")


async def test_each_part_counts_under_its_own_name_on_one_page(context: DaemonContext) -> None:
    risk, trader = Part("risk.paper"), Part("trader.paper")
    context.stop.set()
    for part in (risk, trader):
        part.may_be_ready.set()
    await CompositeService("broker.paper", (risk, trader)).run(context)
    registry = context.metrics.registry
    for service, count in (("risk.paper", 1.0), ("trader.paper", 1.0), ("broker.paper", 0.0)):
        labels = {"service": service, "broker": "paper"}
        assert registry.get_sample_value("trading_duplicate_events_total", labels) == count
