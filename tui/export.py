"""Rows as files: CSV of the columns in view, JSON lines of the whole rows. Raw decimals, ISO times, no ₹."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from alphapanda.clock import to_ist
from tui.render.spec import TableColumn, TableSpec

FAMILIES = "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace"
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FAMILY = re.compile(r"font-family: (?:Fira Code|arial)[^;]*")


def write_csv(path: Path, columns: Sequence[TableColumn[Any]], rows: Sequence[Any]) -> None:
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


def write_picture(path: Path, svg: str) -> None:
    """Write a screen as it was drawn, so that every viewer shows it alike."""
    path.write_text(portable(svg), encoding="utf-8")


def portable(svg: str) -> str:
    """Return a picture that needs no font from elsewhere, and whose spaces no viewer draws together."""
    svg = _FONTS.sub("", svg)
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1).replace("&#160;", " ")
    return _FAMILY.sub(f"font-family: {FAMILIES}", svg)


def file_name(what: str, now: datetime, ending: str) -> str:
    """Return a name that sorts by time: `alphapanda-orders-20260105-104215.csv`."""
    return f"alphapanda-{what}-{to_ist(now):%Y%m%d-%H%M%S}.{ending}"


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
