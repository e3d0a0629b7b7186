"""Topic names as values: `{broker}.{domain}.{event_type}[.dlq]`, `market.{event_type}`, `system.{event_type}`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from topics.errors import TopicNameError

SHARED_SCOPES = frozenset({"market", "system"})
"""The scopes that belong to no broker: their names have no domain part."""

DLQ_SUFFIX = "dlq"

_PART = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_HINT = (
    "A topic is {broker}.{domain}.{event_type}, market.{event_type} or system.{event_type}, "
    "each part lower case; .dlq may follow."
)


@dataclass(frozen=True, slots=True, order=True)
class TopicName:
    """One topic.

    Attributes:
        scope: a broker's name, `market` or `system`.
        domain: `signals`, `orders`, `pnl`, `control`; empty for the shared scopes.
        event_type: `raw`, `filled`, `ticks`.
        dlq: whether this is the dead-letter topic of that name.
    """

    scope: str
    domain: str
    event_type: str
    dlq: bool = False

    def __post_init__(self) -> None:
        shared = self.scope in SHARED_SCOPES
        if shared == bool(self.domain):
            rule = "has no domain part" if shared else "needs a domain part"
            raise TopicNameError(f"{self.scope!r} {rule} in a topic's name.", hint=_HINT)
        for part in filter(None, (self.scope, self.domain, self.event_type or "?")):
            if not _PART.fullmatch(part) or part == DLQ_SUFFIX:
                raise TopicNameError(f"{part!r} cannot be a part of a topic's name.", hint=_HINT)

    @classmethod
    def parse(cls, text: str) -> TopicName:
        """Return the name that `text` spells; raises TopicNameError."""
        parts = text.split(".")
        dlq = parts[-1] == DLQ_SUFFIX
        if dlq:
            parts.pop()
        match parts:
            case [scope, event_type] if scope in SHARED_SCOPES:
                return cls(scope, "", event_type, dlq)
            case [scope, domain, event_type] if scope not in SHARED_SCOPES:
                return cls(scope, domain, event_type, dlq)
            case _:
                raise TopicNameError(f"{text!r} is not a topic's name.", hint=_HINT)

    def __str__(self) -> str:
        parts = [self.scope, self.domain, self.event_type, DLQ_SUFFIX if self.dlq else ""]
        return ".".join(filter(None, parts))

    @property
    def dead_letters(self) -> TopicName:
        """The dead-letter topic of this topic (itself, if it is one)."""
        return replace(self, dlq=True)

    @property
    def source(self) -> TopicName:
        """The topic whose dead letters these are (itself, if it is no dead-letter topic)."""
        return replace(self, dlq=False)

    @property
    def is_shared(self) -> bool:
        """Whether the topic belongs to no broker."""
        return self.scope in SHARED_SCOPES


def check_broker_name(name: str) -> str:
    """Return `name` if a broker may be called so; raises TopicNameError.

    A broker's name is a part of its topics, keys and groups, so it follows their rule.
    """
    if not _PART.fullmatch(name) or name in SHARED_SCOPES | {DLQ_SUFFIX}:
        raise TopicNameError(
            f"{name!r} cannot be a broker's name.",
            hint="Use lower-case letters, digits, - and _, starting with a letter; not market, system or dlq.",
        )
    return name
