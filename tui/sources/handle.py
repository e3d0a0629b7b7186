"""Where a source delivers, and what is known of its health."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alphapanda.clock import Clock
from tui.store.store import Store


class LinkState(StrEnum):
    """How a source stands."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class LinkFault:
    """Why a source is down.

    Attributes:
        message: what happened.
        hint: the next command.
        since: from when on.
        next_try: when it is tried again.
    """

    message: str
    hint: str
    since: datetime
    next_try: datetime


class SourceHandle:
    """One source's way to the store.

    Attributes:
        name: of the source.
        store: where its facts go.
        link: how it stands.
        fault: why it is down; None otherwise.
        received_at: when it last said anything; None before that.
        again: set to try at once.
        returned: one line about the last time it came back; taken by who shows it.
    """

    def __init__(self, name: str, store: Store, clock: Clock) -> None:
        self.name = name
        self.store = store
        self.link = LinkState.CONNECTING
        self.fault: LinkFault | None = None
        self.received_at: datetime | None = None
        self.again = asyncio.Event()
        self.returned = ""
        self._clock = clock

    @property
    def is_new(self) -> bool:
        """Whether it has never said anything."""
        return self.received_at is None

    def up(self) -> None:
        """It works."""
        now = self._clock.now()
        if self.fault is not None and self.received_at is not None:
            self.returned = f"{self.name} is back after {(now - self.fault.since).total_seconds():.0f} s."
        self.link = LinkState.UP
        self.fault = None
        self.received_at = now

    def received(self) -> None:
        """It said something."""
        self.received_at = self._clock.now()

    def down(self, message: str, hint: str, next_try: datetime) -> None:
        """It failed."""
        since = self.fault.since if self.fault is not None else self._clock.now()
        self.link = LinkState.DOWN
        self.fault = LinkFault(message, hint, since, next_try)
