"""Verdicts and plans: a table of what was found, and what is made of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alphapanda.ids import EventId
from alphapanda.model.dead_letter import LedgerState, LedgerTrigger
from alphapanda.model.envelope import LogPosition
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.order import client_order_id_of
from alphapanda.model.records import Partition
from alphapanda.operations.dead_letters.backlog import FailedRecord, failed_records
from alphapanda.operations.dead_letters.classification import Classification, Classifier, Freshness
from alphapanda.operations.dead_letters.ledger import Actor
from alphapanda.operations.dead_letters.lookups import Lookups, SourceCopy
from alphapanda.operations.dead_letters.plan import PlannedAction, Planner, ReplayOptions, ReplayTarget, chosen_run
from topics.catalogue import Catalogue
from topics.names import TopicName

SOURCE = "paper.signals.raw"
GROUP = "paper.risk"
AT = LogPosition(SOURCE, 0, 700)


def one(letter: Any) -> FailedRecord:
    return failed_records([letter], {})[letter.id]


def reached(offset: int) -> dict[str, dict[Partition, int]]:
    return {GROUP: {Partition(SOURCE, 0): offset}}


def judge(
    evidence: Lookups,
    now: datetime,
    *,
    kind: EventType = EventType.SIGNAL_RAW,
    mode: TradingMode = TradingMode.PAPER,
    group: str = "",
    **fresh: Any,
) -> Classifier:
    return Classifier(kind=kind, mode=mode, lookups=evidence, freshness=Freshness(now, **fresh), group=group)


def test_nothing_follows_from_it(make_letter: Any, now: datetime) -> None:
    assert judge(Lookups(), now).classify(one(make_letter())).verdict is Classification.NEW


def test_what_the_group_wrote_follows_from_it(make_letter: Any, now: datetime) -> None:
    letter = make_letter()
    followed = {(GROUP, letter.event.id): LogPosition("paper.signals.validated", 0, 1)}
    assert judge(Lookups(followed=followed), now).classify(one(letter)).verdict is Classification.ALREADY_PROCESSED
    others = {("other.risk", letter.event.id): LogPosition("paper.signals.validated", 0, 1)}
    assert judge(Lookups(followed=others), now).classify(one(letter)).verdict is Classification.NEW


@pytest.mark.parametrize(
    ("copy", "offset", "refused", "verdict"),
    [
        (SourceCopy(AT, "", ""), 701, False, Classification.ALREADY_PROCESSED),
        (SourceCopy(AT, "", ""), 700, False, Classification.IN_DOUBT),
        (SourceCopy(AT, GROUP, ""), 701, False, Classification.ALREADY_PROCESSED),
        (SourceCopy(AT, "other.group", ""), 701, False, Classification.NEW),
        (SourceCopy(AT, "", ""), 701, True, Classification.NEW),
        (SourceCopy(LogPosition(SOURCE, 0, 100), "", ""), 701, False, Classification.NEW),
    ],
)
def test_the_same_event_elsewhere(
    make_letter: Any, now: datetime, copy: SourceCopy, offset: int, refused: bool, verdict: Classification
) -> None:
    """The last is the record that failed itself."""
    letter = make_letter()
    evidence = Lookups(copies={letter.event.id: [copy]}, reached=reached(offset))
    evidence.failed |= {(GROUP, AT)} if refused else set()
    assert judge(evidence, now).classify(one(letter)).verdict is verdict


@pytest.mark.parametrize(("offset", "action"), [(701, PlannedAction.SETTLE), (700, PlannedAction.WATCH)])
def test_this_very_dead_letter_was_sent(
    make_letter: Any, now: datetime, offset: int, action: PlannedAction
) -> None:
    letter = make_letter()
    evidence = Lookups(resent={str(letter.place): SourceCopy(AT, GROUP, "r1")}, reached=reached(offset))
    (planned,) = plan([one(letter)], now, evidence=evidence)
    assert planned.action is action


def test_an_order_that_was_sent_alive_and_not_answered_is_in_doubt(make_letter: Any, now: datetime) -> None:
    letter = make_letter(source="paper.signals.validated", refused_by="paper.trader")
    order = client_order_id_of(EventId(letter.event.id))
    told = Lookups(order_events={order: {"order_submitted"}}, followed={("paper.trader", order): AT})
    validated = EventType.SIGNAL_VALIDATED
    live = judge(told, now, kind=validated, mode=TradingMode.LIVE)
    assert live.classify(one(letter)).verdict is Classification.IN_DOUBT
    assert judge(told, now, kind=validated).classify(one(letter)).verdict is Classification.ALREADY_PROCESSED
    told.order_events[order].add("order_rejected")
    assert live.classify(one(letter)).verdict is Classification.ALREADY_PROCESSED
    state = judge(Lookups(orders={order: "FILLED"}), now, kind=validated)
    assert state.classify(one(letter)).verdict is Classification.ALREADY_PROCESSED
    lost = judge(Lookups(orders={order: "UNKNOWN"}), now, kind=validated, mode=TradingMode.LIVE)
    assert lost.classify(one(letter)).verdict is Classification.IN_DOUBT


def test_what_nobody_can_tell(make_letter: Any, now: datetime) -> None:
    nobody = make_letter(refused_by=None)
    assert judge(Lookups(), now).classify(one(nobody)).verdict is Classification.IN_DOUBT
    assert judge(Lookups(), now, group=GROUP).classify(one(nobody)).verdict is Classification.NEW
    blind = Lookups(retained_from_ms=int(now.timestamp() * 1000) + 1)
    assert judge(blind, now).classify(one(make_letter())).verdict is Classification.IN_DOUBT


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("kind", "later", "market", "stale"),
    [
        (EventType.SIGNAL_RAW, 4 * MINUTE, None, False),
        (EventType.SIGNAL_RAW, 6 * MINUTE, None, True),
        (EventType.SIGNAL_RAW, MINUTE, 6 * MINUTE, True),
        (EventType.SIGNAL_RAW, MINUTE, timedelta(days=1), True),
        (EventType.SIGNAL_VALIDATED, 3 * MINUTE, None, True),
        (EventType.ORDER_FILLED, 300 * MINUTE, None, False),
        (EventType.ORDER_FILLED, 15 * 60 * MINUTE, None, True),
        (EventType.ORDER_FILLED, MINUTE, timedelta(days=1), True),
        (EventType.ORDER_FILLED, MINUTE, 300 * MINUTE, False),
        (EventType.ORDER_FILLED, timedelta(hours=13), timedelta(0), True),
        (EventType.CONTROL_COMMAND, 6 * MINUTE, None, True),
        (EventType.MARKET_TICK, timedelta(0), None, True),
        (EventType.AUDIT_RECORDED, timedelta(days=400), None, False),
    ],
)
def test_staleness(
    make_letter: Any, now: datetime, kind: EventType, later: timedelta, market: timedelta | None, stale: bool
) -> None:
    fresh = Freshness(now + later, None if market is None else now + market)
    assert bool(fresh.why_stale(make_letter(), kind)) is stale


def test_an_operator_says_how_long_records_are_good_for(make_letter: Any, now: datetime) -> None:
    later = now + timedelta(days=3)
    assert Freshness(later, None, timedelta(days=4)).why_stale(make_letter(), EventType.ORDER_FILLED) == ""
    assert Freshness(later, None, timedelta(days=2)).why_stale(make_letter(), EventType.ORDER_FILLED)


def test_an_immediate_order_is_not_good_for_long(make_signal: Any, make_letter: Any, now: datetime) -> None:
    from alphapanda.model.kinds import Validity
    from alphapanda.serialization.codec import encode

    ioc = make_letter(encode(make_signal(validity=Validity.IOC)))
    assert Freshness(now + MINUTE).why_stale(ioc, EventType.SIGNAL_RAW)
    assert not Freshness(now + MINUTE).why_stale(make_letter(), EventType.SIGNAL_RAW)


# ---------------------------------------------------------------- plans
def plan(
    items: list[FailedRecord],
    now: datetime,
    *,
    evidence: Lookups | None = None,
    target: str = SOURCE,
    kind: EventType = EventType.SIGNAL_RAW,
    max_bytes: int = 1_048_576,
    **wishes: Any,
) -> tuple[Any, ...]:
    mode = None if target.startswith("market.") else TradingMode.PAPER
    place = ReplayTarget(name=TopicName.parse(target), kind=kind, mode=mode, partitions=1, max_bytes=max_bytes)
    judging = Classifier(kind=kind, mode=mode, lookups=evidence or Lookups(), freshness=Freshness(now))
    planner = Planner(place, judging, Catalogue.load(), ReplayOptions(**wishes))
    return planner.plan(items, "r1", resumes=False).records


def test_new_is_sent_and_no_more_than_asked_for(make_letter: Any, now: datetime) -> None:
    items = [one(make_letter(offset=n)) for n in range(3)]
    assert [each.action for each in plan(items, now)] == [PlannedAction.SEND] * 3
    assert [each.action for each in plan(items, now, limit=2)] == [
        PlannedAction.SEND,
        PlannedAction.SEND,
        PlannedAction.HOLD,
    ]


def test_stale_is_held_unless_asked_for(make_letter: Any, now: datetime) -> None:
    item, later = one(make_letter()), now + timedelta(minutes=9)
    assert plan([item], later)[0].action is PlannedAction.HOLD
    assert plan([item], later, include_stale=True)[0].action is PlannedAction.SEND
    assert plan([item], later, force_one=item.id)[0].action is PlannedAction.SEND
    assert plan([item], later, force_one="another")[0].action is PlannedAction.HOLD


def test_what_cannot_be_read_would_come_back(make_letter: Any, now: datetime) -> None:
    item = one(make_letter(b"{"))
    (held,) = plan([item], now)
    assert (held.action, held.assessment.verdict) == (PlannedAction.HOLD, Classification.NEW)
    assert "would fail again" in held.why
    assert plan([item], now, include_unreadable=True)[0].action is PlannedAction.SEND


def test_what_was_processed_cannot_be_forced(make_letter: Any, now: datetime) -> None:
    item = one(make_letter())
    evidence = Lookups(followed={(GROUP, item.newest.event.id): AT})
    assert plan([item], now, evidence=evidence, force_one=item.id)[0].action is PlannedAction.HOLD


def test_the_wall_cannot_be_forced(make_signal: Any, make_letter: Any, now: datetime) -> None:
    from alphapanda.serialization.codec import encode

    live = one(make_letter(encode(make_signal(trading_mode=TradingMode.LIVE))))
    elsewhere = one(make_letter(original=(("broker", b"zerodha"),)))
    stray = one(make_letter(topic="zerodha.signals.raw"))
    inner = one(make_letter(encode(make_signal(broker="zerodha"))))
    for item in (live, elsewhere, stray, inner):
        assert plan([item], now, force_one=item.id, include_unreadable=True)[0].action is PlannedAction.HOLD


def test_what_is_too_large_is_held(make_letter: Any, now: datetime) -> None:
    assert plan([one(make_letter())], now, max_bytes=500)[0].action is PlannedAction.HOLD


def test_market_data_is_discarded(make_letter: Any, now: datetime) -> None:
    tick = one(make_letter(b"{}", source="market.ticks", original=()))
    (planned,) = plan([tick], now, target="market.ticks", kind=EventType.MARKET_TICK)
    assert planned.action is PlannedAction.DISCARD


def test_three_times_is_enough(make_letter: Any, now: datetime) -> None:
    came_back = (("ap-replay-count", b"3"),)
    item = one(make_letter(original=came_back))
    assert plan([item], now)[0].action is PlannedAction.QUARANTINE
    assert plan([item], now, max_replays=4)[0].action is PlannedAction.SEND
    assert plan([item], now, force_one=item.id)[0].action is PlannedAction.SEND


def test_an_edit_that_was_cut_short_is_not_sent_as_it_was(make_letter: Any, now: datetime) -> None:
    letter = make_letter()
    entry = one(letter).step(
        Actor(actor="a", run_id="r"), LedgerTrigger.PLAN, now, replays=1, edited_fields=("data.side",)
    )
    item = failed_records([letter], {letter.id: entry})[letter.id]
    assert item.state is LedgerState.PLANNED
    assert plan([item], now)[0].action is PlannedAction.HOLD


def test_the_newest_run_that_was_cut_short_goes_on(make_letter: Any, now: datetime) -> None:
    letters = [make_letter(offset=n) for n in range(3)]
    entries = {}
    for number, letter in enumerate(letters[:2]):
        actor = Actor(actor="a", run_id=f"run{number}")
        entries[letter.id] = one(letter).step(actor, LedgerTrigger.PLAN, now + timedelta(seconds=number))
    items = list(failed_records(letters, entries).values())
    assert chosen_run(items, "", "fresh") == ("run1", True)
    assert chosen_run(items, "run0", "fresh") == ("run0", True)
    assert chosen_run(items, "run9", "fresh") == ("run9", False)
    assert chosen_run(items[2:], "", "fresh") == ("fresh", False)
    assert datetime(2026, 1, 5, tzinfo=UTC) < now
