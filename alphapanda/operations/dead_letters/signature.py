"""What two error messages have in common: ids, numbers, times and quoted values put aside."""

from __future__ import annotations

import re

MAX_SIGNATURE = 160

_PARTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b[a-z][a-z0-9_.-]*\.[a-z0-9_-]+:\d+:\d+\b"), "<record>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b"), "<hex>"),
    (re.compile(r"b'[^']*'|b\"[^\"]*\"|'[^']*'|\"[^\"]*\""), "<text>"),
    (re.compile(r"\b(?:NSE|BSE|NFO|BFO|CDS|BCD|MCX|NCO):[A-Z0-9&-]+(?: [A-Z0-9]+)*\b"), "<instrument>"),
    (re.compile(r"(?<![\w<])[-+]?\d+(?:[.,]\d+)*"), "<n>"),
)
_SPACE = re.compile(r"\s+")


def signature(message: str) -> str:
    """Return the message with everything that differs from record to record replaced by what kind it is."""
    text = message[: MAX_SIGNATURE * 4]
    for pattern, stand_in in _PARTS:
        text = pattern.sub(stand_in, text)
    return _SPACE.sub(" ", text).strip()[:MAX_SIGNATURE]
