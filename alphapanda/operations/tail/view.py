"""A record as the filter language sees it: each field is looked up, and the value decoded, only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeAlias, TypedDict

import msgspec

from alphapanda.model.records import Header, Record
from alphapanda.query.expressions import ENVELOPE_FIELDS, ROOTS
from alphapanda.serialization.transcoder import JsonTranscoder

MIRRORED = frozenset({Header.TYPE.value, Header.BROKER.value, Header.CORRELATION_ID.value})
"""Envelope fields that our own records repeat in headers: they cost no decoding."""

_UNREAD: Any = object()
_decode = msgspec.json.Decoder().decode


class RecordView(Mapping[str, Any]):
    """One record at a time, as a mapping of `ROOTS`. It is used again for each record: nothing is made anew.

    Args:
        as_json: shows Avro as JSON, if there may be some.

    Attributes:
        undecodable: whether the value of the record on view was asked for and is not JSON.
    """

    __slots__ = ("_as_json", "_record", "_value", "undecodable")

    def __init__(self, as_json: JsonTranscoder | None = None) -> None:
        self._as_json = as_json
        self._record: Record = _UNREAD
        self._value: Any = _UNREAD
        self.undecodable = False

    def look_at(self, record: Record) -> None:
        """Show another record."""
        self._record = record
        self._value = _UNREAD
        self.undecodable = False

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field, None where it is not there."""
        if name in ENVELOPE_FIELDS:
            if name in MIRRORED:
                header = self._record.header(name)
                if header is not None:
                    return header.decode(errors="replace")
            value = self._decoded()
            found = value.get(name) if isinstance(value, dict) else None
        elif name == "value":
            found = self._decoded()
        else:
            found = self._bare(name)
        return default if found is None else found

    def _decoded(self) -> Any:
        if self._value is _UNREAD:
            raw = (self._record if self._as_json is None else self._as_json.record(self._record)).value
            try:
                self._value = None if raw is None else _decode(raw)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self._value = None
                self.undecodable = True
        return self._value

    def _bare(self, name: str) -> Any:
        record = self._record
        match name:
            case "topic":
                found: Any = record.partition.topic
            case "partition":
                found = record.partition.number
            case "offset":
                found = record.offset
            case "ts":
                found = record.timestamp_ms
            case "key" if record.key is not None:
                found = record.key.decode(errors="replace")
            case "headers":
                found = {key: (value or b"").decode(errors="replace") for key, value in record.headers}
            case _:
                found = None
        return found

    def __getitem__(self, name: str) -> Any:
        if name not in ROOTS:
            raise KeyError(name)
        return self.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(ROOTS)

    def __len__(self) -> int:
        return len(ROOTS)


_Tree: TypeAlias = dict[str, "_Tree | None"]


def partial_decoder(paths: Collection[tuple[str | int, ...]]) -> Callable[[bytes], dict[str, Any]]:
    """Return what decodes an object to a dict of the fields at `paths`, as far as they are there.

    It raises msgspec.MsgspecError for a value that is not JSON, or not an object on a path.
    """
    tree: _Tree = {}
    for path in paths:
        _plant(tree, path)
    return msgspec.json.Decoder(_shape("Value", tree)).decode


def _plant(tree: _Tree, path: tuple[str | int, ...]) -> None:
    """Add a path; below an index, and below what is wanted whole, everything is decoded."""
    for place, key in enumerate(path):
        assert isinstance(key, str)
        is_whole = place == len(path) - 1 or not isinstance(path[place + 1], str)
        if is_whole or tree.get(key, {}) is None:
            tree[key] = None
            return
        below = tree.setdefault(key, {})
        assert below is not None
        tree = below


def _shape(name: str, tree: _Tree) -> Any:
    fields = {key: Any if below is None else _shape(key, below) for key, below in tree.items()}
    return TypedDict(name, fields, total=False)  # type: ignore[operator] # made of what was typed
