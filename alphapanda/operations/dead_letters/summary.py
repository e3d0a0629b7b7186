"""Error messages in short: signatures without ids, numbers, times and quoted values; lines of a plan."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
    """Return the message with ids, numbers, times and the like replaced by their kind."""
    text = message[: MAX_SIGNATURE * 4]
    for pattern, stand_in in _PARTS:
        text = pattern.sub(stand_in, text)
    return _SPACE.sub(" ", text).strip()[:MAX_SIGNATURE]


LONGEST = 80


@dataclass(frozen=True, slots=True)
class PlanLine:
    """Dead letters that the same is done with, for the same reason.

    Attributes:
        count: how many.
        verdict: what is known of them.
        fate: what will be done with them, as it is said: `sent`, `held`.
        group: the consumer group that failed.
        code: why it failed, as a slug.
        why: in words; ids, numbers and times put aside.
    """

    count: int
    verdict: str
    fate: str
    group: str
    code: str
    why: str


def short(text: str, length: int = LONGEST) -> str:
    """Return text that fits into a cell: one line, cut with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
