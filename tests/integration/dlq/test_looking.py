"""Looking into dead letters, editing them and setting them aside, as an operator does it."""

from __future__ import annotations

import asyncio
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from alphapanda.kafka.topic_admin import Cluster
from alphapanda.model.control import Outcome
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Outgoing
from alphapanda.serialization.codec import decode
from topics.plan import Create

pytestmark = pytest.mark.kafka

FRESH = ("--valid-for", "1d")


def audits(world: Any, topic: str) -> list[Any]:
    records = [decode(EventType.AUDIT_RECORDED, one.value).data for one in world.read("system.audit")]
    return [one for one in records if one.target == topic]


def test_list_reasons_and_show(world: Any) -> None:
    good = world.record(world.signal(1)).value
    letters = [world.dead_letter(good, n, message=f"no instrument {n}") for n in range(3)]
    letters.append(world.dead_letter(b"\xff{", 3, message="The value is not JSON", exception="DecodeError"))
    world.write(letters)
    listed = world.run("list", "--json").document["items"]
    (topic,) = [one for one in listed if one["topic"].startswith(world.signals)]  # others' lie there too
    assert (topic["topic"], topic["open"], topic["error_code"]) == (f"{world.signals}.dlq", 4, "permanent")
    reasons = world.run("reasons", world.signals, "--json").document["items"]
    assert [(one["count"], one["signature"]) for one in reasons] == [
        (3, "no instrument <n>"),
        (1, "The value is not JSON"),
    ]
    assert "no instrument <n>" in world.run("reasons").out
    (bad,) = world.items(world.signals, "--code", "decode")
    shown = world.run("show", bad["id"][:10], "--json").document
    assert (shown["verdict"]["verdict"], shown["verdict"]["action"]) == ("new", "hold")
    assert bytes.fromhex(shown["value_hex"]) == b"\xff{"
    by_place = world.run("show", f"{world.signals}.dlq:0:3")
    assert bad["id"] in by_place.out
    where = world.items(world.signals, "--where", "data.quantity == 2", "--message", "instrument <n>")
    assert len(where) == 3
    metrics = world.run("list", "--metrics").out
    open_records = f'alphapanda_dlq_open_records{{topic="{world.signals}.dlq",error_code="permanent"}} 3'
    assert open_records in metrics.splitlines()


FAMILIES: dict[str, list[tuple[str, bytes]]] = {
    "spring": [
        ("kafka_dlt-original-topic", b"SOURCE"),
        ("kafka_dlt-original-partition", struct.pack(">i", 0)),
        ("kafka_dlt-original-offset", struct.pack(">q", 7)),
        ("kafka_dlt-original-consumer-group", b"GROUP"),
        ("kafka_dlt-exception-fqcn", b"java.lang.IllegalStateException"),
        ("kafka_dlt-exception-message", b"no such instrument"),
    ],
    "connect": [
        ("__connect.errors.topic", b"SOURCE"),
        ("__connect.errors.partition", b"0"),
        ("__connect.errors.offset", b"7"),
        ("__connect.errors.connector.name", b"sink"),
        ("__connect.errors.task.id", b"0"),
        ("__connect.errors.exception.class.name", b"org.apache.kafka.connect.errors.IllegalStateException"),
        ("__connect.errors.exception.message", b"no such instrument"),
    ],
    "streams": [
        ("__streams.errors.topic", b"SOURCE"),
        ("__streams.errors.partition", b"0"),
        ("__streams.errors.offset", b"7"),
        ("__streams.errors.exception", b"java.lang.IllegalStateException"),
        ("__streams.errors.message", b"no such instrument"),
    ],
    "share-group": [
        ("__dlq.errors.topic", b"SOURCE"),
        ("__dlq.errors.partition", b"0"),
        ("__dlq.errors.offset", b"7"),
        ("__dlq.errors.group", b"GROUP"),
        ("__dlq.errors.message", b"no such instrument"),
    ],
    "smallrye": [
        ("dead-letter-topic", b"SOURCE"),
        ("dead-letter-partition", b"0"),
        ("dead-letter-offset", b"7"),
        ("dead-letter-exception-class-name", b"java.lang.IllegalStateException"),
        ("dead-letter-reason", b"no such instrument"),
    ],
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_shown_with_cause_and_origin(world: Any, family: str) -> None:
    stand_ins = {b"SOURCE": world.signals.encode(), b"GROUP": world.group.encode()}
    headers = tuple((name, stand_ins.get(value, value)) for name, value in FAMILIES[family])
    value = world.record(world.signal(1)).value
    world.write([Outgoing(f"{world.signals}.dlq", b"s", value, (*headers, ("mine", b"kept")), 0)])
    (item,) = world.items(world.signals)
    assert item["origin"] == {"topic": world.signals, "partition": 0, "offset": 7}
    assert (item["family"], item["message"]) == (family, "no such instrument")
    if family != "share-group":
        assert item["error_code"] == "illegal-state"
    shown = world.run("show", item["id"]).out
    assert f"{world.signals}:0:7" in shown
    assert "no such instrument" in shown
    # A connector's task is no group of ours, so nobody here ever confirms: that is not waited for long.
    patience = ("--patience", 2) if family == "connect" else ()
    with world.group_at_work() as risk:
        assert world.run("replay", world.signals, "--group", world.group, *FRESH, *patience).code in {0, 124}
    (again,) = world.read(world.signals)
    names = [name for name, _ in again.headers]
    assert names[0] == "mine"
    assert not {name for name, _ in headers} & set(names)
    assert again.value == value
    assert sum(risk.folded.values()) == (0 if family == "connect" else 1)


def test_another_systems_topic_is_looked_at_and_not_replayed(world: Any) -> None:
    topic = f"{world.broker}-payments-dlt"

    async def make() -> None:
        async with Cluster.connect(world.endpoints.bootstrap_servers) as cluster:
            await cluster.apply([Create(topic=topic, partitions=1, replication_factor=1, configs={})])

    asyncio.run(make())
    world.write([Outgoing(topic, b"k", b"v", (("kafka_dlt-exception-message", b"boom"),), 0)])
    assert topic in world.run("list", "--all").out
    (item,) = world.items(topic)
    assert item["message"] == "boom"
    assert item["source"] == f"{world.broker}-payments"
    assert world.run("show", f"{topic}:0:0").code == 0
    refused = world.run("replay", topic)
    assert (refused.code, "can be shown" in refused.err) == (5, True)


def test_an_edit_keeps_the_id_and_says_what_it_changed(world: Any, tmp_path: Path) -> None:
    signal = world.signal(1)
    broken = json.loads(world.record(signal).value)
    broken["data"]["quantity"] = "many"
    world.write([world.dead_letter(json.dumps(broken).encode(), 100)])
    (item,) = world.items(world.signals)
    draft = tmp_path / "edited.json"

    def edited(**changes: Any) -> Any:
        draft.write_text(json.dumps(broken | changes))
        return world.run("edit", item["id"], "--file", draft, "--yes", "--json", "--reason", "typo")

    still = edited(source="me")
    assert (still.code, "is not an event of" in still.err) == (2, True)
    other = edited(id="another", data=broken["data"] | {"quantity": 5})
    assert (other.code, "'id' cannot be edited" in other.err) == (2, True)
    assert edited().code == 2
    draft.write_text("{")
    assert world.run("edit", item["id"], "--file", draft).code == 2
    assert world.read(world.signals) == []
    with world.group_at_work() as risk:
        done = edited(data=broken["data"] | {"quantity": 5})
        assert done.code == 0, done.err
        assert done.document["differences"] == [{"field": "data.quantity", "before": "many", "after": 5}]
        assert dict(risk.folded) == {signal.id: 1}
        assert risk.position == 5
    (again,) = world.read(world.signals)
    assert again.header("ap-edited-fields") == b"data.quantity"
    (entry,) = world.ledger().values()
    assert (entry.state.value, entry.moved.edited_fields) == ("confirmed", ("data.quantity",))
    (audit,) = audits(world, world.signals)
    assert (audit.action, audit.outcome) == ("dlq edit", Outcome.DONE)


def test_discard_quarantine_history_and_undo(world: Any) -> None:
    topic = f"{world.signals}.dlq"
    world.write([world.dead_letter(b"{}", n, message=f"reason {'ab'[n % 2]}") for n in range(4)])
    assert world.run("discard", world.signals, "--message", "reason a").code == 2  # no reason given
    assert (
        world.run("discard", world.signals, "--message", "reason a", "--reason", "old").code == 5
    )  # nobody to ask
    assert world.run("discard", world.signals, "--message", "reason a", "--reason", "old", "--yes").code == 0
    states = sorted(item["state"] for item in world.items(world.signals))
    assert states == ["discarded", "discarded", "open", "open"]
    first = next(item for item in world.items(world.signals) if item["state"] == "open")
    assert world.run("quarantine", first["id"], "--reason", "look later", "--yes").code == 0
    assert world.run("quarantine", first["id"], "--reason", "again", "--yes").code == 5
    history = world.run("history", topic, "--json").document["items"]
    assert [step["state"] for step in history] == ["discarded", "discarded", "quarantined"]
    assert {step["reason"] for step in history} == {"old", "look later"}
    run_id = history[0]["run_id"]
    assert world.run("undo", run_id, "--reason", "not so old").code == 0
    assert sorted(item["state"] for item in world.items(world.signals)) == ["open"] * 3 + ["quarantined"]
    assert world.run("undo", first["id"]).code == 0
    assert world.run("undo", first["id"]).code == 5
    done = [(one.action, one.outcome.value) for one in audits(world, topic)]
    assert done == [
        ("dlq discard", "refused"),
        ("dlq discard", "done"),
        ("dlq quarantine", "done"),
        ("dlq undo", "done"),
        ("dlq undo", "done"),
    ]


def test_undo_says_that_a_record_cannot_be_unsent(world: Any) -> None:
    with world.group_at_work():
        world.failing(2)
        world.run("replay", world.signals, *FRESH)
    (item, _) = world.items(world.signals)
    refused = world.run("undo", item["run_id"])
    assert refused.code == 5
    assert "cannot be unsent" in refused.err
    assert "2 of 2 were already processed" in refused.err


def test_what_is_there_is_found_by_its_beginning_or_not_at_all(world: Any) -> None:
    world.write([world.dead_letter(b"{}", n) for n in range(2)])
    assert world.run("show", "0000beef").code == 2
    assert world.run("show", world.items(world.signals)[0]["id"][:8]).code == 0
    assert world.run("list", world.signals, "--since", "yesterdayish").code == 2
    assert world.run("list", world.signals, "--where", "data.").code == 2
    assert world.run("discard", world.signals, "--verdict", "old", "--reason", "x").code == 2
