"""Groups on a real Kafka: how far behind, moved in seven ways, back again, and never while somebody is in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import TopicPartition

from alphapanda.clock import SystemClock
from alphapanda.errors import RefusedError
from alphapanda.infra.base import Endpoints
from alphapanda.kafka.client import KafkaOptions, open_read_log
from alphapanda.kafka.group_admin import open_groups
from alphapanda.model.records import Outgoing, Partition
from alphapanda.operations.groups.lag import PartitionLag, with_rates
from alphapanda.operations.groups.measure import measure

pytestmark = pytest.mark.kafka

Chains = Any
Call = Any
RECORDS = 20


@pytest.fixture
async def topic(chains: Chains) -> str:
    """A topic with twenty records."""
    name: str = chains.topic("orders.filled")
    for n in range(RECORDS):
        await chains.log.append([Outgoing(name, b"k", b"%d" % n)])
    return name


@pytest.fixture
async def group(unique_name: str, topic: str, options: KafkaOptions) -> str:
    """A group that nobody is in and that has read five of the records."""
    name = f"{unique_name}.readers"
    async with open_groups(options) as admin:
        await admin.commit(name, {Partition(topic, 0): 5})
    return name


@asynccontextmanager
async def member(options: KafkaOptions, group: str, topic: str) -> AsyncIterator[None]:
    """Be in a group while the block runs."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=options.bootstrap_servers, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        while not consumer.assignment():
            await consumer.getmany(timeout_ms=100)
        yield
    finally:
        await consumer.stop()


async def lag_of(options: KafkaOptions, group: str) -> PartitionLag:
    async with open_read_log(options) as log, open_groups(options) as admin:
        look = await measure(log, admin, [group], SystemClock())
    ((found,),) = [one.partitions for one in look.groups]
    return found


async def test_lag_is_in_records_and_in_seconds(options: KafkaOptions, group: str, topic: str) -> None:
    found = await lag_of(options, group)
    assert (found.committed, found.start, found.end, found.lag) == (5, 0, RECORDS, 15)
    assert found.seconds is not None
    assert 0 < found.seconds < 120
    assert not found.estimated
    async with open_groups(options) as admin:
        await admin.commit(group, {Partition(topic, 0): RECORDS})
    caught_up = await lag_of(options, group)
    assert (caught_up.lag, caught_up.seconds, caught_up.drain_s) == (0, 0.0, 0.0)


async def test_rates_tell_when_nothing_will_wait(options: KafkaOptions, group: str, topic: str) -> None:
    clock = SystemClock()
    async with open_read_log(options) as log, open_groups(options) as admin:
        before = await measure(log, admin, [group], clock)
        await admin.commit(group, {Partition(topic, 0): 15})
        after = with_rates(await measure(log, admin, [group], clock), before)
    (found,) = after.groups[0].partitions
    assert found.written_per_s == 0
    assert found.consumed_per_s is not None
    assert found.drain_s == pytest.approx(5 / found.consumed_per_s)


async def test_what_retention_took_is_a_breach_and_is_not_lag(
    servers: Endpoints, options: KafkaOptions, group: str, topic: str
) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=12)})
    finally:
        await admin.close()
    found = await lag_of(options, group)
    assert (found.breach, found.lost, found.lag) == (True, 7, 8)


async def test_commits_of_a_topic_that_is_gone_are_not_summed(
    servers: Endpoints, options: KafkaOptions, group: str, topic: str, call: Call
) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics([topic])
    finally:
        await admin.close()
    async with open_read_log(options) as log:
        async with asyncio.timeout(90):
            while topic in await log.topics():  # noqa: ASYNC110 - Kafka tells nobody
                await asyncio.sleep(0.05)
    ended = await call("groups", "lag", group, "--json")
    assert ended.code == 0, ended.err
    # Kafka forgets the offsets of a deleted topic; until it does they are shown as orphans.
    assert all(item["topic_gone"] and item["lag"] is None for item in ended.json()["items"])


async def test_lag_over_a_limit_exits_with_3(call: Call, group: str) -> None:
    within = await call("groups", "lag", group, "--over", "15", "--window", "0")
    assert (within.code, "15" in within.out.decode()) == (0, True)
    over = await call("groups", "lag", group, "--over", "14", "--json", "--window", "0")
    assert over.code == 3
    assert "15 records behind, over 14" in over.err
    assert over.json()["items"][0]["lag"] == 15
    assert (await call("groups", "lag", group, "--over", "1h")).code == 0
    assert (await call("groups", "lag", group, "--over", "1ms")).code == 3
    assert (await call("groups", "lag", group, "--over", "much")).code == 2


async def test_groups_are_listed(call: Call, group: str) -> None:
    ended = await call("groups", "list", "--json")
    (mine,) = [item for item in ended.json()["items"] if item["group"] == group]
    assert (mine["state"], mine["members"], mine["lag"], mine["retention_breach"]) == ("Empty", [], 15, False)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--to-earliest",), 0),
        (("--to-latest",), 20),
        (("--to-offset", "9"), 9),
        (("--to-offset", "900"), 20),
        (("--to-datetime", "-10m"), 0),
        (("--to-datetime", "now"), 20),
        (("--by-duration", "10m"), 0),
        (("--shift-by", "-3"), 2),
        (("--shift-by", "4"), 9),
        (("--shift-by", "-100"), 0),
        (("--from-file", "FILE"), 11),
    ],
)
async def test_each_way_is_shown_then_done_then_undone(
    call: Call,
    options: KafkaOptions,
    group: str,
    topic: str,
    tmp_path: Path,
    words: tuple[str, ...],
    expected: int,
) -> None:
    file = tmp_path / "offsets.csv"
    file.write_text(f"{topic},0,11\n")
    chosen = [str(file) if word == "FILE" else word for word in words]
    preview = await call("groups", "reset", group, *chosen, "--json")
    assert preview.code == 0, preview.err
    assert [move["after"] for move in preview.json()["moves"]] == [expected]
    assert preview.json()["executed"] is False
    assert (await lag_of(options, group)).committed == 5

    done = await call("groups", "reset", group, *chosen, "--execute", "--reason", "a test", "--json")
    assert done.code == 0, done.err
    assert (await lag_of(options, group)).committed == expected
    undo = done.json()["undo_file"]
    assert Path(undo).parent.name == "journals"
    back = await call("groups", "reset", group, "--from-file", undo, "--execute", "--reason", "back")
    assert back.code == 0, back.err
    assert (await lag_of(options, group)).committed == 5


async def test_a_live_group_is_shown_with_a_warning_and_never_moved(
    call: Call, options: KafkaOptions, group: str, topic: str
) -> None:
    async with member(options, group, topic):
        preview = await call("groups", "reset", group, "--to-earliest")
        assert preview.code == 0
        assert "the reset would be refused" in preview.err
        refused = await call("groups", "reset", group, "--to-earliest", "--execute", "--reason", "no")
        assert refused.code == 5
        assert f"{group} has members" in refused.err
        async with open_groups(options) as admin:
            with pytest.raises(RefusedError):
                await admin.commit(group, {Partition(topic, 0): 0})
    assert (await lag_of(options, group)).committed == 5


async def test_every_reset_is_in_the_audit(call: Call, options: KafkaOptions, group: str, topic: str) -> None:
    await call("groups", "reset", group, "--to-offset", "7", "--execute", "--reason", "because")
    async with member(options, group, topic):
        await call("groups", "reset", group, "--to-offset", "8", "--execute", "--reason", "again")
    seen = await call(
        "topics", "tail", "system.audit", "-r", ":end", "-w", f'data.target == "{group}"', "-o", "value"
    )
    records = [(line["action"], line["outcome"], line["reason"], line["details"]) for line in seen.lines()]
    assert records == [
        ("groups reset", "done", "because", {"offsets": f"{topic}:0=7"}),
        ("groups reset", "refused", "again", {"offsets": f"{topic}:0=8"}),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody", "--to-latest"), "There is no consumer group 'nobody'"),
        (("{group}",), "Give one way to move the group"),
        (("{group}", "--to-latest", "--to-earliest"), "Give only one way"),
        (("{group}", "--to-latest", "--execute"), "needs a reason"),
        (("{group}", "--to-latest", "--topic", "{topic}x"), "Did you mean '{topic}'?"),
        (("{group}", "--to-latest", "--topic", "{topic}:3"), "has no partition '3'"),
        (("{group}", "--to-datetime", "soon"), "'soon' is not a time"),
        (("{group}", "--by-duration", "10"), "'10' is not a duration"),
        (("{group}", "--from-file", "/nowhere.csv"), "/nowhere.csv cannot be read"),
    ],
)
async def test_bad_input_is_one_clear_line(
    call: Call, group: str, topic: str, words: tuple[str, ...], said: str
) -> None:
    names = {"{group}": group, "{topic}": topic}
    filled = []
    for word in words:
        for name, value in names.items():
            word = word.replace(name, value)  # noqa: PLW2901 - filled in place
        filled.append(word)
    ended = await call("groups", "reset", *filled)
    assert (ended.code, ended.out) == (2, b"")
    assert said.replace("{topic}", topic) in ended.err
