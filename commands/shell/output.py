"""The one sink of the command line: data to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TextIO

from alphapanda.clock import IST

if TYPE_CHECKING:
    from alphapanda.infra.progress import ProgressReporter

SCHEMA_VERSION = 1
"""Of every `--json` document; it grows when a key changes its meaning or goes."""


class Style(StrEnum):
    """The emphasis of a word on a terminal; the word itself says the same without colour."""

    GOOD = "32"
    WARN = "33"
    BAD = "31"
    FAINT = "2"
    BOLD = "1"


class Styler(Protocol):
    """Chooses the style of a cell by its value."""

    def __call__(self, value: object) -> Style | None:
        """Return the style of `value`, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table for people.

    Attributes:
        key: of the row's value.
        title: as it is headed.
        right: aligned to the right, as numbers are.
        style: chooses a colour by the value.
    """

    key: str
    title: str
    right: bool = False
    style: Styler | None = None


def _stdout() -> TextIO:
    return sys.stdout


def _stderr() -> TextIO:
    return sys.stderr


@dataclass(frozen=True, slots=True)
class Output:
    """Where a verb's results and messages go.

    Attributes:
        as_json: documents for programs instead of tables for people.
        no_color: no escape codes even on a terminal (NO_COLOR).
        stdout: data.
        stderr: narration.
    """

    as_json: bool = False
    no_color: bool = False
    stdout: TextIO = field(default_factory=_stdout)
    stderr: TextIO = field(default_factory=_stderr)

    def in_json(self, as_json: bool) -> Output:
        """Return this output, with documents for programs if `as_json`."""
        return replace(self, as_json=as_json)

    # ------------------------------------------------------------ data

    def table(
        self, kind: str, rows: Sequence[Mapping[str, object]], columns: Sequence[Column], *, empty: str
    ) -> None:
        """Show rows: a table for people, `{"schema_version", "kind", "items"}` for programs.

        `kind` names what the items are (`orders`). Programs get every key of a row with its raw value, people the
        `columns`; `empty` is what people are told when there is no row.
        """
        if self.as_json:
            self.document(kind, {"items": rows})
        elif rows:
            self.lines(self.render(rows, columns))
        else:
            self.say(empty)

    def record(self, kind: str, values: Mapping[str, object]) -> None:
        """Show one thing: `name  value` lines for people, `{"schema_version", "kind", …values}` for programs."""
        if self.as_json:
            self.document(kind, values)
            return
        width = max(map(len, values), default=0)
        self.lines([f"{name:<{width}}  {as_text(value)}" for name, value in values.items()])

    def document(self, kind: str, body: Mapping[str, object]) -> None:
        """Write one JSON document; on a terminal indented. Decimals are strings, times ISO 8601."""
        import msgspec

        data = msgspec.json.encode({"schema_version": SCHEMA_VERSION, "kind": kind, **body})
        indent = 2 if self.stdout.isatty() else -1
        self.lines([msgspec.json.format(data, indent=indent).decode()])

    def json_line(self, kind: str, body: Mapping[str, object]) -> None:
        """Write one JSON document on one line, for what goes on (`--watch`, `--follow`)."""
        import msgspec

        self.lines([msgspec.json.encode({"schema_version": SCHEMA_VERSION, "kind": kind, **body}).decode()])

    def lines(self, lines: Sequence[str]) -> None:
        """Write lines of data."""
        self.stdout.write("".join(f"{line}\n" for line in lines))
        self.stdout.flush()

    def render(self, rows: Sequence[Mapping[str, object]], columns: Sequence[Column]) -> list[str]:
        """Return a table as lines: a heading, then a line a row."""
        cells = [[as_text(row.get(column.key)) for column in columns] for row in rows]
        widths = [
            max([len(column.title), *(len(line[index]) for line in cells)]) for index, column in enumerate(columns)
        ]
        heading = [_aligned(column.title, width, column) for column, width in zip(columns, widths, strict=True)]
        lines = [self.styled("  ".join(heading).rstrip(), Style.BOLD)]
        for row, line in zip(rows, cells, strict=True):
            padded = [
                self.styled(
                    _aligned(cell, width, column), column.style(row.get(column.key)) if column.style else None
                )
                for cell, width, column in zip(line, widths, columns, strict=True)
            ]
            lines.append("  ".join(padded).rstrip())
        return lines

    def styled(self, text: str, style: Style | None) -> str:
        """Return `text` in `style` if people see it on a terminal, else as it is."""
        if style is None or self.no_color or self.as_json or not self.stdout.isatty():
            return text
        return f"\x1b[{style.value}m{text}\x1b[0m"

    # ------------------------------------------------------------ narration

    def say(self, text: str) -> None:
        """Write a message for people; never data."""
        self.stderr.write(f"{text}\n")
        self.stderr.flush()

    def warn(self, text: str) -> None:
        """Write a warning."""
        self.say(f"{self._word('warning', Style.WARN)}: {text}")

    def error(self, message: str, hint: str = "") -> None:
        """Write an error in one line: what happened, to what, and what to type."""
        self.say(f"{self._word('error', Style.BAD)}: {' '.join(f'{message} {hint}'.split())}")

    def _word(self, word: str, style: Style) -> str:
        if self.no_color or not self.stderr.isatty():
            return word
        return f"\x1b[{style.value};1m{word}\x1b[0m"

    def progress(self) -> ProgressReporter:
        """Return what shows how far a long act is: bars on a terminal, JSON lines elsewhere; on stderr."""
        from alphapanda.infra.progress import JsonProgress, progress_for

        return JsonProgress(self.stderr) if self.as_json else progress_for(self.stderr)


def as_text(value: object) -> str:
    """Return a value as people read it: times in IST, money with separators, `-` for None."""
    match value:
        case None:
            text = "-"
        case bool():
            text = "yes" if value else "no"
        case Decimal():
            text = f"{value:,}"
        case datetime():
            text = value.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")
        case list() | tuple() | set() | frozenset():
            text = ", ".join(as_text(item) for item in value)
        case _:
            text = str(value)
    return text


def _aligned(text: str, width: int, column: Column) -> str:
    return text.rjust(width) if column.right else text.ljust(width)
