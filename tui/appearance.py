"""How the dashboard is opened, and how it shows values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from alphapanda.market.calendar import TradingCalendar
from tui.theme.formatter import Formatter, Zone
from tui.theme.glyphs import UNICODE, Glyphs
from tui.theme.themes import DEFAULT, PALETTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the dashboard is opened.

    Attributes:
        theme: its name; empty for the saved one.
        glyphs: Unicode or ASCII.
        control: whether control actions are unlocked.
        folder: for exported files.
        calm: without animation: for tests.
        calendar: the sessions of the market on display.
    """

    theme: str = ""
    glyphs: Glyphs = UNICODE
    control: bool = False
    folder: Path = Path()
    calm: bool = False
    calendar: TradingCalendar = field(default_factory=TradingCalendar)


@dataclass(slots=True, kw_only=True)
class Appearance:
    """How values are shown; keys change it.

    Attributes:
        theme: its name.
        glyphs: Unicode or ASCII.
        hidden: whether amounts are masked.
        compact: whether amounts are short.
        zone: of times.
        every: the focused pane is painted on one of this many beats.
    """

    theme: str = DEFAULT
    glyphs: Glyphs = UNICODE
    hidden: bool = False
    compact: bool = False
    zone: Zone = Zone.IST
    every: int = 1

    @property
    def uses_terminal_colours(self) -> bool:
        """Whether the theme leaves the colours to the terminal."""
        return self.theme.endswith("ansi")

    def formatter(self, now: datetime) -> Formatter:
        """Return what formats values for a moment."""
        return Formatter(
            palette=PALETTES[self.theme],
            glyphs=self.glyphs,
            now=now,
            hidden=self.hidden,
            compact=self.compact,
            zone=self.zone,
        )
