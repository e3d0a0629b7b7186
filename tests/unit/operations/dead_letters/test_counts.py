"""The tally of dead letters: whatever happens, and however it is cut, it counts what `dlq list` lists."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphapanda.errors import DecodeError
from alphapanda.model.dead_letter import LEDGER_TRANSITIONS, LedgerTrigger
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Partition, Record
from alphapanda.operations.dead_letters.backlog import failed_records
from alphapanda.operations.dead_letters.counts import OUTCOMES, DeadLetterCounts
from alphapanda.operations.dead_letters.ledger import Actor, LedgerEntry, entry_record, read_ledger
from alphapanda.operations.dead_letters.record import RUN_HEADER, DeadLetter, read_dead_letter
from topics.services import LEDGER

TOPIC = "paper.signals.raw.dlq"
LETTERS = Partition(TOPIC, 0)
CODES = ("permanent", "decode")


@dataclass
class History:
    """A log that grows: dead letters of a few records, and what the ledger says of them."""

    make: Any
    now: datetime
    letters: list[Record] = field(default_factory=list)
    steps: list[Record] = field(default_factory=list)
    entries: dict[str, LedgerEntry] = field(default_factory=dict)

    def fail(self, record: int, code: str, run: str = "") -> None:
        """Have a record fail, for the first time or once more."""
        offset = len(self.letters)
        made: DeadLetter = self.make(
            offset=offset,
            id=f"id{record}",
            error_code=code,
            failed_at=self.now + timedelta(seconds=offset),
        )
        headers = (*made.record.headers, (RUN_HEADER, run.encode()))
        self.letters.append(msgspec.structs.replace(made.record, headers=headers, timestamp_ms=offset))

    def step(self, record: int, trigger: LedgerTrigger, run: str = "r1") -> bool:
        """Take a step where the table has one; return whether it has."""
        item = failed_records(list(map(read_dead_letter, self.letters)), self.entries).get(f"id{record}")
        if item is None or (item.state, trigger) not in LEDGER_TRANSITIONS:
            return False
        actor = Actor(actor="asha", run_id=run)
        at = self.now + timedelta(seconds=len(self.steps))
        for entry in (*item.caught_up(actor, at), item.step(actor, trigger, at)):
            self.entries[item.id] = entry
            out = entry_record(entry)
            self.steps.append(Record(Partition(LEDGER, 0), len(self.steps), 0, out.key, out.value, out.headers))
        return True


def counted(tally: DeadLetterCounts) -> dict[tuple[str, str], int]:
    return {key: count for key, count in tally.open.items() if count}


def afresh(history: History) -> DeadLetterCounts:
    tally = DeadLetterCounts()
    for one in history.steps:
        tally.fold_ledger(one)
    for one in history.letters:
        tally.fold_dead_letter(one)
    tally.end_round()
    return tally


def listed(history: History) -> dict[tuple[str, str], int]:
    items = failed_records(list(map(read_dead_letter, history.letters)), read_ledger(history.steps))
    return dict(
        Counter((TOPIC, one.newest.failure.error_code) for one in items.values() if one.state.is_unresolved)
    )


records = st.integers(0, 1)
steps = st.tuples(st.just("step"), records, st.sampled_from(LedgerTrigger), st.sampled_from(["r1", "r2"]))
acts = st.one_of(
    st.tuples(st.just("fail"), records, st.sampled_from(CODES), st.sampled_from(["", "r1", "r2"])),
    *(steps, steps, steps),
    st.tuples(st.just("round"), st.just(0), st.just(""), st.just("")),
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(acts, max_size=60))
def test_it_counts_what_is_listed_however_the_log_is_cut_into_rounds(
    make_letter: Any, now: datetime, done: list[tuple[str, int, Any, str]]
) -> None:
    history, tally = History(make_letter, now), DeadLetterCounts()
    read, stepped = 0, 0
    for what, record, how, run in [*done, ("round", 0, "", "")]:
        if what == "fail":
            history.fail(record, how, run)
        elif what == "step":
            history.step(record, how, run)
        else:
            for one in history.steps[stepped:]:
                tally.fold_ledger(one)
            for one in history.letters[read:]:
                tally.fold_dead_letter(one)
            tally.end_round()
            if tally.is_stale:
                tally = afresh(history)
                assert not tally.is_stale
            read, stepped = len(history.letters), len(history.steps)
            assert counted(tally) == listed(history)
            assert (tally.oldest_ms(TOPIC) is None) == (not counted(tally))
    taken = Counter(entry.state for entry in (next(iter(read_ledger([one]).values())) for one in history.steps))
    assert tally.replays == {(TOPIC, state): taken[state] for state in OUTCOMES if taken[state]}


def test_the_oldest_is_the_oldest_that_is_open(make_letter: Any, now: datetime) -> None:
    history, tally = History(make_letter, now), DeadLetterCounts()
    for record in range(3):
        history.fail(record, "permanent")
    for one in history.letters:
        tally.fold_dead_letter(one)
    tally.end_round()
    first_ms = int(now.timestamp() * 1000)
    assert tally.oldest_ms(TOPIC) == first_ms
    assert history.step(0, LedgerTrigger.DISCARD)
    tally.fold_ledger(history.steps[-1])
    tally.end_round()
    assert tally.oldest_ms(TOPIC) == first_ms + 1_000
    assert tally.oldest_ms("another.dlq") is None


def test_what_is_settled_takes_no_room(make_letter: Any, now: datetime) -> None:
    history, tally = History(make_letter, now), DeadLetterCounts()
    history.fail(0, "permanent")
    assert history.step(0, LedgerTrigger.DISCARD)
    tally.fold_ledger(history.steps[0])
    tally.fold_dead_letter(history.letters[0])
    tally.end_round()
    assert (len(tally), counted(tally)) == (0, {})
    history.fail(0, "decode")
    tally.fold_dead_letter(history.letters[1])
    assert counted(tally) == {(TOPIC, "decode"): 1}


def test_what_was_removed_from_the_log_is_not_open(make_letter: Any, now: datetime) -> None:
    history, tally = History(make_letter, now), DeadLetterCounts()
    for record in range(3):
        history.fail(record, "permanent")
        tally.fold_dead_letter(history.letters[-1])
    tally.forget_before({LETTERS: 2, Partition("another.dlq", 0): 9})
    tally.end_round()
    assert counted(tally) == {(TOPIC, "permanent"): 1}
    assert tally.oldest_ms(TOPIC) == int(now.timestamp() * 1000) + 2_000


def test_beyond_what_is_told_apart_it_counts_records(make_letter: Any, now: datetime) -> None:
    history, tally = History(make_letter, now), DeadLetterCounts(most=2)
    for record in (0, 1, 2, 2):
        history.fail(record, "permanent")
        tally.fold_dead_letter(history.letters[-1])
    assert tally.is_full
    assert len(tally) == 2
    assert counted(tally) == {(TOPIC, "permanent"): 4}


def test_what_is_no_step_is_refused() -> None:
    garbage = Record(Partition(LEDGER, 0), 7, 0, b"id0", b"garbage", ())
    with pytest.raises(DecodeError, match=str(LogPosition(LEDGER, 0, 7))):
        DeadLetterCounts().fold_ledger(garbage)
