"""`alphapanda dlq replay` as an operator drives it, against a real Kafka and a group that fails and recovers."""

from __future__ import annotations

from typing import Any

import pytest

from alphapanda.model.control import Outcome
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Header
from alphapanda.serialization.codec import decode

pytestmark = pytest.mark.kafka

FRESH = ("--valid-for", "1d")


def report_of(result: Any) -> dict[str, Any]:
    found: dict[str, Any] = result.document["report"]
    return found


def test_an_empty_topic_returns_at_once(world: Any) -> None:
    result = world.run("replay", world.signals)
    assert result.code == 0
    assert "No dead letter" in result.err
    assert world.run("replay", f"{world.signals}.dlq", "--json").document["records"] == []


def test_what_failed_is_sent_again_and_confirmed(world: Any) -> None:
    with world.group_at_work() as risk:
        signals = world.failing(12)
        result = world.run("replay", world.signals, "--reason", "instruments are there", "--json", *FRESH)
        assert result.code == 0, result.err
        assert report_of(result)["confirmed"] == 12
    assert {one.id: 1 for one in signals} == dict(risk.folded)
    assert risk.position == sum(one.data.quantity for one in signals)
    assert {entry.state for entry in world.ledger().values()} == {LedgerState.CONFIRMED}
    assert [item["state"] for item in world.items(world.signals)] == ["confirmed"] * 12
    assert world.run("replay", world.signals).code == 0


def test_bytes_key_partition_and_headers_are_the_originals(world: Any) -> None:
    with world.group_at_work():
        (signal,) = world.failing(1)
        assert world.run("replay", world.signals, *FRESH).code == 0
    original, again = world.read(world.signals)
    (letter,) = world.read(f"{world.signals}.dlq")
    assert (again.key, again.value, again.partition) == (original.key, original.value, original.partition)
    assert again.headers[: len(original.headers)] == original.headers
    added = dict(again.headers[len(original.headers) :])
    assert set(added) == {
        "ap-dlq-id",
        "ap-replay-count",
        "ap-replay-run",
        "ap-replay-of",
        "ap-replay-by",
        "ap-replay-at",
        "ap-replay-original-timestamp",
        "ap-poss-resend",
        "ap-replay-group",
    }
    assert added["ap-replay-of"] == str(letter.position).encode()
    assert added["ap-replay-group"] == world.group.encode()
    assert added["ap-replay-original-timestamp"] == str(original.timestamp_ms).encode()
    assert decode(EventType.SIGNAL_RAW, again.value).id == signal.id


def test_the_canary_comes_back_and_nothing_else_is_sent(world: Any) -> None:
    with world.group_at_work() as risk:
        signals = world.failing(5)
        risk.refuses = lambda event: event.id == signals[0].id
        result = world.run("replay", world.signals, *FRESH)
        assert result.code == 3
        assert "the canary came back" in result.err
        states = [item["state"] for item in world.items(world.signals)]
        assert sorted(states) == ["open"] * 4 + ["returned"]
        counts = {item["state"]: item["replays"] for item in world.items(world.signals)}
        assert counts == {"open": 0, "returned": 1}
        assert len(world.read(world.signals)) == 6


def test_the_breaker_opens_when_too_many_come_back(world: Any) -> None:
    with world.group_at_work() as risk:
        signals = world.failing(40)
        good = {signals[0].id}
        risk.refuses = lambda event: event.id not in good
        result = world.run("replay", world.signals, "--rate", 40, "--max-returned", 3, "--json", *FRESH)
        assert result.code == 3
        report = report_of(result)
        assert "records came back" in report["breaker"]
        assert report["confirmed"] == 1
        assert report["released"] == 40 - report["sent"] > 0
        assert report["returned"] == report["sent"] - 1


def test_what_comes_back_three_times_is_quarantined(world: Any) -> None:
    with world.group_at_work() as risk:
        world.failing(1)
        risk.refuses = lambda event: event.type is EventType.SIGNAL_RAW
        assert [world.run("replay", world.signals, *FRESH).code for _ in range(4)] == [3, 3, 3, 0]
        (item,) = world.items(world.signals)
        assert (item["state"], item["replays"], item["failures"]) == ("quarantined", 3, 4)
        letters = world.read(f"{world.signals}.dlq")
        assert [letter.header(Header.REPLAY_COUNT) for letter in letters] == [None, b"1", b"2", b"3"]
        assert len({letter.header("ap-dlq-id") for letter in letters}) == 1
        risk.refuses = lambda _event: False
        assert world.run("undo", item["id"]).code == 0
        assert world.run("replay", world.signals, "--force-one", item["id"], "--yes", *FRESH).code == 0
        assert list(risk.folded.values()) == [1]


def test_what_was_processed_after_all_is_refused(world: Any) -> None:
    with world.group_at_work() as risk:
        (signal,) = world.failing(1)
        world.write([world.record(signal)])  # somebody sent it again without us
        world.until(lambda: bool(risk.folded))
        world.until(lambda: bool(world.read(f"{world.broker}.signals.validated")))
        result = world.run("replay", world.signals, "--json", *FRESH)
        (planned,) = result.document["records"]
        assert (planned["verdict"], planned["action"], result.code) == ("already-processed", "hold", 3)
        (item,) = world.items(world.signals)
        forced = world.run("replay", world.signals, "--force-one", item["id"], "--yes", "--json", *FRESH)
        assert forced.document["records"][0]["action"] == "hold"
    assert list(risk.folded.values()) == [1]
    assert len(world.read(world.signals)) == 2


def test_a_group_that_is_not_there_is_in_doubt_and_then_watched(world: Any) -> None:
    with world.group_at_work():
        world.failing(3)
    late = world.run("replay", world.signals, "--patience", 0.5, *FRESH)
    assert late.code == 124
    assert "did not process the canary" in late.err
    again = world.run("replay", world.signals, "--dry-run", "--json", *FRESH)
    verdicts = sorted((one["verdict"], one["action"]) for one in again.document["records"])
    assert verdicts == [("in-doubt", "watch"), ("new", "send"), ("new", "send")]
    with world.group_at_work() as risk:
        assert world.run("replay", world.signals, *FRESH).code == 0
    assert sorted(risk.folded.values()) == [1, 1, 1]
    assert len(world.read(world.signals)) == 6


def test_only_the_group_that_failed_acts(world: Any) -> None:
    with world.group_at_work() as risk:
        (signal,) = world.failing(1)
        letter = world.dead_letter(world.record(signal).value, 0, group="somebody.else")
        world.write([letter])
        result = world.run("replay", world.signals, "--failed-in", "somebody.else", "--patience", 0.5, *FRESH)
        assert result.code == 124
        assert not risk.folded
    again = world.read(world.signals)[-1]
    assert again.header(Header.REPLAY_GROUP) == b"somebody.else"


def test_what_names_no_group_is_in_doubt_until_one_is_named(world: Any) -> None:
    with world.group_at_work() as risk:
        signal = world.record(world.signal(1))
        world.write([world.dead_letter(signal.value, 0, group=None)])
        held = world.run("replay", world.signals, "--json", *FRESH)
        assert held.document["records"][0]["verdict"] == "in-doubt"
        assert held.code == 3
        assert world.run("replay", world.signals, "--group", world.group, *FRESH).code == 0
        assert list(risk.folded.values()) == [1]


def test_paper_records_never_reach_another_broker(world: Any) -> None:
    own = world.record(world.signal(1))
    elsewhere = own.value.replace(f'"broker":"{world.broker}"'.encode(), b'"broker":"zerodha"')
    live = own.value.replace(b'"trading_mode":"paper"', b'"trading_mode":"live"')
    world.write(
        [
            world.dead_letter(elsewhere, 0),
            world.dead_letter(own.value, 1, topic=world.signals, original=[("broker", b"zerodha")]),
            world.dead_letter(live, 2),
        ]
    )
    stray = world.dead_letter(own.value, 3)
    headers = tuple(
        (name, b"zerodha.signals.raw" if name == "__dlq.errors.topic" else value) for name, value in stray.headers
    )
    world.write([type(stray)(stray.topic, stray.key, stray.value, headers, 0)])
    result = world.run("replay", world.signals, "--include-unreadable", "--yes", "--json", *FRESH)
    assert result.code == 3
    assert [one["action"] for one in result.document["records"]] == ["hold"] * 4
    assert all("it is not sent to" in one["why"] for one in result.document["records"])
    for item in world.items(world.signals):
        forced = world.run("replay", world.signals, "--force-one", item["id"], "--yes", *FRESH)
        assert forced.code == 3
    assert world.read(world.signals) == []


def test_a_live_broker_needs_yes_a_reason_its_topic_and_broken_glass(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that is not configured on paper here may be anything."""
    world.deployment.config_file.write_text('[brokers.paper]\nkind = "paper"\n')
    monkeypatch.setenv("ACTIVE_BROKERS", "paper")
    envelope = world.signal(1, trading_mode="live")
    world.write([world.dead_letter(world.record(envelope).value, 0)])
    why, name = ("--reason", "tested"), ("--confirm", world.signals)
    for words in (
        (),
        ("--yes", *why),
        ("--yes", *name),
        (*why, *name),
        ("--yes", *why, "--confirm", "paper"),
        ("--yes", *why, "--confirm", world.broker),
    ):
        assert world.run("replay", world.signals, *FRESH, "--break-glass", *words).code == 5, words
        assert world.read(world.signals) == []
    monkeypatch.setattr("commands.shell.prompts.exchange_trades", lambda _context: True)
    ready = ("--yes", *why, *name, "--patience", 0.3)
    glass = world.run("replay", world.signals, *FRESH, *ready)
    assert (glass.code, "--break-glass" in glass.err) == (5, True)
    assert world.read(world.signals) == []
    sent = world.run("replay", world.signals, *FRESH, *ready, "--break-glass")
    assert sent.code == 124
    assert len(world.read(world.signals)) == 1


def test_what_is_stale_stays_unless_asked_for(world: Any) -> None:
    with world.group_at_work() as risk:
        old = world.record(world.signal(1))
        world.write([world.dead_letter(old.value, 0, original_timestamp_ms=1_700_000_000_000)])
        held = world.run("replay", world.signals, "--json")
        assert (held.code, held.document["records"][0]["verdict"]) == (3, "stale")
        assert world.run("replay", world.signals, "--include-stale").code == 5  # nobody to ask
        assert world.run("replay", world.signals, "--include-stale", "--yes").code == 0
        assert list(risk.folded.values()) == [1]


def test_market_data_is_discarded(world: Any) -> None:
    signals = world.dead_letter(
        b"{}", 3, topic="market.ticks", group=world.group, message=f"tick of {world.broker}"
    )
    world.write([signals])
    mine = ("--message", f"tick of {world.broker}")
    result = world.run("replay", "market.ticks", "--json", *mine)
    assert (result.code, result.document["records"][0]["action"]) == (0, "discard")
    (item,) = world.items("market.ticks", *mine)
    assert item["state"] == "discarded"


def test_a_source_that_is_gone(world: Any) -> None:
    world.write([world.dead_letter(b"{}", 0)])

    async def delete() -> None:
        from aiokafka.admin import AIOKafkaAdminClient

        admin = AIOKafkaAdminClient(bootstrap_servers=world.endpoints.bootstrap_servers)
        await admin.start()
        try:
            await admin.delete_topics([world.signals])
        finally:
            await admin.close()

    import asyncio

    asyncio.run(delete())
    result = world.run("replay", world.signals)
    assert result.code == 4
    assert f"{world.signals} is gone" in result.err
    assert len(world.items(world.signals)) == 1
    (item,) = world.items(world.signals)
    assert world.run("show", item["id"]).code == 0
    assert world.run("discard", item["id"], "--yes", "--reason", "its topic is gone").code == 0


def test_a_record_larger_than_its_topic_takes(world: Any) -> None:
    large = world.signal(1, reason="x" * 1_048_576)
    small = world.signal(2)
    with world.group_at_work() as risk:
        letters = [world.dead_letter(world.record(one).value, n) for n, one in enumerate((large, small))]
        world.write(letters)
        result = world.run("replay", world.signals, "--json", *FRESH)
        assert [one["action"] for one in result.document["records"]] == ["hold", "send"]
        assert "bytes are more than" in result.document["records"][0]["why"]
        assert result.code == 0
        assert list(risk.folded) == [small.id]


def test_an_unknown_name_suggests_the_nearest(world: Any) -> None:
    result = world.run("replay", f"{world.broker}.signals.rw")
    assert result.code == 2
    assert "Did you mean" in result.err


def test_two_at_once_are_one_too_many(world: Any) -> None:
    import fcntl

    world.deployment.prepare()
    with (world.deployment.run / f"dlq-{world.signals}.dlq.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = world.run("replay", world.signals)
    assert result.code == 5
    assert "Another replay" in result.err


def test_every_change_is_audited(world: Any) -> None:
    with world.group_at_work():
        world.failing(2)
        world.run("replay", world.signals, "--reason", "why not", *FRESH)
    records = [decode(EventType.AUDIT_RECORDED, one.value).data for one in world.read("system.audit")]
    (mine,) = [one for one in records if one.target == world.signals]
    assert (mine.action, mine.reason, mine.outcome) == ("dlq replay", "why not", Outcome.DONE)
    assert (mine.details["sent"], mine.details["confirmed"]) == ("2", "2")
