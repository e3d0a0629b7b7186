"""The lines above the keys: acts under way, how far they are, and how they ended."""

from __future__ import annotations

from textwrap import wrap
from typing import Final

from rich.style import Style

from alphapanda.clock import Clock
from tui.panes.canvas import Drawing, Line, Piece, line, spread
from tui.running_acts import RunningAct, RunningActs
from tui.sources.control import ActionProgress, Ending
from tui.store.store import Store
from tui.theme.formatter import Formatter, number_text, span

BAR: Final = 12
WIDE: Final = 100
"""From here on there is room for a bar and a rate."""
MOST_LINES: Final = 3
"""Of one act's ending."""


class ActLines(Drawing):
    """A line for each act that is under way; as many as it takes for those that ended.

    Args:
        acts: of the dashboard.
        clock: the time.
    """

    DEFAULT_CSS = """
    ActLines { height: 0; background: $panel; display: none; }
    """

    def __init__(self, acts: RunningActs, clock: Clock) -> None:
        super().__init__(id="acts")
        self._acts = acts
        self._clock = clock

    def paint(self, store: Store, fmt: Formatter, now: float) -> None:
        """Be there when there is something to tell."""
        count = len(self.lines_of(fmt, self.size.width or self.app.size.width or 80))
        self.display = bool(count)
        if count:
            self.styles.height = count
        super().paint(store, fmt, now)

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the lines."""
        del store, height
        return self.lines_of(fmt, width)

    def lines_of(self, fmt: Formatter, width: int) -> list[Line]:
        """Return the lines of what is told now."""
        made: list[Line] = []
        for act in self._acts.shown:
            made += [self._going(act, fmt, width)] if act.is_under_way else _ended(act, fmt, width)
        return made

    def _going(self, act: RunningAct, fmt: Formatter, width: int) -> Line:
        palette, now, is_wide = fmt.palette, self._clock.monotonic(), width >= WIDE
        dot = f" {fmt.glyphs.dot} "
        left: list[Piece] = [
            (f" {fmt.glyphs.starting} ", palette.accent),
            (act.title, palette.strong),
        ]
        progress = act.progress
        if progress is not None and progress.total:
            left += [(f"  {fmt.count(progress.done)}/{fmt.count(progress.total)} ", palette.text)]
            left += [(_bar(progress, fmt), palette.accent)] if is_wide else []
        said = (progress.text if progress is not None else "") or act.waits()
        if said:
            left.append((dot + said, palette.text))
        right: list[Piece] = []
        if progress is not None and progress.total and act.rate(now):
            right += [(f"{number_text(act.rate(now))}/s", palette.dim)] if is_wide else []
            right.append((f"{span(act.left_s(now) or 0.0)} left", palette.dim))
        if act.stop is not None:
            stopping = act.stop.is_set()
            right.append(("stopping" if stopping else "S stops it", palette.warn if stopping else palette.accent))
        if is_wide or act.stop is None:
            right.append((span(now - act.began), palette.dim))
        between = [piece for each in right for piece in ((dot, palette.dim), each)][1:]
        return spread(left, [(" ", None), *between, (" ", None)], width)


def _bar(progress: ActionProgress, fmt: Formatter) -> str:
    full = round(BAR * min(1.0, progress.done / progress.total))
    return fmt.glyphs.body * full + fmt.glyphs.line * (BAR - full)


def _ended(act: RunningAct, fmt: Formatter, width: int) -> list[Line]:
    glyph, style, text, hint = _verdict(act, fmt)
    palette = fmt.palette
    rows = wrap(text, max(20, width - 4))[:MOST_LINES]
    made = [
        line((f" {glyph} " if not number else "   ", style), (row, palette.text))
        for number, row in enumerate(rows)
    ]
    if hint:
        more = wrap(hint, max(20, width - 4))[:MOST_LINES]
        if len(rows[-1]) + len(more[0]) + 6 < width and len(more) == 1:
            made[-1] = line(*((piece.text, piece.style) for piece in made[-1]), (f"  {hint}", palette.accent))
        else:
            made += [line(("   ", None), (row, palette.accent)) for row in more]
    return made


def _verdict(act: RunningAct, fmt: Formatter) -> tuple[str, Style, str, str]:
    palette, glyphs = fmt.palette, fmt.glyphs
    if act.error is not None:
        return glyphs.failed, palette.bad, f"{act.title}: {act.error.message}", act.error.hint
    result = act.result
    assert result is not None
    if result.ending is Ending.WHOLE:
        return glyphs.done, palette.good, result.text, result.hint
    if result.ending is Ending.STOPPED:
        return glyphs.stopped, palette.warn, result.text, result.hint
    return glyphs.degraded, palette.warn, result.text, result.hint
