"""Amounts in texts and documents: grouped as people read them, or masked."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from tui.render.spec import Document
from tui.theme.formatter import Formatter

_AMOUNT: Final = re.compile(r"₹ ?(?P<digits>\d[\d,]*(?:\.\d+)?)")
_QUOTED: Final = re.compile(r'"[-+]?\d+(?:\.\d+)?"')
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?")


def amounts(text: str, fmt: Formatter) -> str:
    """Return a text with its amounts in rupees as they are shown everywhere: `₹39660.0` is `₹39,660.00`."""
    if "₹" not in text:
        return text
    return _AMOUNT.sub(lambda found: fmt.money(Decimal(found["digits"].replace(",", ""))), text)


def raw_amounts(text: str, fmt: Formatter) -> str:
    """Return JSON text with its decimals masked where money is hidden: they stand in quotes, others do not."""
    return _QUOTED.sub(f'"{fmt.mask}"', text) if fmt.hidden else text


def hide(document: Document, fmt: Formatter) -> Document:
    """Return a document with its decimals masked where money is hidden."""
    if not fmt.hidden:
        return document
    raw = raw_amounts(document.raw.decode(errors="replace"), fmt).encode()
    return Document(document.title, _masked(document.data, fmt), document.headers, raw)


def _masked(data: Any, fmt: Formatter) -> Any:
    if isinstance(data, dict):
        return {name: _masked(value, fmt) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_masked(value, fmt) for value in data]
    if isinstance(data, str):
        return fmt.mask if _NUMBER.fullmatch(data) else amounts(data, fmt)
    return data
