"""Which records to show: globs on key, headers, type, broker and value, and one expression. Cheapest first."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec

from alphapanda.errors import DecodeError, DependencyError, UsageError
from alphapanda.model.records import Header, Record
from alphapanda.operations.tail.view import MIRRORED, RecordView, partial_decoder
from alphapanda.query.expressions import ENVELOPE_FIELDS, Expression
from alphapanda.serialization.avro import MAGIC
from alphapanda.serialization.transcoder import JsonTranscoder

Glob: TypeAlias = Callable[[str], bool]
_Test: TypeAlias = Callable[[Record], bool]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def glob(pattern: str) -> Glob:
    """Return whether a text is `pattern`, where `*` is anything, `?` one character and `[ab]` one of these."""
    if not any(sign in pattern for sign in "*?["):
        return lambda text: text == pattern
    matching = re.compile(fnmatch.translate(pattern)).match
    return lambda text: matching(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class TailFilters:
    """What is asked for; None and empty pass everything. Several headers must all be there.

    Attributes:
        key: glob of the record's key.
        headers: name and glob of its value.
        type: glob of the event's type.
        broker: glob of the broker's name.
        value: glob of the value's text.
        expression: over the decoded fields.
    """

    key: str | None = None
    headers: Sequence[tuple[str, str]] = ()
    type: str | None = None
    broker: str | None = None
    value: str | None = None
    expression: Expression | None = None


def parse_header(text: str) -> tuple[str, str]:
    """Return the name and glob that `NAME=GLOB` names; the glob of a bare name is anything."""
    name, equals, pattern = text.partition("=")
    if not name:
        raise UsageError(f"{text!r} names no header.", hint="Write --header NAME=GLOB.")
    return name, pattern if equals else "*"


@dataclass(slots=True)
class RecordFilter:
    """Picks records out of batches.

    Attributes:
        wanted: the criteria of records that pass.
        as_json: shows Avro as JSON, if there may be some. What is tested on bytes is tested before that.
        keeps_bytes: give records with their bytes in the log, not as JSON.
        undecodable: how many values had to be decoded and were no JSON; they do not pass.
    """

    wanted: TailFilters
    as_json: JsonTranscoder | None = None
    keeps_bytes: bool = False
    undecodable: int = 0
    _bytes_tests: list[_Test] = field(default_factory=list)
    _tests: list[_Test] = field(default_factory=list)
    _view: RecordView = field(init=False)

    def __post_init__(self) -> None:
        wanted = self.wanted
        self._view = RecordView(self.as_json)
        if wanted.key is not None:
            self._bytes_tests.append(_key_test(glob(wanted.key)))
        self._bytes_tests += [_header_test(name, glob(pattern)) for name, pattern in wanted.headers]
        if wanted.type is not None:
            self._bytes_tests.append(self._field_test(Header.TYPE, glob(wanted.type)))
        if wanted.broker is not None:
            self._bytes_tests.append(self._field_test(Header.BROKER, glob(wanted.broker)))
        if wanted.value is not None:
            self._tests.append(_value_test(glob(wanted.value)))
        if wanted.expression is not None:
            self._bytes_tests.append(self._expression_test(wanted.expression))

    def pick(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return those that pass, in their order."""
        records = _passing(self._bytes_tests, records)
        if self.as_json is None or (self.keeps_bytes and not self._tests):
            return _passing(self._tests, records)
        pairs = [(record, self.as_json.record(record)) for record in records]
        if self._tests:
            pairs = [pair for pair in pairs if all(test(pair[1]) for test in self._tests)]
        return [record if self.keeps_bytes else shown for record, shown in pairs]

    def _field_test(self, name: Header, passes: Glob) -> _Test:
        """Test a field that our records have as a header; in others' values it is looked for."""
        view = self._view

        def test(record: Record) -> bool:
            header = record.header(name)
            if header is not None:
                return passes(header.decode(errors="replace"))
            view.look_at(record)
            found = view.get(name.value)
            self.undecodable += view.undecodable
            return isinstance(found, str) and passes(found)

        return test

    def _fields_test(self, as_json: JsonTranscoder, expression: Expression) -> _Test:
        """Test decoded fields of JSON and of Avro: of each value only these are decoded, if they can be."""
        fields, passes = as_json.fields(expression.paths), expression.test
        otherwise = self._value_expression_test(expression)

        def test(record: Record) -> bool:
            value = record.value
            if not value or value[:1] != MAGIC:
                return otherwise(record)
            try:
                found = None if fields is None else fields.read(record)
            except (DecodeError, DependencyError):  # the record is shown as it is, with the error
                found = None
            return passes(found) if found is not None else otherwise(as_json.record(record))

        return test

    def _expression_test(self, expression: Expression) -> _Test:
        if expression.roots <= ENVELOPE_FIELDS and not expression.roots <= MIRRORED:
            if self.as_json is None:
                return self._value_expression_test(expression)
            return self._fields_test(self.as_json, expression)
        view, passes = self._view, expression.test

        def test(record: Record) -> bool:
            view.look_at(record)
            passed = passes(view)
            if view.undecodable:
                self.undecodable += 1
            return passed

        return test

    def _value_expression_test(self, expression: Expression) -> _Test:
        """Test decoded fields alone: of each value only these are decoded."""
        decode, passes = partial_decoder(expression.paths), expression.test

        def test(record: Record) -> bool:
            if record.value is None:
                return passes(_NOTHING)
            try:
                return passes(decode(record.value))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return passes(self._decoded_whole(record.value))

        return test

    def _decoded_whole(self, value: bytes) -> Mapping[str, Any]:
        """Return a value that is not shaped like an event; values that are not JSON are counted."""
        try:
            found = msgspec.json.decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self.undecodable += 1
            return _NOTHING
        return found if isinstance(found, dict) else _NOTHING


def _passing(tests: Sequence[_Test], records: Sequence[Record]) -> Sequence[Record]:
    match tests:
        case []:
            return records
        case [test]:
            return [record for record in records if test(record)]
        case _:
            return [record for record in records if all(test(record) for test in tests)]


def _key_test(passes: Glob) -> _Test:
    return lambda record: record.key is not None and passes(record.key.decode(errors="replace"))


def _value_test(passes: Glob) -> _Test:
    return lambda record: record.value is not None and passes(record.value.decode(errors="replace"))


def _header_test(name: str, passes: Glob) -> _Test:
    def test(record: Record) -> bool:
        return any(
            key == name and passes((value or b"").decode(errors="replace")) for key, value in record.headers
        )

    return test
