"""Small drawings beside the tables: the system in few lines, a signal's verdict, orders by state, denials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence

from alphapanda.market.calendar import TradingCalendar
from alphapanda.model.order import OrderStatus
from alphapanda.model.signal import SignalRejected, SignalValidated
from topics.services import TICKS
from tui.panes.canvas import Drawn, Line, Piece, line, spread
from tui.panes.status_bar import at_most, session_of
from tui.render.layout import padded
from tui.store.signals import RiskVerdict, SignalRow
from tui.store.store import Store
from tui.tables.operations import daemon_state
from tui.theme.formatter import Formatter, bytes_text, from_ms, number_text, span
from tui.theme.masking import amounts


class SystemCard(Drawn):
    """Session, daemons, lag and dead letters in few lines."""

    def __init__(self, calendar: TradingCalendar, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._calendar = calendar

    def draw(self, desk: Store, look: Formatter, width: int, height: int) -> list[Line]:
        """Return as many lines as fit, the sums first."""
        palette = look.palette
        system, market = desk.system, desk.market
        rate = desk.topics.rows.get(TICKS)
        ticks = f"{number_text(rate.rate)}/s" if rate else "-"
        newest = "-" if market.newest_ms is None else f"{look.age(from_ms(market.newest_ms))} ago"
        lines = [
            spread(
                [(" session ", palette.dim)], [*session_of(desk, look, self._calendar)[:2], (" ", None)], width
            ),
            self._fact("ticks", f"{ticks} {look.glyphs.dot} newest {newest}", look, width),
        ]
        worst = desk.topics.worst
        behind = "-"
        if worst is not None:
            group = worst[0].group.removeprefix("alphapanda.")
            seconds = "" if not worst[0].seconds else f" {look.glyphs.dot} {span(worst[0].seconds)}"
            behind = f"{group} {at_most(worst[0], look)}{look.count(worst[0].records or 0)}{seconds}"
        lines.append(self._fact("worst lag", behind, look, width))
        dead = desk.dead
        reasons = sum(1 for reason in dead.reasons.values() if reason.unresolved)
        letters = f"{look.count(dead.unresolved)} in {reasons} reasons" if dead.unresolved else "none"
        letters = letters if desk.topics.rows else "-"
        lines.append(self._fact("dead letters", letters, look, width, warn=bool(dead.unresolved)))
        known = len(system.daemons)
        silent = "not in the supervisor's log" if system.of_past else "nobody says"
        daemons = f"{system.well} of {known} well" if known else silent
        lines.append(self._fact("daemons", daemons, look, width, warn=system.well < known))
        ranked = sorted(system.daemons.values(), key=lambda daemon: daemon.state.is_well)
        longest = max((len(daemon.name) for daemon in ranked), default=0)
        names = max(16, min(longest, width - 32)) + 1
        for daemon in ranked[: max(0, height - len(lines))]:
            state, style = daemon_state(daemon, look)
            cpu = "" if daemon.cpu_percent is None else f"{daemon.cpu_percent:.1f}%"
            cost = f"{padded(cpu, 6, right=True)} {padded(bytes_text(daemon.rss_bytes), 8, right=True)} "
            lines.append(
                spread(
                    [(f" {padded(daemon.name, names, right=False)}", palette.text), (state, style)],
                    [(cost, palette.dim)] if width > 44 and not system.of_past else [],
                    width,
                )
            )
        return lines[:height]

    @staticmethod
    def _fact(name: str, value: str, look: Formatter, width: int, *, warn: bool = False) -> Line:
        style = look.palette.warn if warn else look.palette.text
        return spread([(f" {name} ", look.palette.dim)], [(f"{value} ", style)], width)


class SignalDetail(Drawn):
    """The selected signal's verdict: the reason, the value, the limit, and every check before it."""

    def __init__(self, selected: Callable[[], SignalRow | None], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._selected = selected

    def version(self, desk: Store, look: Formatter) -> Hashable:
        """Draw when another signal is selected."""
        del desk, look
        return (id(self._selected()),)

    def draw(self, desk: Store, look: Formatter, width: int, height: int) -> list[Line]:
        """Return the verdict."""
        row = self._selected()
        if row is None:
            return []
        palette, signal = look.palette, row.signal
        lines = [
            line((f" {signal.strategy_id}", palette.accent), (f" {look.glyphs.dot} {signal.reason}", palette.text))
        ]
        if row.verdict is RiskVerdict.DENIED:
            lines.append(
                line((f" {look.glyphs.failed} {row.code} ", palette.bad), (amounts(row.why, look), palette.text))
            )
            lines.append(
                line(
                    (" value ", palette.dim),
                    (amounts(row.value, look), palette.bad),
                    ("  limit ", palette.dim),
                    (amounts(row.limit, look), palette.good),
                )
            )
        elif row.verdict is RiskVerdict.ALLOWED:
            lines.append(line((f" {look.glyphs.done} risk let it pass", palette.good)))
        else:
            lines.append(line((f" {look.glyphs.starting} risk has not answered yet", palette.warn)))
        made: list[list[Piece]] = [
            [(f"{look.glyphs.done} {name} ", palette.good), (amounts(f"{value} of {limit}", look), palette.dim)]
            for name, value, limit in _checks(desk, row)
        ]
        return [*lines, *_flowing(made, width)][:height]


def _flowing(groups: Sequence[list[Piece]], width: int) -> Iterator[Line]:
    """Yield groups of texts in as many lines as they need."""
    row: list[Piece] = []
    used = 0
    for group in groups:
        size = sum(len(text) for text, _ in group)
        if row and used + 2 + size > width:
            yield spread(row, [], width)
            row, used = [], 0
        row += [("  " if row else " ", None), *group]
        used += size + (2 if used else 1)
    if row:
        yield spread(row, [], width)


def _checks(desk: Store, row: SignalRow) -> list[tuple[str, str, str]]:
    try:
        data = desk.routes.read(row.record).data
    except ValueError:
        return []
    if not isinstance(data, SignalValidated | SignalRejected):
        return []
    return [(check.check, check.value, check.limit) for check in data.checks]


class DenialBars(Drawn):
    """How often risk said what."""

    def version(self, desk: Store, look: Formatter) -> Hashable:
        """Draw when a verdict came."""
        del look
        return desk.signals.allowed, desk.signals.denied

    def draw(self, desk: Store, look: Formatter, width: int, height: int) -> list[Line]:
        """Return a bar for each."""
        signals, palette = desk.signals, look.palette
        if not signals.allowed and not signals.denied:
            return []
        found = [("allowed", signals.allowed, palette.good)]
        found += [
            (code, count, palette.bad)
            for code, count in sorted(signals.denials.items(), key=lambda pair: -pair[1])
        ]
        most = max(count for _, count, _ in found)
        room = max(4, width - 34)
        lines = []
        for name, count, style in found[:height]:
            bar = look.glyphs.left_block[-1] * max(1, round(count / most * room))
            lines.append(
                line(
                    (f" {padded(name, 22, right=False)} ", palette.text),
                    (f"{padded(look.count(count), 7, right=True)} ", palette.dim),
                    (bar, style),
                )
            )
        return lines


class OrderCounts(Drawn):
    """One line: how many orders stand where."""

    DEFAULT_CSS = """
    OrderCounts { height: 1; }
    """

    def draw(self, desk: Store, look: Formatter, width: int, height: int) -> list[Line]:
        """Return the line."""
        del height
        counts = Counter(row.order.status for row in desk.orders.rows.values())
        bad = {OrderStatus.UNKNOWN, OrderStatus.REJECTED}
        pieces: list[Piece] = [(" ", None)]
        for status in OrderStatus:
            number = counts.get(status, 0)
            if not number and status not in {OrderStatus.SUBMITTED, OrderStatus.FILLED, OrderStatus.UNKNOWN}:
                continue
            style = look.palette.bad if number and status in bad else look.palette.text
            pieces += [(f"{status.value.lower()} ", look.palette.dim), (f"{look.count(number)}   ", style)]
        return [spread(pieces, [], width)]
