"""What a strategy wants, and what risk said of it."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from alphapanda.ids import BrokerId, EventId, InstrumentId, StrategyId
from alphapanda.model.kinds import OrderType, Product, Side, TradingMode, Validity
from alphapanda.model.tick import TickRef


class SignalIntent(StrEnum):
    """What a signal does to the position."""

    ENTRY = "ENTRY"
    """Opens or adds."""
    EXIT = "EXIT"
    """Only reduces: it can never open the other way."""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One wish of one strategy, addressed to one broker.

    Attributes:
        decision_id: the decision behind it, the same for every broker it was fanned out to.
        strategy_id: who wants it.
        broker: whose copy this is.
        trading_mode: of that broker.
        instrument: what.
        instrument_token: the feed's number for it.
        side: BUY or SELL.
        quantity: units, positive.
        intent: whether it opens or only reduces.
        order_type: MARKET or LIMIT.
        limit_price: for LIMIT, rupees.
        product: CNC, MIS or NRML.
        validity: DAY or IOC.
        tick: the tick it was decided on; for an operator's order the newest one that the strategy named, which
            only says where the instrument's ticks stand.
        reason: the strategy's own words, e.g. `EMA 12 crossed above EMA 26`.
        command_id: the operator's command that it follows from; None for a strategy's wish.
    """

    decision_id: EventId
    strategy_id: StrategyId
    broker: BrokerId
    trading_mode: TradingMode
    instrument: InstrumentId
    instrument_token: int
    side: Side
    quantity: int
    intent: SignalIntent
    order_type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    product: Product = Product.MIS
    validity: Validity = Validity.DAY
    tick: TickRef
    reason: str = ""
    command_id: EventId | None = None


class DenialCode(StrEnum):
    """Why risk denied a signal; form CATEGORY_CONDITION. The docs table is made from this."""

    TRADING_HALTED = "TRADING_HALTED"
    TRADING_REDUCING = "TRADING_REDUCING"
    ORDER_UNSUPPORTED = "ORDER_UNSUPPORTED"
    INSTRUMENT_UNKNOWN = "INSTRUMENT_UNKNOWN"
    QUANTITY_INVALID = "QUANTITY_INVALID"
    QUANTITY_EXCEEDS_MAX = "QUANTITY_EXCEEDS_MAX"
    NOTIONAL_EXCEEDS_MAX = "NOTIONAL_EXCEEDS_MAX"
    PRICE_OUTSIDE_COLLAR = "PRICE_OUTSIDE_COLLAR"
    PRICE_MISSING = "PRICE_MISSING"
    PRICE_INVALID = "PRICE_INVALID"
    TICK_STALE = "TICK_STALE"
    SIGNAL_DUPLICATE = "SIGNAL_DUPLICATE"
    RATE_EXCEEDS_MAX = "RATE_EXCEEDS_MAX"
    POSITIONS_EXCEED_MAX = "POSITIONS_EXCEED_MAX"
    EXIT_WITHOUT_POSITION = "EXIT_WITHOUT_POSITION"


class CheckResult(msgspec.Struct, frozen=True):
    """What one check measured against what it allows; both as text with units."""

    check: str
    value: str
    limit: str


class SignalValidated(msgspec.Struct, frozen=True, kw_only=True):
    """Risk lets it pass.

    Attributes:
        signal: as it was, but for the quantity of an exit, which is cut to what is held.
        checks: every check that ran.
    """

    signal: Signal
    checks: tuple[CheckResult, ...] = ()


class SignalRejected(msgspec.Struct, frozen=True, kw_only=True):
    """Risk denied it.

    Attributes:
        signal: as it was.
        code: why.
        failed: the check that failed, with the value and the limit.
        message: the same in words.
        checks: those that passed before it.
    """

    signal: Signal
    code: DenialCode
    failed: CheckResult
    message: str
    checks: tuple[CheckResult, ...] = ()
