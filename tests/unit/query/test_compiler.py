from __future__ import annotations

import math
import string
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.query.compiler import compile_expression
from alphapanda.query.errors import QuerySyntaxError
from alphapanda.query.expressions import ROOTS

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
RECORD: dict[str, Any] = {
    "topic": "paper.orders.filled",
    "partition": 0,
    "offset": 42,
    "ts": 1_772_423_400_000,
    "key": "0128",
    "type": "order_filled",
    "broker": "paper",
    "headers": {"type": "order_filled", "ap-replay-count": "2", "odd name": "x"},
    "data": {
        "last_price": 1500.25,
        "quantity": 10,
        "price": "1500.250",
        "side": "BUY",
        "live": False,
        "depth": {"buy": [[1500.2, 5, 1], [1500.15, 7, 2]]},
        "tags": ["a", "b", 3],
        "none": None,
        "and": 1,
    },
}


def passes(text: str, record: dict[str, Any] | None = None) -> bool:
    return compile_expression(text, NOW).test(RECORD if record is None else record)


@pytest.mark.parametrize(
    "text",
    [
        'data.last_price > 1500 and broker == "paper"',
        "data.last_price >= 1500.25",
        "1500 < data.last_price",
        "-1 < data.quantity",
        "data.quantity == 10",
        "data.quantity == 10.0",
        'data.quantity == "10"',
        "data.price == 1500.25",
        "data.price > 1500",
        'data.price != "1500.25"',
        "data.price == data.last_price",
        "data.quantity < data.last_price",
        "data.side < data.missing or not data.side < data.missing",
        'data.side in ["SELL", "BUY"]',
        "data.quantity in [1, 10]",
        'data.side not in ["SELL"]',
        'data.tags contains "a"',
        "data.tags contains 3",
        'not data.tags contains "3"',
        'topic contains ".orders."',
        'data contains "side"',
        'headers["odd name"] == "x"',
        "headers['ap-replay-count'] >= 2",
        'key == "0128"',
        'key != "128"',
        "key == 128",
        'key matches "^0[0-9]+$"',
        'topic not matches "market"',
        "topic matches '\\.filled$'",
        "data.depth.buy[0][1] == 5",
        "data.depth.buy[1][0] < 1500.2",
        "data.depth.buy[7][0] == null",
        "data.missing == null",
        "data.none == null",
        "data.side != null",
        "data.live == false",
        "not data.live",
        "data.live != true",
        "data.quantity != true",
        "data.side",
        "data.and == 1",
        'data["and"] == 1',
        'ts >= "09:15"',
        'ts < "2026-03-02T09:25"',
        'ts > "-1h"',
        "ts > 1772423399999",
        'broker == "live" or offset == 42 and partition == 0',
        '(broker == "live" or offset == 42) and not (partition == 1)',
        'data.side == "BUY" and data.quantity > 5 and data.quantity < 50',
        'data.side == "X" or data.quantity > 50 or data.quantity < 50',
        "not not data.side",
        '  data.side=="BUY"\n',
    ],
)
def test_what_passes(text: str) -> None:
    assert passes(text)
    assert not passes(f"not ({text})")


@pytest.mark.parametrize(
    "text",
    [
        "data.missing > 0",
        "data.missing < 0",
        "data.none <= 0",
        "data.side > 5",
        "data.live == 0",
        "data.live < 1",
        'data.depth == "x"',
        "data.depth > 1",
        'data.tags.x == "a"',
        "data.side[0] == null and data.side == null",
        'data.quantity matches "10"',
        'data.quantity contains "1"',
        "data.last_price == 1500.26",
        "data.none",
        "data.live",
        "type.x",
    ],
)
def test_what_does_not(text: str) -> None:
    assert not passes(text)


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("", 0, "Expected a field or a value, found the end"),
        ("data.last_price >", 17, "Expected a field or a value"),
        ("data.last_price > > 5", 18, "Expected a field or a value"),
        ("date.last_price > 5", 0, "Did you mean 'data'"),
        ('broker = "paper"', 7, "Write =="),
        ('broker == "paper', 10, "not closed"),
        ("broker == 'a' && key == 'b'", 14, "Write and"),
        ("(broker == 'a'", 14, r"Expected '\)', found the end"),
        ("broker == 'a')", 13, "Expected and, or, or the end"),
        ("1 < offset < 5", 11, "not chained"),
        ("5", 0, "A value alone says nothing"),
        ("5 == 6", 0, "Two values, and no field"),
        ("offset in 5", 10, r"Expected '\['"),
        ("offset in [key]", 11, "Expected a value"),
        ("offset in []", 11, "Expected a value"),
        ("offset not 5", 11, "Expected in, contains or matches"),
        ("key matches 5", 12, "Expected a pattern"),
        ('key matches "a(b"', 14, "not closed"),
        ("data.", 5, "Expected a name"),
        ("data[1.5] == 1", 5, "an index"),
        ("data[-1] == 1", 5, "an index"),
        ('ts > "soon"', 5, "Not a time"),
        ("offset > null", 9, "< and > need a number, a text or a time here"),
        ("offset > 1e999", 9, "too large"),
        ("offset > - key", 11, "Expected a number"),
        ("offset == 5x", 10, "not known here"),
        ("__import__('os')", 0, "not a field"),
        ("data.__class__()", 14, "Expected and, or, or the end"),
        ("(" * 60 + "key" + ")" * 60, 50, "Nested too deeply"),
        ("not " * 60 + "key", 200, "Nested too deeply"),
    ],
)
def test_a_fault_is_pointed_at(text: str, position: int, says: str) -> None:
    with pytest.raises(QuerySyntaxError, match=says) as caught:
        compile_expression(text, NOW)
    assert caught.value.position == position
    assert caught.value.pointed.splitlines()[-1] == " " * position + "^"


def test_only_the_fields_that_are_asked_for_are_needed() -> None:
    plain = compile_expression('key == "1" and headers["x"] == "y" and ts > 5', NOW)
    assert plain.roots == {"key", "headers", "ts"}
    assert not plain.needs_value
    assert compile_expression("not data.x", NOW).needs_value
    assert compile_expression("not data.x", NOW).test({}) is True


# ------------------------------------------------------------ against a slow and simple evaluator

FIELDS = ["data.a", "data.b", "data.c.d", "offset", "key", "type"]
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, -0.5, 2.0])
TEXTS = st.sampled_from(["x", "y", "xy", ""])
VALUES = NUMBERS | TEXTS | st.booleans() | st.none()
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "data": st.fixed_dictionaries(
            {}, optional={"a": VALUES, "b": VALUES, "c": st.fixed_dictionaries({"d": VALUES})}
        ),
        "offset": NUMBERS,
        "key": VALUES,
        "type": TEXTS,
    },
)
Simple = Callable[[dict[str, Any]], bool]


def field(record: Any, path: str) -> Any:
    for part in path.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(value: Any, wanted: Any) -> bool:
    return ((is_number(value) and is_number(wanted)) or type(value) is type(wanted)) and value == wanted


def less(value: Any, wanted: Any) -> bool:
    comparable = (is_number(value) and is_number(wanted)) or (isinstance(value, str) and isinstance(wanted, str))
    return comparable and value < wanted


def spelled(value: Any) -> str:
    return (
        {True: "true", False: "false", None: "null"}[value]
        if value in (None, True, False) and not is_number(value)
        else (f'"{value}"' if isinstance(value, str) else repr(value))
    )


@st.composite
def leaves(draw: st.DrawFn) -> tuple[str, Simple]:
    path, wanted = draw(st.sampled_from(FIELDS)), draw(VALUES)
    ordered = is_number(wanted) or isinstance(wanted, str)
    match draw(st.sampled_from(["==", "!=", "in", *(["<", ">="] if ordered else [])])):
        case "==":
            return f"{path} == {spelled(wanted)}", lambda record: same(field(record, path), wanted)
        case "!=":
            return f"{spelled(wanted)} != {path}", lambda record: not same(field(record, path), wanted)
        case "<":
            return f"{path} < {spelled(wanted)}", lambda record: less(field(record, path), wanted)
        case ">=":
            return (
                f"{path} >= {spelled(wanted)}",
                lambda record: (
                    less(wanted, field(record, path)) or (wanted is not None and same(field(record, path), wanted))
                ),
            )
        case _:
            other = draw(VALUES)
            return (
                f"{path} in [{spelled(wanted)}, {spelled(other)}]",
                lambda record: same(field(record, path), wanted) or same(field(record, path), other),
            )


def combined(inner: st.SearchStrategy[tuple[str, Simple]]) -> st.SearchStrategy[tuple[str, Simple]]:
    def both(parts: list[tuple[str, Simple]]) -> tuple[str, Simple]:
        return " and ".join(f"({text})" for text, _ in parts), lambda record: all(
            test(record) for _, test in parts
        )

    def either(parts: list[tuple[str, Simple]]) -> tuple[str, Simple]:
        return " or ".join(f"({text})" for text, _ in parts), lambda record: any(test(record) for _, test in parts)

    several = st.lists(inner, min_size=2, max_size=3)
    return (
        several.map(both)
        | several.map(either)
        | inner.map(lambda one: (f"not ({one[0]})", lambda r: not one[1](r)))
    )


@given(st.recursive(leaves(), combined, max_leaves=6), RECORDS)
def test_closures_do_what_a_simple_evaluator_does(made: tuple[str, Simple], record: dict[str, Any]) -> None:
    text, simple = made
    assert compile_expression(text, NOW).test(record) is simple(record)


@given(
    st.text(string.printable, max_size=40)
    | st.lists(
        st.sampled_from([*ROOTS, "and", "or", "not", "in", "(", ")", "[", "]", "==", "<", "5", '"x"', "."]),
        max_size=12,
    ).map(" ".join)
)
def test_any_text_is_a_filter_or_a_fault(text: str) -> None:
    try:
        result = compile_expression(text, NOW).test(RECORD)
    except QuerySyntaxError as error:
        result = error.position > len(text)
    assert result in {True, False}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_no_record_can_break_a_filter(first: Any, second: Any) -> None:
    record = {"data": {"a": first, "b": second}, "key": first, "headers": second}
    for text in (
        "data.a < data.b",
        "data.a == data.b",
        "data.a >= 5",
        'data.a < "5"',
        'data.a == "5"',
        "data.a in [1, 2.5]",
        "data.a contains data.b",
        'data.a matches "a.*b"',
        "data.a[0].x",
        "headers.x == key",
        "data.a",
    ):
        assert compile_expression(text, NOW).test(record) in {True, False}


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9),
    st.integers(-(10**9), 10**9),
)
def test_money_in_text_compares_exactly(money: Any, whole: int) -> None:
    record = {"data": {"money": str(money)}}
    assert passes(f"data.money < {whole}", record) is (money < whole)
    assert passes(f"data.money == {whole}", record) is (money == whole)


def test_not_a_number_is_nothing() -> None:
    assert not passes("data.x == data.x", {"data": {"x": math.nan}})
