"""Servers that are not there yet, that are killed, and that come back."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.process import ManagedProcess
from alphapanda.infra.progress import NoProgress
from alphapanda.infra.startup import start_child
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.model.kinds import EventType
from alphapanda.settings import EmbeddedSettings
from topics.catalogue import Catalogue, Overlay
from tui.sources import log_source

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

Start = Callable[[str], Awaitable[ManagedProcess]]


@pytest.fixture
async def tier(deployment: Deployment) -> EmbeddedTier:
    return EmbeddedTier(EmbeddedSettings(), deployment, SystemClock())


@pytest.fixture
async def start(tier: EmbeddedTier) -> AsyncIterator[Start]:
    """Start servers of the test's own by name; they are gone afterwards."""
    started: list[ManagedProcess] = []

    async def begin(name: str) -> ManagedProcess:
        await tier.prepare(NoProgress())
        (spec,) = (spec for spec in tier.children() if spec.name == name)
        started.append(await start_child(spec, deadline_s=60, die_with_parent=signal.SIGKILL))
        return started[-1]

    yield begin
    for child in started:
        await child.stop()


async def test_opened_over_nothing_it_comes_alive_and_outlives_its_servers(
    deployment: Deployment,
    tier: EmbeddedTier,
    start: Start,
    own_environ: dict[str, str],
    dashboard: Any,
    open_writer: Any,
    until: Any,
    screen: Any,
    is_up: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_source, "LOOK_AGAIN_S", 2.0)
    app = dashboard(own_environ | {"ALPHAPANDA_HOME": str(deployment.root)})
    async with app.run_test(size=(200, 50), notifications=True) as pilot:
        await until(pilot, lambda: "not answer" in screen(pilot))
        assert "alphapanda up" in screen(pilot), "it says what to type"
        assert "no data yet" in screen(pilot)
        for key in "12345678":
            await pilot.press(key)
            assert "not answer" in screen(pilot)

        kafka, valkey = await start("kafka"), await start("valkey")
        await until(pilot, lambda: is_up(app, "Kafka", "Redis"))
        servers = tier.endpoints().bootstrap_servers
        async with Cluster.connect(servers) as cluster:
            at = datetime(2026, 3, 2, 4, 15, tzinfo=UTC)
            await bootstrap(cluster, Catalogue.load(Overlay()).topics(["paper"]), made_at=at)
        await until(pilot, lambda: "paper.orders.submitted" in app.live_store.topics.rows)
        async with open_writer(servers, "paper") as writer:
            order = await writer.put("orders.submitted", EventType.ORDER_SUBMITTED)
            numbers = writer.numbers
        await pilot.press("4")
        await until(pilot, lambda: f"o{order}" in app.live_store.orders.rows and "NSE:INFY" in screen(pilot))

        for child in (kafka, valkey):
            child.kill()
            await child.wait()
        await until(pilot, lambda: not is_up(app, "Kafka") and not is_up(app, "Redis"))
        assert "Kafka" in screen(pilot)
        assert "last data" in screen(pilot), "what is shown says how old it is"
        assert "NSE:INFY" in screen(pilot), "and is not taken away"

        await start("kafka")
        await until(pilot, lambda: any("Kafka is back after" in note.message for note in app._notifications))
        await start("valkey")
        await until(pilot, lambda: is_up(app, "Kafka", "Redis"))
        async with open_writer(servers, "paper") as writer:
            writer.numbers = numbers
            order = await writer.put("orders.submitted", EventType.ORDER_SUBMITTED)
        await until(pilot, lambda: f"o{order}" in app.live_store.orders.rows)
        assert len(app.live_store.orders.rows) == 2
