"""Rupees and quantities as people in India read them: lakh and crore grouping, the sign before the symbol."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

PAISA = Decimal("0.01")
LAKH = Decimal(100_000)
CRORE = Decimal(10_000_000)
MINUS = "−"


def grouped(digits: str) -> str:
    """Return a string of digits with separators: the last three, then by twos: `1234567` → `12,34,567`."""
    head, tail = digits[:-3], digits[-3:]
    pairs = []
    while head:
        pairs.append(head[-2:])
        head = head[:-2]
    return ",".join([*reversed(pairs), tail])


def rupees(amount: Decimal, *, signed: bool = False) -> str:
    """Return an amount to the paisa: `₹12,34,567.89`, `−₹1,234.50`; with `signed`, `+₹5.00` too."""
    rounded = amount.quantize(PAISA, rounding=ROUND_HALF_EVEN)
    whole, _, paise = f"{abs(rounded):.2f}".partition(".")
    return f"{_sign(rounded, signed=signed)}₹{grouped(whole)}.{paise}"


def compact_rupees(amount: Decimal, *, signed: bool = False) -> str:
    """Return an amount in few characters: `₹950.00`, `₹12.35 L`, `₹1.23 Cr`."""
    for unit, name in ((CRORE, "Cr"), (LAKH, "L")):
        scaled = (amount / unit).quantize(PAISA, rounding=ROUND_HALF_EVEN)
        if abs(scaled) >= 1:
            return f"{_sign(scaled, signed=signed)}₹{abs(scaled):.2f} {name}"
    return rupees(amount, signed=signed)


def price(amount: Decimal | None) -> str:
    """Return a price with two to four decimals, grouped: `1,23,456.05`, `83.1225`; `-` for None."""
    if amount is None:
        return "-"
    whole, _, rest = f"{abs(amount):.4f}".partition(".")
    rest = rest.rstrip("0").ljust(2, "0")
    return f"{MINUS if amount < 0 else ''}{grouped(whole)}.{rest}"


def quantity(units: int, *, signed: bool = False) -> str:
    """Return units, grouped: `1,25,000`; with `signed`, `+50`."""
    return f"{_sign(Decimal(units), signed=signed)}{grouped(str(abs(units)))}"


def trend(amount: Decimal) -> str:
    """Return the glyph of a gain or a loss; nothing for zero. Colour is never alone."""
    return "▲" if amount > 0 else "▼" if amount < 0 else ""


def _sign(amount: Decimal, *, signed: bool) -> str:
    if amount < 0:
        return MINUS
    return "+" if signed and amount > 0 else ""
