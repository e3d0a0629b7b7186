"""The checks, one function each: what was measured, against what, and the code when it is over.

A signal is judged as of the tick that caused it. So the same signal is judged alike however far the
feed has run ahead; the exceptions are the limits that span instruments (rate, open positions), which
depend on the order in which signals come, and the lag of the market, which is judged for real money only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from alphapanda.model.instrument import Instrument
from alphapanda.model.kinds import OrderType, Product, Side, TradingMode, TradingState, Validity
from alphapanda.model.signal import CheckResult, DenialCode, Signal, SignalIntent
from alphapanda.risk.limits import RiskLimits

MILLISECOND = timedelta(milliseconds=1)
BPS = Decimal(10_000)


class DuplicateKey(msgspec.Struct, frozen=True):
    """What makes two entries alike."""

    side: Side
    quantity: int
    order_type: OrderType
    limit_price: Decimal | None
    product: Product

    @classmethod
    def of(cls, signal: Signal) -> DuplicateKey:
        """Return the likeness of a signal."""
        return cls(signal.side, signal.quantity, signal.order_type, signal.limit_price, signal.product)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskContext:
    """What is known when a signal is judged.

    Attributes:
        limits: of the broker.
        mode: of the broker.
        state: its trading state.
        why: the same with who and why.
        instrument: the signal's, None when it is not known.
        ts: event time of the signal.
        newest: event time of the newest signal of its strategy and instrument so far.
        market_time: exchange time of the newest tick seen; None where ticks are not read.
        net_units: units validated for its strategy and instrument, signed, less what was left undone.
        open_positions: pairs of strategy and instrument that are not flat.
        last_like: the last signal passed for its strategy and instrument, if that was an entry.
        last_ts: event time of it.
        rate: most entries and exits that any second around `ts` would hold, this signal included.
    """

    limits: RiskLimits
    mode: TradingMode
    state: TradingState
    why: str
    instrument: Instrument | None
    ts: datetime
    newest: datetime | None
    market_time: datetime | None
    net_units: int
    open_positions: int
    last_like: DuplicateKey | None
    last_ts: datetime | None
    rate: int


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """What one check found; `code` is None when it passed."""

    result: CheckResult
    code: DenialCode | None = None
    message: str = ""


Check = Callable[[Signal, RiskContext], CheckFinding]


def trading_state(signal: Signal, facts: RiskContext) -> CheckFinding:
    """ACTIVE passes all, REDUCING passes exits, HALTED passes nothing."""
    is_exit = signal.intent is SignalIntent.EXIT
    result = CheckResult("trading_state", facts.why, "ACTIVE or REDUCING" if is_exit else "ACTIVE")
    if facts.state is TradingState.HALTED:
        return CheckFinding(result, DenialCode.TRADING_HALTED, f"Trading is {facts.why}.")
    if facts.state is TradingState.REDUCING and not is_exit:
        return CheckFinding(result, DenialCode.TRADING_REDUCING, f"Trading is {facts.why}; only exits pass.")
    return CheckFinding(result)


def order_form(signal: Signal, facts: RiskContext) -> CheckFinding:
    """MARKET without a price or LIMIT, for the DAY or IOC: what every broker here can do."""
    del facts
    result = CheckResult("order_form", f"{signal.order_type} {signal.validity}", "MARKET or LIMIT, DAY or IOC")
    if signal.order_type not in {OrderType.MARKET, OrderType.LIMIT}:
        return CheckFinding(result, DenialCode.ORDER_UNSUPPORTED, f"{signal.order_type} orders are not supported.")
    if signal.validity not in {Validity.DAY, Validity.IOC}:
        return CheckFinding(result, DenialCode.ORDER_UNSUPPORTED, f"Validity {signal.validity} is not supported.")
    return CheckFinding(result)


def instrument_known(signal: Signal, facts: RiskContext) -> CheckFinding:
    """The instrument is loaded, under the token that the signal names."""
    result = CheckResult("instrument", f"{signal.instrument} ({signal.instrument_token})", "a loaded instrument")
    if facts.instrument is None:
        return CheckFinding(result, DenialCode.INSTRUMENT_UNKNOWN, f"{signal.instrument} is not loaded.")
    if facts.instrument.instrument_token != signal.instrument_token:
        known = facts.instrument.instrument_token
        message = f"{signal.instrument} is token {known}, the signal says {signal.instrument_token}."
        return CheckFinding(result, DenialCode.INSTRUMENT_UNKNOWN, message)
    return CheckFinding(result)


def quantity_valid(signal: Signal, facts: RiskContext) -> CheckFinding:
    """Positive, in whole lots."""
    lot = facts.instrument.lot_size if facts.instrument else 1
    result = CheckResult("quantity", f"{signal.quantity} units", f"> 0, in lots of {lot} units")
    if signal.quantity <= 0 or signal.quantity % lot:
        return CheckFinding(
            result, DenialCode.QUANTITY_INVALID, f"{signal.quantity} units are not whole lots of {lot}."
        )
    return CheckFinding(result)


def reduces(signal: Signal, facts: RiskContext) -> CheckFinding:
    """An exit has something to reduce on the other side; how much of it is cut to that by the stage."""
    held = facts.net_units
    result = CheckResult("reduce_only", f"{signal.side} against {held} units", "a position on the other side")
    if signal.intent is SignalIntent.EXIT and held * signal.side.sign >= 0:
        message = f"{signal.strategy_id} has no {signal.instrument} that a {signal.side} reduces."
        return CheckFinding(result, DenialCode.EXIT_WITHOUT_POSITION, message)
    return CheckFinding(result)


def max_quantity(signal: Signal, facts: RiskContext) -> CheckFinding:
    """Entries are bounded in units. Exits are not: a limit must never hold a position open."""
    limit = facts.limits.max_order_quantity_units
    result = CheckResult("max_order_quantity", f"{signal.quantity} units", f"{limit} units")
    if signal.intent is SignalIntent.ENTRY and signal.quantity > limit:
        return CheckFinding(
            result, DenialCode.QUANTITY_EXCEEDS_MAX, f"{signal.quantity} units are more than {limit} units."
        )
    return CheckFinding(result)


def price_known(signal: Signal, facts: RiskContext) -> CheckFinding:
    """The tick behind the signal has a price."""
    result = CheckResult("reference_price", f"₹{signal.tick.last_price}", "> ₹0")
    if _reference(signal, facts) is None:
        return CheckFinding(result, DenialCode.PRICE_MISSING, f"The tick behind it says {signal.tick.last_price}.")
    return CheckFinding(result)


def price_valid(signal: Signal, facts: RiskContext) -> CheckFinding:
    """LIMIT has a positive price on the grid, MARKET has none."""
    price = signal.limit_price
    grid = facts.instrument.tick_size if facts.instrument else Decimal(0)
    if signal.order_type is OrderType.MARKET:
        result = CheckResult("limit_price", "none" if price is None else f"₹{price}", "none")
        if price is not None:
            return CheckFinding(result, DenialCode.PRICE_INVALID, "A MARKET order has no limit price.")
        return CheckFinding(result)
    result = CheckResult("limit_price", "none" if price is None else f"₹{price}", f"> ₹0, a multiple of ₹{grid}")
    if price is None or not price.is_finite() or price <= 0 or (grid and price % grid):
        return CheckFinding(result, DenialCode.PRICE_INVALID, f"A LIMIT order's price is on the grid of ₹{grid}.")
    return CheckFinding(result)


def tick_fresh(signal: Signal, facts: RiskContext) -> CheckFinding:
    """The tick was not old when it was decided on; for real money, nor has the market moved on since."""
    decided = facts.ts if facts.newest is None else max(facts.ts, facts.newest)
    age, limit = _ms(decided - signal.tick.exchange_ts), facts.limits.max_tick_age_ms
    if age > limit:
        result = CheckResult("tick_age", f"{age} ms", f"{limit} ms")
        return CheckFinding(
            result, DenialCode.TICK_STALE, f"The tick behind it was {age} ms old, {limit} ms are allowed."
        )
    if facts.mode is not TradingMode.PAPER and facts.market_time is not None:
        lag, limit = _ms(facts.market_time - signal.tick.exchange_ts), facts.limits.max_market_lag_ms
        result = CheckResult("market_lag", f"{lag} ms", f"{limit} ms")
        if lag > limit:
            message = f"The market has moved on by {lag} ms since its tick, {limit} ms are allowed."
            return CheckFinding(result, DenialCode.TICK_STALE, message)
        return CheckFinding(result)
    return CheckFinding(CheckResult("tick_age", f"{age} ms", f"{limit} ms"))


def max_notional(signal: Signal, facts: RiskContext) -> CheckFinding:
    """Entries are bounded in rupees. Exits are not: a limit must never hold a position open."""
    price = signal.limit_price or _reference(signal, facts) or Decimal(0)
    notional, limit = price * signal.quantity, facts.limits.max_order_notional_rupees
    result = CheckResult("max_order_notional", f"₹{notional}", f"₹{limit}")
    if signal.intent is SignalIntent.ENTRY and notional > limit:
        return CheckFinding(result, DenialCode.NOTIONAL_EXCEEDS_MAX, f"₹{notional} are more than ₹{limit}.")
    return CheckFinding(result)


def price_collar(signal: Signal, facts: RiskContext) -> CheckFinding:
    """A limit price is near the price of the tick behind the signal, either way."""
    limit = facts.limits.price_collar_bps
    reference = _reference(signal, facts)
    if signal.limit_price is None or reference is None:
        return CheckFinding(CheckResult("price_collar", "no limit price", f"{limit} bps"))
    away = abs(signal.limit_price - reference) / reference * BPS
    result = CheckResult("price_collar", f"{away:.2f} bps", f"{limit} bps")
    if away > limit:
        message = f"₹{signal.limit_price} is {away:.2f} bps from ₹{reference}, {limit} bps are allowed."
        return CheckFinding(result, DenialCode.PRICE_OUTSIDE_COLLAR, message)
    return CheckFinding(result)


def not_duplicate(signal: Signal, facts: RiskContext) -> CheckFinding:
    """An entry differs from the last signal that passed, or comes after the window."""
    window = facts.limits.duplicate_window_ms
    limit = f"{window} ms"
    if signal.intent is SignalIntent.EXIT or facts.last_like != DuplicateKey.of(signal) or facts.last_ts is None:
        return CheckFinding(CheckResult("duplicate_window", "differs from the last", limit))
    apart = abs(_ms(facts.ts - facts.last_ts))
    result = CheckResult("duplicate_window", f"{apart} ms after its like", limit)
    if apart < window:
        return CheckFinding(result, DenialCode.SIGNAL_DUPLICATE, f"The same entry passed {apart} ms before.")
    return CheckFinding(result)


def max_positions(signal: Signal, facts: RiskContext) -> CheckFinding:
    """An entry that opens a position leaves no more open than allowed."""
    limit = facts.limits.max_open_positions
    opens = signal.intent is SignalIntent.ENTRY and facts.net_units == 0
    count = facts.open_positions + opens
    result = CheckResult("max_open_positions", f"{count} positions", f"{limit} positions")
    if opens and count > limit:
        return CheckFinding(
            result, DenialCode.POSITIONS_EXCEED_MAX, f"It would be open position {count}, {limit} are allowed."
        )
    return CheckFinding(result)


def max_rate(signal: Signal, facts: RiskContext) -> CheckFinding:
    """No second of event time holds more orders than allowed. Exits count and pass."""
    limit = facts.limits.max_orders_per_second
    result = CheckResult("max_orders_per_second", f"{facts.rate} orders/s", f"{limit} orders/s")
    if signal.intent is SignalIntent.ENTRY and facts.rate > limit:
        return CheckFinding(
            result,
            DenialCode.RATE_EXCEEDS_MAX,
            f"It would be order {facts.rate} of one second, {limit} are allowed.",
        )
    return CheckFinding(result)


CHECKS: tuple[Check, ...] = (
    trading_state,
    order_form,
    instrument_known,
    quantity_valid,
    reduces,
    max_quantity,
    price_known,
    price_valid,
    tick_fresh,
    max_notional,
    price_collar,
    not_duplicate,
    max_positions,
    max_rate,
)
"""In the order in which they run; the first that fails decides."""


def _reference(signal: Signal, facts: RiskContext) -> Decimal | None:
    return facts.instrument.price_of(signal.tick.last_price) if facts.instrument else None


def _ms(span: timedelta) -> int:
    return span // MILLISECOND
