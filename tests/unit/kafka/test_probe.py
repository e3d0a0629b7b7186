from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from alphapanda.errors import ConfigError, IncompatibleServerError, KafkaUnreachableError
from alphapanda.kafka.probe import (
    NEEDED,
    KafkaFacts,
    client_apis,
    kafka_is_up,
    parse_servers,
    probe_kafka,
    require_compatible,
)
from alphapanda.kafka.watch import watch_kafka

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """Answer on a port of the loopback address; gives `host:port`."""

    async def answer_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer_and_close, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def kafka_with(apis: Mapping[int, tuple[int, int]]) -> Answer:
    """A Kafka as old as its list of APIs: it answers ApiVersions v0 and Metadata v0."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            request = await reader.readexactly(size)
            key, version, correlation = struct.unpack(">hhi", request[:8])
            if key == 18:
                rows = b"".join(struct.pack(">hhh", api, *range_) for api, range_ in apis.items())
                body = struct.pack(">hi", 0, len(apis)) + rows
            else:
                assert (key, version) == (3, 0)
                host = b"127.0.0.1"
                body = struct.pack(">iih", 1, 1, len(host)) + host + struct.pack(">ii", 9092, 0)
            answered = struct.pack(">i", correlation) + body
            writer.write(struct.pack(">i", len(answered)) + answered)
            await writer.drain()

    return answer


def facts(**changed: tuple[int, int] | None) -> KafkaFacts:
    """A server that speaks what aiokafka does, but for some APIs by name."""
    apis = dict(client_apis())
    for key, need in NEEDED.items():
        if need.name in changed:
            spoken = changed[need.name]
            if spoken is None:
                del apis[key]
            else:
                apis[key] = spoken
    return KafkaFacts(address="kafka:9092", cluster_id="c", brokers=("kafka:9092",), apis=apis)


def test_what_is_needed_is_spoken_by_the_client() -> None:
    ours = client_apis()
    assert set(NEEDED) <= set(ours)
    assert all(need.oldest <= ours[key][1] for key, need in NEEDED.items())


def test_a_server_like_the_client_fits() -> None:
    require_compatible(facts())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"Produce": (0, 2)}, r"kafka:9092 is too old: it speaks Produce up to version 2, version 3 is needed"),
        ({"InitProducerId": None}, r"too old: it speaks no InitProducerId"),
        ({"Fetch": (40, 50)}, r"too new: it speaks Fetch from version 40, this program up to \d+"),
    ],
)
def test_one_that_does_not_is_told_apart(changed: Mapping[str, tuple[int, int] | None], message: str) -> None:
    with pytest.raises(IncompatibleServerError, match=message) as told:
        require_compatible(facts(**changed))
    assert told.value.hint


async def test_an_old_kafka_is_asked_over_the_wire_and_refused() -> None:
    kafka_0_10 = {0: (0, 2), 1: (0, 3), 2: (0, 1), 3: (0, 0), 8: (0, 2), 9: (0, 2), 10: (0, 0), 18: (0, 0)}
    async with serving(kafka_with(kafka_0_10)) as address:
        found = await probe_kafka(address)
        assert found.brokers == ("127.0.0.1:9092",)
        with pytest.raises(IncompatibleServerError, match="is too old: it speaks Produce up to version 2"):
            require_compatible(found)


async def test_where_nobody_listens_it_says_so() -> None:
    with pytest.raises(
        KafkaUnreachableError, match=r"No Kafka answers at 127\.0\.0\.1:1 \(.*nobody listens there\)"
    ):
        await probe_kafka("127.0.0.1:1")


async def test_a_name_that_does_not_exist_is_told() -> None:
    with pytest.raises(KafkaUnreachableError, match=r"kafka\.invalid:9092: "):
        await probe_kafka("kafka.invalid:9092")


async def test_the_second_server_is_asked_when_the_first_is_down() -> None:
    async with serving(kafka_with({**client_apis(), 3: (0, 0)})) as address:
        assert (await probe_kafka(f"127.0.0.1:1,{address}")).address == address


async def test_one_that_stays_silent_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silent) as address:
        with pytest.raises(KafkaUnreachableError, match=r"does not answer within 0\.1 s"):
            await probe_kafka(address, timeout_s=0.1)


async def test_something_else_on_the_port_is_no_kafka() -> None:
    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with serving(http) as address:
        with pytest.raises((IncompatibleServerError, KafkaUnreachableError)):
            await probe_kafka(address, timeout_s=1)


def test_servers_are_host_and_port() -> None:
    assert parse_servers("a:1, b.example:65535") == (("a", 1), ("b.example", 65_535))
    assert parse_servers("[::1]:9092") == (("::1", 9_092),)


@pytest.mark.parametrize(
    "text", ["", "kafka", "kafka:", ":9092", "kafka:http", "kafka:0", "kafka:70000", "a:1,,b:2"]
)
def test_what_is_not_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match="which is not host:port"):
        parse_servers(text)


def node_with(errors: list[int], coordinator: str = "") -> Answer:
    """A node of a cluster of one or two: `errors` are its answers about a group, the last of them for ever.

    `coordinator` is the node that has the groups, this one by default.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        here = struct.pack(">ih9si", 1, 9, b"127.0.0.1", port)
        port = parse_servers(coordinator)[0][1] if coordinator else port
        there = struct.pack(">ih9si", 2 if coordinator else 1, 9, b"127.0.0.1", port)
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            request = await reader.readexactly(size)
            key, _version, correlation = struct.unpack(">hhi", request[:8])
            if key == 18:
                apis = {3: (0, 0), 9: (3, 3), 10: (0, 0)}
                rows = b"".join(struct.pack(">hhh", api, *range_) for api, range_ in apis.items())
                body = struct.pack(">hi", 0, len(apis)) + rows
            elif key == 3:
                body = struct.pack(">i", 1) + here + struct.pack(">i", 0)
            elif key == 10:
                body = struct.pack(">h", 0) + there
            else:
                error = errors.pop(0) if len(errors) > 1 else errors[0]
                topic = b"__consumer_offsets"
                one = struct.pack(f">h{len(topic)}siiqhh", len(topic), topic, 1, 0, -1, 0, 0)
                body = (
                    struct.pack(">ii", 0, 0 if error else 1) + (b"" if error else one) + struct.pack(">h", error)
                )
            answered = struct.pack(">i", correlation) + body
            writer.write(struct.pack(">i", len(answered)) + answered)
            await writer.drain()

    return answer


NOT_COORDINATOR, LOADING = 16, 14


async def test_a_coordinator_that_still_loads_is_not_up() -> None:
    """Kafka answers with an error for the whole, and no partition that could have one of its own."""
    errors = [NOT_COORDINATOR, LOADING, 0]
    async with serving(node_with(errors)) as address, asyncio.timeout(90):
        await kafka_is_up(address, group="group")
    assert errors == [0]


async def test_of_several_nodes_the_coordinator_is_asked() -> None:
    async with (
        serving(node_with([LOADING, 0])) as coordinator,
        serving(node_with([NOT_COORDINATOR], coordinator)) as address,
        asyncio.timeout(90),
    ):
        assert (await kafka_is_up(address, group="group")).address == address


async def test_a_kafka_that_ends_is_told_at_once_and_so_is_its_return() -> None:
    told: asyncio.Queue[str | None] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []
    answers = kafka_with({**client_apis(), 3: (0, 0)})

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await answers(reader, writer)

    async with serving(answer) as address, asyncio.timeout(90):
        watching = asyncio.create_task(watch_kafka(address, told.put_nowait, every_s=3600.0))
        assert await told.get() is None
        writers[-1].close()  # the next question is an hour away
        assert await told.get() == f"Kafka does not answer ({address}: the connection was closed)"
        assert await told.get() is None
        watching.cancel()
        await asyncio.wait({watching})


async def test_a_kafka_that_takes_connections_and_does_not_answer_is_told() -> None:
    told: asyncio.Queue[str | None] = asyncio.Queue()

    async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(say_nothing) as address, asyncio.timeout(90):
        watching = asyncio.create_task(watch_kafka(address, told.put_nowait, answer_s=0.2))
        assert await told.get() == f"Kafka does not answer ({address} did not within 0.2 s)"
        watching.cancel()
        await asyncio.wait({watching})
