"""Which columns get how much room, which values an axis names, and how amounts are hidden."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tui.panes.chart import levels
from tui.render.layout import fit
from tui.render.spec import USUAL, WIDE, Document, TableColumn
from tui.theme.formatter import Formatter
from tui.theme.glyphs import plain
from tui.theme.masking import amounts, hide, raw_amounts


def column(key: str, width: int, **more: Any) -> TableColumn[str]:
    return TableColumn(key=key, title=key, width=width, value=lambda row: row, **more)


def widths(columns: list[TableColumn[str]], width: int, **more: Any) -> dict[str, int]:
    return {found.key: size for found, size in fit(columns, width, **more)}


def test_a_long_text_widens_its_column_where_there_is_room() -> None:
    columns = [column("name", 6, most=10), column("rest", 5, grow=True)]
    assert widths(columns, 30) == {"name": 6, "rest": 21}
    assert widths(columns, 30, needs={"name": 9}) == {"name": 9, "rest": 18}
    assert widths(columns, 30, needs={"name": 40}) == {"name": 10, "rest": 17}
    assert widths(columns, 14, needs={"name": 40}) == {"name": 6, "rest": 5}


def test_a_wish_comes_before_columns_of_a_higher_rank() -> None:
    columns = [column("why", 5, wish=20), column("more", 10, rank=WIDE)]
    assert widths(columns, 24) == {"why": 20}
    assert widths(columns, 40) == {"why": 20, "more": 10}


def test_columns_may_stand_for_others_in_a_narrow_table() -> None:
    columns = [column("both", 9, below=60), column("one", 8, rank=USUAL, least=60), column("two", 8, least=60)]
    assert list(widths(columns, 59)) == ["both"]
    assert list(widths(columns, 60)) == ["one", "two"]
    assert list(widths(columns, 80, chosen={"both", "one"})) == ["both", "one"]


@pytest.mark.parametrize(
    ("low", "high", "rows", "named"),
    [
        (-136.0, 32.0, 19, [-100.0, -50.0, 0.0]),
        (0.0, 1.0, 4, [0.0, 0.5, 1.0]),
        (58_509.0, 58_660.0, 36, [58_520.0 + 20 * step for step in range(8)]),
    ],
)
def test_an_axis_names_round_values(low: float, high: float, rows: int, named: list[float]) -> None:
    assert levels(low, high, rows) == named


def test_amounts_in_texts_are_grouped_or_hidden(fmt: Formatter) -> None:
    text = "₹139660.0 are more than ₹36000."
    assert amounts(text, fmt) == "₹1,39,660.00 are more than ₹36,000.00."
    assert amounts(text, replace(fmt, hidden=True)) == "₹••• are more than ₹•••."
    assert amounts("5 of 10", fmt) == "5 of 10"


def test_decimals_of_documents_are_hidden(fmt: Formatter) -> None:
    document = Document(
        "P&L", {"net": "-12.50", "positions": [{"realised": "3", "quantity": 10}]}, (), b'{"net":"-12.50"}'
    )
    assert hide(document, fmt) is document
    hidden = hide(document, replace(fmt, hidden=True))
    assert hidden.data == {"net": "•••", "positions": [{"realised": "•••", "quantity": 10}]}
    assert hidden.raw.decode() == '{"net":"•••"}'
    assert raw_amounts('{"net":"-12.50"}', fmt) == '{"net":"-12.50"}'


def test_plain_texts_keep_their_width() -> None:
    assert plain("ab … · ×2 →") == "ab ~ - x2 >"
