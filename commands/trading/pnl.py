"""`alphapanda pnl`: profit, loss and exposure of each broker, side by side."""

from __future__ import annotations

import typer

from alphapanda.rupees import rupees
from alphapanda.serialization.codec import to_jsonable
from commands.shell.context import Context
from commands.shell.options import BrokerOption, IntervalOption, JsonOption, WatchOption
from commands.shell.output import Column
from commands.shell.reading import Table, age_line, chosen_brokers, gain, gain_style, open_views, show

COLUMNS = (
    Column("broker", "BROKER"),
    Column("mode", "MODE"),
    Column("state", "TRADING"),
    Column("net", "NET", right=True, style=gain_style),
    Column("realised", "REALISED", right=True, style=gain_style),
    Column("unrealised", "UNREALISED", right=True, style=gain_style),
    Column("charges", "CHARGES", right=True),
    Column("gross", "GROSS", right=True),
    Column("exposure", "EXPOSURE", right=True),
    Column("open", "OPEN", right=True),
    Column("orders", "ORDERS", right=True),
    Column("fills", "FILLS", right=True),
)


def register(app: typer.Typer) -> None:
    """Add `pnl`."""
    app.command("pnl")(pnl)


def pnl(
    call: typer.Context,
    broker: BrokerOption = None,
    json: JsonOption = False,
    watch: WatchOption = False,
    interval: IntervalOption = 1.0,
) -> None:
    """Show profit and loss, exposure and trading state of each broker.

    NET is realised + unrealised - charges. Example: alphapanda pnl --watch
    """
    context = Context.of(call, json=json)
    context.run(_show(context, broker, watch=watch, interval=interval))


async def _show(context: Context, broker: str | None, *, watch: bool, interval: float) -> None:
    brokers = chosen_brokers(context, broker)
    async with open_views(context) as views:

        async def look() -> Table:

            rows, shown, footer = [], [], []
            for name in brokers:
                view = await views.pnl(name)
                if view is None:
                    footer.append(f"{name}: no trader has written its profit yet: alphapanda status")
                    continue
                now = view.pnl
                footer.append(age_line(context, name, view.written_at))
                summary = {key: value for key, value in to_jsonable(now).items() if key != "positions"}
                rows.append({**summary, "trading_state": view.trading_state.value, "written_at": view.written_at})
                shown.append(
                    {
                        "broker": name,
                        "mode": now.trading_mode.value,
                        "state": view.trading_state.value,
                        "net": gain(now.net),
                        "realised": gain(now.realised),
                        "unrealised": gain(now.unrealised),
                        "charges": rupees(now.charges),
                        "gross": rupees(now.gross_exposure),
                        "exposure": rupees(now.net_exposure, signed=True),
                        "open": now.open_positions,
                        "orders": now.open_orders,
                        "fills": now.fills,
                    }
                )
            return Table("pnl", rows, shown, COLUMNS, "\n".join(["No profit or loss yet.", *footer]), footer)

        await show(context, look, watch=watch, interval=interval)
