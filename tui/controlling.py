"""Acts that change something: locked without `--control`, shown with what follows, confirmed, audited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

from textual import work

from alphapanda.model.kinds import TradingMode
from topics.errors import AlphaPandaError
from tui.desk.system import Daemon
from tui.dialogs.ask import Choice, ChooseDialog, ConfirmDialog, Question
from tui.sources.ports import Control

if TYPE_CHECKING:
    from tui.app import Dashboard

Act = Callable[[str, str], Awaitable[str]]

LOCKED = "This dashboard only looks. Open it with --control to act."
IN_THE_PAST = "This is the past: return to the present (L) to act."


class Controlling:
    """Halt, reduce, resume, restart; mixed into the dashboard."""

    @property
    def _dashboard(self) -> Dashboard:
        return cast("Dashboard", self)

    def _control(self) -> Control | None:
        """Return what acts, or say why nothing does."""
        app = self._dashboard
        control = app.wiring.control if app.wiring is not None else None
        if not app.options.control or control is None:
            app.notify(LOCKED, severity="warning")
            return None
        if app.rewind is not None:
            app.notify(IN_THE_PAST, severity="warning")
            return None
        return control

    @work(group="control", exclusive=True)
    async def action_halt(self) -> None:
        """Stop a broker from trading."""
        control = self._control()
        if control is not None:
            await self._act_on_broker(
                "Halt", "Nothing new is sent, exits neither. Cancels still pass.", control.halt
            )

    @work(group="control", exclusive=True)
    async def action_reduce(self) -> None:
        """Let a broker only reduce what it holds."""
        control = self._control()
        if control is not None:
            await self._act_on_broker("Reduce", "Only exits and cancels pass.", control.reduce)

    @work(group="control", exclusive=True)
    async def action_resume(self) -> None:
        """Let a broker trade again."""
        control = self._control()
        if control is not None:
            await self._act_on_broker("Resume", "Strategies' signals lead to orders again.", control.resume)

    @work(group="control", exclusive=True)
    async def action_restart(self) -> None:
        """Restart a daemon."""
        control, app = self._control(), self._dashboard
        if control is None:
            return
        daemons = app.desk.system.daemons
        selected = app.table.current if app.table is not None else None
        name: str | None = selected.name if isinstance(selected, Daemon) else None
        if name is None:
            choices = [Choice(daemon.name, daemon.name, daemon.state.value) for daemon in daemons.values()]
            name = await app.push_screen_wait(ChooseDialog("Restart which daemon?", choices, app.look))
        if name is None:
            return
        broker = name.rpartition(".")[2]
        danger = self._is_live(broker)
        needed_by = [daemon.name for daemon in daemons.values() if name in daemon.needs]
        lines = [f"{name} drains, stops and starts again; it recovers from the log."]
        if needed_by:
            lines.append(f"Until then {', '.join(needed_by)} wait.")
        lines += self._open_risk(broker)
        await self._confirm_and_do(f"Restart {name}", lines, "Restart", name, danger=danger, act=control.restart)

    async def _act_on_broker(self, verb: str, consequence: str, act: Act) -> None:
        app = self._dashboard
        brokers = list(app.desk.money.brokers.values())
        name: str | None = brokers[0].broker if len(brokers) == 1 else None
        if name is None:
            choices = [Choice(b.broker, b.broker, f"{b.mode} {b.state or ''}") for b in brokers]
            name = await app.push_screen_wait(ChooseDialog(f"{verb} which broker?", choices, app.look))
        if name is None:
            return
        lines = [consequence, *self._open_risk(name)]
        await self._confirm_and_do(f"{verb} {name}", lines, verb, name, danger=self._is_live(name), act=act)

    def _is_live(self, broker: str) -> bool:
        row = self._dashboard.desk.money.brokers.get(broker)
        return row is not None and row.mode is TradingMode.LIVE

    def _open_risk(self, broker: str) -> list[str]:
        """Return what is open at a broker now."""
        app = self._dashboard
        row = app.desk.money.brokers.get(broker)
        if row is None or row.pnl is None:
            return []
        look = app.look
        return [
            (
                f"{broker} has {row.pnl.open_orders} open orders and {row.pnl.open_positions} positions,"
                f" net {look.money(row.pnl.net_exposure, signed=True)}."
            )
        ]

    async def _confirm_and_do(
        self, title: str, lines: list[str], verb: str, name: str, *, danger: bool, act: Act
    ) -> None:
        app = self._dashboard
        question = Question(title, tuple(lines), verb, typed=name if danger else "", danger=danger)
        reason = await app.push_screen_wait(ConfirmDialog(question))
        if reason is None:
            app.notify("Nothing was done.", timeout=2)
            return
        try:
            said = await act(name, reason)
        except AlphaPandaError as error:
            app.notify(f"{error.message} {error.hint}", severity="error", timeout=12)
            return
        app.notify(said, timeout=6)
