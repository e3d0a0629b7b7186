"""Dead letters in Avro: shown with their facts, judged by what follows from them, sent again byte for byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alphapanda.clock import SystemClock
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.envelope import follow
from alphapanda.model.kinds import EventType, Validity
from alphapanda.model.payloads import PAYLOADS
from alphapanda.model.records import Outgoing
from alphapanda.model.signal import SignalValidated
from alphapanda.serialization.avro import MAGIC, AvroCodec
from alphapanda.serialization.codec import JsonCodec, decode, encode
from alphapanda.serialization.codec_factory import ALWAYS_JSON
from topics.catalogue import Catalogue
from topics.dead_letters import FailedStage

pytestmark = pytest.mark.kafka

FRESH = ("--valid-for", "1d")
GOLDEN = Path(__file__).parents[2] / "data" / "golden"

KINDS = sorted(set(PAYLOADS) - ALWAYS_JSON - {EventType.MARKET_TICK}, key=lambda kind: kind.value)


def golden(kind: EventType) -> Any:
    file = GOLDEN / f"{kind}.json"
    return decode(kind, file.read_bytes().rstrip(b"\n"))


def letter(world: Any, envelope: Any, offset: int, **facts: Any) -> Any:
    return world.dead_letter(world.record(envelope).value, offset, **facts)


def verdict_on(world: Any, signal: Any) -> Any:
    """Write risk's verdict on a signal, as risk does."""
    passed = follow(
        signal,
        EventType.SIGNAL_VALIDATED,
        SignalValidated(signal=signal.data),
        key=signal.key,
        source="risk",
        broker=world.broker,
        name="verdict",
    )
    record = world.record(passed.envelope, f"{world.broker}.signals.validated")
    headers = (*record.headers[:-1], ("ap-group", world.group.encode()))
    return type(record)(record.topic, record.key, record.value, headers)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_event_shows_its_facts(avro: Any, kind: EventType) -> None:
    envelope = golden(kind)
    topic = str(Catalogue.load().topic_of(kind.value, avro.broker))
    value = avro.codec.encoder(topic)(envelope)
    assert value[:1] == MAGIC
    avro.write([avro.dead_letter(value, 0, topic=topic)])
    (item,) = avro.items(topic, "--where", f'id == "{envelope.id}" and type == "{kind}"')
    assert item["event_id"] == envelope.id
    shown = avro.run("show", item["id"], "--json").document
    assert json.loads(shown["value"]) == json.loads(encode(envelope))
    assert bytes.fromhex(shown["value_hex"]) == value, "what is sent again is what stands there"


def test_each_verdict(avro: Any) -> None:
    """New, processed after all, standing elsewhere and not come to, an immediate order a minute later."""
    new, processed, waiting = (avro.signal(number) for number in range(3))
    stale = avro.signal(3, validity=Validity.IOC)
    minute_ago = {"original_timestamp_ms": int(SystemClock().now().timestamp() * 1000) - 60_000}
    avro.write([avro.record(waiting)])
    avro.write([verdict_on(avro, processed)])
    told = [
        letter(avro, one, 100 + place, **minute_ago) for place, one in enumerate((new, processed, waiting, stale))
    ]
    assert all(one.value[:1] == MAGIC for one in told)
    avro.write(told)
    result = avro.run("replay", avro.signals, "--dry-run", "--json")
    assert [(one["event_id"], one["verdict"], one["action"]) for one in result.document["records"]] == [
        (new.id, "new", "send"),
        (processed.id, "already-processed", "hold"),
        (waiting.id, "in-doubt", "hold"),
        (stale.id, "stale", "hold"),
    ]


def test_what_is_new_is_sent_byte_for_byte_and_processed(avro: Any) -> None:
    with avro.group_at_work() as risk:
        signals = avro.failing(4)
        result = avro.run("replay", avro.signals, "--json", *FRESH)
        assert (result.code, result.document["report"]["confirmed"]) == (0, 4), result.err
    records = avro.read(avro.signals)
    first, again = records[:4], records[4:]
    assert [one.value for one in again] == [one.value for one in first]
    assert {one.value[:1] for one in records} == {MAGIC}
    assert dict(risk.folded) == {one.id: 1 for one in signals}
    assert {entry.state for entry in avro.ledger().values()} == {LedgerState.CONFIRMED}
    assert avro.run("replay", avro.signals, *FRESH).code == 0, "nothing is left"


def test_without_the_registry_nothing_is_judged_and_nothing_sent(
    avro: Any, registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that was sent would be sent again if what cannot be read counted as never processed."""
    processed = avro.signal(1)
    avro.write([verdict_on(avro, processed), letter(avro, processed, 7)])
    for url, code in ((registry.url, 3), ("http://127.0.0.1:1", 4)):
        monkeypatch.setenv("SCHEMA_REGISTRY_URL", url)
        result = avro.run("replay", avro.signals, "--json", *FRESH)
        assert result.code == code, result.err
        assert avro.read(avro.signals) == []
    assert "127.0.0.1:1" in result.err
    assert len(avro.items(avro.signals)) == 1, "what stands there can be listed all the same"
    (item,) = avro.items(avro.signals)
    assert "No verdict" in avro.run("show", item["id"]).out

    monkeypatch.setenv("SERIALIZATION__FORMAT", "json")
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", "")
    result = avro.run("replay", avro.signals, "--json", *FRESH)
    (planned,) = result.document["records"]
    assert (result.code, planned["verdict"], planned["action"]) == (3, "in-doubt", "hold")
    assert "SCHEMA_REGISTRY_URL" in planned["why"] or "Avro" in planned["why"]


def test_a_follower_whose_schema_is_gone_leaves_all_in_doubt(avro: Any, registry: Any) -> None:
    new, processed = avro.signal(1), avro.signal(2)
    avro.write([verdict_on(avro, processed)])
    avro.codec = JsonCodec()
    avro.write([letter(avro, new, 7)])
    kept = dict(registry.schemas)
    registry.schemas.clear()
    result = avro.run("replay", avro.signals, "--json", *FRESH)
    (planned,) = result.document["records"]
    assert (planned["verdict"], planned["action"]) == ("in-doubt", "hold")
    assert f"{avro.broker}.signals.validated:0:0 cannot be read" in planned["why"]
    registry.schemas.update(kept)
    assert avro.run("replay", avro.signals, "--dry-run", "--json", *FRESH).document["verdicts"] == {"new": 1}


def test_what_its_group_could_not_read_either_is_new_and_held(avro: Any) -> None:
    broken = letter(avro, avro.signal(1), 7, stage=FailedStage.DECODE)
    avro.write([type(broken)(broken.topic, broken.key, broken.value[:-3], broken.headers, 0)])
    (planned,) = avro.run("replay", avro.signals, "--json", *FRESH).document["records"]
    assert (planned["verdict"], planned["action"]) == ("new", "hold")
    assert "it would fail again" in planned["why"]


def test_an_edit_is_written_as_its_topic_is(avro: Any, tmp_path: Path) -> None:
    with avro.group_at_work() as risk:
        (signal,) = avro.failing(1)
        (item,) = avro.items(avro.signals)
        text = json.loads(avro.run("show", item["id"], "--json").document["value"])
        text["data"]["quantity"] = 5
        file = tmp_path / "edited.json"
        file.write_text(json.dumps(text))
        result = avro.run("edit", item["id"], "--file", file, "--reason", "too many", "--yes")
        assert result.code == 0, result.err
        assert risk.folded == {signal.id: 1}
    again = avro.read(avro.signals)[-1]
    assert again.value[:1] == MAGIC
    assert isinstance(avro.codec, AvroCodec)
    assert avro.codec.decode(EventType.SIGNAL_RAW, again.value).data.quantity == 5


def tail(topic: str, *words: str) -> tuple[bytes, str]:
    command = (sys.executable, "-m", "commands.main", "topics", "tail", topic, "--range", "oldest", *words)
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return done.stdout, done.stderr.decode()


def ids_of(out: bytes) -> list[str]:
    return [json.loads(line)["value"]["id"] for line in out.splitlines()]


def test_tail_filters_avro_and_shows_it_as_json(avro: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    signals = [avro.signal(number) for number in range(8)]
    avro.write([avro.record(one) for one in signals])
    avro.write([Outgoing(avro.signals, b"s", encode(signals[0]))])  # and one in JSON
    for where in (
        "data.quantity == 1",
        "data.quantity == 1 and partition == 0",
        "value.data.quantity == 1",
        'data.side == "BUY" and data.quantity < 2 and data.limit_price > 1',
    ):
        out, _ = tail(avro.signals, "-o", "jsonl", "--where", where)
        assert ids_of(out) == [signals[0].id, signals[7].id, signals[0].id], where
    out, _ = tail(avro.signals, "-o", "jsonl", "--value", f"*{signals[3].id}*")
    assert ids_of(out) == [signals[3].id]
    out, _ = tail(avro.signals, "-o", "jsonl", "--type", "signal_raw", "--broker", avro.broker)
    assert len(ids_of(out)) == 9
    for words in (("--where", f'id == "{signals[5].id}"'), ("--value", f"*{signals[5].id}*")):
        out, _ = tail(avro.signals, "-o", "raw", *words)
        assert out == avro.record(signals[5]).value + b"\n"

    monkeypatch.setenv("SCHEMA_REGISTRY_URL", "http://127.0.0.1:1")
    out, said = tail(avro.signals, "-o", "jsonl", "--where", "data.quantity == 1")
    assert [json.loads(line)["offset"] for line in out.splitlines()] == [8], "what is JSON needs no registry"
    assert json.loads(said)["undecodable"] == 8
    out, _ = tail(avro.signals, "-o", "jsonl", "--limit", "1")
    assert "value_error" in json.loads(out)
