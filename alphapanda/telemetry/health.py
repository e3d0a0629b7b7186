"""The readiness of a process, with reasons."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec

from alphapanda.clock import Clock, SystemClock

SERVICE = "service"
"""The part for the process itself."""


class HealthReport(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `/readyz`.

    Attributes:
        service: the daemon.
        ready: whether it works: recovered and, for a live trader, reconciled.
        reasons: one for each part that does not work; empty when ready.
        status: a note beside that, e.g. that a recording has ended; empty for none.
        since: when readiness last changed.
        started: when the process started.
        schema_version: of this report.
    """

    service: str
    ready: bool
    reasons: tuple[str, ...]
    status: str = ""
    since: datetime
    started: datetime
    schema_version: int = 1


class Health:
    """Reasons for not being ready, one a part; ready when none is left. For the event loop's thread only."""

    def __init__(self, service: str = "", clock: Clock | None = None) -> None:
        """Start not ready: `starting`."""
        self.service = service
        self._clock = clock or SystemClock()
        self._reasons: dict[str, str] = {SERVICE: "starting"}
        self._status = ""
        self._started = self._since = self._clock.now()
        self._became_ready = asyncio.Event()
        self._listeners: list[Callable[[HealthReport], None]] = []

    @property
    def is_ready(self) -> bool:
        """Whether no reason is left."""
        return not self._reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not ready, in the order in which the parts reported."""
        return tuple(self._reasons.values())

    def reason_of(self, part: str) -> str | None:
        """Return why a part does not work; None while it does."""
        return self._reasons.get(part)

    def ready(self, part: str = SERVICE) -> None:
        """Report that a part works again."""
        reasons = {name: reason for name, reason in self._reasons.items() if name != part}
        self._become(reasons)

    def not_ready(self, reason: str, *, part: str = SERVICE) -> None:
        """Report why a part does not work; replaces its earlier reason."""
        self._become(self._reasons | {part: reason})

    def set_status(self, status: str) -> None:
        """Set a note that does not affect readiness; an empty text removes it."""
        if status != self._status:
            self._status = status
            self._notify()

    def report(self) -> HealthReport:
        """Return the present state."""
        return HealthReport(
            service=self.service,
            ready=self.is_ready,
            reasons=self.reasons,
            status=self._status,
            since=self._since,
            started=self._started,
        )

    def subscribe(self, listener: Callable[[HealthReport], None]) -> None:
        """Call `listener` with each report that differs from the last."""
        self._listeners.append(listener)

    async def wait_ready(self) -> None:
        """Wait until it is ready."""
        await self._became_ready.wait()

    def _become(self, reasons: dict[str, str]) -> None:
        if reasons == self._reasons:
            return
        turned = bool(reasons) != bool(self._reasons)
        self._reasons = reasons
        if turned:
            self._since = self._clock.now()
        if self.is_ready:
            self._became_ready.set()
        else:
            self._became_ready.clear()
        self._notify()

    def _notify(self) -> None:
        for listener in self._listeners:
            listener(self.report())
