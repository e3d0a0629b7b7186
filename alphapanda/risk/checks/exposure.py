"""Checks of the broker's state and of the size of orders and positions."""

from __future__ import annotations

from decimal import Decimal

from alphapanda.model.kinds import TradingState
from alphapanda.model.signal import CheckResult, DenialCode, Signal, SignalIntent
from alphapanda.risk.checks.context import CheckFinding, RiskContext


def trading_state(signal: Signal, context: RiskContext) -> CheckFinding:
    """ACTIVE passes all, REDUCING passes exits, HALTED passes nothing."""
    is_exit = signal.intent is SignalIntent.EXIT
    result = CheckResult("trading_state", context.why, "ACTIVE or REDUCING" if is_exit else "ACTIVE")
    if context.state is TradingState.HALTED:
        return CheckFinding(result, DenialCode.TRADING_HALTED, f"Trading is {context.why}.")
    if context.state is TradingState.REDUCING and not is_exit:
        return CheckFinding(result, DenialCode.TRADING_REDUCING, f"Trading is {context.why}; only exits pass.")
    return CheckFinding(result)


def reduces(signal: Signal, context: RiskContext) -> CheckFinding:
    """An exit has something to reduce on the other side; how much of it is cut to that by the stage."""
    held = context.net_units
    result = CheckResult("reduce_only", f"{signal.side} against {held} units", "a position on the other side")
    if signal.intent is SignalIntent.EXIT and held * signal.side.sign >= 0:
        message = f"{signal.strategy_id} has no {signal.instrument} that a {signal.side} reduces."
        return CheckFinding(result, DenialCode.EXIT_WITHOUT_POSITION, message)
    return CheckFinding(result)


def max_quantity(signal: Signal, context: RiskContext) -> CheckFinding:
    """Entries are bounded in units. Exits are not: a limit must never hold a position open."""
    limit = context.limits.max_order_quantity_units
    result = CheckResult("max_order_quantity", f"{signal.quantity} units", f"{limit} units")
    if signal.intent is SignalIntent.ENTRY and signal.quantity > limit:
        return CheckFinding(
            result, DenialCode.QUANTITY_EXCEEDS_MAX, f"{signal.quantity} units are more than {limit} units."
        )
    return CheckFinding(result)


def max_notional(signal: Signal, context: RiskContext) -> CheckFinding:
    """Entries are bounded in rupees. Exits are not: a limit must never hold a position open."""
    price = signal.limit_price or context.reference_price(signal) or Decimal(0)
    notional, limit = price * signal.quantity, context.limits.max_order_notional_rupees
    result = CheckResult("max_order_notional", f"₹{notional}", f"₹{limit}")
    if signal.intent is SignalIntent.ENTRY and notional > limit:
        return CheckFinding(result, DenialCode.NOTIONAL_EXCEEDS_MAX, f"₹{notional} are more than ₹{limit}.")
    return CheckFinding(result)


def max_positions(signal: Signal, context: RiskContext) -> CheckFinding:
    """An entry that opens a position leaves no more open than allowed."""
    limit = context.limits.max_open_positions
    opens = signal.intent is SignalIntent.ENTRY and context.net_units == 0
    count = context.open_positions + opens
    result = CheckResult("max_open_positions", f"{count} positions", f"{limit} positions")
    if opens and count > limit:
        return CheckFinding(
            result, DenialCode.POSITIONS_EXCEED_MAX, f"It would be open position {count}, {limit} are allowed."
        )
    return CheckFinding(result)
