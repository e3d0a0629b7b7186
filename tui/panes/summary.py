"""Small drawings beside the tables: the system in few lines, a signal's verdict, orders by state, denials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence

from alphapanda.market.calendar import TradingCalendar
from alphapanda.model.order import OrderStatus
from alphapanda.model.signal import SignalRejected, SignalValidated
from topics.services import TICKS
from tui.panes.canvas import Drawing, Line, Piece, line, spread
from tui.panes.status_bar import at_most, session_of
from tui.render.layout import padded
from tui.store.signals import RiskVerdict, SignalRow
from tui.store.store import Store
from tui.tables.operations import daemon_state
from tui.theme.formatter import Formatter, bytes_text, from_ms, number_text, span
from tui.theme.masking import amounts


class SystemCard(Drawing):
    """Session, daemons, lag and dead letters in few lines."""

    def __init__(self, calendar: TradingCalendar, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._calendar = calendar

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return as many lines as fit, the sums first."""
        palette = fmt.palette
        system, market = store.system, store.market
        rate = store.topics.rows.get(TICKS)
        ticks = f"{number_text(rate.rate)}/s" if rate else "-"
        newest = "-" if market.newest_ms is None else f"{fmt.age(from_ms(market.newest_ms))} ago"
        lines = [
            spread(
                [(" session ", palette.dim)], [*session_of(store, fmt, self._calendar)[:2], (" ", None)], width
            ),
            self._fact("ticks", f"{ticks} {fmt.glyphs.dot} newest {newest}", fmt, width),
        ]
        worst = store.topics.worst
        behind = "-"
        if worst is not None:
            group = worst[0].group.removeprefix("alphapanda.")
            seconds = "" if not worst[0].seconds else f" {fmt.glyphs.dot} {span(worst[0].seconds)}"
            behind = f"{group} {at_most(worst[0], fmt)}{fmt.count(worst[0].records or 0)}{seconds}"
        lines.append(self._fact("worst lag", behind, fmt, width))
        dead = store.dead
        reasons = sum(1 for reason in dead.reasons.values() if reason.unresolved)
        letters = f"{fmt.count(dead.unresolved)} in {reasons} reasons" if dead.unresolved else "none"
        letters = letters if store.topics.rows else "-"
        lines.append(self._fact("dead letters", letters, fmt, width, warn=bool(dead.unresolved)))
        known = len(system.daemons)
        silent = "not in the supervisor's log" if system.of_past else "nobody says"
        daemons = f"{system.well} of {known} well" if known else silent
        lines.append(self._fact("daemons", daemons, fmt, width, warn=system.well < known))
        ranked = sorted(system.daemons.values(), key=lambda daemon: daemon.state.is_well)
        longest = max((len(daemon.name) for daemon in ranked), default=0)
        names = max(16, min(longest, width - 32)) + 1
        for daemon in ranked[: max(0, height - len(lines))]:
            state, style = daemon_state(daemon, fmt)
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
    def _fact(name: str, value: str, fmt: Formatter, width: int, *, warn: bool = False) -> Line:
        style = fmt.palette.warn if warn else fmt.palette.text
        return spread([(f" {name} ", fmt.palette.dim)], [(f"{value} ", style)], width)


class SignalDetail(Drawing):
    """The selected signal's verdict: the reason, the value, the limit, and every check before it."""

    def __init__(self, selected: Callable[[], SignalRow | None], *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._selected = selected

    def version(self, store: Store, fmt: Formatter) -> Hashable:
        """Draw when another signal is selected."""
        del store, fmt
        return (id(self._selected()),)

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the verdict."""
        row = self._selected()
        if row is None:
            return []
        palette, signal = fmt.palette, row.signal
        lines = [
            line((f" {signal.strategy_id}", palette.accent), (f" {fmt.glyphs.dot} {signal.reason}", palette.text))
        ]
        if row.verdict is RiskVerdict.DENIED:
            lines.append(
                line((f" {fmt.glyphs.failed} {row.code} ", palette.bad), (amounts(row.why, fmt), palette.text))
            )
            lines.append(
                line(
                    (" value ", palette.dim),
                    (amounts(row.value, fmt), palette.bad),
                    ("  limit ", palette.dim),
                    (amounts(row.limit, fmt), palette.good),
                )
            )
        elif row.verdict is RiskVerdict.ALLOWED:
            lines.append(line((f" {fmt.glyphs.done} risk let it pass", palette.good)))
        else:
            lines.append(line((f" {fmt.glyphs.starting} risk has not answered yet", palette.warn)))
        made: list[list[Piece]] = [
            [(f"{fmt.glyphs.done} {name} ", palette.good), (amounts(f"{value} of {limit}", fmt), palette.dim)]
            for name, value, limit in _checks(store, row)
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


def _checks(store: Store, row: SignalRow) -> list[tuple[str, str, str]]:
    try:
        data = store.routes.read(row.record).data
    except ValueError:
        return []
    if not isinstance(data, SignalValidated | SignalRejected):
        return []
    return [(check.check, check.value, check.limit) for check in data.checks]


class DenialBars(Drawing):
    """How often risk said what."""

    def version(self, store: Store, fmt: Formatter) -> Hashable:
        """Draw when a verdict came."""
        del fmt
        return store.signals.allowed, store.signals.denied

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return a bar for each."""
        signals, palette = store.signals, fmt.palette
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
            bar = fmt.glyphs.left_block[-1] * max(1, round(count / most * room))
            lines.append(
                line(
                    (f" {padded(name, 22, right=False)} ", palette.text),
                    (f"{padded(fmt.count(count), 7, right=True)} ", palette.dim),
                    (bar, style),
                )
            )
        return lines


class OrderCounts(Drawing):
    """One line: how many orders stand where."""

    DEFAULT_CSS = """
    OrderCounts { height: 1; }
    """

    def draw(self, store: Store, fmt: Formatter, width: int, height: int) -> list[Line]:
        """Return the line."""
        del height
        counts = Counter(row.order.status for row in store.orders.rows.values())
        bad = {OrderStatus.UNKNOWN, OrderStatus.REJECTED}
        pieces: list[Piece] = [(" ", None)]
        for status in OrderStatus:
            number = counts.get(status, 0)
            if not number and status not in {OrderStatus.SUBMITTED, OrderStatus.FILLED, OrderStatus.UNKNOWN}:
                continue
            style = fmt.palette.bad if number and status in bad else fmt.palette.text
            pieces += [(f"{status.value.lower()} ", fmt.palette.dim), (f"{fmt.count(number)}   ", style)]
        return [spread(pieces, [], width)]
