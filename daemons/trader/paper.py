"""The paper trader of one broker: validated signals into orders, ticks into fills, profit for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from alphapanda import __version__
from alphapanda.execution.paper import PaperTraderStage
from alphapanda.ids import MARKET, BrokerId
from alphapanda.model.kinds import EventType
from alphapanda.pipeline.runner_config import RunnerSpec
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.settings.topics import catalogue_of
from alphapanda.state import keys
from alphapanda.state.orders_view import OrdersView
from alphapanda.state.views import PnlView, PositionsView
from daemons.history import HistorySupplier
from daemons.instruments import lookup_of
from daemons.service import DaemonContext
from daemons.stage_daemon import StageWork, active_modes, run_stage

WRITES = (
    EventType.ORDER_SUBMITTED,
    EventType.ORDER_ACCEPTED,
    EventType.ORDER_FILLED,
    EventType.ORDER_CANCELLED,
    EventType.ORDER_REJECTED,
    EventType.ORDER_EXPIRED,
    EventType.PNL_SNAPSHOT,
    EventType.CONTROL_EVENT,
)


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
        return f"trader.{self._broker}"

    async def run(self, context: DaemonContext) -> None:
        """Recover, then trade on paper until told to stop."""
        settings, broker = context.settings, self._broker
        routes = Routes(catalogue_of(settings), broker)
        stage = PaperTraderStage(
            broker,
            active_modes(settings)[broker],
            lookup_of(settings),
            timedelta(milliseconds=settings.paper_broker(broker).latency_ms),
        )
        ticks = routes.topic(EventType.MARKET_TICK, MARKET)
        validated = routes.topic(EventType.SIGNAL_VALIDATED, broker)
        work = StageWork(
            name=self.name,
            stage=stage,
            spec=RunnerSpec(
                group=f"{broker}.trader",
                broker=broker,
                inputs=(validated, ticks, routes.topic(EventType.CONTROL_COMMAND, broker)),
                outputs=tuple((kind, broker) for kind in WRITES),
                timer=True,
                accept_log_reset=context.accept_log_reset,
                version=__version__,
            ),
            owned=(validated,),
            views=lambda now: views_of(stage, broker, now),
            before_batch=lambda log, decoding: HistorySupplier(log, decoding, stage, ticks),
        )
        await run_stage(work, context)


def views_of(stage: PaperTraderStage, broker: BrokerId, now: datetime) -> Mapping[str, msgspec.Struct]:
    """Return what people look at, by key."""
    return {
        keys.positions(broker): PositionsView(written_at=now, positions=stage.positions()),
        keys.orders(broker): OrdersView(written_at=now, orders=stage.orders()),
        keys.pnl(broker): PnlView(
            written_at=now, trading_state=stage.trading_state, pnl=stage.pnl(stage.seen_until or now)
        ),
    }
