"""Acts that change something: locked without `--control`, shown with what follows, confirmed, told, audited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from rich.text import Text
from textual import work

from alphapanda.model.control import EVERYTHING, Scope
from alphapanda.model.kinds import TradingMode
from topics.errors import AlphaPandaError
from tui.acts import Act, Acts, obedience
from tui.desk.desk import broker_names
from tui.desk.money import PositionRow, StrategyRow
from tui.desk.orders import OrderRow
from tui.desk.system import Daemon, DaemonState
from tui.dialogs.ask import Choice, ChooseDialog
from tui.dialogs.confirm import ConfirmDialog, Question
from tui.dialogs.consequences import counted, of_orders, of_positions, of_state
from tui.sources.control import Control, Told

if TYPE_CHECKING:
    from tui.app import Dashboard

Order = Callable[[str, str], Awaitable[Told]]

LOCKED: Final = "This dashboard only looks. Open it with --control to act."
NOT_YET: Final = "The deployment's settings are not read yet."
IN_THE_PAST: Final = "This is the past: return to the present (L) to act."
LEAVE_S: Final = 10.0
"""A second `q` within it leaves though something is under way."""
ENDING_S: Final = 5.0
"""What is under way has so long to end when the dashboard closes."""


class Controlling:
    """Halt, reduce, resume, cancel, flatten, restart; mixed into the dashboard.

    Attributes:
        acts: those under way, and those that ended lately.
    """

    acts: Acts
    _asked_to_leave: float = float("-inf")

    @property
    def _dashboard(self) -> Dashboard:
        return cast("Dashboard", self)

    def unlocked(self) -> Control | None:
        """Return what acts, or say why nothing does."""
        app = self._dashboard
        found = app.wiring.control if app.wiring is not None else None
        if found is None or not app.options.control:
            waits = app.options.control and app.wiring is None
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
            await self._change("Halt", "Halting", follows, control.halt)

    @work(group="ask", exclusive=True)
    async def action_reduce(self) -> None:
        """Let a broker only reduce what it holds."""
        control = self.unlocked()
        if control is not None:
            await self._change("Reduce", "Reducing", "Only exits and cancels pass.", control.reduce)

    @work(group="ask", exclusive=True)
    async def action_resume(self) -> None:
        """Let a broker trade again."""
        control = self.unlocked()
        if control is not None:
            follows = "Strategies' signals lead to orders again."
            await self._change("Resume", "Resuming", follows, control.resume)

    async def _change(self, verb: str, doing: str, follows: str, order: Order) -> None:
        app = self._dashboard
        broker = await self._which_broker(f"{verb} which broker?")
        if broker is None:
            return
        body = of_state(broker, app.desk, app.look).append(f"\n\n{follows}", app.look.palette.text)
        reason = await self.ask(f"{verb} {broker}", body, verb, broker)
        if reason is not None:
            waits = self._obeying(broker, (f"risk.{broker}", f"trader.{broker}"))
            self._carry(f"{doing} {broker}", lambda: order(broker, reason), waits)

    # ------------------------------------------------------------ orders and positions

    @work(group="ask", exclusive=True)
    async def action_cancel(self) -> None:
        """Withdraw the selected order, or all that are open."""
        control, app = self.unlocked(), self._dashboard
        if control is None:
            return
        opened = [row for row in app.desk.orders.rows.values() if row.is_open]
        if not opened:
            app.notify("No order is open.", severity="warning")
            return
        chosen = await self._which_scope("Cancel what?", self._cancellable(opened))
        if chosen is None:
            return
        broker, scope = chosen
        rows = [row for row in opened if row.order.broker == broker and _covers_order(scope, row)]
        look = app.look
        body = Text(f"{counted(len(rows), 'open order')} of {broker}", look.palette.strong)
        body.append("\n").append_text(of_orders(rows, look))
        body.append("\nWhat has traded by then stays done. Positions stay as they are.", look.palette.text)
        reason = await self.ask(f"Cancel orders of {broker}", body, "Cancel orders", broker)
        if reason is not None:
            waits = self._obeying(broker, (f"trader.{broker}",))
            self._carry(f"Cancelling orders of {broker}", lambda: control.cancel(broker, scope, reason), waits)

    def _cancellable(self, opened: Sequence[OrderRow]) -> list[tuple[Choice, str, Scope]]:
        """Return what can be cancelled: the selected order first, then all of each broker."""
        app, found = self._dashboard, list[tuple[Choice, str, Scope]]()
        row = app.table.current if app.table is not None else None
        if isinstance(row, OrderRow) and row.is_open:
            order = row.order
            title = f"This order: {order.side} {order.quantity} {order.instrument}"
            note = f"{order.broker} {order.strategy_id}"
            scope = Scope(client_order_id=order.client_order_id)
            found.append((Choice("this", title, note), order.broker, scope))
        for broker in broker_names(app.desk):
            count = sum(1 for each in opened if each.order.broker == broker)
            if count:
                title = f"All open orders of {broker}"
                found.append((Choice(broker, title, counted(count, "order")), broker, EVERYTHING))
        return found

    @work(group="ask", exclusive=True)
    async def action_flatten(self) -> None:
        """Close the selected position, or all of a broker."""
        control, app = self.unlocked(), self._dashboard
        if control is None:
            return
        held = [row for row in app.desk.money.positions.values() if row.position.quantity]
        choices = self._flattable(held)
        if not choices:
            app.notify("Nothing is held.", severity="warning")
            return
        chosen = await self._which_scope("Flatten what?", choices)
        if chosen is None:
            return
        broker, scope = chosen
        rows = [row for row in held if row.broker == broker and _covers_position(scope, row)]
        look = app.look
        body = Text(f"{counted(len(rows), 'position')} of {broker}", look.palette.strong)
        body.append("\n").append_text(of_positions(rows, look))
        if scope.is_everything:
            follows = f"{broker} is REDUCING from then on: resume it with U."
        else:
            follows = f"{broker} trades on, and the strategy may enter again."
        text = f"\n\nOpen orders of these are cancelled, then exits go out at the market. {follows}"
        body.append(text, look.palette.text)
        reason = await self.ask(f"Flatten {broker}: {scope}", body, "Flatten", broker)
        if reason is not None:
            waits = self._flattening(broker, scope)
            self._carry(f"Flattening {broker}", lambda: control.flatten(broker, scope, reason), waits)

    def _flattable(self, held: Sequence[PositionRow]) -> list[tuple[Choice, str, Scope]]:
        """Return what can be flattened: what is selected first, then all of each broker."""
        app, found = self._dashboard, list[tuple[Choice, str, Scope]]()
        row = app.table.current if app.table is not None else None
        if isinstance(row, PositionRow) and row.position.quantity:
            one = row.position
            title = f"This position: {one.quantity:+d} {one.instrument}"
            scope = Scope(strategy_id=one.strategy_id, instrument=one.instrument)
            found.append((Choice("this", title, f"{row.broker} {one.strategy_id}"), row.broker, scope))
        strategy = row.strategy if isinstance(row, StrategyRow) else None
        for broker in broker_names(app.desk):
            mine = [each for each in held if each.broker == broker]
            of_strategy = [each for each in mine if each.position.strategy_id == strategy]
            if of_strategy:
                scope = Scope(strategy_id=of_strategy[0].position.strategy_id)
                choice = Choice(
                    f"{broker} strategy", f"All of {strategy} at {broker}", counted(len(of_strategy), "position")
                )
                found.append((choice, broker, scope))
            if mine:
                note = f"{counted(len(mine), 'position')}, and it is left REDUCING"
                found.append((Choice(broker, f"All of {broker}", note), broker, EVERYTHING))
        return found

    # ------------------------------------------------------------ daemons

    @work(group="ask", exclusive=True)
    async def action_restart(self) -> None:
        """Restart a daemon."""
        control, app = self.unlocked(), self._dashboard
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
        palette, broker = app.look.palette, name.rpartition(".")[2]
        needed_by = [daemon.name for daemon in daemons.values() if name in daemon.needs]
        body = Text(f"{name} drains, stops and starts again; it recovers from the log.", palette.text)
        if needed_by:
            body.append(f"\nUntil then {', '.join(needed_by)} wait.", palette.text)
        if broker in app.desk.money.brokers:
            body.append("\n\n").append_text(of_state(broker, app.desk, app.look))
        reason = await self.ask(f"Restart {name}", body, "Restart", broker, typed=name)
        if reason is not None:
            self._carry(f"Restarting {name}", lambda: control.restart(name, reason), lambda: self._state_of(name))

    def _state_of(self, daemon: str) -> str:
        found = self._dashboard.live_desk.system.daemons.get(daemon)
        if found is None or found.state is DaemonState.READY:
            return ""
        return f"{found.state.value} {found.reason}".strip()

    # ------------------------------------------------------------ asking

    async def _which_broker(self, title: str) -> str | None:
        app = self._dashboard
        brokers = list(app.desk.money.brokers.values())
        if len(brokers) == 1:
            return brokers[0].broker
        choices = [Choice(b.broker, b.broker, f"{b.mode} {b.state or ''}") for b in brokers]
        return await app.push_screen_wait(ChooseDialog(title, choices, app.look))

    async def _which_scope(
        self, title: str, choices: Sequence[tuple[Choice, str, Scope]]
    ) -> tuple[str, Scope] | None:
        """Return what was chosen: a broker, and what of it."""
        app = self._dashboard
        value: str | None = choices[0][0].value
        if len(choices) > 1:
            dialog = ChooseDialog(title, [choice for choice, _, _ in choices], app.look)
            value = await app.push_screen_wait(dialog)
        return next(((broker, scope) for choice, broker, scope in choices if choice.value == value), None)

    async def ask(self, title: str, body: Text, verb: str, broker: str, *, typed: str = "") -> str | None:
        """Show what follows, and return the reason; None where it is not to be done.

        Args:
            title: what is about to be done.
            body: what follows from it.
            verb: on the button.
            broker: whom it touches; where that is real money a name is asked for.
            typed: which name; the broker's where it is empty.
        """
        app = self._dashboard
        danger = self.is_live(broker)
        name = (typed or broker) if danger else ""
        reason = await app.push_screen_wait(ConfirmDialog(Question(title, body, verb, name, danger=danger)))
        if reason is None:
            app.notify("Nothing was done.", timeout=2)
            return None
        return reason

    def is_live(self, broker: str) -> bool:
        """Whether a broker trades with real money."""
        row = self._dashboard.desk.money.brokers.get(broker)
        return row is not None and row.mode is TradingMode.LIVE

    # ------------------------------------------------------------ doing

    @work(group="acts")
    async def _carry(self, title: str, order: Callable[[], Awaitable[Told]], waits: Callable[[], str]) -> None:
        """Do it while the dashboard goes on, and tell how it ended."""
        act = self.acts.begin(title, waits)
        await self.see_through(act, order)

    async def see_through(self, act: Act, order: Callable[[], Awaitable[Told]]) -> None:
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

    def _obeying(self, broker: str, services: tuple[str, ...]) -> Callable[[], str]:
        desk = self._dashboard.live_desk
        seen = desk.notes.added
        return lambda: obedience(desk, broker, seen, services)

    def _flattening(self, broker: str, scope: Scope) -> Callable[[], str]:
        desk = self._dashboard.live_desk

        def waits() -> str:
            held = [row for row in desk.money.positions.values() if row.broker == broker and row.position.quantity]
            left = sum(1 for row in held if _covers_position(scope, row))
            return f"{counted(left, 'position')} held" if left else "flat, as far as is seen here"

        return waits

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


def _covers_order(scope: Scope, row: OrderRow) -> bool:
    order = row.order
    return scope.covers(order.strategy_id, order.instrument, order.client_order_id)


def _covers_position(scope: Scope, row: PositionRow) -> bool:
    return scope.covers(row.position.strategy_id, row.position.instrument)
