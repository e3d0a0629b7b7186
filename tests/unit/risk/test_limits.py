"""Limits are what a file can say, no more, and never nonsense."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from alphapanda.risk.limits import RiskLimits


def test_a_file_gives_the_limits_it_names() -> None:
    limits = msgspec.convert({"max_order_quantity_units": 5, "max_order_notional_rupees": "1.5"}, RiskLimits)
    assert (limits.max_order_quantity_units, limits.max_order_notional_rupees) == (5, Decimal("1.5"))
    assert limits.max_open_positions == RiskLimits().max_open_positions


def test_an_unknown_limit_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="max_orders"):
        msgspec.convert({"max_orders": 5}, RiskLimits)


@pytest.mark.parametrize("name", RiskLimits.__struct_fields__)
def test_a_limit_below_its_least_is_refused(name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=f"{name} must be at least"):
        msgspec.convert({name: -1}, RiskLimits)


def test_only_the_window_may_be_zero() -> None:
    assert RiskLimits(duplicate_window_ms=0).duplicate_window_ms == 0
    with pytest.raises(ValueError, match="max_open_positions must be at least 1, not 0"):
        RiskLimits(max_open_positions=0)
