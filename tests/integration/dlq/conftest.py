"""A broker of the test's own on real servers, a group that can be made to fail, and the command line over both."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from alphapanda.clock import ManualClock, SystemClock
from alphapanda.deployment import Deployment
from alphapanda.errors import PermanentError
from alphapanda.ids import BrokerId, EventId, InstrumentId, StrategyId, derive_event_id
from alphapanda.infra.base import Endpoints
from alphapanda.kafka.client import KafkaOptions, open_log, open_read_log
from alphapanda.kafka.membership import join_group
from alphapanda.kafka.reading import read_all
from alphapanda.kafka.topic_admin import Cluster
from alphapanda.kafka.topic_bootstrap import bootstrap
from alphapanda.model.envelope import Event, EventEnvelope, follow, trace_id_of
from alphapanda.model.kinds import EventType, Side, TradingMode
from alphapanda.model.payloads import PAYLOADS
from alphapanda.model.records import Header, Outgoing, Record, envelope_headers
from alphapanda.model.signal import Signal, SignalIntent, SignalValidated
from alphapanda.model.tick import Tick, TickRef
from alphapanda.operations.dead_letters.ledger import LedgerEntry, read_ledger
from alphapanda.pipeline.kafka_runner import StageRunner
from alphapanda.pipeline.message_producer import MessageProducer
from alphapanda.pipeline.runner_config import RunnerSpec
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.codec import Codec, JsonCodec
from alphapanda.serialization.codec_factory import ALWAYS_JSON
from alphapanda.serialization.schema_files import schema_text
from alphapanda.state.store import RedisSnapshots, open_redis
from alphapanda.telemetry.log import SilentLogger
from commands.main import main
from topics.catalogue import Catalogue, Overlay
from topics.dead_letters import ProcessingFailure, build_headers
from topics.names import TopicName

NOW = datetime.now(UTC)  # noqa: TID251 - records of the test's own present
STRATEGY = StrategyId("s")


class Meter:
    """Counts nothing: what happened is read from the log."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        def count(*_: object) -> None:
            assert name

        return count


class Risk:
    """Validates every signal, once; what it has folded it counts by event id. Fails while it is told to."""

    def __init__(self) -> None:
        self.refuses: Callable[[Event], bool] = lambda _event: False
        self.folded: Counter[str] = Counter()
        self.position = 0

    def decide(self, event: Event) -> Iterable[Event]:
        if self.refuses(event):
            raise PermanentError(f"no instrument for {event.id}")
        if event.type is not EventType.SIGNAL_RAW:
            return ()
        passed = SignalValidated(signal=event.data)
        broker = event.envelope.broker
        return (
            follow(
                event.envelope,
                EventType.SIGNAL_VALIDATED,
                passed,
                key=STRATEGY,
                source="risk",
                broker=broker,
                name="verdict",
            ),
        )

    def evolve(self, event: Event) -> None:
        if event.type is EventType.SIGNAL_RAW:
            self.folded[event.id] += 1
            self.position += event.data.side.sign * event.data.quantity

    def snapshot(self) -> bytes:
        return json.dumps([dict(self.folded), self.position]).encode()

    def restore(self, data: bytes) -> None:
        folded, self.position = json.loads(data)
        self.folded = Counter(folded)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass
class World:
    """One broker on the session's servers."""

    broker: BrokerId
    endpoints: Endpoints
    deployment: Deployment
    environ: dict[str, str]
    capsys: Any
    risk: Risk = field(default_factory=Risk)
    codec: Codec = field(default_factory=JsonCodec)

    @property
    def signals(self) -> str:
        return f"{self.broker}.signals.raw"

    @property
    def fills(self) -> str:
        return f"{self.broker}.orders.filled"

    @property
    def group(self) -> str:
        return f"{self.broker}.risk"

    @property
    def options(self) -> KafkaOptions:
        return KafkaOptions(self.endpoints.bootstrap_servers, "dlq-test", batch_bytes=262_144)

    # ------------------------------------------------------------ the command line
    def run(self, *words: object) -> Result:
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["dlq", *map(str, words)])
        said = self.capsys.readouterr()
        code = ended.value.code
        return Result(int(code) if code is not None else 0, said.out, said.err)

    def items(self, topic: str, *more: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.run(
            "list", topic, "--all", "--json", "--limit", 100_000, *more
        ).document["items"]
        return found

    # ------------------------------------------------------------ the log
    def write(self, records: Sequence[Outgoing]) -> list[int]:
        async def act() -> list[int]:
            async with open_log(self.options) as log:
                return [position.offset for position in await log.append(records)]

        return asyncio.run(act())

    def read(self, topic: str) -> list[Record]:
        async def act() -> list[Record]:
            async with open_log(self.options) as log:
                partitions = await log.partitions([topic])
                return await read_all(log, await log.beginnings(partitions), await log.ends(partitions))

        return asyncio.run(act())

    def end(self, topic: str) -> int:
        async def act() -> int:
            async with open_read_log(self.options) as log:
                return sum((await log.ends(await log.partitions([topic]))).values())

        return asyncio.run(act())

    def ledger(self) -> dict[str, LedgerEntry]:
        mine = f"{self.broker}."
        entries = read_ledger(self.read("system.dlq-ledger"))
        return {key: entry for key, entry in entries.items() if entry.moved.target.startswith(mine)}

    # ------------------------------------------------------------ what is written
    def signal(self, number: int, **changes: Any) -> EventEnvelope[Signal]:
        event_id = derive_event_id(f"{self.broker}/dlq", "signal", number)
        facts: dict[str, Any] = {
            "decision_id": EventId(f"d{number}"),
            "strategy_id": STRATEGY,
            "broker": self.broker,
            "trading_mode": TradingMode.PAPER,
            "instrument": InstrumentId("NSE:S1"),
            "instrument_token": 1,
            "side": Side.BUY,
            "quantity": number % 7 + 1,
            "intent": SignalIntent.ENTRY,
            "limit_price": Decimal("1.05"),
            "tick": TickRef("t", 0, number, NOW, 1.0),
        }
        return EventEnvelope(
            id=event_id,
            type=EventType.SIGNAL_RAW,
            ts=NOW,
            key=STRATEGY,
            source="strategies",
            broker=self.broker,
            correlation_id=event_id,
            trace_id=trace_id_of(event_id),
            data=Signal(**(facts | changes)),
        )

    def record(self, envelope: EventEnvelope[Any], topic: str | None = None) -> Outgoing:
        headers = (*envelope_headers(envelope), (Header.GROUP.value, b"alphapanda.strategies"))
        topic = topic or self.signals
        return Outgoing(topic, envelope.key.encode(), self.codec.encoder(topic)(envelope), headers)

    def dead_letter(self, value: bytes | None, offset: int, *, topic: str | None = None, **facts: Any) -> Outgoing:
        """A dead letter as the bus writes it."""
        source = topic or self.signals
        known: dict[str, Any] = {
            "topic": source,
            "partition": 0,
            "offset": offset,
            "group": self.group,
            "attempts": 1,
            "message": "no instrument",
            "exception": "PermanentError",
            "failed_at": SystemClock().now(),
            "original_timestamp_ms": int(SystemClock().now().timestamp() * 1000),
        }
        original = tuple(facts.pop("original", ()))
        headers = build_headers(ProcessingFailure(**(known | facts)), original)
        refused = (Header.GROUP.value, str(known["group"]).encode())
        return Outgoing(f"{source}.dlq", facts.get("key", b"s"), value, (*headers, refused), 0)

    # ------------------------------------------------------------ the group that failed
    @contextmanager
    def group_at_work(self) -> Iterator[Risk]:
        """Run the group in a thread until the block ends; what is written is processed meanwhile."""
        ready, failed = threading.Event(), []
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()

        def live() -> None:
            try:
                loop.run_until_complete(self._serve(stop, ready.set))
            except BaseException as error:  # noqa: BLE001 - shown by the test
                failed.append(error)
                ready.set()
            finally:
                loop.close()

        thread = threading.Thread(target=live, name="risk")
        thread.start()
        try:
            assert ready.wait(60)
            assert not failed, failed
            yield self.risk
        finally:
            if thread.is_alive():
                loop.call_soon_threadsafe(stop.set)
            thread.join(60)
        assert not failed, failed

    async def _serve(self, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
        async with (
            open_log(self.options) as log,
            open_redis(self.endpoints.redis_url) as redis,
            join_group(self.options, self.group, [self.signals], instance=f"{self.broker}-1") as ownership,
        ):
            runner = StageRunner(
                spec=RunnerSpec(
                    group=self.group,
                    broker=self.broker,
                    inputs=(self.signals, self.fills),
                    outputs=((EventType.SIGNAL_VALIDATED, self.broker), (EventType.SIGNAL_REJECTED, self.broker)),
                ),
                stage=self.risk,
                log=log,
                ownership=ownership,
                snapshots=RedisSnapshots(redis, f"{self.broker}:snapshot:risk.{self.broker}"),
                routes=Routes(Catalogue.load(), self.broker, self.codec),
                clock=SystemClock(),
                meter=Meter(),
                logger=SilentLogger(),
                on_degraded=lambda _reason: None,
                poll_s=0.01,
            )
            await runner.run(stop, on_ready, lambda: None)

    def until(self, is_so: Callable[[], bool], patience_s: float = 60.0) -> None:
        """Wait until something shows in the log."""
        clock = SystemClock()
        deadline = clock.monotonic() + patience_s
        pause = threading.Event()
        while not is_so():
            assert clock.monotonic() < deadline, "it never came"
            pause.wait(0.05)

    def failing(self, count: int) -> list[EventEnvelope[Signal]]:
        """Have the group refuse `count` signals; returns them when all are dead letters."""
        signals = [self.signal(number) for number in range(count)]
        self.risk.refuses = lambda event: event.type is EventType.SIGNAL_RAW
        self.write([self.record(one) for one in signals])
        self.until(lambda: len(self.read(f"{self.signals}.dlq")) >= count)
        self.risk.refuses = lambda _event: False
        return signals


@pytest.fixture
def world(
    servers: Endpoints,
    deployment: Deployment,
    unique_name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> World:
    deployment.config_file.write_text(f'[brokers.{unique_name}]\nkind = "paper"\n')
    environ = {
        "ALPHAPANDA_HOME": str(deployment.root),
        "ACTIVE_BROKERS": unique_name,
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "REDIS__URL": servers.redis_url,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    async def make() -> None:
        async with Cluster.connect(servers.bootstrap_servers) as cluster:
            await bootstrap(cluster, Catalogue.load(Overlay(broker_count=1)).topics([unique_name]), made_at=NOW)
        # All tests share the market; its newest tick says which session it is.
        async with open_log(KafkaOptions(servers.bootstrap_servers, "dlq-test")) as log:
            tick = Tick(InstrumentId("NSE:X"), 1, NOW, 10.0)
            await MessageProducer(log, "test", ManualClock(NOW)).send(
                TopicName("market", "", "ticks"), tick, key="1"
            )

    asyncio.run(make())
    return World(BrokerId(unique_name), servers, deployment, environ, capsys)


# ---------------------------------------------------------------- events in Avro
@dataclass
class Registry:
    """A schema registry that has one version of each kind of event; only that is asked of it here.

    Attributes:
        url: where.
        schemas: by id.
        asked: the paths that were asked for.
    """

    url: str
    schemas: dict[int, str]
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Return the answer to a GET, and its code."""
        self.asked.append(path)
        parts = path.partition("?")[0].strip("/").split("/")
        if parts[:2] == ["schemas", "ids"] and int(parts[2]) in self.schemas:
            return 200, {"schema": self.schemas[int(parts[2])]}
        if parts[0] == "config":
            return 200, {"compatibilityLevel": "BACKWARD"}
        if parts[0] == "subjects" and len(parts) == 4:
            kind = EventType(Catalogue.load().event_type_of(TopicName.parse(parts[1].removesuffix("-value"))))
            number = id_of(kind)
            return 200, {"subject": parts[1], "version": 1, "id": number, "schema": self.schemas[number]}
        return 404, {"error_code": 40403, "message": "not found"}


def id_of(kind: EventType) -> int:
    """Return the id that the registry gave the schema of a kind of event."""
    return 100 + list(EventType).index(kind)


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry on loopback."""
    found = Registry("", {id_of(kind): schema_text(kind) for kind in PAYLOADS})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, body = found.answer(self.path)
            text = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="registry")
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def avro(world: World, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose events are in Avro."""
    monkeypatch.setenv("SERIALIZATION__FORMAT", "avro")
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", registry.url)
    topics = [spec.name for spec in Catalogue.load().topics([world.broker]) if not spec.name.dlq]
    kinds = {str(name): EventType(Catalogue.load().event_type_of(name)) for name in topics}
    ids = {topic: id_of(kind) for topic, kind in kinds.items() if kind not in ALWAYS_JSON}
    world.codec = AvroCodec(ids, registry.schemas.__getitem__)
    return world
