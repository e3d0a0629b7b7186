"""Copies and files: rows as CSV or JSON lines with raw decimals and ISO times, the screen as SVG."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from alphapanda.clock import to_ist
from tui.actions.workspace import Workspace
from tui.render.spec import TableColumn, TableSpec

ROW_LIMIT: Final = 4_096
"""Characters of a copied row that every terminal accepts."""
FAMILIES: Final = "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace"
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FAMILY = re.compile(r"font-family: (?:Fira Code|arial)[^;]*")


class ExportActions:
    """Copies and writes what is in view.

    Args:
        workspace: the dashboard.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def copy_row(self) -> None:
        """Copy the row as JSON."""
        workspace, table = self._workspace, self._workspace.table
        if table is not None and table.current is not None:
            text = json.dumps(table.spec.document(table.current).data, default=str, ensure_ascii=False)
            workspace.copy_to_clipboard(text)
            more = "" if len(text) < ROW_LIMIT else " If the terminal refused it, export with E."
            workspace.notify(f"Copied {len(text)} characters.{more}", timeout=3)

    def copy_id(self) -> None:
        """Copy the id of the row."""
        workspace, table = self._workspace, self._workspace.table
        if table is not None and table.current_key is not None:
            fields: dict[str, Any] = table.spec.fields(table.current) if table.current is not None else {}
            text = str(fields.get("id") or fields.get("decision") or table.current_key)
            workspace.copy_to_clipboard(text)
            workspace.notify(f"Copied {text}", timeout=3)

    def rows(self, form: str) -> None:
        """Write the rows in view to a file."""
        table = self._workspace.table
        if table is None:
            return
        rows, path, spec = table.shown, self._path(table.spec.name, form), table.spec
        columns, text = table.columns_shown, f"{len(rows)} {spec.noun} in {path}"
        if form == "csv":
            self._write(path, lambda: write_csv(path, columns, rows), text)
        else:
            self._write(path, lambda: write_jsonl(path, spec, rows), text)

    def picture(self) -> None:
        """Write the screen to an SVG file."""
        path, svg = self._path(self._workspace.status.screen, "svg"), self._workspace.screenshot()
        self._write(path, lambda: write_picture(path, svg), f"Screen saved to {path}")

    def _path(self, name: str, ending: str) -> Path:
        return self._workspace.options.folder / file_name(name, self._workspace.formatter.now, ending)

    def _write(self, path: Path, write: Callable[[], None], done: str) -> None:
        try:
            write()
        except OSError as error:
            self._workspace.notify(f"Cannot write {path}: {error.strerror}.", severity="error")
        else:
            self._workspace.notify(done, timeout=6)


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
