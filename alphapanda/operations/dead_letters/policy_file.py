"""`dlq-policy.toml`: read, and checked with the place of each fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from alphapanda.errors import nearest
from alphapanda.model.kinds import EventType
from alphapanda.operations.dead_letters.policy import Policy, PolicyRule, Ruling
from alphapanda.query.compiler import compile_expression
from alphapanda.query.errors import QuerySyntaxError
from alphapanda.query.expressions import Expression
from alphapanda.query.patterns import Pattern
from alphapanda.settings.problems import InvalidSettingsError, Problem
from alphapanda.settings.toml_file import TomlFile, read_toml
from topics.errors import TopicNameError
from topics.names import TopicName

POLICY_FILE = "dlq-policy.toml"
VERSION = 1
"""Of the file's form. A file of another version is refused, not guessed at."""

_RULES = "rules"
_KEYS = ("name", "verdict", "reason", "code", "topic", "type", "message", "where")
_CONDITIONS = ("code", "topic", "type", "message", "where")
_DLQ = ".dlq"

T = TypeVar("T", Pattern, Expression)


def load_policy(root: Path, now: datetime) -> Policy:
    """Return the policy of the deployment in the folder `root`; an absent file has no rules.

    Args:
        root: the deployment's folder.
        now: what times in expressions count from.

    Raises:
        InvalidSettingsError: the file is wrong; every fault has its line.
    """
    policy, problems = read_policy(root, now)
    if problems:
        raise InvalidSettingsError(problems)
    return policy


def read_policy(root: Path, now: datetime) -> tuple[Policy, list[Problem]]:
    """Return the rules that can be used, and all that is wrong with the file."""
    try:
        file = read_toml(root / POLICY_FILE)
    except InvalidSettingsError as error:
        return Policy(), list(error.problems)
    if not file.exists:
        return Policy(), []
    problems = list(_of_the_file(file))
    tables = file.values.get(_RULES, [])
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        problems.append(Problem(file.place((_RULES,)), "rules are tables, each headed [[rules]]."))
        return Policy(), problems
    rules: list[PolicyRule] = []
    names: set[str] = set()
    for index, table in enumerate(tables):
        reader = _RuleReader(file, index, table, now)
        rule = reader.rule()
        problems += reader.problems
        if rule is None:
            continue
        if rule.name in names:
            problems.append(Problem(reader.place("name"), f"there are two rules called {rule.name!r}."))
        if rules and not _conditions(tables[index - 1]) and rules[-1].ruling is not rule.ruling:
            what = f"rule {rule.name!r} is never reached: the one before it has no condition."
            problems.append(Problem(reader.place("name"), what, "Put it first."))
        names.add(rule.name)
        rules.append(rule)
    return Policy(tuple(rules)), problems


def _conditions(table: Mapping[str, Any]) -> bool:
    return any(key in table for key in _CONDITIONS)


def _of_the_file(file: TomlFile) -> Iterator[Problem]:
    for key in file.values:
        if key not in {"version", _RULES}:
            yield Problem(file.place((key,)), f"{key} is not known here.", "Known: version, [[rules]].")
    version = file.values.get("version")
    if version is None:
        yield Problem(file.name, "the file does not say its version.", f"Begin it with: version = {VERSION}")
    elif version != VERSION or isinstance(version, bool):
        yield Problem(file.place(("version",)), f"version {version!r} is not known.", f"This one knows {VERSION}.")


class _RuleReader:
    """Reads one rule and gathers what is wrong with it."""

    def __init__(self, file: TomlFile, index: int, table: Mapping[str, Any], now: datetime) -> None:
        self._file = file
        self._path = (_RULES, str(index))
        self._table = table
        self._now = now
        self.problems: list[Problem] = []
        given = table.get("name")
        self._name = given if isinstance(given, str) and given else f"{index + 1}"

    def rule(self) -> PolicyRule | None:
        """Return the rule; None where it is wrong."""
        for key in self._table:
            if key not in _KEYS:
                near = nearest(key, _KEYS)
                self._fault(
                    key,
                    f"{key} is nothing that a rule has.",
                    f"Did you mean {near}?" if near else f"Known: {', '.join(_KEYS)}.",
                )
        name, reason = self._text("name"), self._text("reason")
        if not name:
            self._fault("name", "a rule needs a name.", 'name = "…"')
        if not reason:
            self._fault("reason", "a rule needs a reason.", 'reason = "…"; it is shown with each verdict.')
        ruling = self._ruling()
        rule = PolicyRule(
            name=self._name,
            ruling=ruling or Ruling.NEVER,
            reason=reason,
            codes=frozenset(self._texts("code")),
            topics=frozenset(self._topics()),
            types=frozenset(self._types()),
            message=self._compiled("message", Pattern),
            where=self._compiled("where", lambda text: compile_expression(text, self._now)),
        )
        return None if self.problems else rule

    def place(self, key: str) -> str:
        """Return `file:line` of a key of this rule, or of the rule."""
        return self._file.place((*self._path, key))

    def _fault(self, key: str, what: str, hint: str = "") -> None:
        self.problems.append(Problem(self.place(key), f"rule {self._name}: {what}", hint))

    def _ruling(self) -> Ruling | None:
        text = self._text("verdict")
        known = ", ".join(Ruling)
        if text in set(Ruling):
            return Ruling(text)
        what = f"{text!r} is no verdict." if text else "a rule needs a verdict."
        self._fault("verdict", what, f"Known: {known}.")
        return None

    def _text(self, key: str) -> str:
        value = self._table.get(key, "")
        if isinstance(value, str):
            return value.strip()
        self._fault(key, f"{key} is a text in quotes.")
        return ""

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key, [])
        values = [value] if isinstance(value, str) else value
        if isinstance(values, list) and all(isinstance(one, str) and one.strip() for one in values):
            return tuple(one.strip() for one in values)
        self._fault(key, f"{key} is a text, or several in brackets.")
        return ()

    def _topics(self) -> Iterator[str]:
        for text in self._texts("topic"):
            source = text.removesuffix(_DLQ)
            try:
                TopicName.parse(source.replace("{b}", "broker"))
            except TopicNameError as error:
                self._fault("topic", f"{text!r} is no topic of ours. {error.message}")
            else:
                yield source

    def _types(self) -> Iterator[str]:
        known = [kind.value for kind in EventType]
        for text in self._texts("type"):
            if text in known:
                yield text
            else:
                near = nearest(text, known)
                hint = f"Did you mean {near}?" if near else f"Known: {', '.join(known)}."
                self._fault("type", f"there is no event {text!r}.", hint)

    def _compiled(self, key: str, make: Callable[[str], T]) -> T | None:
        text = self._text(key)
        if not text:
            if key in self._table:
                self._fault(key, f"{key} is empty.")
            return None
        try:
            return make(text)
        except QuerySyntaxError as error:
            self._fault(key, error.message, error.hint)
            return None
