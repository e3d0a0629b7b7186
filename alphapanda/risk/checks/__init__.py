"""The checks of a signal, one function each, by family."""

from __future__ import annotations

from alphapanda.risk.checks.context import Check
from alphapanda.risk.checks.exposure import max_notional, max_positions, max_quantity, reduces, trading_state
from alphapanda.risk.checks.flow import max_rate, not_duplicate
from alphapanda.risk.checks.form import instrument_known, order_form, price_known, price_valid, quantity_valid
from alphapanda.risk.checks.market import price_collar, tick_fresh

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
