"""What the dashboard remembers between two times: theme, screen, sorts, filters, columns."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from alphapanda.files import write_atomically


class TableMemory(msgspec.Struct, kw_only=True):
    """What is remembered of one table.

    Attributes:
        sort: the column.
        reverse: whether descending.
        filter: as typed.
        columns: those chosen; None for the usual ones.
    """

    sort: str = ""
    reverse: bool = False
    filter: str = ""
    columns: list[str] | None = None


class Memory(msgspec.Struct, kw_only=True):
    """What is remembered.

    Attributes:
        theme: its name.
        screen: the one in view.
        compact: whether money is short.
        hidden: whether money is masked.
        zone: how times are shown.
        every: of how many beats one is painted.
        tables: by name.
    """

    theme: str = ""
    screen: str = ""
    compact: bool = False
    hidden: bool = False
    zone: str = ""
    every: int = 1
    tables: dict[str, TableMemory] = msgspec.field(default_factory=dict)


class LayoutStore(Protocol):
    """Where it is kept."""

    def load(self) -> Memory:
        """Return what was remembered; the defaults where nothing was, or it cannot be read."""
        ...

    def save(self, memory: Memory) -> str:
        """Keep it; returns why that was not possible, empty when it was."""
        ...


class LayoutFile:
    """Keeps it in a file.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Memory:
        """Return what was remembered; the defaults where nothing was, or it cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Memory)
        except (OSError, msgspec.MsgspecError):
            return Memory()  # a layout is no truth: without it the dashboard looks as at first

    def save(self, memory: Memory) -> str:
        """Keep it; returns why that was not possible, empty when it was."""
        try:
            if not self._path.parent.is_dir():
                return ""  # a deployment that was never started is not made by looking at it
            write_atomically(self._path, msgspec.json.format(msgspec.json.encode(memory)), durable=False)
        except OSError as error:
            return f"The layout could not be remembered: {error.strerror}."
        return ""


class NoLayout:
    """Remembers nothing: for demonstrations and tests."""

    def load(self) -> Memory:
        """Return the defaults."""
        return Memory()

    def save(self, memory: Memory) -> str:
        """Keep nothing."""
        del memory
        return ""
