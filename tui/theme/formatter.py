"""How values become text: one frozen value holds all that a cell needs to draw itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from rich.style import Style

from alphapanda import rupees
from alphapanda.clock import to_ist
from tui.theme.glyphs import Glyphs
from tui.theme.themes import Palette

Cell = tuple[str, Style | None]
"""A cell's text and its style; None is plain text."""

HIDDEN = "•••"


class Zone(StrEnum):
    """How times are shown."""

    IST = "IST"
    UTC = "UTC"
    AGE = "age"


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatter:
    """The looks of the moment.

    Attributes:
        palette: styles.
        glyphs: characters.
        now: the time of what is shown: the present, or the moment that was rewound to.
        hidden: whether money is masked.
        compact: whether money is in lakh and crore.
        zone: how times are shown.
    """

    palette: Palette
    glyphs: Glyphs
    now: datetime
    hidden: bool = False
    compact: bool = False
    zone: Zone = Zone.IST

    # ------------------------------------------------------------------ money

    def money(self, amount: Decimal | None, *, signed: bool = False, compact: bool | None = None) -> str:
        """Return an amount in rupees."""
        if amount is None:
            return "-"
        if self.hidden:
            return self.glyphs.rupee + self.mask
        short = self.compact if compact is None else compact
        make = rupees.compact_rupees if short else rupees.rupees
        return self._plain(make(amount, signed=signed))

    def gain(self, amount: Decimal | None, *, compact: bool | None = None) -> Cell:
        """Return a profit or loss: sign, amount, arrow and colour."""
        if amount is None:
            return "-", self.palette.dim
        if self.hidden:
            return self.glyphs.rupee + self.mask, self.palette.dim
        arrow = self.glyphs.up if amount > 0 else self.glyphs.down if amount < 0 else " "
        return f"{self.money(amount, signed=True, compact=compact)} {arrow}", self.of_sign(amount)

    def of_sign(self, amount: Decimal | float) -> Style:
        """Return the style of a gain, a loss, or neither."""
        return self.palette.up if amount > 0 else self.palette.down if amount < 0 else self.palette.dim

    @property
    def mask(self) -> str:
        """What stands where money is hidden."""
        return HIDDEN if self.glyphs.is_braille else "***"

    # ------------------------------------------------------------------ numbers

    def price(self, value: float | Decimal | None) -> str:
        """Return a price with two to four decimals."""
        if value is None:
            return "-"
        if isinstance(value, float):
            value = Decimal(f"{value:.4f}")
        return self._plain(rupees.price(value))

    def quantity(self, units: int, *, signed: bool = False) -> str:
        """Return units, grouped."""
        return self._plain(rupees.quantity(units, signed=signed))

    def percent(self, value: float | None) -> Cell:
        """Return a change in per cent: sign, two decimals, arrow and colour."""
        if value is None:
            return "-", self.palette.dim
        arrow = self.glyphs.up if value > 0 else self.glyphs.down if value < 0 else " "
        sign = "+" if value > 0 else self.glyphs.minus if value < 0 else ""
        return f"{sign}{abs(value):.2f}% {arrow}", self.of_sign(value)

    def count(self, number: int) -> str:
        """Return a count, grouped."""
        return self._plain(rupees.quantity(number))

    # ------------------------------------------------------------------ times

    def clock(self, moment: datetime | None, *, millis: bool = False) -> str:
        """Return the time of day, or the age if ages are shown."""
        if moment is None:
            return "-"
        if self.zone is Zone.AGE:
            return self.age(moment)
        local = to_ist(moment) if self.zone is Zone.IST else moment.astimezone(UTC)
        text = f"{local:%H:%M:%S}"
        return f"{text}.{local.microsecond // 1000:03}" if millis else text

    def clock_ms(self, millis: int | None) -> str:
        """Return the time of day of Unix milliseconds."""
        return "-" if millis is None else self.clock(from_ms(millis), millis=True)

    def age(self, moment: datetime | None) -> str:
        """Return how long ago that was."""
        return "-" if moment is None else span((self.now - moment).total_seconds())

    def rough_age(self, moment: datetime | None) -> str:
        """Return how long ago that was, in one unit."""
        return "-" if moment is None else coarse_span((self.now - moment).total_seconds())

    def _plain(self, text: str) -> str:
        if self.glyphs.is_braille:
            return text
        return text.replace("₹", self.glyphs.rupee).replace(rupees.MINUS, self.glyphs.minus)


def from_ms(millis: int) -> datetime:
    """Return Unix milliseconds as an aware time in UTC."""
    return datetime.fromtimestamp(millis / 1000, UTC)


def to_ms(moment: datetime) -> int:
    """Return a moment as Unix milliseconds."""
    return int(moment.timestamp() * 1000)


def span(seconds: float) -> str:
    """Return a duration in two units at most: `0.4s`, `12s`, `4m 05s`, `3h 12m`, `2d 4h`."""
    sign = "-" if seconds <= -1 else ""
    seconds = abs(seconds)
    if seconds < 10:
        return f"{sign}{seconds:.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{sign}{whole}s"
    if whole < 3600:
        return f"{sign}{whole // 60}m {whole % 60:02}s"
    if whole < 86_400:
        return f"{sign}{whole // 3600}h {whole % 3600 // 60:02}m"
    return f"{sign}{whole // 86_400}d {whole % 86_400 // 3600}h"


def coarse_span(seconds: float) -> str:
    """Return a duration in one unit, so that it changes seldom: `0.4s`, `15s`, `4m`, `3h`, `2d`.

    From ten seconds on it goes in steps of five: a screen full of ages that all change every second costs more
    than all else that a quiet market has to show.
    """
    return span(max(0.0, seconds if seconds < 10 else seconds - seconds % 5)).split(" ")[0]


def bytes_text(size: int | None) -> str:
    """Return a size in mebibytes, or kibibytes below one."""
    if size is None:
        return "-"
    return f"{size / 1048576:.0f} MiB" if size >= 1048576 else f"{size / 1024:.0f} KiB"


def number_text(value: float) -> str:
    """Return a rate with as many decimals as it needs."""
    return f"{value:.1f}" if value < 100 else rupees.quantity(round(value))
