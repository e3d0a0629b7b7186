"""`alphapanda positions`: the positions of each strategy at each broker."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from alphapanda.rupees import price, quantity, rupees
from alphapanda.serialization.codec import to_jsonable
from commands.shell.context import Context
from commands.shell.options import BrokerOption, IntervalOption, JsonOption, WatchOption
from commands.shell.output import Column
from commands.shell.reading import Table, age_line, chosen_brokers, gain, gain_style, open_views, show

PLACES = Decimal("0.01")
COLUMNS = (
    Column("broker", "BROKER"),
    Column("strategy", "STRATEGY"),
    Column("instrument", "INSTRUMENT"),
    Column("quantity", "QUANTITY", right=True),
    Column("average", "AVERAGE", right=True),
    Column("last", "LAST", right=True),
    Column("unrealised", "UNREALISED", right=True, style=gain_style),
    Column("realised", "REALISED", right=True, style=gain_style),
    Column("charges", "CHARGES", right=True),
)


def register(app: typer.Typer) -> None:
    """Add `positions`."""
    app.command("positions")(positions)


def positions(
    call: typer.Context,
    broker: BrokerOption = None,
    everything: Annotated[bool, typer.Option("--all", help="Include flat positions.")] = False,
    json: JsonOption = False,
    watch: WatchOption = False,
    interval: IntervalOption = 1.0,
) -> None:
    """List positions, per broker, strategy and instrument, marked at the last price.

    Example: alphapanda positions --broker paper --watch
    """
    context = Context.of(call, json=json)
    context.run(_show(context, broker, everything=everything, watch=watch, interval=interval))


async def _show(context: Context, broker: str | None, *, everything: bool, watch: bool, interval: float) -> None:
    brokers = chosen_brokers(context, broker)
    async with open_views(context) as views:

        async def look() -> Table:

            rows, shown, footer = [], [], []
            for name in brokers:
                view = await views.positions(name)
                if view is None:
                    footer.append(f"{name}: no trader has written positions yet: alphapanda status")
                    continue
                footer.append(age_line(context, name, view.written_at))
                for held in view.positions:
                    if not (held.quantity or everything):
                        continue
                    rows.append(
                        {
                            "broker": name,
                            **to_jsonable(held),
                            "unrealised": held.unrealised,
                            "exposure": held.exposure,
                        }
                    )
                    shown.append(
                        {
                            "broker": name,
                            "strategy": held.strategy_id,
                            "instrument": held.instrument,
                            "quantity": quantity(held.quantity, signed=True),
                            "average": price(held.average_price.quantize(PLACES)),
                            "last": price(held.last_price),
                            "unrealised": gain(held.unrealised),
                            "realised": gain(held.realised),
                            "charges": rupees(held.charges),
                        }
                    )
            empty = "\n".join(["No open position." if not everything else "No position yet.", *footer])
            return Table("positions", rows, shown, COLUMNS, empty, footer)

        await show(context, look, watch=watch, interval=interval)
