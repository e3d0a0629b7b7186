"""Load `strategies.toml`, `risk.toml` and `calendar.toml`; an error names file and line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import msgspec

from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError
from alphapanda.ids import BrokerId
from alphapanda.risk.limits import RiskLimits
from alphapanda.settings.calendar_file import load_calendar
from alphapanda.settings.problems import InvalidSettingsError, Problem
from alphapanda.settings.starters import starter_text
from alphapanda.settings.toml_file import TomlFile, read_toml, refuse_unknown, said_of, table_of
from alphapanda.settings.variables import suggestion
from alphapanda.strategies.config import StrategyConfig, parse_strategies
from alphapanda.strategies.loader import FOLDER, bind_strategies

T = TypeVar("T")

_ALL = "limits"
_OF_ONE = "brokers"


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
            one = {"strategies": {name: table}}
            parsed = _placed(file, partial(parse_strategies, one, file.name))
            found.extend(parsed)
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
    refuse_unknown(file, (), file.values, (_ALL, _OF_ONE))
    known = RiskLimits.__struct_fields__
    values: dict[str, Any] = {}
    places: dict[str, tuple[str, ...]] = {}
    scopes: tuple[tuple[str, ...], ...] = ((_ALL,), (_OF_ONE, broker))
    for path in scopes:
        table = table_of(file, path)
        refuse_unknown(file, path, table, known)
        values.update(table)
        places.update({key: (*path, key) for key in table})
    try:
        return msgspec.convert(values, RiskLimits)
    except msgspec.ValidationError as error:
        said, key = said_of(error)
        place = places.get(key or next((key for key in values if key in said), ""), (_ALL,))
        what = f"{'.'.join(place)}: {said}."
        raise InvalidSettingsError([Problem(file.place(place), what)]) from None


def check_documents(deployment: Deployment, brokers: Iterable[str]) -> list[Problem]:
    """Return all that is wrong with `strategies.toml`, `risk.toml` and `calendar.toml`.

    Strategies' classes are imported and given their parameters; `brokers` are the configured ones.
    """
    known = tuple(brokers)
    problems: list[Problem] = []
    for check in (_strategies_problems, _risk_problems, _calendar_problems):
        try:
            problems.extend(check(deployment, known))
        except InvalidSettingsError as error:
            problems.extend(error.problems)
    return problems


def _strategies_problems(deployment: Deployment, brokers: tuple[str, ...]) -> Iterator[Problem]:
    file = read_toml(deployment.strategies_file)
    folder = deployment.root / FOLDER
    for config in load_strategies(deployment):
        for broker in config.brokers or ():
            if broker not in brokers:
                place = file.place(("strategies", config.id, "brokers"))
                what = f"strategies.{config.id}.brokers: there is no broker {broker}."
                yield Problem(place, what, suggestion(broker, brokers, f"Known: {', '.join(brokers)}."))
        try:
            _placed(file, partial(bind_strategies, (config,), folder, file.name))
        except InvalidSettingsError as error:
            yield from error.problems


def _calendar_problems(deployment: Deployment, _brokers: tuple[str, ...]) -> Iterator[Problem]:
    load_calendar(deployment)
    yield from ()


def _risk_problems(deployment: Deployment, brokers: tuple[str, ...]) -> Iterator[Problem]:
    file = read_toml(deployment.risk_file)
    for name in table_of(file, (_OF_ONE,)):
        if name not in brokers:
            what = f"{_OF_ONE}.{name}: there is no broker {name}."
            yield Problem(
                file.place((_OF_ONE, name)), what, suggestion(name, brokers, f"Known: {', '.join(brokers)}.")
            )
    reported: set[str] = set()
    for name in brokers:
        try:
            load_risk(deployment, BrokerId(name))
        except InvalidSettingsError as error:
            new = [problem for problem in error.problems if str(problem) not in reported]
            reported.update(map(str, new))
            yield from new


def _placed(file: TomlFile, parse: partial[T]) -> T:
    """Return what `parse` does; its error gets the line of the key that it names (`file: strategies.a.key: …`)."""
    try:
        return parse()
    except ConfigError as error:
        _, _, rest = error.message.partition(f"{file.name}: ")
        name, colon, _ = rest.partition(":")
        place = file.place(tuple(name.split("."))) if colon else file.name
        raise InvalidSettingsError([Problem(place, rest or error.message, error.hint)]) from None
