"""Read `.env`: `NAME=value` lines, with every line's number kept for messages."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alphapanda.settings.problems import Problem

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=(?P<value>.*)")
_QUOTED = re.compile(r"""(?P<quote>["'])(?P<text>.*)(?P=quote)\s*(?:#.*)?""")


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a `.env` file says.

    Attributes:
        values: by variable, as written, without quotes.
        lines: the line each was (last) given on.
        problems: lines that are no assignment.
        readable_by_others: whether its mode lets the group or anyone read it.
    """

    values: Mapping[str, str]
    lines: Mapping[str, int]
    problems: tuple[Problem, ...]
    readable_by_others: bool


def read_env_file(path: Path) -> EnvFile:
    """Return what `path` says; an absent file says nothing. Raises OSError, UnicodeDecodeError."""
    if not path.exists():
        return EnvFile({}, {}, (), readable_by_others=False)
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _ASSIGNMENT.fullmatch(line)
        if match is None:
            problems.append(Problem(f"{path.name}:{number}", "this is no NAME=value line."))
            continue
        values[match["name"]] = _value(match["value"].strip())
        lines[match["name"]] = number
    others = bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    return EnvFile(values, lines, tuple(problems), readable_by_others=others)


def _value(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    return quoted["text"] if quoted else text.split(" #", 1)[0].rstrip()
