"""The dashboard over real servers, headless, and a writer of events of a broker that no other test uses."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from textual.pilot import Pilot

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.ids import MARKET, SYSTEM
from alphapanda.infra.base import Endpoints
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.model.kinds import EventType
from commands.shell.context import Context
from commands.shell.output import Output
from topics.catalogue import Catalogue, Overlay
from tui.app import Dashboard
from tui.appearance import Options
from tui.session import NoLayout
from tui.sources.deployment import ConnectDeployment
from tui.sources.handle import LinkState, SourceHandle

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
PATIENCE_S = 60.0
LARGEST = 16 << 20
_SHARED = {EventType.MARKET_TICK: MARKET, EventType.ALERT_RAISED: SYSTEM}


def golden(kind: EventType, broker: str, number: int, **data: Any) -> dict[str, Any]:
    """Return an event as plain data, of a broker and with ids of its own."""
    import msgspec

    text = (GOLDEN / f"{kind}.json").read_text().replace('"paper","correlation', f'"{broker}","correlation')
    text = text.replace('"broker":"paper"', f'"broker":"{broker}"')
    found: dict[str, Any] = msgspec.json.decode(text)
    own = {
        "id": f"00000000-0000-7000-8000-{number:012x}",
        "correlation_id": f"d{number}",
        "broker": _SHARED.get(kind, broker),
    }
    found |= own
    found["data"] |= data
    if "decision_id" in found["data"]:
        found["data"]["decision_id"] = f"d{number}"
    if "order" in found["data"]:
        found["data"]["order"] |= {"client_order_id": f"o{number}", "decision_id": f"d{number}"}
    return found


@pytest.fixture
def make_event() -> Callable[..., dict[str, Any]]:
    """Return what makes an event as plain data."""
    return golden


@dataclass
class Writer:
    """Writes events as the daemons do.

    Attributes:
        broker: whose.
        producer: to Kafka.
        numbers: of the events.
    """

    broker: str
    producer: AIOKafkaProducer
    numbers: count[int] = field(default_factory=lambda: count(1))

    async def put(self, name: str, kind: EventType, **data: Any) -> int:
        """Write an event to the broker's topic of that name; return its number."""
        import msgspec

        number = next(self.numbers)
        value = msgspec.json.encode(golden(kind, self.broker, number, **data))
        await self.raw(f"{self.broker}.{name}" if kind not in _SHARED else name, value)
        return number

    async def raw(self, topic: str, value: bytes | None, *headers: tuple[str, bytes]) -> int:
        """Write bytes; return their offset."""
        sent = await self.producer.send_and_wait(topic, value, key=b"key", headers=list(headers))
        return int(sent.offset)


async def make_topics(bootstrap_servers: str, broker: str) -> None:
    """Make all topics of a broker, and the shared ones."""
    async with Cluster.connect(bootstrap_servers) as cluster:
        at = datetime(2026, 3, 2, 4, 15, tzinfo=UTC)
        await bootstrap(cluster, Catalogue.load(Overlay()).topics([broker]), made_at=at)


OpenWriter = Callable[[str, str], AbstractAsyncContextManager[Writer]]


@asynccontextmanager
async def _open_writer(bootstrap_servers: str, broker: str) -> AsyncIterator[Writer]:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers, max_request_size=LARGEST) as producer:
        yield Writer(broker, producer)


@pytest.fixture
def open_writer() -> OpenWriter:
    """Return what opens a writer of a broker, on any Kafka."""
    return _open_writer


@pytest.fixture
def own_environ() -> dict[str, str]:
    """What of this machine's environment a deployment of the test's own gets."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "XDG_CACHE_HOME") if name in os.environ}


@pytest.fixture
def environ(
    servers: Endpoints, unique_name: str, deployment: Deployment, own_environ: dict[str, str]
) -> dict[str, str]:
    """A deployment on the session's servers, whose one broker has the test's name."""
    deployment.config_file.write_text(
        f'active_brokers = ["{unique_name}"]\n[brokers.{unique_name}]\nkind = "paper"\n', encoding="utf-8"
    )
    return own_environ | {
        "ALPHAPANDA_HOME": str(deployment.root),
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "REDIS__URL": servers.redis_url,
    }


@pytest.fixture
async def writer(servers: Endpoints, unique_name: str) -> AsyncIterator[Writer]:
    """A writer of the test's broker, whose topics are there."""
    await make_topics(servers.bootstrap_servers, unique_name)
    async with _open_writer(servers.bootstrap_servers, unique_name) as made:
        yield made


MakeDashboard = Callable[[Mapping[str, str]], Dashboard]


@pytest.fixture
def dashboard(tmp_path: Path) -> MakeDashboard:
    """Return what makes the dashboard of a deployment, wired as the command line does."""

    def made(environ: Mapping[str, str]) -> Dashboard:
        context = Context(Deployment.find(environ), environ, SystemClock(), Output(no_color=True))
        options = Options(calm=True, folder=tmp_path)
        return Dashboard(
            ConnectDeployment(context.deployment, context.settings, context.clock, None),
            context.clock,
            NoLayout(),
            options,
        )

    return made


Until = Callable[[Pilot[int], Callable[[], Any]], Any]


@pytest.fixture
def until() -> Until:
    """Return what lets the dashboard run until something is true of it."""

    async def wait(pilot: Pilot[int], what: Callable[[], Any]) -> Any:
        clock = SystemClock()
        end = clock.monotonic() + PATIENCE_S
        while not (found := what()):
            assert clock.monotonic() < end, f"still not so:\n{screen_of(pilot)}"
            await pilot.pause(0.05)
        return found

    return wait


def screen_of(pilot: Pilot[int]) -> str:
    """Return what is on the screen."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    app.paint(everything=True)
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


@pytest.fixture
def screen() -> Callable[[Pilot[int]], str]:
    """Return what reads the screen."""
    return screen_of


def port_of(app: Dashboard, name: str) -> SourceHandle | None:
    return next((handle for handle in app.status.handles if handle.name == name), None)


@pytest.fixture
def is_up() -> Callable[..., bool]:
    """Return what tells whether all these sources answer."""

    def told(app: Dashboard, *names: str) -> bool:
        handles = [port_of(app, name) for name in names]
        return all(handle is not None and handle.link is LinkState.UP for handle in handles)

    return told
