"""Overview, Market, Signals, Orders, Positions."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.panes.candles import CandleChart, DepthLadder
from tui.panes.cards import Attention, BrokerCards, DayChart
from tui.panes.pane import DrawnPane, TablePane
from tui.panes.recent import Lately
from tui.panes.summary import DenialBars, OrderCounts, SignalDetail, SystemCard
from tui.render.table import LiveTable
from tui.screens.base import Scene, View
from tui.store.signals import SignalRow
from tui.store.store import Store
from tui.tables import market, trading

NARROW = 110
FRAME = 2
SYSTEM_FACTS = 5
LEAST_LATELY = 6


class OverviewView(View):
    """Is anything wrong, and am I making or losing money."""

    def compose(self) -> ComposeResult:
        """Attention on top, then the brokers, then the day beside the system."""
        attention = Attention(self.scene.troubles, self.scene.waiting, id="attention-body")
        yield DrawnPane("Attention", attention, needs=(), id="attention")
        yield DrawnPane("Brokers", BrokerCards(id="cards"), needs=("Kafka", "Redis"), id="brokers")
        with Horizontal(id="overview-bottom"):
            chart = DayChart(id="day-chart")
            chart.empty = ("No profit or loss yet.", "The traders write it about once a second.")
            yield DrawnPane("Profit along the day", chart, id="day")
            with Vertical(id="overview-right"):
                card = SystemCard(self.scene.status.calendar, id="system-card")
                yield DrawnPane("System", card, needs=("Supervisor",), id="system")
                lately = Lately(id="lately-body")
                lately.empty = ("No order and no denial yet.",)
                yield DrawnPane("Lately", lately, id="lately")

    def prepare(self, desk: Store) -> None:
        """Give the upper panes the height that they need, the lower ones the rest."""
        super().prepare(desk)
        screen = self.app.size
        narrow = screen.width < NARROW
        concerns = max(1, min(2 if narrow else 5, self.query_one(Attention).count))
        self.query_one("#attention").styles.height = concerns + FRAME
        cards = self.query_one(BrokerCards)
        self.query_one("#brokers").styles.height = cards.rows_needed(desk, cards.size.width or screen.width)
        lately, system = self.query_one("#lately"), self.query_one("#system")
        needed = SYSTEM_FACTS + len(desk.system.daemons) + FRAME
        room = self.query_one("#overview-right").size.height
        lately.display = not narrow and room - needed >= LEAST_LATELY
        system.styles.height = needed if lately.display else "1fr"


class MarketView(View):
    """Quotes, and the selected instrument's book and candles."""

    def __init__(self, scene: Scene, name: str) -> None:
        super().__init__(scene, name)
        self.ladder = DepthLadder(id="ladder")
        self.candles = CandleChart(id="candles")
        self.ladder.empty = self.candles.empty = ("No tick of an instrument yet.",)

    def compose(self) -> ComposeResult:
        """Quotes beside the selected instrument."""
        spec = market.quotes(lambda: self.desk.market)
        yield TablePane(spec, lambda desk: desk.market.quotes, self.scene.look).counting(
            lambda d: d.market.updates
        )
        with Vertical(id="instrument"):
            yield DrawnPane("Book", self.ladder, id="book")
            yield DrawnPane("Minutes", self.candles, id="minutes")

    def prepare(self, desk: Store) -> None:
        """Draw the selected instrument."""
        super().prepare(desk)
        table = self.query_one("#table-quotes", LiveTable)
        key = table.current_key
        self.ladder.instrument = self.candles.instrument = None if key is None else str(key)
        pane = self.query_one("#minutes", DrawnPane)
        pane.title = "Minutes" if key is None else f"Minutes {self.scene.look.glyphs.dot} {key}"


class SignalsView(View):
    """Signals, and why risk denied what it denied."""

    def compose(self) -> ComposeResult:
        """Signals over the selected one's verdict and the counts."""
        pane = TablePane(trading.signals(), lambda desk: desk.signals.rows, self.scene.look)
        yield pane.counting(lambda desk: desk.signals.changes)
        with Horizontal(id="verdicts"):
            verdict, bars = SignalDetail(self._selected, id="verdict-body"), DenialBars(id="denials-body")
            verdict.empty = ("Select a signal: its checks are shown.",)
            bars.empty = ("Risk has judged nothing yet.",)
            yield DrawnPane("Verdict", verdict, id="verdict")
            yield DrawnPane("What risk said", bars, id="denials")

    def _selected(self) -> SignalRow | None:
        row = self.query_one("#table-signals", LiveTable).current
        return row if isinstance(row, SignalRow) else None


class OrdersScreen(View):
    """The blotter."""

    def compose(self) -> ComposeResult:
        """Counts over the orders."""
        yield DrawnPane("By state", OrderCounts(id="counts-body"), id="counts")
        pane = TablePane(
            trading.orders(), lambda desk: desk.orders.rows, self.scene.look, needs=("Kafka", "Redis")
        )
        yield pane.counting(lambda desk: desk.orders.changes)


class PositionsScreen(View):
    """What is held, and what it made."""

    def compose(self) -> ComposeResult:
        """Strategies over positions."""
        brokers = list(self.scene.desk.money.brokers)
        look = self.scene.look
        yield TablePane(
            trading.positions(), lambda desk: desk.money.positions, look, needs=("Kafka", "Redis")
        ).counting(lambda desk: desk.money.changes)
        yield TablePane(
            trading.strategies(brokers), lambda desk: desk.money.strategies, look, needs=("Kafka", "Redis")
        ).counting(lambda desk: desk.money.changes)
