"""`alphapanda cancel`: cancel open orders of a broker, through the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from alphapanda.errors import AlphaPandaError, RedisUnreachableError, UnknownNameError, UsageError
from alphapanda.ids import BrokerId, ClientOrderId
from alphapanda.model.control import Scope
from alphapanda.model.order import Order, OrderStatus
from alphapanda.operations.control.results import Cancelled
from alphapanda.operations.control.trading import CancelOrders
from alphapanda.operations.policy import Confirmation
from alphapanda.rupees import price, quantity
from alphapanda.serialization.codec import to_jsonable
from commands.shell.context import Context
from commands.shell.options import BrokerArgument, DryRunOption, JsonOption, ReasonOption, TimeoutOption, YesOption
from commands.shell.prompts import needed_reason
from commands.shell.reading import known_broker, open_views
from commands.trading.control import (
    InstrumentOption,
    StrategyOption,
    known_instrument,
    known_strategy,
    open_session,
)

MOST_SHOWN = 20
"""Orders that are listed before it is asked whether to cancel them."""


class TooLateError(AlphaPandaError):
    """The order has traded already."""


def register(app: typer.Typer) -> None:
    """Add `cancel`."""
    app.command("cancel")(cancel)


def cancel(
    call: typer.Context,
    broker: BrokerArgument,
    order: Annotated[
        str | None, typer.Argument(metavar="ORDER", help="The client order id of one open order.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open order of the broker.")] = False,
    strategy: StrategyOption = None,
    instrument: InstrumentOption = None,
    reason: ReasonOption = "",
    yes: YesOption = False,
    confirm: Annotated[
        str, typer.Option("--confirm", hidden=True, help="Not needed: cancelling asks no name.")
    ] = "",
    dry_run: DryRunOption = False,
    timeout: TimeoutOption = 10.0,
    json: JsonOption = False,
) -> None:
    """Cancel open orders: one by its id, all, or those of a strategy or an instrument. Works while HALTED.

    Returns when the trader has confirmed. An order that has filled by then is not cancelled.

    Example: alphapanda cancel paper --all --reason "wrong limits"
    """
    context = Context.of(call, json=json)
    name = known_broker(context, broker)
    ways = (order is not None, everything, strategy is not None or instrument is not None)
    if sum(ways) != 1:
        raise UsageError(
            "Choose the orders to cancel in one way only.",
            hint="Name an order, or add --strategy, --instrument or --all.",
        )
    why = reason.strip() if dry_run else needed_reason("cancel", reason)
    confirmation = Confirmation.given(yes=yes, confirm=confirm, reason=why)
    context.run(_cancel(context, name, (order, strategy, instrument), confirmation, timeout, dry_run=dry_run))


async def _cancel(
    context: Context,
    broker: BrokerId,
    words: tuple[str | None, str | None, str | None],
    confirmation: Confirmation,
    patience_s: float,
    *,
    dry_run: bool,
) -> None:
    known = await _orders(context, broker)
    scope = _scope(context, words, known)
    is_open = [one for one in known or () if not one.status.is_closed and _is_in_scope(scope, one)]
    if scope.client_order_id is not None and known is not None and not is_open:
        _report_closed(context, broker, scope, next(each for each in known if _is_in_scope(scope, each)))
        return
    if dry_run:
        _show_dry_run(context, broker, scope, is_open)
        return
    if scope.client_order_id is None:
        _show(context, is_open)
    question = f"Cancel {_described(scope, is_open, known)} at {broker}"
    async with open_session(context, confirmation) as session:
        done = await CancelOrders(session).run(broker, scope, confirmation.reason, patience_s, question=question)
    _show_result(context, done)


async def _orders(context: Context, broker: BrokerId) -> Sequence[Order] | None:
    """Return the orders in the trader's view; None when it cannot be read: that hinders no cancel."""
    try:
        async with open_views(context) as views:
            view = await views.orders(broker)
    except RedisUnreachableError as error:
        context.output.warn(f"The open orders cannot be shown: {error.message}")
        return None
    return () if view is None else view.orders


def _scope(
    context: Context, words: tuple[str | None, str | None, str | None], known: Sequence[Order] | None
) -> Scope:

    order, strategy, instrument = words
    orders = known or ()
    order_id: ClientOrderId | None = None if order is None else ClientOrderId(order)
    if known is not None and order is not None and all(one.client_order_id != order for one in orders):
        ids = [one.client_order_id for one in orders if not one.status.is_closed]
        raise UnknownNameError("order", order, ids, hint="List them: alphapanda orders --open")
    return Scope(
        strategy_id=known_strategy(context, strategy, {one.strategy_id for one in orders}),
        instrument=known_instrument(context, instrument, {one.instrument for one in orders}),
        client_order_id=order_id,
    )


def _is_in_scope(scope: Scope, order: Order) -> bool:
    return scope.covers(order.strategy_id, order.instrument, order.client_order_id)


def _described(scope: Scope, is_open: Sequence[Order], known: Sequence[Order] | None) -> str:
    """Return what would be cancelled, in words that follow a verb."""
    if scope.client_order_id is not None:
        return f"order {scope.client_order_id}"
    which = "all open orders" if known is None else f"{len(is_open)} open order{'' if len(is_open) == 1 else 's'}"
    return which if scope.is_everything else f"{which} of {scope}"


# ---------------------------------------------------------------------- showing
def _show(context: Context, orders: Sequence[Order]) -> None:
    for order in orders[:MOST_SHOWN]:
        context.output.say(f"  {_line(order)}")
    if len(orders) > MOST_SHOWN:
        context.output.say(f"  and {len(orders) - MOST_SHOWN} more")


def _line(order: Order) -> str:

    at = f" at {price(order.limit_price)}" if order.limit_price is not None else ""
    words = f"{order.side} {quantity(order.leaves_quantity)} {order.instrument}{at} for {order.strategy_id}"
    return f"{words}  {order.client_order_id}"


def _report_closed(context: Context, broker: BrokerId, scope: Scope, order: Order) -> None:
    """Report that there is nothing to cancel; raises TooLateError for an order that has traded."""
    if order.status is OrderStatus.FILLED:
        raise _too_late(order.client_order_id)
    if context.output.as_json:
        context.output.document("cancel", _body(broker, scope, None, ()))
    else:
        reason = f" ({order.reason})" if order.reason else ""
        context.output.say(f"Order {order.client_order_id} is {order.status} already{reason}: nothing was done.")


def _too_late(order_id: ClientOrderId) -> TooLateError:
    return TooLateError(
        f"Order {order_id} has traded already: it cannot be cancelled.", hint=f"Run: alphapanda why {order_id}"
    )


def _show_dry_run(context: Context, broker: BrokerId, scope: Scope, is_open: Sequence[Order]) -> None:
    if context.output.as_json:
        found = [order.client_order_id for order in is_open]
        context.output.document("cancel", {**_body(broker, scope, None, ()), "dry_run": True, "open": found})
        return
    _show(context, is_open)
    context.output.say(f"Would cancel {_described(scope, is_open, is_open)} at {broker}; nothing was done.")


def _show_result(context: Context, done: Cancelled) -> None:
    if done.scope.client_order_id is not None and done.too_late and not done.orders:
        raise _too_late(done.scope.client_order_id)
    if context.output.as_json:
        orders = [to_jsonable(order) for order in done.orders]
        body = _body(done.broker, done.scope, done.command_id, orders)
        context.output.document("cancel", {**body, "too_late": done.too_late, "unsettled": done.unsettled})
    else:
        context.output.say(done.words)


def _body(
    broker: BrokerId, scope: Scope, command_id: str | None, orders: Sequence[Mapping[str, object]]
) -> Mapping[str, object]:

    return {
        "broker": broker,
        "scope": to_jsonable(scope),
        "command_id": command_id,
        "cancelled": orders,
        "too_late": 0,
        "unsettled": 0,
    }
