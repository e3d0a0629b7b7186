"""The one sink: data to stdout, words to stderr, in every mode."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from commands.shell.output import Column, Output, Style, as_text

ROWS = (
    {"name": "INFY", "pnl": Decimal("-1234.50"), "at": datetime(2026, 1, 5, 3, 45, tzinfo=UTC)},
    {"name": "TCS", "pnl": Decimal(7), "at": None},
)
COLUMNS = (
    Column("name", "NAME"),
    Column("pnl", "P&L", right=True, style=lambda value: Style.BAD if Decimal(str(value)) < 0 else None),
    Column("at", "AT"),
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def output(*, as_json: bool = False, terminal: bool = False, no_color: bool = False) -> Output:
    kind = Terminal if terminal else io.StringIO
    return Output(as_json=as_json, no_color=no_color, stdout=kind(), stderr=kind())


def written(sink: Output) -> tuple[str, str]:
    assert isinstance(sink.stdout, io.StringIO)
    assert isinstance(sink.stderr, io.StringIO)
    return sink.stdout.getvalue(), sink.stderr.getvalue()


def test_a_table_for_people() -> None:
    sink = output()
    sink.table("positions", ROWS, COLUMNS, empty="None.")
    assert written(sink) == (
        "NAME        P&L  AT\nINFY  -1,234.50  2026-01-05 09:15:00\nTCS           7  -\n",
        "",
    )


def test_the_same_table_for_programs_has_raw_values() -> None:
    sink = output(as_json=True)
    sink.table("positions", ROWS, COLUMNS, empty="None.")
    out, err = written(sink)
    assert err == ""
    assert json.loads(out) == {
        "schema_version": 1,
        "kind": "positions",
        "items": [
            {"name": "INFY", "pnl": "-1234.50", "at": "2026-01-05T03:45:00Z"},
            {"name": "TCS", "pnl": "7", "at": None},
        ],
    }


def test_an_empty_table_says_so_to_people_and_is_empty_for_programs() -> None:
    people, programs = output(), output(as_json=True)
    for sink in (people, programs):
        sink.table("orders", [], COLUMNS, empty="No orders yet.")
    assert written(people) == ("", "No orders yet.\n")
    assert json.loads(written(programs)[0])["items"] == []


def test_colour_only_on_a_terminal_and_not_when_it_is_not_wanted() -> None:
    on, off = output(terminal=True), output(terminal=True, no_color=True)
    for sink in (on, off):
        sink.table("positions", ROWS, COLUMNS, empty="")
        sink.error("No.")
    assert "\x1b[31m" in written(on)[0]
    assert "\x1b[31;1merror" in written(on)[1]
    assert "\x1b" not in "".join(written(off))


def test_a_record_in_both_modes() -> None:
    people, programs = output(), output(as_json=True)
    for sink in (people, programs):
        sink.record("broker", {"name": "paper", "armed": False})
    assert written(people)[0] == "name   paper\narmed  no\n"
    assert json.loads(written(programs)[0]) == {
        "schema_version": 1,
        "kind": "broker",
        "name": "paper",
        "armed": False,
    }


def test_documents_are_indented_for_eyes_and_on_one_line_for_pipes() -> None:
    eyes, pipe = output(as_json=True, terminal=True), output(as_json=True)
    for sink in (eyes, pipe):
        sink.document("x", {"a": 1})
    assert written(eyes)[0].count("\n") == 5
    assert written(pipe)[0].count("\n") == 1


def test_an_error_is_one_line_whatever_its_message_holds() -> None:
    sink = output()
    sink.error("first\n  second", "hint")
    assert written(sink) == ("", "error: first second hint\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (True, "yes"),
        (Decimal("1234567.80"), "1,234,567.80"),
        (("a", 1), "a, 1"),
        ("x", "x"),
        (5, "5"),
    ],
)
def test_values_as_people_read_them(value: object, text: str) -> None:
    assert as_text(value) == text
