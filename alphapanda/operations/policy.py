"""What each act of an operator demands before it is done: one table and one decision for both faces.

`decide` is pure: a face shows what is missing, asks for it, and calls again. To stop is never hampered: an act
that stops (`halt`, `reduce`, `cancel`, `down`) passes on a read-only deployment and never demands a typed name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from alphapanda.errors import AlphaPandaError, RefusedError, UsageError
from alphapanda.model.kinds import TradingMode

if TYPE_CHECKING:
    from alphapanda.settings.sections import SafetySettings

READ_ONLY = "safety.read_only"
PROTECTED = "safety.protected"


class Effect(StrEnum):
    """What an act touches."""

    CHANGES = "changes"
    """The running system, the log or the servers."""
    READS = "reads"
    LOCAL = "local"
    """Only files of this machine; or it is a daemon (`run`) and no operator's act."""


class Demand(StrEnum):
    """What a protected deployment demands for an act that changes something."""

    NOTHING = "nothing"
    NAME = "name"
    """The deployment's name, typed."""
    NAME_AND_REASON = "name-and-reason"


class Ask(StrEnum):
    """What an act asks on every broker and every deployment."""

    NOTHING = "nothing"
    YES = "yes"
    NAME = "name"
    """The name of the target, typed; outside of live brokers a yes given ahead will do."""


class Wall(StrEnum):
    """What an act demands for a broker that is not a paper broker."""

    NONE = "none"
    NAME = "name"
    """The name of the target, typed, and a reason."""
    BREAK_GLASS = "break-glass"
    """The same; and while the exchange trades an explicit exception."""


class TypedName(StrEnum):
    """The kind of target; its name is the one to type."""

    NONE = "none"
    DEPLOYMENT = "deployment"
    BROKER = "broker"
    DAEMON = "daemon"
    TOPIC = "topic"
    GROUP = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActPolicy:
    """The rules of one act.

    Attributes:
        name: the words after `alphapanda`, as the audit records them.
        effect: what it touches.
        stops: whether it stops trading or the system; such an act is never hampered.
        reason: whether it always demands a reason.
        asks: what it asks on every broker.
        protected: what a protected deployment demands.
        live: what a broker that is not a paper broker demands.
        typed: the kind of target, whose name is typed.
        unless: the option with which it only shows what it would do.
        only_with: the option without which it only shows what it would do.
    """

    name: str
    effect: Effect = Effect.CHANGES
    stops: bool = False
    reason: bool = False
    asks: Ask = Ask.NOTHING
    protected: Demand = Demand.NAME_AND_REASON
    live: Wall = Wall.NONE
    typed: TypedName = TypedName.NONE
    unless: str = ""
    only_with: str = ""

    def changes(self, options: Mapping[str, object]) -> bool:
        """Return whether a call with these options changes anything."""
        if self.effect is not Effect.CHANGES:
            return False
        if self.only_with:
            return bool(options.get(self.only_with))
        return not (self.unless and options.get(self.unless))


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the operator has given so far.

    Attributes:
        yes: the act itself was confirmed.
        names: names that were typed, or given ahead.
        reason: for the audit.
        break_glass: the exception for a live broker while the exchange trades.
    """

    yes: bool = False
    names: frozenset[str] = frozenset()
    reason: str = ""
    break_glass: bool = False

    @classmethod
    def given(
        cls, *, yes: bool = False, confirm: str = "", reason: str = "", break_glass: bool = False
    ) -> Confirmation:
        """Return what was given ahead; `confirm` holds names with commas between."""
        names = frozenset(name.strip() for name in confirm.split(",") if name.strip())
        return cls(yes, names, reason.strip(), break_glass)


@dataclass(frozen=True, slots=True)
class Target:
    """What an act changes.

    Attributes:
        name: of the broker, daemon, topic or group: the name to type.
        broker: that it belongs to; empty for what belongs to none.
        mode: how near to real money that broker is; None for what belongs to no broker.
    """

    name: str
    broker: str = ""
    mode: TradingMode | None = None

    @property
    def is_live(self) -> bool:
        """Whether it belongs to a broker that is not a paper broker."""
        return self.mode not in {None, TradingMode.PAPER}


class Need(StrEnum):
    """Something without which an act is not permitted."""

    WRITABLE = "writable"
    """A deployment that is not read-only: no confirmation replaces it."""
    REASON = "reason"
    YES = "yes"
    BREAK_GLASS = "break-glass"
    NAME = "name"


class Rule(StrEnum):
    """The rule that demands it."""

    ACT = "act"
    READ_ONLY = "read-only"
    PROTECTED = "protected"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is missing for an act.

    Attributes:
        need: what.
        rule: which rule demands it.
        name: the name to type, where one is missing.
    """

    need: Need
    rule: Rule
    name: str = ""


def decide(
    act: ActPolicy,
    safety: SafetySettings,
    deployment: str,
    target: Target,
    confirmation: Confirmation,
    *,
    exchange_open: bool,
) -> tuple[Missing, ...]:
    """Return what is missing before `act` may be done, in the order to ask for it; nothing: it is permitted.

    Args:
        act: the act's rules.
        safety: the deployment's settings.
        deployment: the deployment's name.
        target: what is changed.
        confirmation: what was given so far.
        exchange_open: whether the exchange trades now.
    """
    found = (
        *missing_for_deployment(act, safety, deployment, confirmation),
        *missing_for_target(act, target, confirmation, exchange_open=exchange_open),
    )
    return tuple({(one.need, one.name): one for one in reversed(found)}.values())[::-1]


def missing_for_deployment(
    act: ActPolicy, safety: SafetySettings, deployment: str, confirmation: Confirmation
) -> tuple[Missing, ...]:
    """Return what the deployment's own settings demand: known before the target is."""
    if act.effect is not Effect.CHANGES or act.stops:
        return ()
    if safety.read_only:
        return (Missing(Need.WRITABLE, Rule.READ_ONLY),)
    if not safety.protected or act.protected is Demand.NOTHING:
        return ()
    missing: list[Missing] = []
    if act.protected is Demand.NAME_AND_REASON and not confirmation.reason:
        missing.append(Missing(Need.REASON, Rule.PROTECTED))
    if deployment not in confirmation.names:
        missing.append(Missing(Need.NAME, Rule.PROTECTED, deployment))
    return tuple(missing)


def missing_for_target(
    act: ActPolicy, target: Target, confirmation: Confirmation, *, exchange_open: bool
) -> tuple[Missing, ...]:
    """Return what the act itself demands, and the wall around live brokers."""
    missing: list[Missing] = []
    walled = target.is_live and act.live is not Wall.NONE
    rule = Rule.LIVE if walled else Rule.ACT
    if act.asks is not Ask.NOTHING and not confirmation.yes and (walled or act.asks is Ask.YES):
        missing.append(Missing(Need.YES, rule, target.name if walled else ""))
    if (act.reason or walled) and not confirmation.reason:
        missing.append(Missing(Need.REASON, Rule.ACT if act.reason else rule))
    if walled and act.live is Wall.BREAK_GLASS and exchange_open and not confirmation.break_glass:
        missing.append(Missing(Need.BREAK_GLASS, rule))
    named = walled or (act.asks is Ask.NAME and not confirmation.yes)
    if named and target.name not in confirmation.names:
        missing.append(Missing(Need.NAME, rule, target.name))
    return tuple(missing)


def refusal(
    missing: Missing, act: ActPolicy, target: Target, question: str = "", *, place: str = ""
) -> AlphaPandaError:
    """Return the error for something that is missing and was not given.

    Args:
        missing: what.
        act: the act's rules.
        target: what would be changed.
        question: what is about to be done, as a sentence's subject: "Flatten paper (everything)".
        place: of the setting that demands it: "alphapanda.toml:2"; empty for a default.
    """
    where = f", set in {place}" if place else ""
    if missing.need is Need.WRITABLE:
        return RefusedError(
            f"{act.name} changes something, and this deployment is read-only: {READ_ONLY}{where}.",
            hint=f"For one call: SAFETY__READ_ONLY=false alphapanda {act.name} …",
        )
    needed, hint = _words(missing)
    if missing.need is Need.REASON and missing.rule is Rule.ACT:
        return UsageError(f"{act.name.capitalize()} needs {needed}.", hint=hint)
    if missing.rule is Rule.PROTECTED:
        needed += f": this deployment is protected ({PROTECTED}{where})"
        return RefusedError(f"{act.name} needs {needed}.", hint=hint)
    subject = f"{target.broker} is not a paper broker. " if missing.rule is Rule.LIVE else ""
    return RefusedError(f"{subject}{question or act.name} needs {needed}.", hint=hint)


def _words(missing: Missing) -> tuple[str, str]:
    """Return what is needed in words, and how to give it on the command line."""
    name = missing.name
    return {
        Need.REASON: ("a reason", 'Add --reason "…"; it goes to the audit.'),
        Need.NAME: (f"the name {name}", f"Add --confirm {name}."),
        Need.BREAK_GLASS: (
            "--break-glass while the exchange trades (09:00 to 16:00 IST on trading days)",
            "Wait for the close, or add --break-glass.",
        ),
        Need.YES: (
            (f"--yes and the name {name}", f"Add --yes; then type {name}, or add --confirm {name}.")
            if name
            else ("a yes, and there is no terminal to ask on", "Add --yes.")
        ),
    }[missing.need]


class Permit(Protocol):
    """Lets an act through the policy; a face that can ask for what is missing asks."""

    def __call__(self, act: str, target: Target, question: str) -> None:
        """Return if the act is permitted; else raise RefusedError, or UsageError for a missing reason."""
        ...


def permit_all(act: str, target: Target, question: str) -> None:
    """Permit an act that is a part of one that was permitted."""
    del act, target, question


@dataclass(frozen=True, slots=True)
class StrictPermit:
    """Refuses an act for which anything is missing: for a face that has asked already.

    Attributes:
        safety: the deployment's settings.
        deployment: its name.
        confirmation: all that was given.
        exchange_open: whether the exchange trades now.
    """

    safety: SafetySettings
    deployment: str
    confirmation: Confirmation
    exchange_open: bool

    def __call__(self, act: str, target: Target, question: str) -> None:
        """Raise the refusal for the first thing that is missing."""
        missing = decide(
            ACTS[act],
            self.safety,
            self.deployment,
            target,
            self.confirmation,
            exchange_open=self.exchange_open,
        )
        if missing:
            raise refusal(missing[0], ACTS[act], target, question)


# ---------------------------------------------------------------------------------------------------- the table
_READING = (
    "status", "tui", "orders", "positions", "pnl", "signals", "logs", "why", "trace",
    "state verify", "topics list", "topics describe", "topics diff", "topics plan", "topics tail",
    "groups list", "groups lag", "dlq list", "dlq show", "dlq reasons", "dlq plan", "dlq history",
    "dlq policy check", "schemas list", "schemas check", "schemas diff", "config show", "config check",
    "doctor", "infra status", "completions",
)  # fmt: skip
"""Verbs that only read. `tui` reads until a key acts: each key is an act of its own."""

_LOCAL = ("run", "init", "topics import", "schemas generate", "infra prepare")

_DRY_RUN = "dry_run"


def _stop(name: str, *, reason: bool = True, asks: Ask = Ask.NOTHING, unless: str = "") -> ActPolicy:
    return ActPolicy(name=name, stops=True, reason=reason, asks=asks, protected=Demand.NOTHING, unless=unless)


def _letters(verb: str, live: Wall, *, reason: bool = False, asks: Ask = Ask.YES) -> ActPolicy:
    return ActPolicy(
        name=f"dlq {verb}", reason=reason, asks=asks, live=live, typed=TypedName.TOPIC, unless=_DRY_RUN
    )


_CHANGING = (
    _stop("halt"),
    _stop("reduce"),
    _stop("cancel", asks=Ask.YES, unless=_DRY_RUN),
    _stop("down", reason=False),
    ActPolicy(name="resume", reason=True, live=Wall.NAME, typed=TypedName.BROKER),
    ActPolicy(
        name="flatten",
        reason=True,
        asks=Ask.YES,
        protected=Demand.NOTHING,
        live=Wall.NAME,
        typed=TypedName.BROKER,
        unless=_DRY_RUN,
    ),
    ActPolicy(name="up", protected=Demand.NOTHING, unless=_DRY_RUN),
    ActPolicy(name="restart", protected=Demand.NOTHING, live=Wall.NAME, typed=TypedName.DAEMON),
    ActPolicy(name="topics bootstrap", unless=_DRY_RUN),
    ActPolicy(name="topics apply", unless=_DRY_RUN),
    ActPolicy(name="groups reset", reason=True, live=Wall.BREAK_GLASS, typed=TypedName.GROUP, only_with="execute"),
    _letters("replay", Wall.BREAK_GLASS),
    _letters("edit", Wall.BREAK_GLASS),
    _letters("discard", Wall.NAME, reason=True),
    _letters("quarantine", Wall.NAME, reason=True),
    _letters("undo", Wall.NAME),
    _letters("purge", Wall.BREAK_GLASS, reason=True, asks=Ask.NAME),
    ActPolicy(name="schemas register", unless=_DRY_RUN),
    ActPolicy(name="infra reset", asks=Ask.NAME, protected=Demand.NAME, typed=TypedName.DEPLOYMENT),
)

ACTS: Mapping[str, ActPolicy] = MappingProxyType(
    {act.name: act for act in _CHANGING}
    | {name: ActPolicy(name=name, effect=Effect.LOCAL) for name in _LOCAL}
    | {name: ActPolicy(name=name, effect=Effect.READS) for name in _READING}
)
"""Every act, by its name. A verb of the command line that is missing here fails a test."""
