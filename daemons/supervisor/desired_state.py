"""What the operator wants to run, remembered for the running system.

It outlives a killed supervisor, and is forgotten by `down`. Only names and the overrides of a command line are
kept: the operator's environment may hold secrets and is never written to disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from alphapanda.files import PRIVATE, write_atomically


class DesiredState(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted.

    Attributes:
        overrides: settings from `up`'s command line, as variables.
        selection: the names of all processes that are to run; None for whatever the plan has.
    """

    overrides: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    selection: tuple[str, ...] | None = None

    def save(self, path: Path) -> None:
        """Write it; the file is whole or not there, and its owner's alone."""
        write_atomically(path, msgspec.json.encode(self), mode=PRIVATE)


def remembered_wish(path: Path) -> DesiredState:
    """Return what was kept; the empty wish when nothing was, or nothing readable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=DesiredState)
    except (FileNotFoundError, msgspec.DecodeError):
        return DesiredState()
