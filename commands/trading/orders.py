"""`alphapanda orders`: the blotter of each broker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from alphapanda.model.order import Order
from alphapanda.rupees import price, quantity
from alphapanda.serialization.codec import to_jsonable
from commands.shell.context import Context
from commands.shell.options import BrokerOption, IntervalOption, JsonOption, LimitOption, WatchOption
from commands.shell.output import Column, Style
from commands.shell.reading import Table, age_line, chosen_brokers, open_views, show

_STYLES = {"FILLED": Style.GOOD, "REJECTED": Style.BAD, "UNKNOWN": Style.BAD, "CANCELLED": Style.FAINT}
COLUMNS = (
    Column("time", "TIME (IST)"),
    Column("broker", "BROKER"),
    Column("strategy", "STRATEGY"),
    Column("instrument", "INSTRUMENT"),
    Column("side", "SIDE"),
    Column("quantity", "QUANTITY", right=True),
    Column("filled", "FILLED", right=True),
    Column("type", "TYPE"),
    Column("limit", "LIMIT", right=True),
    Column("average", "AVERAGE", right=True),
    Column("status", "STATUS", style=lambda status: _STYLES.get(str(status))),
    Column("id", "ORDER"),
)


def register(app: typer.Typer) -> None:
    """Add `orders`."""
    app.command("orders")(orders)


def orders(
    call: typer.Context,
    broker: BrokerOption = None,
    open_only: Annotated[bool, typer.Option("--open", help="Only open orders.")] = False,
    limit: LimitOption = 50,
    json: JsonOption = False,
    watch: WatchOption = False,
    interval: IntervalOption = 1.0,
) -> None:
    """List orders, oldest first: all open ones and the newest closed ones.

    Example: alphapanda orders --open --broker paper
    """
    context = Context.of(call, json=json)
    context.run(_show(context, broker, open_only=open_only, limit=limit, watch=watch, interval=interval))


async def _show(
    context: Context, broker: str | None, *, open_only: bool, limit: int, watch: bool, interval: float
) -> None:
    brokers = chosen_brokers(context, broker)
    async with open_views(context) as views:

        async def look() -> Table:

            found: list[Order] = []
            footer = []
            for name in brokers:
                view = await views.orders(name)
                if view is None:
                    footer.append(f"{name}: no trader has written orders yet: alphapanda status")
                    continue
                footer.append(age_line(context, name, view.written_at))
                found += [order for order in view.orders if not (open_only and order.status.is_closed)]
            found.sort(key=lambda order: (order.submitted_at, order.client_order_id))
            found = found[-limit:]
            rows = [{**to_jsonable(order), "leaves_quantity": order.leaves_quantity} for order in found]
            empty = "\n".join(["No open order." if open_only else "No order yet.", *footer])
            return Table("orders", rows, [_shown(order) for order in found], COLUMNS, empty, footer)

        await show(context, look, watch=watch, interval=interval)


def _shown(order: Order) -> Mapping[str, object]:

    return {
        "time": order.submitted_at,
        "broker": order.broker,
        "strategy": order.strategy_id,
        "instrument": order.instrument,
        "side": order.side.value,
        "quantity": quantity(order.quantity),
        "filled": quantity(order.filled_quantity),
        "type": order.order_type.value,
        "limit": price(order.limit_price),
        "average": price(order.average_price),
        "status": order.status.value,
        "id": order.client_order_id,
    }
