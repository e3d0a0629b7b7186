"""Ask a Kafka for its identity and its APIs, without the lines that a full client logs.

Everything here is about one connection; aiokafka's errors become ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from alphapanda.errors import ConfigError, IncompatibleServerError, KafkaUnreachableError

if TYPE_CHECKING:
    from aiokafka.conn import AIOKafkaConnection

RETRY_S = 0.03
"""Between two attempts at a server that is starting."""


class KafkaFacts(msgspec.Struct, frozen=True):
    """Kafka's answers about itself.

    Attributes:
        address: the `host:port` that answered.
        cluster_id: None from brokers that have none.
        brokers: `host:port` of each.
        apis: the versions it speaks, `(oldest, newest)` by API key.
    """

    address: str
    cluster_id: str | None
    brokers: tuple[str, ...]
    apis: Mapping[int, tuple[int, int]]


class NeededApi(NamedTuple):
    """An API that the program cannot do without.

    Attributes:
        name: as Kafka's documentation has it.
        oldest: the oldest version with all that the program uses of it.
        since: the release of Kafka that brought it.
    """

    name: str
    oldest: int
    since: str


NEEDED: Mapping[int, NeededApi] = {
    0: NeededApi("Produce", 3, "0.11"),  # records with headers
    1: NeededApi("Fetch", 4, "0.11"),
    2: NeededApi("ListOffsets", 1, "0.10.1"),
    3: NeededApi("Metadata", 1, "0.10"),
    8: NeededApi("OffsetCommit", 2, "0.9"),
    9: NeededApi("OffsetFetch", 1, "0.8.2"),
    10: NeededApi("FindCoordinator", 0, "0.8.2"),
    11: NeededApi("JoinGroup", 0, "0.9"),
    12: NeededApi("Heartbeat", 0, "0.9"),
    13: NeededApi("LeaveGroup", 0, "0.9"),
    14: NeededApi("SyncGroup", 0, "0.9"),
    19: NeededApi("CreateTopics", 0, "0.10.1"),
    22: NeededApi("InitProducerId", 0, "0.11"),  # idempotent producer
    32: NeededApi("DescribeConfigs", 0, "0.11"),
}


async def probe_kafka(bootstrap_servers: str, timeout_s: float = 5.0) -> KafkaFacts:
    """Return the facts of the first of `bootstrap_servers` that answers.

    Raises:
        ConfigError: the list is not `host:port[,host:port…]`.
        KafkaUnreachableError: none answers.
        IncompatibleServerError: something answers that does not speak Kafka's protocol.
    """
    addresses = parse_servers(bootstrap_servers)
    failures = []
    for host, port in addresses:
        try:
            async with asyncio.timeout(timeout_s), connection_to(host, port, timeout_s) as connection:
                return await _facts(connection, f"{host}:{port}")
        except TimeoutError:
            failures.append(f"{host}:{port} does not answer within {timeout_s:g} s")
        except OSError as error:
            failures.append(f"{host}:{port}: {reason_of(error)}")
        except UnfitError as error:
            raise IncompatibleServerError(
                f"{host}:{port} answers, but not as a Kafka that this program can talk to ({error}).",
                hint="Check KAFKA__BOOTSTRAP_SERVERS: a plain-text listener of Kafka 0.11+ or of Redpanda.",
            ) from error
    raise KafkaUnreachableError(
        f"No Kafka answers at {bootstrap_servers} ({'; '.join(failures)}).",
        hint="Start it, or correct KAFKA__BOOTSTRAP_SERVERS.",
    )


async def kafka_is_up(bootstrap_servers: str, *, group: str) -> KafkaFacts:
    """Return the facts of a starting Kafka once it serves clients and groups; waits for ever."""
    while True:
        try:
            facts = await probe_kafka(bootstrap_servers, timeout_s=5.0)
            if facts.brokers and await _coordinator_ready(facts.brokers[0], group):
                return facts
        except (KafkaUnreachableError, OSError, UnfitError):
            pass  # it is still starting
        await asyncio.sleep(RETRY_S)


def require_compatible(facts: KafkaFacts, supported: Mapping[int, tuple[int, int]] | None = None) -> None:
    """Check that every API the program needs has a version that both sides speak.

    Args:
        facts: the server's side.
        supported: our side; None takes aiokafka's.

    Raises:
        IncompatibleServerError: the server is too old, or too new.
    """
    ours = client_apis() if supported is None else supported
    for key, need in NEEDED.items():
        low, high = ours[key]
        low = max(low, need.oldest)
        if key not in facts.apis or facts.apis[key][1] < low:
            spoken = f"{need.name} up to version {facts.apis[key][1]}" if key in facts.apis else f"no {need.name}"
            raise IncompatibleServerError(
                f"The Kafka at {facts.address} is too old: it speaks {spoken}, version {low} is needed.",
                hint=f"Use Kafka {need.since} or newer (2.1 and newer are recommended), or Redpanda.",
            )
        if facts.apis[key][0] > high:
            raise IncompatibleServerError(
                f"The Kafka at {facts.address} is too new: it speaks {need.name} from version "
                f"{facts.apis[key][0]}, this program up to {high}.",
                hint="Update alphapanda (its aiokafka decides), or use an older Kafka.",
            )


def client_apis() -> Mapping[int, tuple[int, int]]:
    """Return the versions that aiokafka speaks, `(oldest, newest)` by API key."""
    from aiokafka.protocol import (  # noqa: PLC0415 - heavy
        admin,
        commit,
        coordination,
        fetch,
        group,
        metadata,
        offset,
        produce,
        transaction,
    )

    from alphapanda.kafka.internals import request_versions  # noqa: PLC0415

    requests: tuple[Any, ...] = (
        produce.ProduceRequest,
        fetch.FetchRequest,
        offset.OffsetRequest,
        metadata.MetadataRequest,
        commit.OffsetCommitRequest,
        commit.OffsetFetchRequest,
        coordination.FindCoordinatorRequest,
        group.JoinGroupRequest,
        group.HeartbeatRequest,
        group.LeaveGroupRequest,
        group.SyncGroupRequest,
        admin.CreateTopicsRequest,
        transaction.InitProducerIdRequest,
        admin.DescribeConfigsRequest,
    )
    return {request.API_KEY: request_versions(request) for request in requests}


def parse_servers(text: str) -> tuple[tuple[str, int], ...]:
    """Return `(host, port)` of each server in `host:port[,host:port…]`.

    Raises:
        ConfigError: it is not such a list.
    """
    found = []
    for entry in text.split(","):
        host, _, port = entry.strip().rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ConfigError(
                f"KAFKA__BOOTSTRAP_SERVERS has {entry.strip()!r}, which is not host:port.",
                hint="Write it like `kafka1.example:9092,kafka2.example:9092`.",
            )
        found.append((host.strip("[]"), int(port)))
    return tuple(found)


class UnfitError(Exception):
    """The connection broke, or the other side's bytes are not Kafka's protocol."""


@asynccontextmanager
async def connection_to(
    host: str, port: int, timeout_s: float, *, on_close: Callable[[], None] | None = None
) -> AsyncIterator[AIOKafkaConnection]:
    """Be connected to one server; `on_close` is called when the connection ends, whoever ends it.

    Raises:
        OSError: it cannot be reached (TimeoutError among them).
        UnfitError: the connection broke, or the bytes are not Kafka's.
    """
    from aiokafka.conn import create_conn  # noqa: PLC0415 - 0.2 s to load; a server that starts needs longer
    from aiokafka.errors import KafkaError  # noqa: PLC0415

    try:
        connection = await create_conn(
            host,
            port,
            client_id="alphapanda",
            request_timeout_ms=int(timeout_s * 1000),
            on_close=None if on_close is None else lambda _connection, _reason: on_close(),
        )
    except (KafkaError, AssertionError, ValueError) as error:
        raise UnfitError(f"{type(error).__name__}: {error}") from error
    try:
        yield connection
    except (KafkaError, NotImplementedError) as error:
        raise UnfitError(f"{type(error).__name__}: {error}") from error
    finally:
        await connection.close()


async def _facts(connection: AIOKafkaConnection, address: str) -> KafkaFacts:
    from aiokafka.protocol.admin import ApiVersionRequest  # noqa: PLC0415
    from aiokafka.protocol.metadata import MetadataRequest  # noqa: PLC0415

    spoken = await connection.send(ApiVersionRequest())
    apis = {key: (low, high) for key, low, high in spoken.api_versions}
    metadata = await connection.send(MetadataRequest([]))
    return KafkaFacts(
        address=address,
        cluster_id=getattr(metadata, "cluster_id", None),
        brokers=tuple(f"{broker[1]}:{broker[2]}" for broker in metadata.brokers),
        apis=apis,
    )


async def _coordinator_ready(address: str, group: str) -> bool:
    """Whether the coordinator of groups has loaded its topic; asking creates the topic on the first start."""
    from aiokafka.protocol.commit import OffsetFetchRequest  # noqa: PLC0415
    from aiokafka.protocol.coordination import FindCoordinatorRequest  # noqa: PLC0415

    ((host, port),) = parse_servers(address)
    async with asyncio.timeout(5.0):
        async with connection_to(host, port, 5.0) as anybody:
            found = await anybody.send(FindCoordinatorRequest(group, 0))
        if found.error_code != 0:
            return False
        async with connection_to(found.host, found.port, 5.0) as coordinator:
            offsets = await coordinator.send(OffsetFetchRequest(group, [("__consumer_offsets", [0])]))
    if getattr(offsets, "error_code", 0) != 0:  # of the whole answer, which then names no partition
        return False
    return all(partition[-1] == 0 for _, partitions in offsets.topics for partition in partitions)


def reason_of(error: OSError) -> str:
    """Return in a few words why a server cannot be reached."""
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    return (error.strerror or str(error)).strip().lower() or type(error).__name__
