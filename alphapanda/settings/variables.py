"""Variables, from the environment and from `.env`, as nested values; and those that are misspelt."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from dotenv.parser import Binding, parse_stream
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from alphapanda.deployment import HOME_VARIABLE
from alphapanda.settings.inventory import Path, Setting, variable_of
from alphapanda.settings.model import Settings
from alphapanda.settings.problems import Problem

_OWN_PREFIX = "ALPHAPANDA_"
_GONE = {"BROKER_NAMESPACE": "One system now serves all brokers: remove it and list them in ACTIVE_BROKERS."}
_ALMOST = 0.88
"""How alike (difflib's ratio) a variable must be to one of ours before it counts as misspelt: ACTIVE_BROKER."""
_ALMOST_TABLE = 0.8
"""The same for the part before `__`: KAFAK__BOOTSTRAP_SERVERS."""


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The content of a `.env` file.

    Attributes:
        values: by variable, without quotes.
        lines: the line that (last) gave each.
        problems: lines that are no assignment.
        readable_by_others: whether its mode lets the group or anyone read it.
    """

    values: Mapping[str, str]
    lines: Mapping[str, int]
    problems: tuple[Problem, ...]
    readable_by_others: bool


def read_env_file(path: FilePath) -> EnvFile:
    """Return the content of `path`, none if there is no such file. Raises OSError, UnicodeDecodeError.

    Quotes, comments, `export` and escapes are python-dotenv's; `${NAME}` is not replaced, a password may hold it.
    """
    if not path.exists():
        return EnvFile({}, {}, (), readable_by_others=False)
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    with path.open(encoding="utf-8-sig") as stream:  # an editor on Windows may begin it with a mark
        for binding in parse_stream(stream):
            line = _line_of(binding)
            if binding.error or (binding.key is not None and binding.value is None):
                problems.append(Problem(f"{path.name}:{line}", "this is no NAME=value line."))
            elif binding.key is not None:
                values[binding.key], lines[binding.key] = binding.value or "", line
    others = bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    return EnvFile(values, lines, tuple(problems), readable_by_others=others)


def _line_of(binding: Binding) -> int:
    """Return the line with the name: empty lines before it belong to the binding too."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


class _Variables(Settings, BaseSettings):
    """The settings as pydantic-settings reads them: `KAFKA__REQUEST_TIMEOUT_MS`, an empty variable is not set."""

    model_config = SettingsConfigDict(
        env_nested_delimiter="__", env_ignore_empty=True, enable_decoding=False, defer_build=True
    )


def nested_values(variables: Mapping[str, str], known: Iterable[Setting]) -> dict[str, Any]:
    """Return the values of those `variables` that name a setting, nested as in the model."""
    settings = tuple(known)
    source = EnvSettingsSource(_Variables)
    source.env_vars = {
        name.lower(): value for name, value in variables.items() if value and _is_setting(name, settings)
    }
    return source()


def _is_setting(variable: str, known: Iterable[Setting]) -> bool:
    path = tuple(variable.lower().split("__"))
    return any(setting.matches(path) for setting in known)


def flatten(values: Mapping[str, Any], prefix: Path = ()) -> dict[Path, Any]:
    """Return the leaves of nested `values`, by path."""
    leaves: dict[Path, Any] = {}
    for key, value in values.items():
        path = (*prefix, key)
        leaves.update(flatten(value, path) if isinstance(value, Mapping) else {path: value})
    return leaves


def empty_tables(values: Mapping[str, Any], prefix: Path = ()) -> Iterator[Path]:
    """Return the paths of tables with nothing in them."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from empty_tables(value, (*prefix, key)) if value else ((*prefix, key),)


def gone(variables: Iterable[str]) -> list[tuple[str, str]]:
    """Return the variables that no longer mean anything, each with what to do instead."""
    return [(name, _GONE[name.upper()]) for name in variables if name.upper() in _GONE]


def misspelt(variables: Iterable[str], known: Iterable[Setting]) -> dict[str, str]:
    """Return those of `variables` that must have been meant for us but name no setting, with a suggestion each.

    Ours are: what starts with ALPHAPANDA_, what starts with one of our tables (`KAFKA__`), and what is almost
    the name of one of our settings. Others' single-underscore names (REDIS_URL) are left alone.
    """
    settings = tuple(known)
    names = variable_names(settings)
    heads = {setting.variable.split("__")[0] for setting in settings if "__" in setting.variable}
    flat = [name for name in names if "__" not in name]
    found: dict[str, str] = {}
    for variable in variables:
        name = variable.upper()
        if name == HOME_VARIABLE or name in _GONE or _is_setting(name, settings):
            continue
        if name.startswith(_OWN_PREFIX):
            is_home = bool(difflib.get_close_matches(name, [HOME_VARIABLE], cutoff=_ALMOST))
            found[variable] = (
                suggestion(name, [HOME_VARIABLE]) if is_home else suggestion(name.removeprefix(_OWN_PREFIX), names)
            )
        elif "__" in name:
            head = name.split("__")[0]
            if head in heads or difflib.get_close_matches(head, heads, n=1, cutoff=_ALMOST_TABLE):
                found[variable] = suggestion(name, names)
        elif difflib.get_close_matches(name, flat, n=1, cutoff=_ALMOST):
            found[variable] = suggestion(name, flat)
    return found


def variable_names(known: Iterable[Setting]) -> list[str]:
    """Return the variables of all settings."""
    return [variable_of(path) for setting in known for path in setting.spellings]


def unread(variables: Mapping[str, str], known: Iterable[Setting]) -> list[tuple[str, str]]:
    """Return pairs of a variable with one underscore (REDIS_URL) and ours with two, not set (REDIS__URL)."""
    ours = {setting.variable.replace("__", "_"): setting.variable for setting in known if "__" in setting.variable}
    return [
        (name, ours[name])
        for name in variables
        if name in ours and name != ours[name] and not variables.get(ours[name])
    ]


def unknown(variable: str, where: str, near: str) -> Problem:
    """Return the problem of a variable that names no setting."""
    return Problem(where, f"{variable} is not a setting.", near)


def suggestion(name: str, known: Iterable[str], otherwise: str = "All settings: alphapanda config show") -> str:
    """Return a sentence with the nearest known name, or else `otherwise`, where all are listed."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else otherwise
