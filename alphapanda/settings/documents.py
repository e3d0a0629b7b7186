"""Load `strategies.toml` and `risk.toml`: the structs are their packages', the places in messages are ours."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError
from alphapanda.ids import BrokerId
from alphapanda.risk.limits import RiskLimits
from alphapanda.settings.problems import InvalidSettingsError, Problem
from alphapanda.settings.starters import starter_text
from alphapanda.settings.toml_file import TomlFile, read_toml
from alphapanda.settings.variables import suggestion
from alphapanda.strategies.config import StrategyConfig, parse_strategies

_ALL = "limits"
_OF_ONE = "brokers"
_AT = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<key>[^`]*)`)?", re.DOTALL)


def load_strategies(deployment: Deployment) -> tuple[StrategyConfig, ...]:
    """Return the strategies that `strategies.toml` configures, or the starter's where there is no file.

    Raises InvalidSettingsError, which names file and line.
    """
    file = read_toml(deployment.strategies_file)
    if not file.exists:
        return parse_strategies(tomllib.loads(starter_text("strategies.toml")))
    tables = file.values.get("strategies")
    if not isinstance(tables, Mapping) or set(file.values) != {"strategies"}:
        return _placed(file, partial(parse_strategies, file.values, file.name))
    found: list[StrategyConfig] = []
    problems: list[Problem] = []
    for name, table in tables.items():
        try:
            found.extend(_placed(file, partial(parse_strategies, {"strategies": {name: table}}, file.name)))
        except InvalidSettingsError as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidSettingsError(problems)
    return tuple(found)


def load_risk(deployment: Deployment, broker: BrokerId) -> RiskLimits:
    """Return the limits of `broker`: its `[brokers.NAME]` over `[limits]` in `risk.toml`, over defaults.

    Raises InvalidSettingsError, which names file and line.
    """
    file = read_toml(deployment.risk_file)
    _refuse_unknown(file, (), file.values, (_ALL, _OF_ONE))
    known = RiskLimits.__struct_fields__
    values: dict[str, Any] = {}
    places: dict[str, tuple[str, ...]] = {}
    for path in ((_ALL,), (_OF_ONE, broker)):
        table = _table(file, path)
        _refuse_unknown(file, path, table, known)
        values.update(table)
        places.update({key: (*path, key) for key in table})
    try:
        return msgspec.convert(values, RiskLimits)
    except msgspec.ValidationError as error:
        match = _AT.fullmatch(str(error))
        assert match is not None
        key = match["key"] or next((key for key in values if key in match["what"]), "")
        path = places.get(key, (_ALL,))
        what = f"{'.'.join(path)}: {match['what'][:1].lower()}{match['what'][1:]}."
        raise InvalidSettingsError([Problem(file.place(path), what)]) from None


def brokers_with_limits(deployment: Deployment) -> tuple[BrokerId, ...]:
    """Return the brokers that `risk.toml` has limits of their own for."""
    file = read_toml(deployment.risk_file)
    return tuple(BrokerId(name) for name in _table(file, (_OF_ONE,)))


def _table(file: TomlFile, path: tuple[str, ...]) -> Mapping[str, Any]:
    table: object = file.values
    for key in path:
        table = table.get(key, {}) if isinstance(table, Mapping) else {}
    if not isinstance(table, Mapping):
        raise InvalidSettingsError([Problem(file.place(path), f"{'.'.join(path)} is not a table.")])
    return table


def _refuse_unknown(file: TomlFile, path: tuple[str, ...], table: Mapping[str, Any], known: Iterable[str]) -> None:
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


def _placed(file: TomlFile, parse: partial[tuple[StrategyConfig, ...]]) -> tuple[StrategyConfig, ...]:
    """Return what `parse` does; its error gets the line of the key that it names (`file: strategies.a.key: …`)."""
    try:
        return parse()
    except ConfigError as error:
        _, _, rest = error.message.partition(f"{file.name}: ")
        name, colon, _ = rest.partition(":")
        place = file.place(tuple(name.split("."))) if colon else file.name
        raise InvalidSettingsError([Problem(place, rest or error.message, error.hint)]) from None
