"""Where dead letters stand, as the ledger and the log tell it, in whatever order they are read."""

from __future__ import annotations

import pytest

from alphapanda.model.dead_letter import DeadLetterMoved, LedgerState
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Partition, Record
from topics.dead_letters import ProcessingFailure, build_headers
from tui.store.dead_letters import KEPT, KNOWN, DeadLetters

TOPIC = "paper.signals.raw"
LETTERS = Partition(f"{TOPIC}.dlq", 0)
RUN = "ap-replay-run"


def letter(offset: int, *, letter_id: str = "", run: str = "", code: str = "permanent") -> Record:
    failure = ProcessingFailure(
        topic=TOPIC,
        partition=0,
        offset=offset,
        group="paper.risk",
        attempts=1,
        message="no instrument",
        exception="PermanentError",
        error_code=code,
        id=letter_id or f"letter-{offset}",
    )
    headers = [*build_headers(failure), *([(RUN, run.encode())] if run else [])]
    return Record(LETTERS, offset, 1_000 + offset, b"k", b"{}", tuple(headers))


def moved(letter_id: str, state: LedgerState, offset: int, run: str = "r1") -> DeadLetterMoved:
    return DeadLetterMoved(
        dead_letter_id=letter_id,
        state=state,
        record=LogPosition(LETTERS.topic, 0, offset),
        target=TOPIC,
        actor="a",
        run_id=run,
    )


def left(dead: DeadLetters) -> tuple[int, list[int]]:
    """Return what is unresolved, and what the reasons say of it."""
    dead.settle()
    return dead.unresolved, [reason.unresolved for reason in dead.reasons.values()]


def test_what_is_settled_is_not_counted_as_open() -> None:
    dead = DeadLetters()
    for offset in range(3):
        dead.fold(letter(offset))
    assert left(dead) == (3, [3])
    dead.move(moved("letter-0", LedgerState.CONFIRMED, 0))
    dead.move(moved("letter-1", LedgerState.DISCARDED, 1))
    assert left(dead) == (1, [1])
    assert [row.state for row in dead.rows.values()] == [
        LedgerState.CONFIRMED,
        LedgerState.DISCARDED,
        LedgerState.OPEN,
    ]
    assert [reason.count for reason in dead.reasons.values()] == [3]


def test_the_ledger_may_be_read_first() -> None:
    dead = DeadLetters()
    dead.move(moved("letter-0", LedgerState.QUARANTINED, 0))
    dead.fold(letter(0))
    assert next(iter(dead.rows.values())).state is LedgerState.QUARANTINED
    assert left(dead) == (0, [0])


@pytest.mark.parametrize("before", [LedgerState.REPLAYED, LedgerState.CONFIRMED])
def test_what_came_back_is_one_failure_and_open_again(before: LedgerState) -> None:
    dead = DeadLetters()
    dead.fold(letter(0))
    dead.move(moved("letter-0", before, 0))
    assert left(dead) == (0, [0])
    dead.fold(letter(7, letter_id="letter-0", run="r1"))
    assert {row.state for row in dead.rows.values()} == {LedgerState.RETURNED}
    assert left(dead) == (1, [1])


def test_a_failure_that_comes_back_for_another_reason_is_counted_there() -> None:
    dead = DeadLetters()
    dead.fold(letter(0))
    dead.move(moved("letter-0", LedgerState.REPLAYED, 0))
    dead.fold(letter(7, letter_id="letter-0", run="r1", code="decode"))
    assert left(dead) == (1, [0, 1])


def test_letters_whose_rows_went_are_still_counted_as_they_stand() -> None:
    dead = DeadLetters()
    dead.fold(letter(0, code="decode"))
    for offset in range(1, KEPT + 10):
        dead.fold(letter(offset))
    assert len(dead.rows) == KEPT
    assert left(dead) == (KEPT + 10, [1, KEPT + 9])
    dead.move(moved("letter-0", LedgerState.DISCARDED, 0))
    assert left(dead) == (KEPT + 9, [0, KEPT + 9])


def test_a_flood_is_held_in_bounds() -> None:
    dead = DeadLetters()
    for offset in range(KNOWN + 100):
        dead.fold(letter(offset))
        dead.move(moved(f"other-{offset}", LedgerState.CONFIRMED, offset))
    assert len(dead.rows) == KEPT
    assert len(dead._known) == len(dead._steps) == KNOWN
    assert left(dead)[0] == KNOWN + 100
