"""Read a TOML file, and find the line that gives a value: messages name it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from alphapanda.settings.problems import InvalidSettingsError, Problem
from alphapanda.settings.variables import suggestion

_TABLE = re.compile(r"\s*\[(?P<array>\[)?\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*(?P<key>(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"))*)\s*=""")
_PART = re.compile(r"""[^."'\s]+|"[^"]*"|'[^']*'""")
_AT = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<key>[^`]*)`)?", re.DOTALL)
_POSITION = re.compile(r"\s*\(at (?:line (?P<line>\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The content of a TOML file, with the line of each key.

    Attributes:
        name: the file's name, as messages show it.
        values: the document; empty when there is no file.
        exists: whether there is one.
        lines: the line of each key and table, by path; items of an array of tables are numbered from "0".
    """

    name: str
    values: Mapping[str, Any]
    exists: bool
    lines: Mapping[tuple[str, ...], int]

    def place(self, path: tuple[str, ...]) -> str:
        """Return `file:line` of the value at `path`, or of the nearest table around it."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return f"{self.name}:{line}"
        return self.name


def read_toml(path: Path) -> TomlFile:
    """Return what `path` says; an absent file says nothing. Raises InvalidSettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
        return TomlFile(path.name, tomllib.loads(text), exists=True, lines=_lines(text))
    except FileNotFoundError:
        return TomlFile(path.name, {}, exists=False, lines={})
    except OSError as error:
        raise InvalidSettingsError(
            [Problem(path.name, f"cannot be read: {error.strerror}.", f"ls -l {path}")]
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidSettingsError([Problem(path.name, "is not UTF-8 text.")]) from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettingsError([_syntax_problem(path, str(error), text)]) from error


def table_of(file: TomlFile, path: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the table at `path`, empty if there is none; raises InvalidSettingsError for a value."""
    table: object = file.values
    for key in path:
        table = table.get(key, {}) if isinstance(table, Mapping) else {}
    if not isinstance(table, Mapping):
        raise InvalidSettingsError([Problem(file.place(path), f"{'.'.join(path)} is not a table.")])
    return table


def refuse_unknown(file: TomlFile, path: tuple[str, ...], table: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise InvalidSettingsError for keys of a table that are not known, with the nearest of each."""
    names = tuple(known)
    otherwise = f"Known: {', '.join(names)}."
    problems = [
        Problem(
            file.place((*path, key)),
            f"{'.'.join((*path, key))} is not a setting.",
            suggestion(key, names, otherwise),
        )
        for key in table
        if key not in names
    ]
    if problems:
        raise InvalidSettingsError(problems)


def said_of(error: msgspec.ValidationError) -> tuple[str, str]:
    """Return what msgspec found wrong, and the key that it names, if any."""
    match = _AT.fullmatch(str(error))
    assert match is not None
    return f"{match['what'][:1].lower()}{match['what'][1:]}", match["key"] or ""


def _syntax_problem(path: Path, message: str, text: str) -> Problem:
    position = _POSITION.search(message)
    line = (position and position["line"]) or len(text.splitlines()) or 1
    what = _POSITION.sub("", message).rstrip(".")
    return Problem(f"{path.name}:{line}", f"this is not TOML: {what}.")


def _lines(text: str) -> dict[tuple[str, ...], int]:
    lines: dict[tuple[str, ...], int] = {}
    counts: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.fullmatch(line):
            table = _parts(header["name"])
            for length in range(1, len(table)):  # [strategies.params] belongs to the last [[strategies]]
                if (count := counts.get(table[:length])) is not None:
                    table = (*table[:length], str(count - 1), *table[length:])
                    break
            if header["array"]:
                index = counts.get(table, 0)
                counts[table] = index + 1
                lines.setdefault(table, number)
                table = (*table, str(index))
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key["key"])), number)
    return lines


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(name))
