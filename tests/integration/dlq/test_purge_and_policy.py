"""`dlq purge`, `dlq plan`, reasons by id and the policy file, as an operator uses them, against a real Kafka."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from alphapanda.errors import RefusedError
from alphapanda.market.calendar import TradingCalendar
from alphapanda.model.control import Outcome
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.kinds import EventType
from alphapanda.serialization.codec import decode
from commands.main import main
from commands.shell.context import Context
from tui.sources.control import Disposition, Selection
from tui.sources.deployment_letters import DeadLetterActs

pytestmark = pytest.mark.kafka

FRESH = ("--valid-for", "1d")
WHY = ("--reason", "tested")


def letters(world: Any, *messages: str, **facts: Any) -> None:
    """Write dead letters of records that are nowhere in the log."""
    value = world.record(world.signal(1)).value
    world.write(
        [
            world.dead_letter(value, 1_000 + number, message=message, group="somebody.else", **facts)
            for number, message in enumerate(messages)
        ]
    )


def places(world: Any) -> list[int]:
    return [record.offset for record in world.read(f"{world.signals}.dlq")]


def test_plan_is_what_a_dry_run_shows(world: Any) -> None:
    letters(world, "a", "b")
    plan = world.run("plan", world.signals, "--json", *FRESH)
    dry = world.run("replay", world.signals, "--dry-run", "--json", *FRESH)
    assert plan.code == dry.code == 0
    without_run = [{**one.document, "run_id": ""} for one in (plan, dry)]
    assert without_run[0] == without_run[1]
    shown = world.run("plan", world.signals, *FRESH)
    assert shown.out == world.run("replay", world.signals, "--dry-run", *FRESH).out
    assert world.ledger() == {}


def test_what_is_open_keeps_a_purge_from_cutting(world: Any) -> None:
    letters(world, "a", "b", "c")
    first, second, _ = (item["id"] for item in world.items(world.signals))
    refused = world.run("purge", world.signals, "--yes", *WHY)
    assert (refused.code, "3 below the cut" in refused.err) == (5, True)
    assert world.run("discard", first, "--yes", *WHY).code == 0
    refused = world.run("purge", world.signals, "--yes", *WHY, "--json")
    assert (refused.code, "2 below the cut" in refused.err) == (5, True)
    assert places(world) == [0, 1, 2]

    dry = world.run("purge", world.signals, "--settled", "--dry-run", "--json")
    assert (dry.code, dry.document["records"], dry.document["executed"]) == (0, 1, False)
    assert places(world) == [0, 1, 2]
    unasked = world.run("purge", world.signals, "--settled", *WHY)
    assert (unasked.code, places(world)) == (5, [0, 1, 2])
    done = world.run("purge", world.signals, "--settled", "--yes", "--json", *WHY)
    assert (done.code, done.document["records"]) == (0, 1)
    assert places(world) == [1, 2]
    assert second in {item["id"] for item in world.items(world.signals)}

    # The ledger keeps what became of it, and says who removed it.
    assert world.ledger()[first].state is LedgerState.DISCARDED
    for verb in ("show", "undo"):
        gone = world.run(verb, first[:12])
        assert (gone.code, "purged" in gone.err, f"dlq history {first[:12]}" in gone.err) == (2, True, True)
    told = world.run("history", first[:12], "--json").document["items"]
    assert [step["state"] for step in told] == ["discarded"]
    audits = [decode(EventType.AUDIT_RECORDED, one.value).data for one in world.read("system.audit")]
    mine = [one for one in audits if one.action == "dlq purge" and one.target == f"{world.signals}.dlq"]
    assert [one.outcome.value for one in mine] == ["refused", "refused", "refused", "done"]
    assert mine[-1].details == {"records": "1", "before": "0=1"}


@pytest.mark.parametrize("verb", ["quarantine", "plan"])
def test_what_is_put_aside_or_planned_is_not_purged(world: Any, verb: str) -> None:
    letters(world, "a", "b")
    if verb == "quarantine":
        assert world.run("quarantine", world.signals, "--yes", *WHY).code == 0
    else:
        assert world.run("replay", world.signals, "--patience", 0.3, *FRESH).code == 124
    before = world.ledger()
    refused = world.run("purge", world.signals, "--yes", *WHY)
    assert refused.code == 5
    assert world.ledger() == before
    assert places(world) == [0, 1]


def test_a_daemon_still_passes_over_what_it_refused(world: Any) -> None:
    """Settled, but the record is in the log: a daemon without its snapshot knows it by the dead letter alone."""
    with world.group_at_work():
        world.failing(2)
    assert world.run("discard", world.signals, "--yes", *WHY).code == 0
    refused = world.run("purge", world.signals, "--yes", *WHY)
    assert (refused.code, "still in the log" in refused.err) == (5, True)
    nothing = world.run("purge", world.signals, "--yes", "--settled", *WHY)
    assert (nothing.code, "nothing to remove" in nothing.err) == (0, True)
    assert places(world) == [0, 1]
    assert world.run("purge", world.signals, "--yes", "--allow-dangerous", *WHY).code == 0
    assert places(world) == []
    assert world.run("purge", world.signals, "--yes", *WHY).code == 0


def test_a_cut_by_offset_and_by_time(world: Any) -> None:
    letters(world, "a", "b", "c", "d")
    assert world.run("discard", world.signals, "--yes", *WHY).code == 0
    assert world.run("purge", world.signals, "--to-offset", 1, "--yes", *WHY).code == 0
    assert places(world) == [1, 2, 3]
    early = world.run("purge", world.signals, "--before", "-1h", "--yes", *WHY)
    assert (early.code, "nothing to remove" in early.err) == (0, True)
    assert places(world) == [1, 2, 3]
    assert world.run("purge", world.signals, "--to-offset", 1, "--before", "-1h", *WHY).code == 2
    assert world.run("purge", world.signals, "--partition", 7, *WHY).code == 2
    assert world.run("purge", world.signals).code == 2
    assert world.run("purge", world.signals, "--yes", *WHY).code == 0
    assert places(world) == []


def test_a_reason_is_replayed_by_its_id(world: Any) -> None:
    with world.group_at_work() as risk:
        good, bad = world.record(world.signal(1)), world.record(world.signal(2))
        world.write([world.dead_letter(good.value, 900, message="no instrument 1")])
        world.write([world.dead_letter(bad.value, 901, message="no session 1")])
        found = world.run("reasons", world.signals, "--json").document["items"]
        (wanted,) = [row["id"] for row in found if "instrument" in row["signature"]]
        assert wanted in world.run("reasons", world.signals).out
        unknown = world.run("plan", world.signals, "--reason-id", "nope")
        assert (unknown.code, wanted in unknown.err) == (2, True)
        assert world.run("replay", world.signals, "--reason-id", wanted, *FRESH).code == 0
        assert list(risk.folded) == [world.signal(1).id]
    assert sorted(item["state"] for item in world.items(world.signals)) == ["confirmed", "open"]


POLICY = """
version = 1

[[rules]]
name = "ticks of another day"
verdict = "never"
reason = "they would trade on old prices"
message = "^no session"
topic = "{b}.signals.raw"

[[rules]]
name = "too large"
verdict = "fix"
reason = "the quantity was typed wrongly"
where = "data.quantity > 3"
type = "signal_raw"

[[rules]]
name = "instruments come back"
verdict = "replay"
reason = "the file is loaded late"
code = ["permanent", "unknown-instrument"]
"""


def test_a_policy_gives_each_reason_its_verdict(world: Any, tmp_path: Any) -> None:
    (world.deployment.root / "dlq-policy.toml").write_text(POLICY)
    assert world.run("policy", "check").code == 0
    with world.group_at_work() as risk:
        large, small = world.signal(6), world.signal(1)
        assert large.data.quantity > 3 >= small.data.quantity
        world.write(
            [
                world.dead_letter(world.record(large).value, 900, message="no instrument 1"),
                world.dead_letter(world.record(small).value, 901, message="no instrument 2 here"),
                world.dead_letter(world.record(world.signal(2)).value, 902, message="no session 7"),
            ]
        )
        said = {
            row["signature"]: row["policy"]
            for row in world.run("reasons", world.signals, "--json").document["items"]
        }
        assert said == {"no instrument <n>": "fix", "no instrument <n> here": "replay", "no session <n>": "never"}
        plan = world.run("plan", world.signals, "--json", *FRESH).document["records"]
        assert [(one["action"], one["policy"]["verdict"]) for one in plan] == [
            ("hold", "fix"),
            ("send", "replay"),
            ("hold", "never"),
        ]
        assert "they would trade on old prices" in plan[2]["why"]
        ids = [item["id"] for item in world.items(world.signals)]
        for held in (ids[0], ids[2]):
            forced = world.run("replay", world.signals, "--force-one", held, "--id", held, "--yes", *FRESH)
            assert forced.code == 3
        assert world.run("replay", world.signals, "--yes", *FRESH).code == 0
        assert list(risk.folded) == [small.id]

        # As somebody edited it, what is to be fixed is sent; what is never to be sent is not.
        edited = tmp_path / "edited.json"
        for which, code in ((ids[0], 0), (ids[2], 3)):
            shown = world.run("show", which, "--json").document
            text = world.read(f"{world.signals}.dlq")[shown["offset"]].value.decode()
            edited.write_text(text.replace('"reason":""', '"reason":"fixed"'))
            sent = world.run("edit", which, "--file", edited, "--yes", "--force")
            assert sent.code == code, sent.err
        assert set(risk.folded) == {small.id, large.id}


def test_a_wrong_policy_is_refused_with_the_places(world: Any) -> None:
    file = world.deployment.root / "dlq-policy.toml"
    file.write_text(POLICY.replace('verdict = "fix"', 'verdict = "later"').replace("> 3", ">"))
    checked = world.run("policy", "check", "--json")
    assert checked.code == 3
    places_of = [problem["where"] for problem in checked.document["problems"]]
    assert places_of == ["dlq-policy.toml:13", "dlq-policy.toml:15"]
    letters(world, "a")
    assert world.run("plan", world.signals).code == 78
    assert world.run("replay", world.signals).code == 78


def test_another_cluster_is_not_changed(
    world: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", "http://127.0.0.1:9")
    letters(world, "a")
    (item,) = world.items(world.signals)
    world.write([world.record(world.signal(1))])
    pin = world.deployment.state / "external-cluster.json"
    world.deployment.prepare()
    pin.write_text('{"cluster_id": "another"}')
    before = world.ledger()
    acts = (
        ("dlq", "discard", item["id"], "--yes", *WHY),
        ("dlq", "quarantine", world.signals, "--yes", *WHY),
        ("dlq", "replay", world.signals, *FRESH),
        ("dlq", "purge", world.signals, "--yes", *WHY),
        ("dlq", "undo", item["id"], *WHY),
        ("groups", "reset", world.group, "--to-latest", "--topic", world.signals, "--execute", *WHY),
        ("topics", "bootstrap"),
        ("topics", "apply", *WHY),
        ("schemas", "register", "--all", *WHY),
    )
    with world.group_at_work():
        world.until(lambda: bool(world.read(f"{world.broker}.signals.validated")))
    for words in acts:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 5, (words, capsys.readouterr().err)
        assert "belongs to cluster another" in capsys.readouterr().err, words
    assert world.ledger() == before
    assert world.run("show", item["id"]).code == 0


def test_the_dashboard_sends_nothing_to_a_live_broker_while_the_exchange_trades(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that is not configured on paper here may be anything."""
    letters(world, "a")
    world.deployment.config_file.write_text('[brokers.paper]\nkind = "paper"\n')
    monkeypatch.setenv("ACTIVE_BROKERS", "paper")

    async def offered(fate: Disposition) -> str:
        meant = Selection(topic=f"{world.signals}.dlq", code="permanent", group="somebody.else")
        context = Context.of_process()
        acts = DeadLetterActs(context.deployment, context.settings(), context.clock)
        async with acts.prepare(meant, fate) as offer:
            return offer.preview.typed

    monkeypatch.setattr(TradingCalendar, "trades_at", lambda _self, _moment: True)
    with pytest.raises(RefusedError, match="the exchange trades"):
        asyncio.run(offered(Disposition.REPLAY))
    refused = [decode(EventType.AUDIT_RECORDED, one.value or b"") for one in world.read("system.audit")]
    (audit,) = [one.data for one in refused if one.source == "tui" and world.broker in one.data.target]
    assert (audit.action, audit.outcome) == ("dlq replay", Outcome.REFUSED)
    assert asyncio.run(offered(Disposition.DISCARD)) == world.signals
    monkeypatch.setattr(TradingCalendar, "trades_at", lambda _self, _moment: False)
    assert asyncio.run(offered(Disposition.REPLAY)) == world.signals
