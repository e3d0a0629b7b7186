"""The table of verbs that change something, and the one gate that each passes before its first line.

A verb that is in neither table fails a test: none can be forgotten.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import typer

from commands.shell.context import Context
from commands.shell.options import ConfirmOption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Demand(StrEnum):
    """What a protected deployment asks of a verb before it changes anything."""

    NOTHING = "nothing"
    """Stopping is never hampered, and what stops can be started again."""
    NAME = "name"
    NAME_AND_REASON = "name-and-reason"


@dataclass(frozen=True, slots=True)
class Act:
    """A verb that changes something.

    Attributes:
        demand: what a protected deployment asks.
        unless: the option with which it only shows what it would do.
        only_with: the option without which it only shows.
    """

    demand: Demand = Demand.NAME_AND_REASON
    unless: str = ""
    only_with: str = ""

    def changes(self, options: Mapping[str, object]) -> bool:
        """Return whether a call with these options changes anything."""
        if self.only_with:
            return bool(options.get(self.only_with))
        return not (self.unless and options.get(self.unless))


_CONFIRM = "confirm"
_STOPPING = Act(Demand.NOTHING)
_DRY = Act(unless="dry_run")

ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "up": Act(Demand.NOTHING, unless="dry_run"),
        "down": _STOPPING,
        "restart": Act(Demand.NOTHING),
        "halt": _STOPPING,
        "resume": Act(),
        "flatten": Act(Demand.NOTHING, unless="dry_run"),
        "cancel": Act(Demand.NOTHING, unless="dry_run"),
        "topics bootstrap": _DRY,
        "topics apply": _DRY,
        "groups reset": Act(only_with="execute"),
        "dlq replay": _DRY,
        "dlq edit": _DRY,
        "dlq discard": _DRY,
        "dlq quarantine": _DRY,
        "dlq undo": _DRY,
        "dlq purge": _DRY,
        "schemas register": _DRY,
        "infra reset": Act(Demand.NAME),
    }
)
"""Words of a verb → what it takes to change something with it."""

LOOKS = frozenset(
    {
        "status", "tui", "orders", "orders list", "positions", "pnl", "signals", "logs", "why", "trace",
        "state verify", "topics list", "topics describe", "topics diff", "topics plan", "topics tail",
        "groups list", "groups lag", "dlq list", "dlq show", "dlq reasons", "dlq plan", "dlq history",
        "dlq policy check", "schemas list", "schemas check", "schemas diff", "config show", "config check",
        "doctor", "infra status", "completions",
    }
)  # fmt: skip
"""Verbs that only look. The dashboard asks `commands._safety.may_control` for itself: it opens locked."""

LOCAL = frozenset({"run", "init", "topics import", "schemas generate", "infra prepare"})
"""Verbs that touch nothing but this machine's own files; and `run`, which is a daemon and no operator's act."""


def guard(words: str, command: Any) -> None:
    """Have a verb, and all below it, pass the gate whenever it is called.

    A verb that a protected deployment asks a name of has `--confirm`, whether it declares it or not.
    """
    for path, leaf in _leaves(words, command):
        act = ACTS.get(path)
        if act is None:
            continue
        lacks = act.demand is not Demand.NOTHING and all(each.name != _CONFIRM for each in leaf.params)
        if lacks:
            leaf.params.insert(len(leaf.params) - 1, _confirm_option())
        leaf.invoke = functools.partial(_invoke, path, act, leaf.invoke, takes_name=not lacks)


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    inner: Mapping[str, Any] = getattr(command, "commands", {})
    for name, child in inner.items():
        yield from _leaves(f"{path} {name}", child)


def _invoke(
    path: str, act: Act, invoke: Callable[[typer.Context], object], call: typer.Context, *, takes_name: bool
) -> object:
    options: Mapping[str, Any] = dict(call.params)
    if not takes_name:
        del call.params[_CONFIRM]
    if act.changes(options):
        from commands._safety import permit_act

        permit_act(
            Context.of(call, json=bool(options.get("json"))),
            path,
            act.demand,
            reason=options.get("reason") or "",
            confirm=options.get(_CONFIRM) or "",
        )
    return invoke(call)


def _confirm_option() -> Any:
    maker = typer.Typer(add_completion=False)
    maker.command()(_named)
    return next(each for each in typer.main.get_command(maker).params if each.name == _CONFIRM)


def _named(confirm: ConfirmOption = "") -> None:
    """Have the option; it is no verb."""
    del confirm
