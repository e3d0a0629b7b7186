"""Checks of the order itself: its form, instrument, quantity and price."""

from __future__ import annotations

from decimal import Decimal

from alphapanda.model.kinds import OrderType, Validity
from alphapanda.model.signal import CheckResult, DenialCode, Signal
from alphapanda.risk.checks.context import CheckFinding, RiskContext


def order_form(signal: Signal, context: RiskContext) -> CheckFinding:
    """MARKET without a price or LIMIT, for the DAY or IOC: what every broker here can do."""
    del context
    result = CheckResult("order_form", f"{signal.order_type} {signal.validity}", "MARKET or LIMIT, DAY or IOC")
    if signal.order_type not in {OrderType.MARKET, OrderType.LIMIT}:
        return CheckFinding(result, DenialCode.ORDER_UNSUPPORTED, f"{signal.order_type} orders are not supported.")
    if signal.validity not in {Validity.DAY, Validity.IOC}:
        return CheckFinding(result, DenialCode.ORDER_UNSUPPORTED, f"Validity {signal.validity} is not supported.")
    return CheckFinding(result)


def instrument_known(signal: Signal, context: RiskContext) -> CheckFinding:
    """The instrument is loaded, under the token that the signal names."""
    result = CheckResult("instrument", f"{signal.instrument} ({signal.instrument_token})", "a loaded instrument")
    if context.instrument is None:
        return CheckFinding(result, DenialCode.INSTRUMENT_UNKNOWN, f"{signal.instrument} is not loaded.")
    if context.instrument.instrument_token != signal.instrument_token:
        known = context.instrument.instrument_token
        message = f"{signal.instrument} is token {known}, the signal says {signal.instrument_token}."
        return CheckFinding(result, DenialCode.INSTRUMENT_UNKNOWN, message)
    return CheckFinding(result)


def quantity_valid(signal: Signal, context: RiskContext) -> CheckFinding:
    """Positive, in whole lots."""
    lot = context.instrument.lot_size if context.instrument else 1
    result = CheckResult("quantity", f"{signal.quantity} units", f"> 0, in lots of {lot} units")
    if signal.quantity <= 0 or signal.quantity % lot:
        return CheckFinding(
            result, DenialCode.QUANTITY_INVALID, f"{signal.quantity} units are not whole lots of {lot}."
        )
    return CheckFinding(result)


def price_known(signal: Signal, context: RiskContext) -> CheckFinding:
    """The tick behind the signal has a price."""
    result = CheckResult("reference_price", f"₹{signal.tick.last_price}", "> ₹0")
    if context.reference_price(signal) is None:
        return CheckFinding(result, DenialCode.PRICE_MISSING, f"The tick behind it says {signal.tick.last_price}.")
    return CheckFinding(result)


def price_valid(signal: Signal, context: RiskContext) -> CheckFinding:
    """LIMIT has a positive price on the grid, MARKET has none."""
    price = signal.limit_price
    grid = context.instrument.tick_size if context.instrument else Decimal(0)
    if signal.order_type is OrderType.MARKET:
        result = CheckResult("limit_price", "none" if price is None else f"₹{price}", "none")
        if price is not None:
            return CheckFinding(result, DenialCode.PRICE_INVALID, "A MARKET order has no limit price.")
        return CheckFinding(result)
    result = CheckResult("limit_price", "none" if price is None else f"₹{price}", f"> ₹0, a multiple of ₹{grid}")
    if price is None or not price.is_finite() or price <= 0 or (grid and price % grid):
        return CheckFinding(result, DenialCode.PRICE_INVALID, f"A LIMIT order's price is on the grid of ₹{grid}.")
    return CheckFinding(result)
