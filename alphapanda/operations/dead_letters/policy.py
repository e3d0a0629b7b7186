"""What a desk has decided of its dead letters: rules in order, the first that fits gives its verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from alphapanda.operations.dead_letters.selection import fields_of
from alphapanda.operations.dead_letters.signature import signature

if TYPE_CHECKING:
    from alphapanda.operations.dead_letters.backlog import Item
    from alphapanda.query.expressions import Expression
    from alphapanda.query.patterns import Pattern


class Ruling(StrEnum):
    """What a rule says of the dead letters that fit it."""

    REPLAY = "replay"
    """They are meant to be sent again; everything that a replay checks still holds."""
    FIX = "fix"
    """They are sent again only as somebody has edited them."""
    NEVER = "never"
    """They are not sent again, whatever else is said."""


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One rule; what it does not name it does not ask.

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

    def fits(self, item: Item) -> bool:
        """Whether the rule speaks of a dead letter."""
        failure, letter = item.letter.failure, item.letter
        return (
            (not self.codes or failure.error_code in self.codes)
            and (not self.topics or not self.topics.isdisjoint(topic_names(item.target)))
            and (not self.types or letter.event.type in self.types)
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

    def rule_for(self, item: Item) -> PolicyRule | None:
        """Return the rule that speaks of a dead letter; None where none does."""
        return next((rule for rule in self.rules if rule.fits(item)), None)

    def said_of(self, items: Iterable[Item]) -> str:
        """Return what the policy says of several: one word, `mixed` where it says several things, or nothing."""
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
