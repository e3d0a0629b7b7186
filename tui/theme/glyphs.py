"""The characters that pictures are made of, with an ASCII set for terminals that have no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """One set of characters, each one cell wide.

    Attributes:
        up: a gain.
        down: a loss.
        ok: it works.
        starting: it is on its way up.
        degraded: it works badly.
        failed: it does not work.
        stopped: it was stopped.
        loop: it fails again and again.
        done: a job that ended well.
        dot: between words.
        gap: around the number of lines that were dropped.
        minus: before a negative number.
        rupee: the currency.
        blocks: eight levels of a bar, lowest first.
        left_block: a bar that grows from the left, eighths, smallest first.
        sorted_up: ascending.
        sorted_down: descending.
        cursor: before the selected row.
        mark: before a marked row.
        wick: of a candle.
        body: of a candle.
        lower_half: the lower half of a cell of a candle's body.
        upper_half: likewise the upper half.
        line: horizontal.
        rule: a row of a chart that its axis names.
        bar: vertical.
        unknown: where a value is not known.
        at_most: before a number that may be less.
        play: the past is playing.
        pause: the past stands still.
        is_braille: whether charts may use braille dots.
    """

    up: str = "▲"
    down: str = "▼"
    ok: str = "●"
    starting: str = "◐"
    degraded: str = "▲"
    failed: str = "✖"
    stopped: str = "○"
    loop: str = "↻"
    done: str = "✔"
    dot: str = "·"
    gap: str = "⋯"
    minus: str = "−"
    rupee: str = "₹"
    blocks: str = "▁▂▃▄▅▆▇█"
    left_block: str = "▏▎▍▌▋▊▉█"
    sorted_up: str = "↑"
    sorted_down: str = "↓"
    cursor: str = "▌"
    mark: str = "◆"
    wick: str = "│"
    body: str = "█"
    lower_half: str = "▄"
    upper_half: str = "▀"
    line: str = "─"
    rule: str = "┈"
    bar: str = "│"
    unknown: str = "—"
    at_most: str = "≤"
    play: str = "▶"
    pause: str = "‖"
    is_braille: bool = True

    @property
    def ascii_border(self) -> bool:
        """Whether frames are drawn with + - |."""
        return not self.is_braille


UNICODE: Final = Glyphs()
ASCII: Final = Glyphs(
    up="^",
    down="v",
    ok="*",
    starting="~",
    degraded="!",
    failed="X",
    stopped=".",
    loop="@",
    done="+",
    dot="-",
    gap="...",
    minus="-",
    rupee="Rs ",
    blocks="_.,-=+*#",
    left_block="-------#",
    sorted_up="^",
    sorted_down="v",
    cursor=">",
    mark="#",
    wick="|",
    body="#",
    lower_half="#",
    upper_half="#",
    line="-",
    rule=".",
    bar="|",
    unknown="--",
    at_most="<=",
    play=">",
    pause="=",
    is_braille=False,
)


_PLAIN: Final = str.maketrans({"…": "~", "·": "-", "×": "x", "→": ">", "—": "-", "−": "-", "✔": "+", "≤": "<"})


def plain(text: str) -> str:
    """Return a text of the same width without the signs that are no ASCII."""
    return text if text.isascii() else text.translate(_PLAIN)


def sparkline(values: list[float], width: int, glyphs: Glyphs) -> str:
    """Return `values` as one line of bars, the newest at the right, as many as fit."""
    shown = _resampled(values, width)
    if not shown:
        return ""
    low, high = min(shown), max(shown)
    span = high - low
    levels = glyphs.blocks[:-1]  # the full block would touch the row above
    if span <= 0:
        return levels[len(levels) // 2 - 1] * len(shown)
    top = len(levels) - 1
    return "".join(levels[round((value - low) / span * top)] for value in shown)


def _resampled(values: list[float], width: int) -> list[float]:
    """Return at most `width` of the values, evenly spread, the newest always among them."""
    count = len(values)
    if count <= width or width <= 1:
        return values[-max(width, 0) :] if width else []
    step = (count - 1) / (width - 1)
    return [values[round(index * step)] for index in range(width)]
