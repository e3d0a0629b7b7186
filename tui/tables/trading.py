"""Signals, orders, positions, and what strategies made."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.style import Style

from alphapanda.model.kinds import Side, TradingMode
from alphapanda.model.order import OrderStatus
from alphapanda.model.signal import SignalIntent
from tui.render.spec import ASKED, USUAL, WIDE, TableColumn, TableSpec
from tui.store.money import PositionRow, StrategyRow
from tui.store.orders import OrderRow
from tui.store.signals import RiskVerdict, SignalRow
from tui.tables.documents import of_value
from tui.theme.formatter import Cell, Formatter, from_ms, span
from tui.theme.masking import amounts

ZERO = Decimal(0)
WIDE_TABLE = 165
"""Cells from which on a denial's reason, value and limit have columns of their own."""


def signals() -> TableSpec[SignalRow]:
    """Return the table of signals with risk's verdicts."""
    return TableSpec(
        name="signals",
        title="Signals & risk",
        noun="signals",
        columns=(
            TableColumn(
                key="time",
                title="Time",
                width=12,
                value=lambda r: r.written_ms,
                cell=lambda r, fmt: (fmt.clock_ms(r.written_ms), fmt.palette.dim),
            ),
            TableColumn(
                key="broker", title="Broker", width=9, most=16, value=lambda r: r.broker, cell=_signal_broker
            ),
            TableColumn(
                key="strategy",
                title="Strategy",
                width=16,
                most=24,
                value=lambda r: r.signal.strategy_id,
                rank=USUAL,
            ),
            TableColumn(key="instrument", title="Instrument", width=15, value=lambda r: r.signal.instrument),
            TableColumn(
                key="side",
                title="Side",
                width=4,
                value=lambda r: r.signal.side.value,
                cell=lambda r, fmt: side(r.signal.side, fmt),
            ),
            TableColumn(
                key="qty",
                title="Qty",
                width=6,
                right=True,
                value=lambda r: r.signal.quantity,
                cell=lambda r, fmt: (fmt.quantity(r.signal.quantity), None),
            ),
            TableColumn(
                key="intent",
                title="Intent",
                width=6,
                value=lambda r: r.signal.intent.value,
                rank=WIDE,
                cell=lambda r, fmt: (
                    r.signal.intent.value,
                    fmt.palette.dim if r.signal.intent is SignalIntent.EXIT else None,
                ),
            ),
            TableColumn(key="risk", title="Risk", width=9, value=lambda r: r.verdict.value, cell=_verdict),
            TableColumn(
                key="code",
                title="Reason",
                width=22,
                most=32,
                value=lambda r: r.code or None,
                rank=USUAL,
                least=WIDE_TABLE,
                cell=lambda r, fmt: (
                    r.code or fmt.glyphs.line,
                    fmt.palette.warn if r.code else fmt.palette.faint,
                ),
            ),
            TableColumn(
                key="value",
                title="Value",
                width=14,
                most=34,
                right=True,
                value=lambda r: r.value or None,
                rank=USUAL,
                least=WIDE_TABLE,
                cell=lambda r, fmt: (amounts(r.value, fmt), fmt.palette.bad),
            ),
            TableColumn(
                key="limit",
                title="Limit",
                width=14,
                most=34,
                right=True,
                value=lambda r: r.limit or None,
                rank=USUAL,
                least=WIDE_TABLE,
                cell=lambda r, fmt: (amounts(r.limit, fmt), fmt.palette.dim),
            ),
            TableColumn(
                key="said",
                title="Why",
                width=8,
                wish=40,
                value=_said_of,
                grow=True,
                below=WIDE_TABLE,
                cell=lambda r, fmt: (
                    amounts(_said_of(r), fmt),
                    fmt.palette.warn if r.code else fmt.palette.dim,
                ),
            ),
            TableColumn(
                key="why",
                title="Why",
                width=16,
                value=lambda r: r.why,
                grow=True,
                least=WIDE_TABLE,
                cell=lambda r, fmt: (amounts(r.why, fmt), fmt.palette.warn if r.code else fmt.palette.dim),
            ),
            TableColumn(key="decision", title="Decision", width=36, value=lambda r: r.correlation_id, rank=ASKED),
        ),
        search=lambda r: (
            f"{r.broker} {r.signal.strategy_id} {r.signal.instrument} {r.signal.side} {r.verdict} {r.code} {r.why}"
        ),
        document=lambda r: of_value("Signal", r.signal, r.record),
        empty="No signal yet: strategies speak when the market does.",
        sort="time",
        reverse=True,
    )


def _signal_broker(row: SignalRow, fmt: Formatter) -> Cell:
    return row.broker, fmt.palette.live if row.signal.trading_mode is TradingMode.LIVE else None


def _said_of(row: SignalRow) -> str:
    """Return a denial's reason, value and limit in one text; the strategy's words for what passed."""
    return f"{row.code}: {row.value}, limit {row.limit}" if row.code else row.why


def _verdict(row: SignalRow, fmt: Formatter) -> Cell:
    glyphs, palette = fmt.glyphs, fmt.palette
    match row.verdict:
        case RiskVerdict.ALLOWED:
            return f"{glyphs.done} allowed", palette.good
        case RiskVerdict.DENIED:
            return f"{glyphs.failed} denied", palette.bad
        case RiskVerdict.PENDING:
            return f"{glyphs.starting} pending", palette.warn


def side(value: Side, fmt: Formatter) -> Cell:
    """Return BUY or SELL in its colour, which no profit has."""
    return value.value, fmt.palette.buy if value is Side.BUY else fmt.palette.sell


_STATUS = {
    OrderStatus.SUBMITTED: ("starting", "accent"),
    OrderStatus.ACCEPTED: ("ok", "accent"),
    OrderStatus.PARTIALLY_FILLED: ("starting", "accent"),
    OrderStatus.PENDING_MODIFY: ("starting", "warn"),
    OrderStatus.PENDING_CANCEL: ("starting", "warn"),
    OrderStatus.UNKNOWN: ("failed", "bad"),
    OrderStatus.FILLED: ("done", "good"),
    OrderStatus.CANCELLED: ("stopped", "dim"),
    OrderStatus.REJECTED: ("failed", "bad"),
    OrderStatus.EXPIRED: ("stopped", "dim"),
}


def order_state(row: OrderRow, fmt: Formatter) -> Cell:
    """Return an order's state with its glyph."""
    glyph, style = _STATUS[row.order.status]
    found: Style = getattr(fmt.palette, style)
    return f"{getattr(fmt.glyphs, glyph)} {row.order.status.value}", found


def _order_age(row: OrderRow, fmt: Formatter) -> Cell:
    if row.is_open and row.sent_ms is not None:
        age = (fmt.now - from_ms(row.sent_ms)).total_seconds()
        return span(age), fmt.palette.warn if age > 60 else fmt.palette.accent
    if row.sent_ms is None or row.changed_ms is None:
        return "-", fmt.palette.dim
    took = row.changed_ms - row.sent_ms
    return (f"{took}ms" if took < 1_000 else span(took / 1_000)), fmt.palette.dim


def orders() -> TableSpec[OrderRow]:
    """Return the blotter."""
    return TableSpec(
        name="orders",
        title="Orders",
        noun="orders",
        columns=(
            TableColumn(
                key="time",
                title="Time",
                width=12,
                value=lambda r: r.order.submitted_at,
                cell=lambda r, fmt: (
                    fmt.clock_ms(r.sent_ms) if r.sent_ms else fmt.clock(r.order.submitted_at),
                    fmt.palette.dim,
                ),
            ),
            TableColumn(
                key="broker",
                title="Broker",
                width=9,
                most=16,
                value=lambda r: r.order.broker,
                cell=lambda r, fmt: (
                    r.order.broker,
                    fmt.palette.live if r.order.trading_mode is TradingMode.LIVE else None,
                ),
            ),
            TableColumn(
                key="strategy",
                title="Strategy",
                width=16,
                most=24,
                value=lambda r: r.order.strategy_id,
                rank=USUAL,
            ),
            TableColumn(
                key="instrument", title="Instrument", width=14, value=lambda r: r.order.instrument, grow=True
            ),
            TableColumn(
                key="side",
                title="Side",
                width=4,
                value=lambda r: r.order.side.value,
                cell=lambda r, fmt: side(r.order.side, fmt),
            ),
            TableColumn(
                key="qty",
                title="Qty",
                width=6,
                right=True,
                value=lambda r: r.order.quantity,
                cell=lambda r, fmt: (fmt.quantity(r.order.quantity), None),
            ),
            TableColumn(
                key="filled",
                title="Filled",
                width=6,
                right=True,
                value=lambda r: r.order.filled_quantity,
                rank=WIDE,
                cell=lambda r, fmt: (fmt.quantity(r.order.filled_quantity), None),
            ),
            TableColumn(key="type", title="Type", width=6, value=lambda r: r.order.order_type.value, rank=WIDE),
            TableColumn(key="product", title="Prod", width=4, value=lambda r: r.order.product.value, rank=WIDE),
            TableColumn(
                key="limit",
                title="Limit",
                width=10,
                right=True,
                value=lambda r: r.order.limit_price,
                rank=WIDE,
                cell=lambda r, fmt: (fmt.price(r.order.limit_price), None),
            ),
            TableColumn(
                key="average",
                title="Average",
                width=10,
                right=True,
                value=lambda r: r.order.average_price,
                cell=lambda r, fmt: (_average(r.order.average_price, fmt), None),
            ),
            TableColumn(
                key="status",
                title="Status",
                width=13,
                most=18,
                value=lambda r: r.order.status.value,
                cell=order_state,
            ),
            TableColumn(
                key="age", title="Age", width=7, right=True, value=lambda r: r.sent_ms, cell=_order_age, rank=USUAL
            ),
            TableColumn(
                key="reason",
                title="Reason",
                width=20,
                value=lambda r: r.order.reason or None,
                rank=WIDE,
                grow=True,
            ),
            TableColumn(key="id", title="Order", width=36, value=lambda r: r.order.client_order_id, rank=ASKED),
            TableColumn(
                key="venue", title="Venue order", width=20, value=lambda r: r.order.venue_order_id, rank=ASKED
            ),
        ),
        search=lambda r: (
            f"{r.order.broker} {r.order.strategy_id} {r.order.instrument} {r.order.side} {r.order.status} "
            f"{r.order.reason} {r.order.client_order_id}"
        ),
        document=lambda r: of_value("Order", r.order, r.record),
        empty="No order yet: risk has let nothing through.",
        sort="time",
        reverse=True,
        ages=True,
    )


def _average(value: Decimal | None, fmt: Formatter) -> str:
    return fmt.price(None if value is None else value.quantize(Decimal("0.01")))


def positions() -> TableSpec[PositionRow]:
    """Return the table of positions."""
    return TableSpec(
        name="positions",
        title="Positions",
        noun="positions",
        columns=(
            TableColumn(
                key="broker",
                title="Broker",
                width=9,
                most=16,
                value=lambda r: r.broker,
                cell=lambda r, fmt: (r.broker, fmt.palette.live if r.mode is TradingMode.LIVE else None),
            ),
            TableColumn(
                key="strategy", title="Strategy", width=16, most=24, value=lambda r: r.position.strategy_id
            ),
            TableColumn(
                key="instrument", title="Instrument", width=15, value=lambda r: r.position.instrument, grow=True
            ),
            TableColumn(
                key="qty", title="Quantity", width=8, right=True, value=lambda r: r.position.quantity, cell=_held
            ),
            TableColumn(
                key="average",
                title="Average",
                width=10,
                right=True,
                rank=USUAL,
                value=lambda r: r.position.average_price or None,
                cell=lambda r, fmt: (_average(r.position.average_price or None, fmt), None),
            ),
            TableColumn(
                key="last",
                title="Last",
                width=10,
                right=True,
                rank=USUAL,
                value=lambda r: r.position.last_price,
                cell=lambda r, fmt: (fmt.price(r.position.last_price), None),
            ),
            TableColumn(
                key="unrealised",
                title="Unrealised",
                width=14,
                right=True,
                rank=USUAL,
                value=lambda r: r.position.unrealised,
                cell=lambda r, fmt: fmt.gain(r.position.unrealised),
            ),
            TableColumn(
                key="realised",
                title="Realised",
                width=14,
                right=True,
                rank=WIDE,
                value=lambda r: r.position.realised,
                cell=lambda r, fmt: fmt.gain(r.position.realised),
            ),
            TableColumn(
                key="charges",
                title="Charges",
                width=11,
                right=True,
                rank=WIDE,
                value=lambda r: r.position.charges,
                cell=lambda r, fmt: (fmt.money(r.position.charges), fmt.palette.dim),
            ),
            TableColumn(
                key="net",
                title="P&L",
                width=15,
                right=True,
                value=lambda r: r.net,
                cell=lambda r, fmt: fmt.gain(r.net),
            ),
            TableColumn(
                key="exposure",
                title="Exposure",
                width=13,
                right=True,
                rank=WIDE,
                value=lambda r: r.position.exposure,
                cell=lambda r, fmt: (fmt.money(r.position.exposure, signed=True), None),
            ),
        ),
        search=lambda r: f"{r.broker} {r.position.strategy_id} {r.position.instrument}",
        document=lambda r: of_value("Position", r.position),
        empty="No position yet: nothing was filled.",
        sort="instrument",
    )


def _held(row: PositionRow, fmt: Formatter) -> Cell:
    quantity = row.position.quantity
    style = fmt.palette.dim if not quantity else fmt.palette.buy if quantity > 0 else fmt.palette.sell
    return fmt.quantity(quantity, signed=True), style


def strategies(brokers: Sequence[str]) -> TableSpec[StrategyRow]:
    """Return what each strategy made, with a column for each broker: paper beside live."""

    def broker_column(broker: str) -> TableColumn[StrategyRow]:
        return TableColumn(
            key=broker.replace("-", "_"),
            title=broker,
            width=15,
            right=True,
            value=lambda r: r.nets.get(broker),
            cell=lambda r, fmt: fmt.gain(r.nets.get(broker)),
        )

    return TableSpec(
        name="strategies",
        title="By strategy",
        noun="strategies",
        columns=(
            TableColumn(key="strategy", title="Strategy", width=18, value=lambda r: r.strategy, grow=True),
            *(broker_column(broker) for broker in brokers),
            TableColumn(
                key="difference",
                title="Difference",
                width=15,
                right=True,
                rank=USUAL,
                value=_difference,
                cell=lambda r, fmt: fmt.gain(_difference(r)),
            ),
            TableColumn(
                key="open",
                title="Open",
                width=5,
                right=True,
                value=lambda r: sum(r.open.values()),
                cell=lambda r, fmt: (fmt.count(sum(r.open.values())), None),
            ),
            TableColumn(
                key="exposure",
                title="Exposure",
                width=13,
                right=True,
                rank=USUAL,
                value=lambda r: r.exposure,
                cell=lambda r, fmt: (fmt.money(r.exposure), None),
            ),
        ),
        search=lambda r: r.strategy,
        document=lambda r: of_value("Strategy", r),
        empty="No strategy has traded yet.",
        sort="strategy",
    )


def _difference(row: StrategyRow) -> Decimal | None:
    """Return the second broker's profit less the first's: what real money did that paper did not."""
    if len(row.nets) < 2:
        return None
    one, other = list(row.nets.values())[:2]
    return other - one
