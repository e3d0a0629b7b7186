"""Rows as they are inspected: plain data, headers, and the bytes they came from."""

from __future__ import annotations

from typing import Any

from alphapanda.model.records import Record
from alphapanda.serialization.codec import to_jsonable
from tui.render.spec import Document
from tui.store.topics import decoded_value


def of_value(title: str, value: object, record: Record | None = None) -> Document:
    """Return a value as it is inspected, with the record that it was last read from."""
    data: Any = to_jsonable(value)
    if record is None:
        return Document(title, data)
    return Document(f"{title} · {record.position}", data, headers_of(record), record.value or b"")


def of_record(record: Record) -> Document:
    """Return a record as it is inspected."""
    return Document(str(record.position), decoded_value(record), headers_of(record), record.value or b"")


def headers_of(record: Record) -> tuple[tuple[str, str], ...]:
    """Return the key and headers of a record as text."""
    key = "-" if record.key is None else record.key.decode(errors="replace")
    own = [(name, (value or b"").decode(errors="replace")) for name, value in record.headers]
    return (("(key)", key), ("(written, Unix ms)", str(record.timestamp_ms)), *own)
