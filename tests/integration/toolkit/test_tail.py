"""Tails of real topics: ranges, filters, many topics in the order of time, what is undecodable, and kcat."""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

import pytest

from alphapanda.infra.base import Endpoints
from alphapanda.kafka.client import KafkaOptions, open_read_log
from alphapanda.kafka.group_admin import open_groups
from alphapanda.model.records import Outgoing

pytestmark = pytest.mark.kafka

Chains = Any
Call = Any


async def put(chains: Chains, topic: str, *values: bytes | None, headers: Any = ()) -> None:
    for number, value in enumerate(values):
        await chains.log.append([Outgoing(chains.topic(topic), f"k{number}".encode(), value, headers)])


def values(ended: Any) -> list[Any]:
    assert ended.code == 0, ended.err
    return [line["value"] for line in ended.lines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), list(range(5, 15))),
        (("--range", "oldest"), list(range(15))),
        (("--range", ":3"), [0, 1, 2]),
        (("--range", "3:5"), [3, 4]),
        (("--range", "+13"), [13, 14]),
        (("--range", "-2"), [13, 14]),
        (("--range", "-2:end"), [13, 14]),
        (("--range", "@-10m:"), list(range(15))),
        (("--range", "newest"), []),
        (("--last", "3"), [12, 13, 14]),
        (("--since", "10m", "--limit", "2"), [0, 1]),
        (("--until", "now", "--limit", "1"), [0]),
        (("--range", ":end", "--where", "value.n >= 13"), [13, 14]),
        (("--range", ":end", "--key", "k1*", "--limit", "2"), [1, 10]),
        (("--range", ":end", "--value", '*"n":7*'), [7]),
    ],
)
async def test_ranges_and_filters(chains: Chains, call: Call, words: tuple[str, ...], expected: list[int]) -> None:
    await put(chains, "orders.filled", *(b'{"n":%d}' % n for n in range(15)))
    ended = await call("topics", "tail", chains.topic("orders.filled"), "-o", "jsonl", *words)
    assert [value["n"] for value in values(ended)] == expected


async def test_many_topics_are_merged_in_the_order_of_time(chains: Chains, call: Call) -> None:
    for n in range(6):
        await put(chains, "orders.filled" if n % 2 else "orders.submitted", b'{"n":%d}' % n)
    ended = await call("topics", "tail", chains.topic("orders.[sf]*"), "--json")
    assert sorted(value["n"] for value in values(ended)) == list(range(6))
    times = [line["timestamp_ms"] for line in ended.lines()]
    assert times == sorted(times)
    for parity in (0, 1):
        mine = [value["n"] for value in values(ended) if value["n"] % 2 == parity]
        assert mine == sorted(mine)


async def test_type_and_broker_come_from_headers_or_else_from_the_value(chains: Chains, call: Call) -> None:
    tick = chains.tick()
    at = await chains.put("market.ticks", tick)
    for name, event in chains.whole(chains.decide(tick, at)):
        await chains.put(chains.topic(name), event, at)
    bare = b'{"type":"order_filled","broker":"%s","data":{"n":1}}' % chains.broker.encode()
    await put(chains, "orders.filled", bare)
    ended = await call(
        *("topics", "tail", chains.topic("orders.*"), "-r", ":end", "-o", "value"),
        *("--type", "order_f*", "--broker", chains.broker),
    )
    assert ended.code == 0, ended.err
    first, second = ended.lines()
    assert first["fill"]["trade_id"]
    assert second == {"n": 1}
    headed = await call("topics", "tail", chains.topic("orders.*"), "-r", ":end", "-H", "ap-cause=*", "-o", "raw")
    assert len(headed.out.splitlines()) == 3


async def test_what_cannot_be_decoded_is_shown_with_the_reason(chains: Chains, call: Call) -> None:
    await put(chains, "orders.filled", b'{"n":1}', b"{half", None, b"\xff\xfe", b'{"n":2}')
    topic = chains.topic("orders.filled")
    ended = await call("topics", "tail", topic, "--json")
    assert ended.code == 0, ended.err
    good, half, nothing, binary, last = ended.lines()
    assert (good["value"], nothing["value"], last["value"]) == ({"n": 1}, None, {"n": 2})
    assert "not JSON" in half["value_error"]
    assert half["value_base64"] == "e2hhbGY="
    assert "value_error" in binary
    filtered = await call("topics", "tail", topic, "-o", "raw", "-w", "data.n > 0 or value.n > 0")
    assert filtered.out.splitlines() == [b'{"n":1}', b'{"n":2}']
    assert "undecodable 2" in filtered.err
    for people in ("table", "value"):
        shown = await call("topics", "tail", topic, "-o", people)
        assert shown.code == 0
        assert "value_error" in shown.out.decode()


async def test_following_gives_what_comes_until_the_limit(chains: Chains, call: Call) -> None:
    topic = chains.topic("orders.filled")
    await put(chains, "orders.filled", b'{"n":0}')
    following = asyncio.create_task(call("topics", "tail", topic, "-f", "--last", "1", "-n", "4", "-o", "value"))
    for n in range(1, 200):
        if following.done():
            break
        await put(chains, "orders.filled", b'{"n":%d}' % n)
        await asyncio.wait({following}, timeout=0.05)
    ended = await following
    numbers = [line["n"] for line in ended.lines()]
    assert numbers == list(range(numbers[0], numbers[0] + 4))


async def test_an_interrupt_sums_up_and_exits_with_130(chains: Chains, environ: dict[str, str]) -> None:
    import signal
    import sys

    await put(chains, "orders.filled", b'{"n":0}')
    child = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "commands.main",
            "topics",
            "tail",
            chains.topic("orders.filled"),
            "-f",
            "-o",
            "raw",
        ),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b'{"n":0}\n'
    child.send_signal(signal.SIGINT)
    _, err = await child.communicate()
    assert child.returncode == 130
    assert err.decode().startswith("scanned 1 · matched 1 · ")


async def test_a_reader_joins_no_group_and_commits_nothing(
    chains: Chains, call: Call, options: KafkaOptions
) -> None:
    async with open_groups(options) as admin:
        before = await admin.names()
        await put(chains, "orders.filled", b"{}")
        assert (await call("topics", "tail", chains.topic("orders.filled"))).code == 0
        assert await admin.names() == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("{topic}x",), 2, "Did you mean '{topic}'?"),
        (("{topic}", "--where", "data.n >"), 2, "data.n >\n        ^"),
        (("{topic}", "--where", "nonsense == 1"), 2, "nonsense == 1\n^"),
        (("{topic}", "--range", "5:3"), 2, "It ends before it begins"),
        (("{topic}", "--range", "oldest", "--last", "3"), 2, "--range cannot be combined"),
        (("{topic}", "--partition", "7"), 2, "has no partition 7"),
        (("{topic}", "--output", "xml"), 2, "There is no format 'xml'"),
        (("{topic}", "--since", "soon"), 2, "'soon' is not a time"),
        (("{topic}", "--header", "=x"), 2, "names no header"),
    ],
)
async def test_bad_input_is_one_clear_line(
    chains: Chains, call: Call, words: tuple[str, ...], code: int, said: str
) -> None:
    topic = chains.topic("orders.filled")
    ended = await call("topics", "tail", *(word.replace("{topic}", topic) for word in words))
    assert (ended.code, ended.out) == (code, b"")
    assert said.replace("{topic}", topic) in ended.err


async def kcat(*words: str, feed: bytes | None = None) -> bytes:
    child = await asyncio.create_subprocess_exec(
        *("kcat", *words), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate(feed)
    assert child.returncode == 0
    return out


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed")
async def test_kcat_reads_what_we_write_and_we_read_what_it_writes(
    chains: Chains, call: Call, servers: Endpoints
) -> None:
    import msgspec

    tick = chains.tick()
    at = await chains.put("market.ticks", tick)
    for name, event in chains.whole(chains.decide(tick, at)):
        await chains.put(chains.topic(name), event, at)
    topic = chains.topic("orders.filled")
    servers_of = ("-b", servers.bootstrap_servers, "-t", topic)
    seen = msgspec.json.decode(await kcat("-C", *servers_of, "-o", "beginning", "-e", "-q", "-J"))
    ours = await call("topics", "tail", topic, "--json")
    (line,) = ours.lines()
    assert (seen["topic"], seen["offset"], seen["key"]) == (line["topic"], line["offset"], line["key"])
    assert seen["ts"] == line["timestamp_ms"]
    assert dict(zip(seen["headers"][::2], seen["headers"][1::2], strict=True)) == line["headers"]
    assert msgspec.json.decode(seen["payload"]) == line["value"]

    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        message = b'key:{"codec":"%s"}' % codec.encode()
        await kcat("-P", *servers_of, "-K", ":", "-H", "from=kcat", "-z", codec, feed=message)
    ended = await call("topics", "tail", topic, "-r", ":end", "-H", "from=kcat", "--json")
    assert [value["codec"] for value in values(ended)] == ["none", "gzip", "snappy", "lz4", "zstd"]
    assert {line["key"] for line in ended.lines()} == {"key"}


async def test_records_of_every_partition_come_once_and_in_its_order(
    chains: Chains, options: KafkaOptions, call: Call
) -> None:
    ids = {f"k{n}" for n in range(60)}
    await chains.log.append(
        [Outgoing("market.ticks", key.encode(), b'{"of":"%s"}' % chains.broker.encode()) for key in sorted(ids)]
    )
    ended = await call(
        "topics", "tail", "market.ticks", "-r", ":end", "-w", f'value.of == "{chains.broker}"', "--json"
    )
    lines = ended.lines()
    assert {line["key"] for line in lines} == ids
    assert len(lines) == len(ids)
    for number in {line["partition"] for line in lines}:
        offsets = [line["offset"] for line in lines if line["partition"] == number]
        assert offsets == sorted(offsets)
    async with open_read_log(options) as log:
        assert len({line["partition"] for line in lines}) == len(await log.partitions(["market.ticks"]))
