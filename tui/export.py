"""Rows as files: CSV of the columns in view, JSON lines of the whole rows. Raw decimals, ISO times, no ₹."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from alphapanda.clock import to_ist
from tui.engine.spec import Column, TableSpec


def write_csv(path: Path, columns: Sequence[Column[Any]], rows: Sequence[Any]) -> None:
    """Write the columns of the rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.key for column in columns])
        for row in rows:
            writer.writerow([_plain(column.value(row)) for column in columns])


def write_jsonl(path: Path, spec: TableSpec[Any], rows: Sequence[Any]) -> None:
    """Write the rows whole, as they are inspected."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(spec.document(row).data, default=str, ensure_ascii=False) + "\n")


def file_name(what: str, now: datetime, ending: str) -> str:
    """Return a name that sorts by time: `alphapanda-orders-20260105-104215.csv`."""
    return f"alphapanda-{what}-{to_ist(now):%Y%m%d-%H%M%S}.{ending}"


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
