"""Rows of recorded CSV files: cells to numbers and times, and a report of each row that cannot be used."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from alphapanda.clock import IST

_YEARS: Final = range(1990, 2101)
_SYMBOL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9&._ -]{0,63}")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class RowError(ValueError):
    """Why a row cannot be used; its text is the reason that is reported."""


@dataclass(frozen=True, slots=True, order=True)
class BadRow:
    """One row that was skipped.

    Attributes:
        file: its name, without folders.
        line: from 1, the header's being 1.
        reason: what is wrong with it.
        text: the row as it stands, cut to 200 characters.
    """

    file: str
    line: int
    reason: str
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text[:200])


def read_symbol(text: str) -> str:
    """Return a trading symbol: letters, digits and `& . _ -`, with inner spaces."""
    symbol = text.strip()
    if not _SYMBOL.fullmatch(symbol):
        raise RowError(f"{text!r} is no symbol")
    return symbol


def read_time(text: str) -> datetime:
    """Return an ISO time as an aware one in UTC; one without an offset is IST."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise RowError(f"{text!r} is no time") from None
    if moment.year not in _YEARS:
        raise RowError(f"the year {moment.year} is outside {_YEARS.start} to {_YEARS.stop - 1}")
    return (moment if moment.tzinfo else moment.replace(tzinfo=IST)).astimezone(UTC)


def read_number(name: str, text: str) -> float:
    """Return a finite number."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise RowError(f"{name} {text!r} is no number")
    number = float(text)
    if not math.isfinite(number):
        raise RowError(f"{name} {text!r} is not finite")
    return number


def read_price(name: str, text: str) -> float:
    """Return a price above 0, rupees."""
    price = read_number(name, text)
    if price <= 0.0:
        raise RowError(f"{name} {text.strip()} is not above 0")
    return price


def read_level_price(name: str, text: str) -> float:
    """Return the price of a depth level, rupees; 0 where the cell is empty or says 0."""
    if not text.strip():
        return 0.0
    price = read_number(name, text)
    if price < 0.0:
        raise RowError(f"{name} {text.strip()} is below 0")
    return price


def read_quantity(name: str, text: str) -> int:
    """Return a whole number of at least 0; 0 where the cell is empty."""
    text = text.strip()
    if not text:
        return 0
    if text.isdecimal() and text.isascii():
        return int(text)
    number = read_number(name, text)
    if number < 0.0 or not number.is_integer():
        raise RowError(f"{name} {text} is no whole number of at least 0")
    return int(number)
