"""A Redis that takes connections and never answers holds nobody up for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest

from alphapanda.clock import ManualClock
from alphapanda.errors import RedisUnreachableError
from alphapanda.model.stage import Snapshot
from alphapanda.state import store, views
from alphapanda.state.store import RedisSnapshots, open_redis
from alphapanda.state.views import ViewProjector
from alphapanda.telemetry.health import Health
from alphapanda.telemetry.log import SilentLogger

NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


class View(msgspec.Struct):
    """Anything that can be looked at."""

    value: int


class SlowClock(ManualClock):
    """Takes a second a look, as it is with a server that does not answer."""

    def monotonic(self) -> float:
        self.advance(1.0)
        return super().monotonic()


@pytest.fixture
async def hung() -> AsyncIterator[str]:
    writers: list[asyncio.StreamWriter] = []

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        for writer in writers:
            writer.transport.abort()


async def test_views_are_given_up_soon_and_rest_nine_times_as_long(
    hung: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PATIENCE_S", 0.05)
    looks = 0

    def look(_at: datetime) -> dict[str, msgspec.Struct]:
        nonlocal looks
        looks += 1
        return {"view": View(looks)}

    clock, health = SlowClock(NOW), Health()
    health.ready()
    async with open_redis(hung) as client, asyncio.timeout(30):
        projector = ViewProjector(client, look, clock=clock, health=health, log=SilentLogger())
        await projector.project(changed=True)  # at second 1, given up at second 2
        assert health.reasons == ("Redis does not answer; trading goes on, views are stale",)
        for _second in range(3, 11):
            await projector.project(changed=True)
        assert looks == 1
        await projector.project(changed=True)  # at second 11
        assert looks == 2


async def test_a_snapshot_is_given_up_soon(hung: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SAVE_TIMEOUT_S", 0.05)
    snapshot = Snapshot(log="log", taken_at=NOW, state=b"", inputs={}, outputs={}, recent=())
    async with open_redis(hung) as client, asyncio.timeout(6):  # redis-py alone would try for nine seconds
        with pytest.raises(RedisUnreachableError, match="saving the snapshot key: not in time"):
            await RedisSnapshots(client, "key").save(snapshot)
