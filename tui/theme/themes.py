"""Colours: four themes for Textual's own parts, and the same as styles for lines that we draw ourselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rich.color import Color
from rich.style import Style
from textual.theme import Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class Hues:
    """The colours of one theme, as CSS has them (or `ansi_…` names).

    Attributes:
        name: of the theme.
        dark: whether text is lighter than its ground.
        background: of everything.
        surface: of panes.
        panel: of raised things: headers, dialogs.
        text: what is read.
        dim: what is read second.
        faint: frames and rules.
        accent: what is selected, focused, named.
        up: a gain.
        down: a loss.
        buy: the side, a colour that no profit has.
        sell: likewise.
        good: it works.
        warn: look at this.
        bad: it does not work.
        live: real money.
        cursor: ground of the selected row.
        flash: ground of a row that changed just now.
    """

    name: str
    dark: bool
    background: str
    surface: str
    panel: str
    text: str
    dim: str
    faint: str
    accent: str
    up: str
    down: str
    buy: str
    sell: str
    good: str
    warn: str
    bad: str
    live: str
    cursor: str
    flash: str


REVERSED: Final = "ansi_default"
"""The ground of the selected row where text and ground change places: of sixteen colours none suits all others."""

_DARK: Final = Hues(
    name="panda-dark",
    dark=True,
    background="#0c1015",
    surface="#10151c",
    panel="#19212b",
    text="#d8dee7",
    dim="#8b97a8",
    faint="#2c3744",
    accent="#62d0c2",
    up="#3fd68f",
    down="#ff6f73",
    buy="#6fb4ff",
    sell="#ffb26b",
    good="#3fd68f",
    warn="#f1c454",
    bad="#ff6f73",
    live="#e0383e",
    cursor="#213447",
    flash="#1a2a33",
)
_LIGHT: Final = Hues(
    name="panda-light",
    dark=False,
    background="#f4f2ec",
    surface="#fcfbf8",
    panel="#e7e4dc",
    text="#1c2430",
    dim="#5c6675",
    faint="#c6c4bc",
    accent="#0b756b",
    up="#08783f",
    down="#c3273a",
    buy="#1b5cc0",
    sell="#a94f06",
    good="#08783f",
    warn="#8a5f00",
    bad="#c3273a",
    live="#c2112b",
    cursor="#d5e5e8",
    flash="#eaf1e4",
)
_COLOUR_BLIND: Final = Hues(
    name="panda-cvd",
    dark=True,
    background="#0c1015",
    surface="#10151c",
    panel="#19212b",
    text="#dde3ec",
    dim="#8f9bad",
    faint="#2c3744",
    accent="#e6e06a",
    up="#56a8ff",
    down="#ff9d3c",
    buy="#c4a8ff",
    sell="#efe39a",
    good="#56a8ff",
    warn="#f2d95c",
    bad="#ff9d3c",
    live="#d55e00",
    cursor="#243248",
    flash="#1b2836",
)
_ANSI: Final = Hues(
    name="panda-ansi",
    dark=True,
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    text="ansi_default",
    dim="ansi_white",
    faint="ansi_bright_black",
    accent="ansi_cyan",
    up="ansi_green",
    down="ansi_red",
    buy="ansi_bright_blue",
    sell="ansi_yellow",
    good="ansi_green",
    warn="ansi_yellow",
    bad="ansi_red",
    live="ansi_red",
    cursor=REVERSED,
    flash="ansi_default",
)

HUES: Final[Mapping[str, Hues]] = MappingProxyType({h.name: h for h in (_DARK, _LIGHT, _COLOUR_BLIND, _ANSI)})
"""The themes, by name, in the order that `T` goes through them."""

DEFAULT: Final = _DARK.name


def textual_theme(hues: Hues) -> Theme:
    """Return a theme for Textual's own widgets and for the style sheet, which uses `$dim`, `$up`, ... too."""
    return Theme(
        name=hues.name,
        primary=hues.accent,
        secondary=hues.buy,
        accent=hues.accent,
        warning=hues.warn,
        error=hues.bad,
        success=hues.good,
        foreground=hues.text,
        background=hues.background,
        surface=hues.surface,
        panel=hues.panel,
        dark=hues.dark,
        variables={
            "dim": hues.dim,
            "faint": hues.faint,
            "live": hues.live,
            "cursor": hues.cursor,
            "up": hues.up,
            "down": hues.down,
            "scrollbar": hues.faint,
            "scrollbar-hover": hues.dim,
            "scrollbar-active": hues.accent,
            "scrollbar-background": hues.surface,
            "scrollbar-background-hover": hues.surface,
            "scrollbar-background-active": hues.surface,
            "scrollbar-corner-color": hues.surface,
        },
    )


def _style(colour: str, *, bold: bool = False, ground: str | None = None) -> Style:
    return Style(color=_rich(colour), bgcolor=None if ground is None else _rich(ground), bold=bold or None)


def _rich(colour: str) -> Color:
    """Return a colour for Rich, which calls the terminal's own sixteen by other names than Textual."""
    return Color.parse(colour.removeprefix("ansi_") if colour.startswith("ansi_") else colour)


@dataclass(frozen=True, slots=True)
class Palette:
    """The styles of one theme, ready for segments.

    Attributes: as in `Hues`; `strong` is bold text, `head` a column's title, `pill` text on the accent,
    `live_pill` text on the colour of real money, `paper_pill` its counterpart, `found` a word that was looked for.
    """

    text: Style
    strong: Style
    dim: Style
    faint: Style
    accent: Style
    head: Style
    up: Style
    down: Style
    buy: Style
    sell: Style
    good: Style
    warn: Style
    bad: Style
    live: Style
    pill: Style
    live_pill: Style
    paper_pill: Style
    cursor: Style
    flash: Style
    found: Style

    @classmethod
    def of(cls, hues: Hues) -> Palette:
        """Return the styles of a theme."""
        on_accent = hues.background if not hues.name.endswith("ansi") else "ansi_black"
        on_live = "#ffffff" if not hues.name.endswith("ansi") else "ansi_bright_white"
        return cls(
            text=_style(hues.text),
            strong=_style(hues.text, bold=True),
            dim=_style(hues.dim),
            faint=_style(hues.faint),
            accent=_style(hues.accent),
            head=_style(hues.dim, bold=True),
            up=_style(hues.up),
            down=_style(hues.down),
            buy=_style(hues.buy),
            sell=_style(hues.sell),
            good=_style(hues.good),
            warn=_style(hues.warn),
            bad=_style(hues.bad, bold=True),
            live=_style(hues.live, bold=True),
            pill=_style(on_accent, bold=True, ground=hues.accent),
            live_pill=_style(on_live, bold=True, ground=hues.live),
            paper_pill=_style(hues.accent, bold=True, ground=hues.panel),
            cursor=Style(reverse=True) if hues.cursor == REVERSED else Style(bgcolor=_rich(hues.cursor)),
            flash=Style(bgcolor=_rich(hues.flash)) if hues.flash != "ansi_default" else Style(),
            found=_style(on_accent, ground=hues.warn),
        )


PALETTES: Final[Mapping[str, Palette]] = MappingProxyType({name: Palette.of(hues) for name, hues in HUES.items()})
"""The styles of each theme, by its name."""
