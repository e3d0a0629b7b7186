"""Filters: globs, headers before values, fields that are decoded in part or whole, and what cannot be decoded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import UsageError
from alphapanda.model.records import Headers, Partition, Record
from alphapanda.operations.tail.filters import RecordFilter, TailFilters, glob, parse_header
from alphapanda.operations.tail.view import RecordView, partial_decoder
from alphapanda.query.compiler import compile_expression
from alphapanda.query.expressions import ROOTS

NOW = datetime(2026, 3, 2, 4, 15, tzinfo=UTC)


def record(value: Any = None, *, key: bytes | None = b"k", headers: Headers = ()) -> Record:
    raw = value if value is None or isinstance(value, bytes) else msgspec.json.encode(value)
    return Record(Partition("paper.orders.filled", 0), 7, 1_000, key, raw, headers)


def passes(one: Record, **wanted: Any) -> bool:
    if "expression" in wanted:
        wanted["expression"] = compile_expression(wanted["expression"], NOW)
    return bool(RecordFilter(TailFilters(**wanted)).pick([one]))


@pytest.mark.parametrize(
    ("pattern", "text", "same"),
    [
        ("order_filled", "order_filled", True),
        ("order_filled", "order_filled2", False),
        ("order_*", "order_filled", True),
        ("*", "", True),
        ("a?c", "abc", True),
        ("[ab]x", "bx", True),
        ("a.c", "abc", False),
    ],
)
def test_globs(pattern: str, text: str, same: bool) -> None:
    assert glob(pattern)(text) is same


def test_a_glob_with_many_stars_takes_no_longer() -> None:
    assert not glob("*a" * 30 + "b")("a" * 5_000)


def test_headers_are_named_and_matched() -> None:
    assert parse_header("ap-cause=market.*") == ("ap-cause", "market.*")
    assert parse_header("ap-cause") == ("ap-cause", "*")
    with pytest.raises(UsageError):
        parse_header("=x")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"key": "k*"}, True),
        ({"key": "x"}, False),
        ({"type": "order_*"}, True),
        ({"broker": "zerodha"}, False),
        ({"headers": [("h", "1")]}, True),
        ({"headers": [("h", "1"), ("g", "*")]}, False),
        ({"value": "*INFY*"}, True),
        ({"expression": "data.price > 10"}, True),
        ({"expression": 'data.price > 10 and broker == "paper"'}, True),
        ({"expression": 'headers.h == "1"'}, True),
        ({"expression": "offset == 7 and ts < 2000"}, True),
        ({"expression": 'value.data.instrument contains "INFY"'}, True),
        ({"expression": "data.legs[1].n == 2"}, True),
        ({"key": "k", "expression": "data.price > 100"}, False),
    ],
)
def test_each_filter(wanted: dict[str, Any], expected: bool) -> None:
    value = {
        "type": "order_filled",
        "broker": "paper",
        "data": {"price": "12.5", "instrument": "NSE:INFY", "legs": [{"n": 1}, {"n": 2}]},
    }
    assert passes(record(value, headers=(("h", b"1"),)), **wanted) is expected


def test_type_and_broker_are_not_decoded_where_headers_say_them() -> None:
    one = record(b"no json", headers=(("type", b"order_filled"), ("broker", b"paper")))
    picks = RecordFilter(TailFilters(type="order_filled", broker="paper"))
    assert picks.pick([one]) == [one]
    assert picks.undecodable == 0
    both = compile_expression('type == "order_filled" and broker == "paper"', NOW)
    assert RecordFilter(TailFilters(expression=both)).pick([one]) == [one]


@pytest.mark.parametrize("value", [b"{half", b"\xff", b"[1]", b'"text"', None, b'{"data": 3}'])
@pytest.mark.parametrize("expression", ["data.price > 1", "value.price > 1"])
def test_what_is_no_event_does_not_pass_and_never_raises(value: bytes | None, expression: str) -> None:
    picks = RecordFilter(TailFilters(expression=compile_expression(expression, NOW)))
    assert picks.pick([record(value)]) == []
    assert picks.undecodable == (value in {b"{half", b"\xff"})


def test_an_absent_field_is_null_in_every_way_of_decoding() -> None:
    for expression in ("not data.price", "not value.price", "data.price == null"):
        assert passes(record(b'{"data":{}}'), expression=expression)
        assert passes(record(None), expression=expression)


def test_the_view_has_every_root() -> None:
    view = RecordView()
    view.look_at(record({"id": "1"}, headers=(("broker", b"paper"),)))
    assert set(view) == set(ROOTS)
    assert (view["id"], view["broker"], view["topic"], view["key"]) == ("1", "paper", "paper.orders.filled", "k")
    assert view.get("source", "none") == "none"
    with pytest.raises(KeyError):
        view["nonsense"]


_plain = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_paths = st.lists(
    st.lists(st.sampled_from(["a", "b", "c"]) | st.integers(0, 2), min_size=1, max_size=3)
    .map(lambda parts: ("data", *parts))
    .map(tuple),
    min_size=1,
    max_size=3,
)


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        if isinstance(key, str):
            value = value.get(key) if isinstance(value, dict) else None
        else:
            value = value[key] if isinstance(value, list) and key < len(value) else None
    return value


@given(st.fixed_dictionaries({"data": _plain, "other": _plain}), _paths)
def test_decoding_in_part_finds_what_decoding_whole_finds(value: Any, paths: list[tuple[str | int, ...]]) -> None:
    raw = msgspec.json.encode(value)
    try:
        found = partial_decoder(paths)(raw)
    except msgspec.MsgspecError:
        return  # a path leads through what is no object: the filter decodes the whole
    assert "other" not in found
    for path in paths:
        assert at(found, path) == at(value, path)
