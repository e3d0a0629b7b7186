"""Rupees as people in India read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.rupees import compact_rupees, grouped, price, quantity, rupees, trend


@pytest.mark.parametrize(
    ("digits", "text"),
    [("0", "0"), ("999", "999"), ("1000", "1,000"), ("100000", "1,00,000"), ("123456789", "12,34,56,789")],
)
def test_lakhs_and_crores_are_grouped(digits: str, text: str) -> None:
    assert grouped(digits) == text


@given(st.integers(0, 10**15))
def test_grouping_only_adds_commas(number: int) -> None:
    text = grouped(str(number))
    assert text.replace(",", "") == str(number)
    head, *pairs, _ = ["", *text.split(",")] if "," not in text else text.split(",")
    assert all(len(pair) == 2 for pair in pairs)
    assert len(head) <= 2


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1234567.891", "₹12,34,567.89"), ("-1234.5", "−₹1,234.50"), ("0", "₹0.00"), ("-0.001", "₹0.00")],
)
def test_the_sign_stands_before_the_symbol(amount: str, text: str) -> None:
    assert rupees(Decimal(amount)) == text


def test_gains_carry_their_sign_when_asked() -> None:
    assert rupees(Decimal(5), signed=True) == "+₹5.00"
    assert rupees(Decimal(0), signed=True) == "₹0.00"
    assert [trend(Decimal(n)) for n in (1, 0, -1)] == ["▲", "", "▼"]


@pytest.mark.parametrize(
    ("amount", "text"),
    [("950", "₹950.00"), ("1235000", "₹12.35 L"), ("12345678", "₹1.23 Cr"), ("-100000", "−₹1.00 L")],
)
def test_compact_amounts_are_lakh_and_crore(amount: str, text: str) -> None:
    assert compact_rupees(Decimal(amount)) == text


def test_prices_keep_their_decimals() -> None:
    assert price(Decimal("123456.05")) == "1,23,456.05"
    assert price(Decimal("83.1225")) == "83.1225"
    assert price(Decimal("1242.3000")) == "1,242.30"
    assert price(Decimal(7)) == "7.00"
    assert price(None) == "-"


def test_quantities_are_grouped() -> None:
    assert quantity(125000) == "1,25,000"
    assert quantity(-50, signed=True) == "−50"
    assert quantity(50, signed=True) == "+50"
