"""Where a purge may cut."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from alphapanda.model.dead_letter import LedgerState, LedgerTrigger
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Partition
from alphapanda.operations.dead_letters.backlog import failed_records
from alphapanda.operations.dead_letters.ledger import Actor, LedgerEntry
from alphapanda.operations.dead_letters.purge import ObstacleReason, TopicContents
from alphapanda.operations.dead_letters.record import DeadLetter, event_facts

SOURCE = "paper.signals.raw"
DEAD = Partition(f"{SOURCE}.dlq", 0)
MOVER = Actor(actor="a", reason="r", run_id="run")
WAYS: dict[LedgerState, tuple[LedgerTrigger, ...]] = {
    LedgerState.OPEN: (),
    LedgerState.PLANNED: (LedgerTrigger.PLAN,),
    LedgerState.REPLAYED: (LedgerTrigger.PLAN, LedgerTrigger.SEND),
    LedgerState.CONFIRMED: (LedgerTrigger.PLAN, LedgerTrigger.SEND, LedgerTrigger.CONFIRM),
    LedgerState.RETURNED: (LedgerTrigger.PLAN, LedgerTrigger.SEND, LedgerTrigger.RETURN),
    LedgerState.DISCARDED: (LedgerTrigger.DISCARD,),
    LedgerState.QUARANTINED: (LedgerTrigger.QUARANTINE,),
}
MAY_GO = {LedgerState.CONFIRMED, LedgerState.DISCARDED}


def entry(letter: DeadLetter, state: LedgerState, now: datetime) -> LedgerEntry:
    found = MOVER.unknown(letter, SOURCE, now)
    for trigger in WAYS[state]:
        found = MOVER.moved(found, trigger, now, sent=LogPosition(SOURCE, 0, 500))
    return found


def holding(now: datetime, *letters: tuple[DeadLetter, LedgerState], oldest: int | None = None) -> TopicContents:
    """A topic with these dead letters; the record that one is of stands at its own offset and 100 more."""
    entries = {letter.id: entry(letter, state, now) for letter, state in letters if state is not LedgerState.OPEN}
    records = tuple(letter for letter, _ in letters)
    return TopicContents(
        topic=str(DEAD.topic),
        dead_letters=records,
        items=failed_records(records, entries),
        starts={DEAD: 0},
        ends={DEAD: len(records)},
        oldest={} if oldest is None else {Partition(SOURCE, 0): oldest},
    )


@pytest.mark.parametrize("state", LedgerState)
def test_only_what_is_settled_may_go(make_letter: Any, now: datetime, state: LedgerState) -> None:
    found = holding(now, (make_letter(), state))
    plan = found.plan({DEAD: 1}, settled_only=False, even_needed=True)
    assert [one.obstacle for one in plan.kept] == ([] if state in MAY_GO else [ObstacleReason.UNSETTLED])
    assert plan.cuts[0].states == {state: 1}
    careful = found.plan({DEAD: 1}, settled_only=True, even_needed=True)
    assert careful.kept == ()
    assert careful.offsets == ({DEAD: 1} if state in MAY_GO else {})


@pytest.mark.parametrize(
    ("oldest", "group", "obstacles"),
    [
        (None, "paper.risk", 0),  # the source topic is gone
        (101, "paper.risk", 0),  # retention has removed the record
        (100, "paper.risk", 1),
        (0, "paper.trader", 1),
        (0, "alphapanda.strategies", 1),
        (0, "somebody.else", 0),  # none of ours: it keeps its own books
        (0, None, 0),
    ],
)
def test_what_a_daemon_needs_stays(
    make_letter: Any, now: datetime, oldest: int | None, group: str | None, obstacles: int
) -> None:
    found = holding(now, (make_letter(refused_by=group), LedgerState.DISCARDED), oldest=oldest)
    plan = found.plan({DEAD: 1}, settled_only=False, even_needed=False)
    assert [one.obstacle for one in plan.kept] == [ObstacleReason.NEEDED] * obstacles
    assert found.plan({DEAD: 1}, settled_only=False, even_needed=True).kept == ()


def test_a_cut_ends_before_the_first_that_stays(make_letter: Any, now: datetime) -> None:
    states = (LedgerState.DISCARDED, LedgerState.CONFIRMED, LedgerState.OPEN, LedgerState.DISCARDED)
    found = holding(now, *((make_letter(offset=n), state) for n, state in enumerate(states)))
    (cut,) = found.plan({DEAD: 4}, settled_only=True, even_needed=False).cuts
    assert (cut.start, cut.at, cut.end, cut.records) == (0, 2, 4, 2)
    refused = found.plan({DEAD: 4}, settled_only=False, even_needed=False)
    assert [one.offset for one in refused.kept] == [2]
    assert found.plan({DEAD: 2}, settled_only=False, even_needed=False).kept == ()


def test_an_older_letter_of_what_came_back_stays_too(make_letter: Any, now: datetime) -> None:
    """It says which record was refused: without it, that record would seem to be processed."""
    first = make_letter(offset=0)
    again = make_letter(offset=1, id=first.id)
    assert again.id == first.id
    found = holding(now, (first, LedgerState.OPEN), (again, LedgerState.OPEN))
    assert len(found.plan({DEAD: 1}, settled_only=False, even_needed=True).kept) == 1


@pytest.mark.parametrize(("wanted", "at"), [(-5, 0), (0, 0), (1, 1), (99, 2)])
def test_a_cut_is_within_the_log(make_letter: Any, now: datetime, wanted: int, at: int) -> None:
    found = holding(now, *((make_letter(offset=n), LedgerState.DISCARDED) for n in range(2)))
    (cut,) = found.plan({DEAD: wanted}, settled_only=False, even_needed=False).cuts
    assert (cut.at, cut.records) == (at, at)


def test_fields_without_a_value_do_not_hide_the_others() -> None:
    """Else the wall between brokers would not see whose a record is."""
    facts = event_facts(
        b'{"id":"e","type":"signal_raw","broker":"paper","causation_id":null,'
        b'"data":{"trading_mode":"live","validity":null,"client_order_id":null,"command_id":null,"order":null}}'
    )
    assert (facts.id, facts.broker, facts.trading_mode, facts.obeyed) == ("e", "paper", "live", "")
