"""Acts that are noted down and end when a test says so, and what presses the keys for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from textual.pilot import Pilot

from alphapanda.model.control import Scope
from alphapanda.operations.dead_letters.summary import PlanLine
from alphapanda.operations.policy import ACTS, Confirmation, Missing, Target, decide
from alphapanda.settings.sections import SafetySettings
from alphapanda.testing.seeded_market import BROKERS, SeededMarket
from topics.errors import AlphaPandaError
from tui.app import Dashboard
from tui.dialogs.ask import ChooseDialog
from tui.dialogs.confirm import ConfirmDialog
from tui.sources.connection import Connect, Connection
from tui.sources.control import (
    ActionProgress,
    ActionResult,
    Disposition,
    Ending,
    PreparedAction,
    Preview,
    Selection,
    Tell,
)

PLAN = Preview(
    topic="paper.signals.raw.dlq",
    target="paper.signals.raw",
    groups=("paper.risk",),
    lines=(
        PlanLine(1_204, "new", "sent", "paper.risk", "permanent", "nothing follows from it"),
        PlanLine(3, "already-processed", "confirmed", "paper.risk", "permanent", "sent again, and processed"),
        PlanLine(2, "in-doubt", "held", "paper.risk", "permanent", "the same event stands at <record>"),
        PlanLine(41, "stale", "held", "paper.risk", "permanent", "from another session"),
    ),
    touched=1_207,
    sent=1_204,
    first=(
        "0:15  801b5998da6d  no instrument for 01a20682-29bc-74ea-99a2-e7d2d2e7a2b1",
        "0:16  7a71c71138b6  no instrument for 01a20682-29bc-74ea-99a2-e7d32f0cf7e4",
        "0:17  b8f4a840e711  no instrument for 01a20682-29bc-74ea-99a2-e7d4d7ab8c1f",
    ),
)
"""What a replay of many dead letters would do."""


@dataclass
class RecordingControl:
    """What was ordered, and how it ends.

    Attributes:
        orders: what was ordered, in words, in order.
        may_end: acts wait until it is set.
        error: raised by acts; None to do well.
        preview: of what is prepared.
        told: by what was prepared, at its end.
        tell: how the act under way reports; None before one is.
        stops: how often an act was stopped early.
        safety: the deployment's settings.
    """

    orders: list[str] = field(default_factory=list)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    error: AlphaPandaError | None = None
    preview: Preview = PLAN
    told: ActionResult = field(
        default_factory=lambda: ActionResult("paper.signals.raw: 1,204 sent, 1,207 confirmed.")
    )
    tell: Tell | None = None
    stops: int = 0
    safety: SafetySettings = field(default_factory=SafetySettings)

    def missing(self, act: str, name: str, broker: str) -> tuple[Missing, ...]:
        target = Target(name, broker, dict(BROKERS).get(broker))
        return decide(ACTS[act], self.safety, "desk", target, Confirmation(), exchange_open=False)

    async def halt(self, broker: str, confirmation: Confirmation) -> ActionResult:
        return await self._do(f"halt {broker}: {confirmation.reason}", f"{broker} is HALTED.")

    async def reduce(self, broker: str, confirmation: Confirmation) -> ActionResult:
        return await self._do(f"reduce {broker}: {confirmation.reason}", f"{broker} is REDUCING.")

    async def resume(self, broker: str, confirmation: Confirmation) -> ActionResult:
        return await self._do(f"resume {broker}: {confirmation.reason}", f"{broker} is ACTIVE.")

    async def cancel(self, broker: str, scope: Scope, confirmation: Confirmation) -> ActionResult:
        return await self._do(f"cancel {broker} ({scope}): {confirmation.reason}", f"{broker}: 1 order cancelled.")

    async def flatten(self, broker: str, scope: Scope, confirmation: Confirmation) -> ActionResult:
        return await self._do(f"flatten {broker} ({scope}): {confirmation.reason}", f"{broker} is flat ({scope}).")

    async def restart(self, daemon: str, confirmation: Confirmation) -> ActionResult:
        return await self._do(f"restart {daemon}: {confirmation.reason}", f"{daemon} was restarted and is ready.")

    @asynccontextmanager
    async def prepare(self, letters: Selection, disposition: Disposition) -> AsyncIterator[PreparedAction]:
        self.orders.append(
            f"prepare {disposition} {letters.topic} {letters.code} {letters.group} {letters.id}".rstrip()
        )
        if self.error is not None:
            raise self.error
        yield RecordedOffer(self, disposition)
        self.orders.append("let go")

    async def _do(self, order: str, words: str) -> ActionResult:
        self.orders.append(order)
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return ActionResult(words)


@dataclass
class RecordedOffer:
    """What was prepared."""

    control: RecordingControl
    disposition: Disposition

    @property
    def preview(self) -> Preview:
        return self.control.preview

    async def carry_out(self, reason: str, tell: Tell, stop: asyncio.Event) -> ActionResult:
        self.control.orders.append(f"{self.disposition}: {reason}")
        self.control.tell = tell
        tell(ActionProgress("1 sent", 0, self.preview.sent))
        ends = [asyncio.ensure_future(self.control.may_end.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in ends:
                each.cancel()
        if stop.is_set():
            self.control.stops += 1
            return ActionResult("Stopped. 1 sent.", "Go on with P, or: … --run r1", Ending.STOPPED)
        return self.control.told


@dataclass
class Controlled:
    """A wire whose deployment is ordered about through a recording."""

    connect: Connect
    control: RecordingControl

    async def __call__(self) -> Connection:
        return replace(await self.connect(), control=self.control)


@dataclass
class Desk:
    """The dashboard in a test's hands.

    Attributes:
        app: the dashboard, over a market of its own, with acts unlocked.
        control: what was ordered.
    """

    app: Dashboard
    control: RecordingControl

    @property
    def told(self) -> str:
        """The lines above the keys."""
        widget = self.app.query_one("#acts")
        if not widget.display:
            return ""
        return "\n".join(widget.render_line(y).text for y in range(widget.size.height))

    @property
    def keys(self) -> str:
        """The footer."""
        return str(self.app.query_one("#keys").render_line(0).text)

    @property
    def notes(self) -> list[str]:
        """What was notified."""
        return [note.message for note in self.app._notifications]

    @property
    def dialog(self) -> ConfirmDialog:
        """The question on the screen."""
        dialog = self.app.screen
        assert isinstance(dialog, ConfirmDialog), dialog
        return dialog

    @property
    def follows(self) -> str:
        """What it says that follows."""
        return self.dialog._question.consequence.plain

    async def until(self, pilot: Pilot[int], is_so: Callable[[], object]) -> None:
        """Wait until something is so."""
        for _ in range(200):
            if is_so():
                return
            await pilot.pause(0.02)
        raise AssertionError("it never came")

    async def asked(self, pilot: Pilot[int]) -> None:
        """Wait for the question."""
        await self.until(pilot, lambda: isinstance(self.app.screen, ConfirmDialog))

    async def choose(self, pilot: Pilot[int], typed: str) -> None:
        """Choose what is asked for first."""
        await self.until(pilot, lambda: isinstance(self.app.screen, ChooseDialog))
        await pilot.press(*typed, "enter")

    async def confirm(self, pilot: Pilot[int], *typed: str) -> None:
        """Type the reason, and the name where one is asked for."""
        await self.asked(pilot)
        for words in typed:
            await pilot.press(*words, "enter")
        await self.until(pilot, lambda: not isinstance(self.app.screen, ConfirmDialog))

    async def ended(self, pilot: Pilot[int]) -> None:
        """Wait until nothing is under way."""
        await self.until(pilot, lambda: not self.app.running.under_way)


@pytest.fixture
def at_desk(make: Callable[..., Dashboard], own_market: SeededMarket) -> Desk:
    app, control = make(over=own_market, control=True), RecordingControl()
    app.connect = Controlled(app.connect, control)
    return Desk(app, control)
