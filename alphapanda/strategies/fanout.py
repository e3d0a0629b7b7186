"""One decision becomes one signal for each broker, all with the same decision id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from alphapanda.ids import BrokerId, InstrumentId, derive_event_id
from alphapanda.model.envelope import Event, EventEnvelope, LogPosition, follow
from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import EventType, OrderType, TradingMode
from alphapanda.model.signal import Signal
from alphapanda.model.tick import TickRef
from alphapanda.strategies.config import StrategyConfig
from alphapanda.strategies.instance import SignalIntention

SOURCE = "strategies"

InstrumentLookup = Callable[[InstrumentId], Instrument | None]


def fan_out(
    cause: EventEnvelope[Any],
    at: LogPosition,
    config: StrategyConfig,
    steps: tuple[SignalIntention, ...],
    brokers: Mapping[BrokerId, TradingMode],
    instruments: InstrumentLookup,
) -> list[Event]:
    """Return the signals that carry out `steps`: in that order, each for every broker.

    Args:
        cause: the tick's envelope.
        at: where the tick stands in the log.
        config: of the strategy.
        steps: an exit, an entry, or an exit and an entry.
        brokers: those that get a copy.
        instruments: knows the price grid.
    """
    tick = cause.data
    ref = TickRef(cause.id, at.partition, at.offset, tick.exchange_ts, tick.last_price)
    events: list[Event] = []
    for n, intention in enumerate(steps):
        name = f"decision/{config.id}/{tick.instrument}"
        decision_id = derive_event_id(cause.id, name, n)
        limit_price = _on_grid(intention.limit_price, instruments(tick.instrument))
        for broker, mode in brokers.items():
            signal = Signal(
                decision_id=decision_id,
                strategy_id=config.id,
                broker=broker,
                trading_mode=mode,
                instrument=tick.instrument,
                instrument_token=tick.instrument_token,
                side=intention.side,
                quantity=intention.quantity,
                intent=intention.intent,
                order_type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
                limit_price=limit_price,
                product=config.product,
                tick=ref,
                reason=intention.reason,
            )
            events.append(
                follow(
                    cause,
                    EventType.SIGNAL_RAW,
                    signal,
                    key=config.id,
                    source=SOURCE,
                    broker=broker,
                    name=name,
                    n=n,
                    correlation_id=decision_id,
                )
            )
    return events


def _on_grid(price: float | None, instrument: Instrument | None) -> Decimal | None:
    if price is None:
        return None
    exact = Decimal(str(price))
    return exact if instrument is None else instrument.round_to_tick(exact)
