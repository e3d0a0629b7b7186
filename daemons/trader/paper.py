"""The paper trader of one broker: validated signals into orders, ticks into fills, profit for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from alphapanda.errors import PermanentError
from alphapanda.execution.paper import PaperTraderStage
from alphapanda.execution.quotes import HistoryRequest
from alphapanda.ids import BrokerId
from alphapanda.kafka.log import Log
from alphapanda.kafka.reading import read_all
from alphapanda.model.envelope import Event
from alphapanda.model.records import Partition, Record
from alphapanda.pipeline.compose import compose_paper_trader
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.settings.calendar_file import market_calendar
from alphapanda.state import keys
from alphapanda.state.orders_view import OrdersView
from alphapanda.state.views import PnlView, PositionsView
from daemons.service import DaemonContext
from daemons.stage_daemon import StageHooks, run_stage
from topics.services import TICKS, trader_of

PIECE = 20_000
"""Records read for one request before a batch; the rest is asked for again."""


class HistorySupplier:
    """Reads from the log the ticks that a paper trader no longer keeps; awaited before each batch.

    Args:
        log: what is read.
        routes: decodes it.
        stage: what asks.
        topic: of ticks.
    """

    def __init__(self, log: Log, routes: Routes, stage: PaperTraderStage, topic: str) -> None:
        self._log = log
        self._routes = routes
        self._stage = stage
        self._topic = topic

    async def __call__(self) -> None:
        """Supply the missing ticks, or report that the log no longer has them."""
        for request in self._stage.missing_history():
            await self._supply(request)

    async def _supply(self, request: HistoryRequest) -> None:
        partition = Partition(self._topic, request.partition)
        beginning = (await self._log.beginnings([partition]))[partition]
        if request.first_offset < beginning:
            self._stage.abandon_history(
                request, f"{partition} begins at {beginning}: the ticks from {request.first_offset} on are gone"
            )
            return
        piece = request.up_to(request.first_offset + PIECE - 1)
        start, end = {partition: piece.first_offset}, {partition: piece.last_offset + 1}
        key = str(request.instrument_token).encode()
        records = await read_all(self._log, start, end)
        self._stage.supply_history(piece, [tick for r in records if r.key == key and (tick := self._tick(r))])

    def _tick(self, record: Record) -> Event | None:
        """Return a tick; None for a record that is no tick: the runner dead-letters it when it reads it."""
        try:
            return self._routes.read(record)
        except PermanentError:
            return None


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
