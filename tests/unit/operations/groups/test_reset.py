"""Where each way of resetting leads, and the files that bring a group back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import UsageError
from alphapanda.model.records import Partition
from alphapanda.operations.groups.reset import (
    FromFile,
    Move,
    ResetTarget,
    ShiftBy,
    ToEarliest,
    ToLatest,
    ToOffset,
    ToTime,
    plan_reset,
    read_offsets,
    undo_path,
    write_offsets,
)

A, B = Partition("a", 0), Partition("a", 1)


def moved(target: ResetTarget, committed: int | None = 50, at: int | None = None) -> Move:
    known = {} if committed is None else {A: committed}
    (move,) = plan_reset(target, [A], known, {A: 10}, {A: 100}, {A: at}).moves
    return move


@pytest.mark.parametrize(
    ("target", "at", "after", "note"),
    [
        (ToEarliest(), None, 10, ""),
        (ToLatest(), None, 100, ""),
        (ToOffset(42), None, 42, ""),
        (ToOffset(3), None, 10, "3 is before the oldest"),
        (ToOffset(300), None, 100, "300 is past the end"),
        (ToTime(1), 33, 33, ""),
        (ToTime(1), None, 100, ""),
        (ShiftBy(5), None, 55, ""),
        (ShiftBy(-45), None, 10, "5 is before the oldest"),
        (FromFile({A: 77}), None, 77, ""),
    ],
)
def test_each_way(target: ResetTarget, at: int | None, after: int, note: str) -> None:
    move = moved(target, at=at)
    assert (move.after, move.note, move.change) == (after, note, after - 50)
    assert move.lag_after == 100 - after


@pytest.mark.parametrize("target", [ShiftBy(1), FromFile({B: 1})])
def test_what_cannot_be_moved_so_stays_and_is_told(target: ResetTarget) -> None:
    plan = plan_reset(target, [A], {}, {A: 0}, {A: 9}, {})
    assert (plan.moves, plan.offsets) == ((), {})
    assert plan.skipped[0][0] == A


offsets = st.integers(0, 200)


@given(st.integers(-300, 300), offsets, offsets, offsets)
def test_a_move_stays_within_the_log_and_its_undo_leads_back(by: int, before: int, start: int, more: int) -> None:
    plan = plan_reset(ShiftBy(by), [A, B], {A: before, B: start}, {A: start, B: 0}, {A: start + more, B: 500}, {})
    for move in plan.moves:
        assert move.start <= move.after <= move.end
    state = {A: before, B: start} | plan.offsets
    assert state | plan.undo == {A: before, B: start}
    assert set(plan.undo) == set(plan.offsets)


def test_without_a_commit_there_is_nothing_to_undo() -> None:
    plan = plan_reset(ToEarliest(), [A], {}, {A: 0}, {A: 9}, {})
    assert (plan.offsets, plan.undo, plan.moves[0].change) == ({A: 0}, {}, None)


@given(st.dictionaries(st.builds(Partition, st.sampled_from(["a", "b.c", 'q"t,x']), st.integers(0, 9)), offsets))
def test_a_file_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, written: dict[Partition, int]
) -> None:
    path = tmp_path_factory.mktemp("undo") / "undo.csv"
    write_offsets(path, written)
    assert path.stat().st_mode & 0o777 == 0o600
    if written:
        assert read_offsets(path, "g") == written
    else:
        with pytest.raises(UsageError, match="has no offsets of g"):
            read_offsets(path, "g")
    with pytest.raises(FileExistsError):
        write_offsets(path, written)


def test_a_file_of_several_groups_is_read_for_one(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text('"mine","a",0,5\n"theirs","a",0,7\n\n"mine","a",1,6\n')
    assert read_offsets(path, "mine") == {A: 5, B: 6}


@pytest.mark.parametrize("line", ["a,0", "a,x,5", "a,0,-1", "a,0,5,6,7", ",0,5"])
def test_a_line_that_names_no_offset_is_pointed_at(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(f"a,0,5\n{line}\n")
    with pytest.raises(UsageError, match="line 2"):
        read_offsets(path, "g")


def test_an_undo_file_is_named_after_its_group_and_time() -> None:
    at = datetime(2026, 3, 2, 4, 15, tzinfo=UTC)
    path = undo_path(Path("j"), "../x/y z", at)
    assert (path.parent, path.name) == (Path("j"), "groups-reset-.._x_y_z-20260302T041500.000000.csv")
