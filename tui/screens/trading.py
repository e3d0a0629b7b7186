"""Overview, Market, Signals, Orders, Positions."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.panes.candles import CandleChart, DepthLadder
from tui.panes.cards import Attention, BrokerCards, DayChart
from tui.panes.pane import DrawingPane, TablePane
from tui.panes.recent import RecentEvents
from tui.panes.summary import DenialBars, OrderCounts, SignalDetail, SystemCard
from tui.render.table import LiveTable
from tui.screens.base import DashboardScreen, ScreenContext
from tui.store.signals import SignalRow
from tui.store.store import Store
from tui.tables import market, trading

NARROW = 110
FRAME = 2
SYSTEM_FACTS = 5
LEAST_LATELY = 6


class OverviewScreen(DashboardScreen):
    """Is anything wrong, and am I making or losing money."""

    def compose(self) -> ComposeResult:
        """Attention on top, then the brokers, then the day beside the system."""
        attention = Attention(self.context.troubles, self.context.waiting, id="attention-body")
        yield DrawingPane("Attention", attention, needs=(), id="attention")
        yield DrawingPane("Brokers", BrokerCards(id="cards"), needs=("Kafka", "Redis"), id="brokers")
        with Horizontal(id="overview-bottom"):
            chart = DayChart(id="day-chart")
            chart.empty = ("No P&L yet.", "Traders write it about once a second.")
            yield DrawingPane("P&L today", chart, id="day")
            with Vertical(id="overview-right"):
                card = SystemCard(self.context.status.calendar, id="system-card")
                yield DrawingPane("System", card, needs=("Supervisor",), id="system")
                recent = RecentEvents(id="lately-body")
                recent.empty = ("No orders or denials yet.",)
                yield DrawingPane("Recent", recent, id="lately")

    def prepare(self, store: Store) -> None:
        """Give the upper panes the height that they need, the lower ones the rest."""
        super().prepare(store)
        screen = self.app.size
        narrow = screen.width < NARROW
        concerns = max(1, min(2 if narrow else 5, self.query_one(Attention).count))
        self.query_one("#attention").styles.height = concerns + FRAME
        cards = self.query_one(BrokerCards)
        self.query_one("#brokers").styles.height = cards.rows_needed(store, cards.size.width or screen.width)
        recent, system = self.query_one("#lately"), self.query_one("#system")
        needed = SYSTEM_FACTS + len(store.system.daemons) + FRAME
        room = self.query_one("#overview-right").size.height
        recent.display = not narrow and room - needed >= LEAST_LATELY
        system.styles.height = needed if recent.display else "1fr"


class MarketScreen(DashboardScreen):
    """Quotes, and the selected instrument's book and candles."""

    def __init__(self, context: ScreenContext, name: str) -> None:
        super().__init__(context, name)
        self.ladder = DepthLadder(id="ladder")
        self.candles = CandleChart(id="candles")
        self.ladder.empty = self.candles.empty = ("No ticks yet.",)

    def compose(self) -> ComposeResult:
        """Quotes beside the selected instrument."""
        spec = market.quotes(lambda: self.store.market)
        yield TablePane(spec, lambda store: store.market.quotes, self.context.fmt).counting(
            lambda d: d.market.updates
        )
        with Vertical(id="instrument"):
            yield DrawingPane("Book", self.ladder, id="book")
            yield DrawingPane("Minutes", self.candles, id="minutes")

    def prepare(self, store: Store) -> None:
        """Draw the selected instrument."""
        super().prepare(store)
        table = self.query_one("#table-quotes", LiveTable)
        key = table.current_key
        self.ladder.instrument = self.candles.instrument = None if key is None else str(key)
        pane = self.query_one("#minutes", DrawingPane)
        pane.title = "Minutes" if key is None else f"Minutes {self.context.fmt.glyphs.dot} {key}"


class SignalsScreen(DashboardScreen):
    """Signals, and why risk denied what it denied."""

    def compose(self) -> ComposeResult:
        """Signals over the selected one's verdict and the counts."""
        pane = TablePane(trading.signals(), lambda store: store.signals.rows, self.context.fmt)
        yield pane.counting(lambda store: store.signals.changes)
        with Horizontal(id="verdicts"):
            verdict, bars = SignalDetail(self._selected, id="verdict-body"), DenialBars(id="denials-body")
            verdict.empty = ("Select a signal to see its risk checks.",)
            bars.empty = ("No risk verdicts yet.",)
            yield DrawingPane("Verdict", verdict, id="verdict")
            yield DrawingPane("Risk verdicts", bars, id="denials")

    def _selected(self) -> SignalRow | None:
        row = self.query_one("#table-signals", LiveTable).current
        return row if isinstance(row, SignalRow) else None


class OrdersScreen(DashboardScreen):
    """The blotter."""

    def compose(self) -> ComposeResult:
        """Counts over the orders."""
        yield DrawingPane("By state", OrderCounts(id="counts-body"), id="counts")
        pane = TablePane(
            trading.orders(), lambda store: store.orders.rows, self.context.fmt, needs=("Kafka", "Redis")
        )
        yield pane.counting(lambda store: store.orders.changes)


class PositionsScreen(DashboardScreen):
    """What is held, and what it made."""

    def compose(self) -> ComposeResult:
        """Strategies over positions."""
        brokers = list(self.context.store.money.brokers)
        fmt = self.context.fmt
        yield TablePane(
            trading.positions(), lambda store: store.money.positions, fmt, needs=("Kafka", "Redis")
        ).counting(lambda store: store.money.changes)
        yield TablePane(
            trading.strategies(brokers), lambda store: store.money.strategies, fmt, needs=("Kafka", "Redis")
        ).counting(lambda store: store.money.changes)
