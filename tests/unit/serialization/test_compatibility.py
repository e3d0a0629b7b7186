"""What may follow a schema and what may not, with the reasons."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import avro.schema
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import UsageError
from alphapanda.model.payloads import PAYLOADS
from alphapanda.serialization.compatibility import Level, incompatibilities, unreadable
from alphapanda.serialization.schema_diff import Change, differences
from alphapanda.serialization.schema_files import schema_text

Fields = list[dict[str, Any]]


def base() -> dict[str, Any]:
    return {
        "type": "record",
        "name": "a.Outer",
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "count", "type": "long"},
            {"name": "price", "type": {"type": "string", "format": "decimal"}},
            {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "side", "type": {"type": "enum", "name": "a.Side", "symbols": ["BUY", "SELL"]}},
            {"name": "note", "type": ["null", "string"], "default": None},
            {
                "name": "inner",
                "type": {"type": "record", "name": "a.Inner", "fields": [{"name": "x", "type": "long"}]},
            },
            {"name": "more", "type": {"type": "array", "items": "a.Inner"}, "default": []},
            {"name": "words", "type": {"type": "map", "values": "string"}, "default": {}},
        ],
    }


def field(fields: Fields, name: str) -> dict[str, Any]:
    return next(one for one in fields if one["name"] == name)


def drop(fields: Fields, name: str) -> None:
    fields[:] = [one for one in fields if one["name"] != name]


Edit = Callable[[Fields], Any]

HARMLESS: dict[str, Edit] = {
    "a field with a default": lambda f: f.append({"name": "new", "type": "long", "default": 0}),
    "a field that may be null": lambda f: f.append({"name": "new", "type": ["null", "long"], "default": None}),
    "a field that is gone": lambda f: drop(f, "note"),
    "another order": lambda f: f.insert(0, f.pop(1)),
    "one more symbol": lambda f: field(f, "side")["type"]["symbols"].append("BOTH"),
    "an alias": lambda f: field(f, "count").update(name="quantity", aliases=["count"]),
    "may be null from now on": lambda f: field(f, "id").update(type=["null", "string"]),
    "a wider number": lambda f: field(f, "count").update(type="double"),
    "another default": lambda f: field(f, "words").update(default={"a": "b"}),
    "words": lambda f: field(f, "id").update(doc="explained"),
}

HARMFUL: dict[str, tuple[Edit, str]] = {
    "a field without a default": (
        lambda f: f.append({"name": "new", "type": "long"}),
        "new: is new and has no default: earlier values lack it",
    ),
    "deep inside": (
        lambda f: field(f, "inner")["type"]["fields"].append({"name": "y", "type": "long"}),
        "inner.y: is new and has no default: earlier values lack it",
    ),
    "another type": (lambda f: field(f, "count").update(type="string"), "count: was long, is string"),
    "a narrower number": (lambda f: field(f, "count").update(type="int"), "count: was long, is int"),
    "a symbol that is gone": (
        lambda f: field(f, "side")["type"]["symbols"].remove("SELL"),
        "side: no longer knows SELL",
    ),
    "no longer null": (
        lambda f: field(f, "note").update(type="string", default=""),
        "note: may have been null, and may not be now",
    ),
    "another name": (lambda f: field(f, "inner")["type"].update(name="a.Else"), "inner: was Inner, is Else"),
    "inside a list": (
        lambda f: field(f, "more").update(type={"type": "array", "items": "string"}),
        "more[]: was Inner, is string",
    ),
    "inside a map": (
        lambda f: field(f, "words").update(type={"type": "map", "values": "long"}),
        "words{}: was string, is long",
    ),
    "another unit of time": (
        lambda f: field(f, "ts")["type"].update(logicalType="timestamp-millis"),
        "ts: was long (timestamp-micros), is long (timestamp-millis)",
    ),
    "text that becomes money": (
        lambda f: field(f, "id").update(type={"type": "string", "format": "decimal"}),
        "id: was string, is string (decimal)",
    ),
}


def edited(edit: Edit) -> str:
    schema = base()
    edit(schema["fields"])
    if edit is HARMFUL["another name"][0]:
        field(schema["fields"], "more")["type"]["items"] = "a.Else"
    return json.dumps(schema)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_may_follow(name: str) -> None:
    assert incompatibilities(edited(HARMLESS[name]), [json.dumps(base())]) == []


@pytest.mark.parametrize("name", HARMFUL)
def test_what_may_not_follow_and_why(name: str) -> None:
    edit, why = HARMFUL[name]
    assert why in [str(reason) for reason in incompatibilities(edited(edit), [json.dumps(base())])]


def test_levels() -> None:
    first, last = json.dumps(base()), edited(HARMLESS["a field that is gone"])
    without_default = edited(HARMFUL["a field without a default"][0])
    one_more_symbol = edited(HARMLESS["one more symbol"])

    assert incompatibilities(without_default, [first], Level.FORWARD) == []
    assert incompatibilities(without_default, [first], Level.FULL) != []
    assert incompatibilities(without_default, [first], Level.NONE) == []
    assert incompatibilities(one_more_symbol, [first], Level.BACKWARD) == []
    (reason,) = incompatibilities(one_more_symbol, [first], Level.FORWARD)
    assert str(reason) == "side: readers of the earlier schema fail: no longer knows BOTH"
    # `note` comes back as another type: the last version does not know it, the first does.
    back = json.loads(last)
    back["fields"].append({"name": "note", "type": "long", "default": 0})
    assert incompatibilities(json.dumps(back), [first, last], Level.BACKWARD) == []
    assert incompatibilities(json.dumps(back), [first, last], Level.BACKWARD_TRANSITIVE) != []
    assert incompatibilities(first, []) == []


@given(
    st.lists(st.sampled_from([*HARMLESS.values(), *(edit for edit, _ in HARMFUL.values())]), max_size=4),
    st.booleans(),
)
def test_there_is_a_reason_exactly_when_the_reference_objects(edits: list[Edit], swap: bool) -> None:
    schema = base()
    for edit in edits:
        attempt = copy.deepcopy(schema)
        try:
            edit(attempt["fields"])
            avro.schema.parse(json.dumps(attempt))
        except (StopIteration, KeyError, ValueError, TypeError, AttributeError, avro.errors.AvroException):
            continue  # the edits before it took away what it changes
        schema = attempt
    new, old = json.dumps(schema), json.dumps(base())
    if swap:
        new, old = old, new
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    verdict = checker.get_compatibility(avro.schema.parse(new), avro.schema.parse(old))
    reasons = unreadable(reader=new, writer=old)
    if verdict.compatibility is SchemaCompatibilityType.compatible:
        assert all("(" in reason.message for reason in reasons), "only a change of meaning is our own rule"
    else:
        assert reasons
        assert not any("/" in reason.path for reason in reasons), "each place was found by name"


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
def test_every_schema_may_follow_itself(kind: Any) -> None:
    assert incompatibilities(schema_text(kind), [schema_text(kind)], Level.FULL_TRANSITIVE) == []
    assert differences(schema_text(kind), schema_text(kind)) == []


def test_what_is_no_schema() -> None:
    for text in ("{", "{}", '{"type": "record"}', "17"):
        with pytest.raises(UsageError, match="not an Avro schema"):
            incompatibilities(text, [json.dumps(base())])


def test_differences_name_the_field_and_both_sides() -> None:
    edits: list[Edit] = [
        HARMFUL["deep inside"][0],
        HARMLESS["a field that is gone"],
        HARMFUL["another unit of time"][0],
        HARMLESS["another default"],
        HARMLESS["one more symbol"],
        lambda f: field(f, "id").update(type=["null", "string"]),
    ]
    schema = base()
    for edit in edits:
        edit(schema["fields"])
    found = {
        (one.path, one.change): (one.before, one.after)
        for one in differences(json.dumps(base()), json.dumps(schema))
    }
    assert found == {
        ("inner.y", Change.ADDED): ("", "long"),
        ("note", Change.REMOVED): ("string or null = null", ""),
        ("ts", Change.CHANGED): ("long (timestamp-micros)", "long (timestamp-millis)"),
        ("words", Change.DEFAULT): ("{}", '{"a": "b"}'),
        ("side", Change.SYMBOLS): ("", "BOTH"),
        ("id", Change.CHANGED): ("string", "string or null"),
    }


def test_differences_tell_a_new_name() -> None:
    (found,) = differences(json.dumps(base()), edited(HARMFUL["another name"][0]))[:1]
    assert (found.path, found.change, found.before, found.after) == ("inner", Change.RENAMED, "a.Inner", "a.Else")
