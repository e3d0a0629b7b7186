"""Rings, filters, orders of rows, layouts and paces."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import UnknownNameError, UsageError
from tui.render.filters import parse_filter
from tui.render.layout import EDGE, SPACE, fit, padded
from tui.render.order import RowOrder
from tui.render.pace import RepaintPace
from tui.render.ring import Ring, RowGap
from tui.render.spec import ALWAYS, USUAL, WIDE, Document, TableColumn, TableSpec

NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    name: str
    size: int | None


SPEC: TableSpec[Row] = TableSpec(
    name="rows",
    title="Rows",
    columns=(
        TableColumn(key="name", title="Name", width=8, value=lambda r: r.name, grow=True, rank=ALWAYS),
        TableColumn(key="size", title="Size", width=6, value=lambda r: r.size, rank=USUAL, right=True),
        TableColumn(key="twice", title="Twice", width=6, value=lambda r: (r.size or 0) * 2, rank=WIDE),
    ),
    search=lambda r: r.name,
    document=lambda r: Document(r.name, {"name": r.name, "size": r.size}),
    empty="None.",
    sort="size",
)
ROWS: dict[Hashable, Row | RowGap] = {
    name: Row(name, size) for name, size in (("INFY", 10), ("TCS", 250), ("itc", None), ("INFRA", 40))
}


def passing(text: str) -> set[str]:
    wanted = parse_filter(text, SPEC, NOW)
    return {row.name for row in ROWS.values() if isinstance(row, Row) and (wanted is None or wanted.test(row))}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", {"INFY", "TCS", "itc", "INFRA"}),
        ("inf", {"INFY", "INFRA"}),
        ("!inf", {"TCS", "itc"}),
        ("inf !infra", {"INFY"}),
        ("^in.*y$", {"INFY"}),
        ("size:>10", {"TCS", "INFRA"}),
        ("size:>=10 inf", {"INFY", "INFRA"}),
        ("size:=250", {"TCS"}),
        ("size:!=250", {"INFY", "itc", "INFRA"}),
        ("!size:<100", {"TCS", "itc"}),
        ("name:=infy", {"INFY"}),
        ("name:~^t|c$", {"TCS", "itc"}),
        ("= data.size > 20 and data.name != 'TCS'", {"INFRA"}),
    ],
)
def test_filters(text: str, names: set[str]) -> None:
    assert passing(text) == names


@pytest.mark.parametrize("text", ["size:>", "size:>many", "=data.size >"])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_filter(text, SPEC, NOW)


def test_an_unknown_column_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="sise"):
        parse_filter("sise:>1", SPEC, NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_filter_or_a_usage_error(text: str) -> None:
    try:
        wanted = parse_filter(text, SPEC, NOW)
    except UsageError:
        return
    if wanted is not None:
        assert all(isinstance(wanted.test(row), bool) for row in ROWS.values() if isinstance(row, Row))


@given(st.lists(st.integers(0, 3), max_size=80), st.integers(1, 10))
def test_a_ring_keeps_the_last_rows_and_counts_what_was_lost(steps: list[int], limit: int) -> None:
    ring: Ring[int] = Ring(limit)
    said: list[int | RowGap] = []
    for step in steps:
        if step:
            ring.add(step)
            said.append(step)
        else:
            ring.lost(2)
            if said and isinstance(said[-1], RowGap):
                said[-1] = RowGap(said[-1].count + 2)
            else:
                said.append(RowGap(2))
    assert list(ring) == said[-limit:]
    assert list(ring.rows) == list(range(ring.added - len(ring), ring.added))


def test_a_ring_is_bounded_in_bytes() -> None:
    ring: Ring[str] = Ring(100, max_bytes=1_000)
    for _ in range(10):
        ring.add("x", 300)
    assert len(ring) == 3
    ring.add("huge", 5_000)
    assert list(ring) == ["huge"]


def test_rows_are_sorted_and_what_has_no_value_is_last_both_ways() -> None:
    order = RowOrder(SPEC)
    order.make(ROWS, hold=False)
    assert order.keys == ["INFY", "INFRA", "TCS", "itc"]
    order.reverse = True
    order.make(ROWS, hold=False)
    assert order.keys == ["TCS", "INFRA", "INFY", "itc"]


def test_a_held_order_changes_only_by_what_comes_and_goes() -> None:
    order = RowOrder(SPEC)
    order.make(ROWS, hold=False)
    rows = {key: row for key, row in ROWS.items() if key != "INFRA"}
    rows["TCS"] = Row("TCS", 1)
    rows["NEW"] = Row("NEW", 0)
    order.make(rows, hold=True)
    assert order.keys == ["INFY", "TCS", "itc", "NEW"]


@given(st.integers(1, 80))
def test_columns_never_take_more_than_there_is(width: int) -> None:
    fitted = fit(SPEC.columns, width)
    assert fitted
    taken = EDGE + sum(size + SPACE for _, size in fitted)
    assert taken <= width or len(fitted) == 1
    ranks = [column.rank for column, _ in fitted]
    assert ranks == sorted(ranks)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=40), st.integers(1, 20), st.booleans()
)
def test_text_is_cut_or_filled_to_the_cell(text: str, width: int, right: bool) -> None:
    from rich.cells import cell_len

    assert cell_len(padded(text, width, right=right)) == width


def test_a_dear_paint_slows_down_and_cheap_ones_speed_up_again() -> None:
    pace = RepaintPace()
    assert [beat for beat in range(10) if pace.is_due(beat, focused=True)] == list(range(10))
    assert [beat for beat in range(10) if pace.is_due(beat, focused=False)] == [0, 5]
    pace.spent(0.2)
    assert pace.slowdown == 2
    assert pace.label(focused=True) == "5 Hz"
    for _ in range(10):
        pace.spent(0.001)
    assert pace.slowdown == 1
    assert pace.label(focused=True) == ""
