"""What an operator may do from the dashboard, as a protocol: a deployment implements it, and the seeded market."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from alphapanda.model.control import Scope
from alphapanda.operations.dead_letters.summary import PlanLine
from alphapanda.operations.policy import Confirmation, Missing


@dataclass(frozen=True, slots=True)
class ActionProgress:
    """How far an act has come.

    Attributes:
        text: what it does, or waits for.
        done: of what is counted.
        total: of what is counted; 0 where nothing is.
    """

    text: str
    done: int = 0
    total: int = 0


Tell = Callable[[ActionProgress], None]


class Ending(StrEnum):
    """How an act ended."""

    WHOLE = "whole"
    """All that was asked for came about."""
    PARTLY = "partly"
    """Something is left to do."""
    STOPPED = "stopped"
    """Somebody stopped it."""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an act tells at its end.

    Attributes:
        text: what happened.
        hint: what to do next; empty where there is nothing.
        ending: how it ended.
    """

    text: str
    hint: str = ""
    ending: Ending = Ending.WHOLE


class Disposition(StrEnum):
    """What can be done with dead letters."""

    REPLAY = "replay"
    DISCARD = "discard"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which dead letters are meant: those of one topic that failed alike, or one alone.

    Attributes:
        topic: that they lie in.
        code: why they failed, as the DLQ screen shows it.
        group: the consumer group that failed, likewise.
        id: of one alone; empty for all that failed alike.
    """

    topic: str
    code: str = ""
    group: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an act on dead letters will do, before anything was done.

    Attributes:
        topic: that the dead letters lie in.
        target: where what is sent goes.
        groups: who will act on it.
        lines: the dead letters, those that are alike together.
        touched: how many of them something is done with.
        sent: how many of those are sent again.
        first: the first of those, a line each.
        notes: what could not be looked at, and what else is good to know.
        typed: the name to be typed, where real money may be touched; empty otherwise.
        resumes: the run that was cut short and would go on; empty where a new one begins.
    """

    topic: str
    target: str
    groups: tuple[str, ...] = ()
    lines: tuple[PlanLine, ...] = ()
    touched: int = 0
    sent: int = 0
    first: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    typed: str = ""
    resumes: str = ""


class PreparedAction(Protocol):
    """An act on dead letters that was prepared and waits for a yes; nobody else can begin one meanwhile."""

    @property
    def preview(self) -> Preview:
        """What it will do."""
        ...

    async def carry_out(self, reason: str, tell: Tell, stop: asyncio.Event) -> ActionResult:
        """Do it, to no more than was shown; `stop` ends it early. Raises AlphaPandaError."""
        ...


class Control(Protocol):
    """What an operator may order. Each act is audited, a refused one too; one that cannot be done raises."""

    def missing(self, act: str, name: str, broker: str) -> tuple[Missing, ...]:
        """Return what the policy demands before an act, in the order to ask for it.

        Args:
            act: its name in `alphapanda.operations.policy`.
            name: of what is changed: a broker, a daemon, a topic.
            broker: that it belongs to; empty for none.
        """
        ...

    async def halt(self, broker: str, confirmation: Confirmation) -> ActionResult:
        """Stop a broker from trading; cancels still pass. Returns when it is obeyed."""
        ...

    async def reduce(self, broker: str, confirmation: Confirmation) -> ActionResult:
        """Let a broker only reduce what it holds. Returns when it is obeyed."""
        ...

    async def resume(self, broker: str, confirmation: Confirmation) -> ActionResult:
        """Let a broker trade again. Returns when it is obeyed."""
        ...

    async def cancel(self, broker: str, scope: Scope, confirmation: Confirmation) -> ActionResult:
        """Withdraw the open orders of a broker that are meant. Returns when it is obeyed."""
        ...

    async def flatten(self, broker: str, scope: Scope, confirmation: Confirmation) -> ActionResult:
        """Withdraw what is open and close what is held, as far as it is meant; tells what is still held."""
        ...

    async def restart(self, daemon: str, confirmation: Confirmation) -> ActionResult:
        """Stop a daemon and start it again. Returns when it is ready."""
        ...

    def prepare(self, letters: Selection, disposition: Disposition) -> AbstractAsyncContextManager[PreparedAction]:
        """Look dead letters through for what can be done with them; nothing is done yet."""
        ...
