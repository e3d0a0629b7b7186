"""The ledger: its table, its past, its bytes, and what it says beside a newer dead letter."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import DecodeError, IllegalTransitionError
from alphapanda.model.dead_letter import (
    LEDGER_TRANSITIONS,
    TRAIL_LENGTH,
    LedgerState,
    LedgerTrigger,
    next_ledger_state,
)
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Partition, Record
from alphapanda.operations.dead_letters.backlog import FailedRecord, failed_records
from alphapanda.operations.dead_letters.ledger import Actor, LedgerEntry, entry_record, read_ledger
from topics.services import LEDGER

MOVER = Actor(actor="asha", reason="why", run_id="r1")
SENT = LogPosition("paper.signals.raw", 0, 500)


def item(letter: Any, entry: LedgerEntry | None = None) -> FailedRecord:
    entries = {} if entry is None else {letter.id: entry}
    return failed_records([letter], entries)[letter.id]


@given(st.sampled_from(LedgerState), st.sampled_from(LedgerTrigger))
def test_the_table_is_all_there_is(state: LedgerState, trigger: LedgerTrigger) -> None:
    if (state, trigger) in LEDGER_TRANSITIONS:
        assert next_ledger_state(state, trigger) is LEDGER_TRANSITIONS[state, trigger]
    else:
        with pytest.raises(IllegalTransitionError):
            next_ledger_state(state, trigger)


def test_what_was_sent_never_becomes_open_again() -> None:
    sent = {LedgerState.REPLAYED, LedgerState.CONFIRMED}
    reached = set(sent)
    while more := {to for (at, _), to in LEDGER_TRANSITIONS.items() if at in reached} - reached:
        reached |= more
        if LedgerState.RETURNED in reached:
            break
    assert LedgerState.OPEN not in reached
    assert not {to for (at, _), to in LEDGER_TRANSITIONS.items() if at in sent} - {*sent, LedgerState.RETURNED}


def test_every_state_can_be_reached_and_left() -> None:
    assert {to for _, to in LEDGER_TRANSITIONS.items()} == set(LedgerState)
    assert {at for at, _ in LEDGER_TRANSITIONS} == set(LedgerState)


def test_an_entry_survives_the_log(make_letter: Any, now: datetime) -> None:
    letter = make_letter()
    planned = item(letter).step(MOVER, LedgerTrigger.PLAN, now, replays=1)
    sent = MOVER.moved(planned, LedgerTrigger.SEND, now, sent=SENT)
    written = [entry_record(one) for one in (planned, sent)]
    assert entry_record(sent) == written[1], "the same step gives the same bytes"
    records = [
        Record(Partition(LEDGER, 0), n, 0, one.key, one.value, one.headers) for n, one in enumerate(written)
    ]
    read = read_ledger(records)
    assert read == {letter.id: sent}
    assert [step.state for step in read[letter.id].moved.trail] == [LedgerState.PLANNED, LedgerState.REPLAYED]
    assert read[letter.id].moved.sent == SENT
    assert read_ledger([*records, Record(Partition(LEDGER, 0), 9, 0, letter.id.encode(), None)]) == {}
    wrong = Record(Partition(LEDGER, 0), 0, 0, b"another", written[0].value)
    with pytest.raises(DecodeError):
        read_ledger([wrong])


def test_the_past_is_bounded(make_letter: Any, now: datetime) -> None:
    entry = item(make_letter()).step(MOVER, LedgerTrigger.DISCARD, now)
    for _ in range(TRAIL_LENGTH):
        entry = MOVER.moved(entry, LedgerTrigger.REOPEN, now)
        entry = MOVER.moved(entry, LedgerTrigger.DISCARD, now)
    assert len(entry.moved.trail) == TRAIL_LENGTH


@pytest.mark.parametrize(
    ("said", "run_id", "shown"),
    [
        (LedgerState.REPLAYED, "", LedgerState.RETURNED),
        (LedgerState.CONFIRMED, "", LedgerState.RETURNED),
        (LedgerState.PLANNED, "r1", LedgerState.RETURNED),
        (LedgerState.PLANNED, "another", LedgerState.PLANNED),
        (LedgerState.DISCARDED, "", LedgerState.OPEN),
        (LedgerState.QUARANTINED, "", LedgerState.QUARANTINED),
        (LedgerState.RETURNED, "", LedgerState.RETURNED),
    ],
)
def test_a_newer_dead_letter_says_more_than_the_ledger(
    make_letter: Any, now: datetime, said: LedgerState, run_id: str, shown: LedgerState
) -> None:
    first = make_letter(offset=0)
    replayed = (("ap-dlq-id", first.id.encode()), ("ap-replay-run", run_id.encode()), ("ap-replay-count", b"1"))
    second = make_letter(offset=7, original=replayed)
    assert second.id == first.id
    known = MOVER.unknown(first, "paper.signals.raw", now)
    entry = LedgerEntry(msgspec.structs.replace(known.moved, state=said, run_id="r1", replays=1), now)
    (found,) = failed_records([first, second], {first.id: entry}).values()
    assert found.state is shown
    assert (found.newest, found.failures, len(found.origins)) == (second, 2, 2)
    steps = found.caught_up(MOVER, now + timedelta(seconds=1))
    assert (steps[-1].state if steps else said) is shown
    without_news = failed_records([first], {first.id: entry})[first.id]
    assert without_news.state is said


def test_what_is_only_planned_does_not_count_as_sent(make_letter: Any, now: datetime) -> None:
    letter = make_letter()
    planned = item(letter).step(MOVER, LedgerTrigger.PLAN, now, replays=1)
    assert item(letter, planned).replays == 0
    assert item(letter, MOVER.moved(planned, LedgerTrigger.SEND, now, sent=SENT)).replays == 1
