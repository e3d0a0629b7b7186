"""The dead-letter policy: rules in order, the first match gives its verdict; and `dlq-policy.toml`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from alphapanda.errors import nearest
from alphapanda.model.kinds import EventType
from alphapanda.operations.dead_letters.selection import fields_of
from alphapanda.operations.dead_letters.summary import signature
from alphapanda.query.compiler import compile_expression
from alphapanda.query.errors import QuerySyntaxError
from alphapanda.query.expressions import Expression
from alphapanda.query.patterns import Pattern
from alphapanda.settings.problems import InvalidSettingsError, Problem
from alphapanda.settings.toml_file import TomlFile, read_toml
from topics.errors import TopicNameError
from topics.names import TopicName

if TYPE_CHECKING:
    from alphapanda.operations.dead_letters.backlog import FailedRecord


class Ruling(StrEnum):
    """A rule's verdict on the dead letters that match it."""

    REPLAY = "replay"
    """They are meant to be sent again; everything that a replay checks still holds."""
    FIX = "fix"
    """They are sent again only as somebody has edited them."""
    NEVER = "never"
    """They are not sent again, whatever else is said."""


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule; an empty condition matches everything.

    Attributes:
        name: as messages show it; no two have the same.
        ruling: what it says.
        reason: why.
        codes: error codes.
        topics: source topics, as the operator named them; `{b}` stands for any broker.
        types: kinds of event, as the record says.
        message: found in the message, or in what it has in common with others.
        where: an expression over the record.
    """

    name: str
    ruling: Ruling
    reason: str
    codes: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    message: Pattern | None = None
    where: Expression | None = None

    def fits(self, item: FailedRecord) -> bool:
        """Whether the rule speaks of a dead letter."""
        failure, dead_letter = item.newest.failure, item.newest
        return (
            (not self.codes or failure.error_code in self.codes)
            and (not self.topics or not self.topics.isdisjoint(topic_names(item.target)))
            and (not self.types or dead_letter.event.type in self.types)
            and (
                self.message is None
                or self.message.search(failure.message)
                or self.message.search(signature(failure.message))
            )
            and (self.where is None or bool(self.where.test(fields_of(item))))
        )

    @property
    def asks(self) -> str:
        """What a dead letter must be, in the file's own words; empty for a rule that fits all."""
        parts = {
            "code": ",".join(sorted(self.codes)),
            "topic": ",".join(sorted(self.topics)),
            "type": ",".join(sorted(self.types)),
            "message": self.message.text if self.message is not None else "",
            "where": self.where.text if self.where is not None else "",
        }
        return "; ".join(f"{name} {value}" for name, value in parts.items() if value)

    def __str__(self) -> str:
        return f"the policy says {self.ruling.value} ({self.name}): {self.reason}"


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules, in their order.

    Attributes:
        rules: the first that fits counts.
    """

    rules: tuple[PolicyRule, ...] = ()

    def rule_for(self, item: FailedRecord) -> PolicyRule | None:
        """Return the rule that speaks of a dead letter; None where none does."""
        return next((rule for rule in self.rules if rule.fits(item)), None)

    def said_of(self, items: Iterable[FailedRecord]) -> str:
        """Return the policy's verdict on several: one word, `mixed`, or nothing."""
        if not self.rules:
            return ""
        said = {rule.ruling.value if (rule := self.rule_for(item)) is not None else "" for item in items}
        return said.pop() if len(said) == 1 else "mixed" if said else ""


NO_POLICY = Policy()


def topic_names(source: str) -> frozenset[str]:
    """Return the names that a rule may call a source topic by: its own, and that of every broker's."""
    scope, dot, rest = source.partition(".")
    own = {source} | ({f"{{b}}.{rest}"} if dot and scope not in {"market", "system"} else set())
    return frozenset(own)


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
            what = f"rule {rule.name!r} is never reached: the rule before it has no condition."
            problems.append(Problem(reader.place("name"), what, "Put it first."))
        names.add(rule.name)
        rules.append(rule)
    return Policy(tuple(rules)), problems


def _conditions(table: Mapping[str, Any]) -> bool:
    return any(key in table for key in _CONDITIONS)


def _of_the_file(file: TomlFile) -> Iterator[Problem]:
    for key in file.values:
        if key not in {"version", _RULES}:
            yield Problem(file.place((key,)), f"unknown key {key}.", "Known: version, [[rules]].")
    version = file.values.get("version")
    if version is None:
        yield Problem(file.name, "the version is missing.", f"Begin it with: version = {VERSION}")
    elif version != VERSION or isinstance(version, bool):
        yield Problem(file.place(("version",)), f"version {version!r} is not known.", f"This one knows {VERSION}.")


class _RuleReader:
    """Reads one rule and collects its problems."""

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
                    f"{key} is not a key of a rule.",
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
        what = f"{text!r} is not a verdict." if text else "a rule needs a verdict."
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
                self._fault("topic", f"{text!r} is not an AlphaPanda topic. {error.message}")
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
