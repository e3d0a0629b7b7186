"""Acts that change something: locked without `--control`, shown with what follows, confirmed, told, audited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from rich.text import Text
from textual import work

from alphapanda.model.kinds import TradingMode
from alphapanda.model.process_status import ProcessState, ProcessStatus
from alphapanda.operations.policy import Confirmation, Need
from topics.errors import AlphaPandaError
from topics.services import obeying
from tui.acts import RunningAct, RunningActs, obedience
from tui.dialogs.ask import Choice, ChooseDialog
from tui.dialogs.confirm import ConfirmDialog, Question
from tui.dialogs.consequences import of_state
from tui.sources.control import ActionResult, Control

if TYPE_CHECKING:
    from tui.app import Dashboard

Order = Callable[[str, Confirmation], Awaitable[ActionResult]]

LOCKED: Final = "This dashboard only looks. Open it with --control to act."
NOT_YET: Final = "The deployment's settings are not read yet."
IN_THE_PAST: Final = "This is the past: return to the present (L) to act."
LEAVE_S: Final = 10.0
"""A second `q` within it leaves though something is under way."""
ENDING_S: Final = 5.0
"""What is under way has so long to end when the dashboard closes."""


class Controlling:
    """Halt, reduce, resume, restart; mixed into the dashboard.

    Attributes:
        acts: those under way, and those that ended lately.
    """

    acts: RunningActs
    _asked_to_leave: float = float("-inf")

    @property
    def _dashboard(self) -> Dashboard:
        return cast("Dashboard", self)

    def unlocked(self) -> Control | None:
        """Return what acts, or say why nothing does."""
        app = self._dashboard
        found = app.connection.control if app.connection is not None else None
        if found is None or not app.options.control:
            waits = app.options.control and app.connection is None
            app.notify(NOT_YET if waits else LOCKED, severity="warning")
            return None
        if app.rewind is not None:
            app.notify(IN_THE_PAST, severity="warning")
            return None
        return found

    # ------------------------------------------------------------ trading states

    @work(group="ask", exclusive=True)
    async def action_halt(self) -> None:
        """Stop a broker from trading."""
        control = self.unlocked()
        if control is not None:
            follows = "Nothing new is sent, exits neither. Cancels still pass."
            await self._change(control, "Halt", "Halting", follows, control.halt)

    @work(group="ask", exclusive=True)
    async def action_reduce(self) -> None:
        """Let a broker only reduce what it holds."""
        control = self.unlocked()
        if control is not None:
            await self._change(control, "Reduce", "Reducing", "Only exits and cancels pass.", control.reduce)

    @work(group="ask", exclusive=True)
    async def action_resume(self) -> None:
        """Let a broker trade again."""
        control = self.unlocked()
        if control is not None:
            follows = "Strategies' signals lead to orders again."
            await self._change(control, "Resume", "Resuming", follows, control.resume)

    async def _change(self, control: Control, verb: str, doing: str, follows: str, order: Order) -> None:
        app = self._dashboard
        broker = await self._which_broker(f"{verb} which broker?")
        if broker is None:
            return
        body = of_state(broker, app.store, app.fmt).append(f"\n\n{follows}", app.fmt.palette.text)
        question = Question(f"{verb} {broker}", body, verb)
        confirmation = await self.confirm(control, verb.lower(), question, broker)
        if confirmation is not None:
            waits = self.obeying(broker, tuple(service.name for service in obeying(broker)))
            self.carry(f"{doing} {broker}", lambda: order(broker, confirmation), waits)

    # ------------------------------------------------------------ daemons

    @work(group="ask", exclusive=True)
    async def action_restart(self) -> None:
        """Restart a daemon."""
        control, app = self.unlocked(), self._dashboard
        if control is None:
            return
        daemons = app.store.system.daemons
        selected = app.table.current if app.table is not None else None
        name: str | None = selected.name if isinstance(selected, ProcessStatus) else None
        if name is None:
            choices = [Choice(daemon.name, daemon.name, daemon.state.value) for daemon in daemons.values()]
            name = await app.push_screen_wait(ChooseDialog("Restart which daemon?", choices, app.fmt))
        if name is None:
            return
        palette, broker = app.fmt.palette, name.rpartition(".")[2]
        daemon, live = daemons.get(name), [each for each in app.store.money.brokers if self.is_live(each)]
        needed_by = [daemon.name for daemon in daemons.values() if name in daemon.needs]
        body = Text(_restarting(name, daemon), palette.text)
        if needed_by:
            body.append(f"\nUntil then {', '.join(needed_by)} wait.", palette.text)
        for each in [broker] if broker in app.store.money.brokers else live:
            body.append("\n\n").append_text(of_state(each, app.store, app.fmt))
        if broker not in app.store.money.brokers:  # all brokers share it
            broker = live[0] if live else ""
        question = Question(f"Restart {name}", body, "Restart")
        confirmation = await self.confirm(control, "restart", question, broker, name=name)
        if confirmation is not None:
            order = control.restart
            self.carry(f"Restarting {name}", lambda: order(name, confirmation), lambda: self._state_of(name))

    def _state_of(self, daemon: str) -> str:
        found = self._dashboard.live_store.system.daemons.get(daemon)
        if found is None or found.state is ProcessState.READY:
            return ""
        return f"{found.state.value} {found.reason}".strip()

    # ------------------------------------------------------------ asking

    async def _which_broker(self, title: str) -> str | None:
        app = self._dashboard
        brokers = list(app.store.money.brokers.values())
        if len(brokers) == 1:
            return brokers[0].broker
        choices = [Choice(b.broker, b.broker, f"{b.mode} {b.state or ''}") for b in brokers]
        return await app.push_screen_wait(ChooseDialog(title, choices, app.fmt))

    async def confirm(
        self, control: Control, act: str, question: Question, broker: str, *, name: str = ""
    ) -> Confirmation | None:
        """Ask for what the policy demands; None where the act is not to be done.

        What a dialog cannot give is not asked for: the act is then refused, told and recorded as such.

        Args:
            control: what acts.
            act: its name in the policy.
            question: what is about to be done, and what follows.
            broker: whom it touches.
            name: of what is changed; the broker's where it is empty.
        """
        app = self._dashboard
        missing = control.missing(act, name or broker, broker)
        if any(one.need in {Need.WRITABLE, Need.BREAK_GLASS} for one in missing):
            return Confirmation()
        typed = next((one.name for one in missing if one.need is Need.NAME), "")
        asked = replace(question, typed=typed, danger=self.is_live(broker))
        reason = await app.push_screen_wait(ConfirmDialog(asked))
        if reason is None:
            app.notify("Nothing was done.", timeout=2)
            return None
        return Confirmation(yes=True, names=frozenset({typed} - {""}), reason=reason)

    def is_live(self, broker: str) -> bool:
        """Whether a broker trades with real money."""
        row = self._dashboard.store.money.brokers.get(broker)
        return row is not None and row.mode is TradingMode.LIVE

    # ------------------------------------------------------------ doing

    @work(group="acts")
    async def carry(
        self, title: str, order: Callable[[], Awaitable[ActionResult]], waits: Callable[[], str]
    ) -> None:
        """Do it while the dashboard goes on, and tell how it ended."""
        act = self.acts.begin(title, waits)
        await self.see_through(act, order)

    async def see_through(self, act: RunningAct, order: Callable[[], Awaitable[ActionResult]]) -> None:
        """Tell of an act until it has ended."""
        app = self._dashboard
        app.paint(everything=True)
        try:
            self.acts.end(act, await order())
        except AlphaPandaError as error:
            self.acts.fail(act, error)
        finally:
            if act.is_under_way:  # cut off with the dashboard
                self.acts.drop(act)
        app.paint(everything=True)

    def obeying(self, broker: str, services: tuple[str, ...]) -> Callable[[], str]:
        """Return what tells who of these has obeyed from now on."""
        store = self._dashboard.live_store
        seen = store.notes.added
        return lambda: obedience(store, broker, seen, services)

    def action_stop_act(self) -> None:
        """Stop what can be stopped early."""
        stoppable = [act for act in self.acts.under_way if act.stop is not None and not act.stop.is_set()]
        for act in stoppable:
            assert act.stop is not None
            act.stop.set()
        if not stoppable:
            self._dashboard.notify("Nothing is under way that can be stopped.", timeout=3)
        self._dashboard.paint(everything=True)

    def holds_back(self) -> bool:
        """Return whether the dashboard stays open for an act: the first time that it is asked to close."""
        app, going = self._dashboard, self.acts.under_way
        now = app.clock.monotonic()
        if not going or now - self._asked_to_leave < LEAVE_S:
            return False
        self._asked_to_leave = now
        names = ", ".join(act.title for act in going)
        app.notify(f"{names} is under way. q again leaves; a replay is stopped and can go on.", severity="warning")
        return True

    @work(group="leave", exclusive=True)
    async def leave(self) -> None:
        """Stop what can be stopped, give the rest a moment to be told and audited, and close."""
        for act in self.acts.under_way:
            if act.stop is not None:
                act.stop.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDING_S):
                await self.acts.idle.wait()
        self._dashboard.exit(0)


def _restarting(name: str, daemon: ProcessStatus | None) -> str:
    if daemon is not None and daemon.kind == "infra":
        return f"{name} stops and starts again; whoever works with it tries until it is back."
    return f"{name} drains, stops and starts again; it recovers from the log."
