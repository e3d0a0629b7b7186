"""What records look like: nothing is lost in JSON lines, whatever bytes a record has."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.model.records import Partition, Record
from alphapanda.operations.tail.formats import as_json_line, as_raw, as_table_line, as_value, printable

PLACE = Partition("paper.orders.filled", 2)


def record(value: bytes | None, key: bytes | None = b"k") -> Record:
    return Record(PLACE, 5, 1_772_424_900_123, key, value, (("type", b"order_filled"),))


@given(st.none() | st.binary(max_size=30), st.none() | st.binary(max_size=10), st.none() | st.binary(max_size=10))
def test_a_json_line_is_one_line_and_has_every_byte(
    value: bytes | None, key: bytes | None, header: bytes | None
) -> None:
    line = as_json_line(Record(PLACE, 5, 1, key, value, (("h", header),)))
    assert b"\n" not in line
    row = msgspec.json.decode(line)
    assert (row["topic"], row["partition"], row["offset"]) == ("paper.orders.filled", 2, 5)
    assert _bytes(row, "key") == key
    headers = {**row["headers"], **{f"{k}_base64": v for k, v in row.get("headers_base64", {}).items()}}
    assert _bytes(headers, "h") == header
    if "value_error" in row:
        assert base64.b64decode(row["value_base64"]) == value
    elif value is not None:
        assert row["value"] == msgspec.json.decode(value)


def _bytes(row: dict[str, str | None], name: str) -> bytes | None:
    if f"{name}_base64" in row:
        return base64.b64decode(row[f"{name}_base64"] or "")
    text = row[name]
    return None if text is None else text.encode()


def test_json_over_several_lines_becomes_one_and_numbers_stay_as_they_are_spelled() -> None:
    line = as_json_line(record(b'{\n  "price": 1500.050,\n  "n": 12345678901234567890123\n}'))
    assert b'"value":{"price":1500.050,"n":12345678901234567890123}' in line


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"type":"t","data":{"n":1}}', b'{"n":1}'),
        (b'{"n":1}', b'{"n":1}'),
        (b"[1, 2]", b"[1,2]"),
        (None, b"null"),
    ],
)
def test_the_value_is_the_payload(value: bytes | None, expected: bytes) -> None:
    assert as_value(record(value)) == expected


def test_what_is_no_json_is_told_with_its_place() -> None:
    told = msgspec.json.decode(as_value(record(b"{x")))
    assert told["position"] == "paper.orders.filled:2:5"
    assert "not JSON" in told["value_error"]


def test_raw_is_untouched() -> None:
    assert as_raw(record(b"\x00\xff\n")) == b"\x00\xff\n"
    assert as_raw(record(None)) == b""


def test_a_line_for_people_has_time_place_type_key_and_payload() -> None:
    line = as_table_line(28)(record(b'{"type":"order_filled","data":{"n":1}}'))
    assert line == '2026-03-02 09:45:00.123  paper.orders.filled:2:5       order_filled      k  {"n":1}'
    assert as_table_line(10)(record(None)).endswith("(no value)")
    assert "value_error: not JSON" in as_table_line(10)(record(b"\xff"))


def test_a_terminal_gets_no_commands() -> None:
    assert printable("a\x1b[31mb\x9bc") == "a�[31mb�c"
    assert "\x1b" not in as_table_line(10)(record(b"\x1b]0;x\x07", key=b"\x1b[2J"))
