"""The paper trader of one broker: validated signals into orders, ticks into fills, profit for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from alphapanda.execution.paper import PaperTraderStage
from alphapanda.ids import BrokerId
from alphapanda.pipeline.compose import compose_paper_trader
from alphapanda.pipeline.documents import market_calendar
from alphapanda.state import keys
from alphapanda.state.orders_view import OrdersView
from alphapanda.state.views import PnlView, PositionsView
from daemons.history import HistorySupplier
from daemons.service import DaemonContext
from daemons.stage_daemon import StageHooks, run_stage
from topics.services import TICKS, trader_of


class PaperTraderService:
    """Runs `PaperTraderStage` on Kafka.

    Args:
        broker: whose orders.
    """

    def __init__(self, broker: BrokerId) -> None:
        self._broker = broker

    @property
    def name(self) -> str:
        """`trader.{broker}`."""
        return trader_of(self._broker).name

    async def run(self, context: DaemonContext) -> None:
        """Recover, then trade on paper until told to stop."""
        broker = self._broker
        composed = compose_paper_trader(
            context.settings,
            broker,
            calendar=market_calendar(context.settings, context.deployment),
            accept_log_reset=context.accept_log_reset,
        )
        stage = composed.stage
        hooks = StageHooks(
            views=lambda now: views_of(stage, broker, now),
            before_batch=lambda log, decoding: HistorySupplier(log, decoding, stage, TICKS),
        )
        await run_stage(composed, context, hooks)


def views_of(stage: PaperTraderStage, broker: BrokerId, now: datetime) -> Mapping[str, msgspec.Struct]:
    """Return what people look at, by key."""
    return {
        keys.positions(broker): PositionsView(written_at=now, positions=stage.positions()),
        keys.orders(broker): OrdersView(written_at=now, orders=stage.orders()),
        keys.pnl(broker): PnlView(
            written_at=now, trading_state=stage.trading_state, pnl=stage.pnl(stage.seen_until or now)
        ),
    }
