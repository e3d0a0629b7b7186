"""Cancel orders, flatten positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text

from alphapanda.model.control import EVERYTHING, Scope
from topics.services import trader_of
from tui.actions.runner import ActRunner
from tui.actions.workspace import Workspace
from tui.dialogs.ask import Choice, ChooseDialog
from tui.dialogs.confirm import Question
from tui.dialogs.consequences import counted, of_orders, of_positions
from tui.store.money import PositionRow, StrategyRow
from tui.store.orders import OrderRow
from tui.store.store import broker_names


class OrderActions:
    """Cancel and flatten.

    Args:
        workspace: the dashboard.
        runner: asks and runs.
    """

    def __init__(self, workspace: Workspace, runner: ActRunner) -> None:
        self._workspace = workspace
        self._runner = runner

    async def cancel(self) -> None:
        """Cancel the selected order, or all open orders of a broker."""
        control, workspace = self._runner.control(), self._workspace
        if control is None:
            return
        opened = [row for row in workspace.store.orders.rows.values() if row.is_open]
        if not opened:
            workspace.notify("There are no open orders.", severity="warning")
            return
        chosen = await self._which_scope("Cancel what?", self._cancellable(opened))
        if chosen is None:
            return
        broker, scope = chosen
        rows = [row for row in opened if row.order.broker == broker and _covers_order(scope, row)]
        fmt = workspace.formatter
        body = Text(f"{counted(len(rows), 'open order')} of {broker}", fmt.palette.strong)
        body.append("\n").append_text(of_orders(rows, fmt))
        body.append("\nFills until then stand. Positions stay as they are.", fmt.palette.text)
        question = Question(f"Cancel orders of {broker}", body, "Cancel orders")
        confirmation = await self._runner.confirm(control, "cancel", question, broker)
        if confirmation is not None:
            waits = self._runner.acknowledged_by(broker, (trader_of(broker).name,))
            title = f"Cancelling orders of {broker}"
            self._runner.start(title, lambda: control.cancel(broker, scope, confirmation), waits)

    def _cancellable(self, opened: Sequence[OrderRow]) -> list[tuple[Choice, str, Scope]]:
        """Return what can be cancelled: the selected order first, then all of each broker."""
        workspace, found = self._workspace, list[tuple[Choice, str, Scope]]()
        row = workspace.table.current if workspace.table is not None else None
        if isinstance(row, OrderRow) and row.is_open:
            order = row.order
            title = f"This order: {order.side} {order.quantity} {order.instrument}"
            note = f"{order.broker} {order.strategy_id}"
            scope = Scope(client_order_id=order.client_order_id)
            found.append((Choice("this", title, note), order.broker, scope))
        for broker in broker_names(workspace.store):
            count = sum(1 for each in opened if each.order.broker == broker)
            if count:
                title = f"All open orders of {broker}"
                found.append((Choice(broker, title, counted(count, "order")), broker, EVERYTHING))
        return found

    async def flatten(self) -> None:
        """Close the selected position, or all of a broker."""
        control, workspace = self._runner.control(), self._workspace
        if control is None:
            return
        held = [row for row in workspace.store.money.positions.values() if row.position.quantity]
        choices = self._flattable(held)
        if not choices:
            workspace.notify("There are no open positions.", severity="warning")
            return
        chosen = await self._which_scope("Flatten what?", choices)
        if chosen is None:
            return
        broker, scope = chosen
        rows = [row for row in held if row.broker == broker and _covers_position(scope, row)]
        fmt = workspace.formatter
        body = Text(f"{counted(len(rows), 'position')} of {broker}", fmt.palette.strong)
        body.append("\n").append_text(of_positions(rows, fmt))
        if scope.is_everything:
            consequence = f"{broker} is left REDUCING; U resumes it."
        else:
            consequence = f"{broker} keeps trading, and the strategy may enter again."
        text = f"\n\nTheir open orders are cancelled, then exits are sent at market. {consequence}"
        body.append(text, fmt.palette.text)
        question = Question(f"Flatten {broker}: {scope}", body, "Flatten")
        confirmation = await self._runner.confirm(control, "flatten", question, broker)
        if confirmation is not None:
            waits = self._flattening(broker, scope)
            self._runner.start(f"Flattening {broker}", lambda: control.flatten(broker, scope, confirmation), waits)

    def _flattable(self, held: Sequence[PositionRow]) -> list[tuple[Choice, str, Scope]]:
        """Return what can be flattened: what is selected first, then all of each broker."""
        workspace, found = self._workspace, list[tuple[Choice, str, Scope]]()
        row = workspace.table.current if workspace.table is not None else None
        if isinstance(row, PositionRow) and row.position.quantity:
            one = row.position
            title = f"This position: {one.quantity:+d} {one.instrument}"
            scope = Scope(strategy_id=one.strategy_id, instrument=one.instrument)
            found.append((Choice("this", title, f"{row.broker} {one.strategy_id}"), row.broker, scope))
        strategy = row.strategy if isinstance(row, StrategyRow) else None
        for broker in broker_names(workspace.store):
            mine = [each for each in held if each.broker == broker]
            of_strategy = [each for each in mine if each.position.strategy_id == strategy]
            if of_strategy:
                scope = Scope(strategy_id=of_strategy[0].position.strategy_id)
                choice = Choice(
                    f"{broker} strategy", f"All of {strategy} at {broker}", counted(len(of_strategy), "position")
                )
                found.append((choice, broker, scope))
            if mine:
                note = f"{counted(len(mine), 'position')}, then REDUCING"
                found.append((Choice(broker, f"All of {broker}", note), broker, EVERYTHING))
        return found

    async def _which_scope(
        self, title: str, choices: Sequence[tuple[Choice, str, Scope]]
    ) -> tuple[str, Scope] | None:
        """Return what was chosen: a broker, and what of it."""
        workspace = self._workspace
        value: str | None = choices[0][0].value
        if len(choices) > 1:
            dialog = ChooseDialog(title, [choice for choice, _, _ in choices], workspace.formatter)
            value = await workspace.ask(dialog)
        return next(((broker, scope) for choice, broker, scope in choices if choice.value == value), None)

    def _flattening(self, broker: str, scope: Scope) -> Callable[[], str]:
        store = self._workspace.live_store

        def waits() -> str:
            held = [
                row for row in store.money.positions.values() if row.broker == broker and row.position.quantity
            ]
            left = sum(1 for row in held if _covers_position(scope, row))
            return f"{counted(left, 'position')} left" if left else "flat"

        return waits


def _covers_order(scope: Scope, row: OrderRow) -> bool:
    order = row.order
    return scope.covers(order.strategy_id, order.instrument, order.client_order_id)


def _covers_position(scope: Scope, row: PositionRow) -> bool:
    return scope.covers(row.position.strategy_id, row.position.instrument)
