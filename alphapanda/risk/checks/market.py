"""Checks against the market: the age of the tick, its lag, and the price collar."""

from __future__ import annotations

from decimal import Decimal

from alphapanda.model.kinds import TradingMode
from alphapanda.model.signal import CheckResult, DenialCode, Signal
from alphapanda.risk.checks.context import CheckFinding, RiskContext, milliseconds

BPS = Decimal(10_000)


def tick_fresh(signal: Signal, context: RiskContext) -> CheckFinding:
    """The tick was not old when it was decided on; for real money, nor has the market moved on since."""
    decided = context.ts if context.newest is None else max(context.ts, context.newest)
    age, limit = milliseconds(decided - signal.tick.exchange_ts), context.limits.max_tick_age_ms
    if age > limit:
        result = CheckResult("tick_age", f"{age} ms", f"{limit} ms")
        return CheckFinding(
            result, DenialCode.TICK_STALE, f"The tick behind it was {age} ms old, {limit} ms are allowed."
        )
    if context.mode is not TradingMode.PAPER and context.market_time is not None:
        lag, limit = milliseconds(context.market_time - signal.tick.exchange_ts), context.limits.max_market_lag_ms
        result = CheckResult("market_lag", f"{lag} ms", f"{limit} ms")
        if lag > limit:
            message = f"The market has moved on by {lag} ms since its tick, {limit} ms are allowed."
            return CheckFinding(result, DenialCode.TICK_STALE, message)
        return CheckFinding(result)
    return CheckFinding(CheckResult("tick_age", f"{age} ms", f"{limit} ms"))


def price_collar(signal: Signal, context: RiskContext) -> CheckFinding:
    """A limit price is near the price of the tick behind the signal, either way."""
    limit = context.limits.price_collar_bps
    reference = context.reference_price(signal)
    if signal.limit_price is None or reference is None:
        return CheckFinding(CheckResult("price_collar", "no limit price", f"{limit} bps"))
    away = abs(signal.limit_price - reference) / reference * BPS
    result = CheckResult("price_collar", f"{away:.2f} bps", f"{limit} bps")
    if away > limit:
        message = f"₹{signal.limit_price} is {away:.2f} bps from ₹{reference}, {limit} bps are allowed."
        return CheckFinding(result, DenialCode.PRICE_OUTSIDE_COLLAR, message)
    return CheckFinding(result)
