"""Searching, marking, and the windows of the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

from textual.pilot import Pilot

from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import LogRecord
from tui.app import Dashboard
from tui.render.ring import Ring, RowGap
from tui.render.table import LiveTable
from tui.screens.operations import LogsScreen
from tui.store.orders import OrderRow
from tui.store.window import LogWindow, LogWindowFilter
from tui.tables.mentions import mentions_of

Make = Callable[..., Dashboard]
Step = Callable[[Pilot[int]], Awaitable[None]]
NOON = datetime(2026, 1, 5, 6, 30, tzinfo=UTC)


def line(seconds: float, service: str = "feed", level: LogLevel = LogLevel.INFO, text: str = "said") -> LogRecord:
    at = NOON + timedelta(seconds=seconds)
    raw = f"{at} {service} {text}".encode()
    return LogRecord(at=at, service=service, level=level, channel="app", event=text, fields={}, raw=raw)


def ring_of(lines: Sequence[LogRecord], limit: int = 100) -> Ring[LogRecord]:
    ring: Ring[LogRecord] = Ring(limit)
    for each in lines:
        ring.add(each)
    return ring


def orders_of(app: Dashboard) -> LiveTable[OrderRow]:
    table = app.table
    assert table is not None
    return table


def follows(view: LogsScreen) -> bool:
    return view.table.follow


def logs_of(app: Dashboard) -> LogsScreen:
    view = app.view
    assert isinstance(view, LogsScreen)
    return view


async def test_n_goes_through_what_the_filter_found_among_all_rows(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await repaint(pilot)
        table, everything = orders_of(app), len(orders_of(app).shown)
        await pilot.press("slash", *"infy", "enter")
        await repaint(pilot)
        found = {str(row.order.client_order_id) for row in table.shown}
        assert 1 < len(found) < everything
        seen = set()
        for _ in found:
            await pilot.press("n")
            seen.add(table.current_key)
        assert seen == found
        assert len(table.shown) == everything
        after = table.current_key
        await pilot.press("N", "n")
        assert table.current_key == after
        await pilot.press("escape")
        assert table.search is None
        assert app.status.screen == "orders"


async def test_marked_rows_are_found_again(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await repaint(pilot)
        table = orders_of(app)
        await pilot.press("j", "m")
        one = table.current_key
        await pilot.press("j", "j", "m", "g", "M")
        assert table.current_key == one
        await pilot.press("M")
        assert table.current_key != one
        await pilot.press("M")
        assert table.current_key == one
        assert "◆" in table.render_line(table.order.places[one] + 1).text
        await pilot.press("m")
        assert one not in table.marked


async def test_l_shows_the_lines_of_a_daemon_and_esc_all_of_them_again(
    make: Make, ready: Step, repaint: Step
) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("6")
        await repaint(pilot)
        orders_of(app).select_key("strategies")
        await pilot.press("l")
        await repaint(pilot)
        view = logs_of(app)
        assert {row.service for row in view.table.shown} == {"strategies"}
        assert "strategies" in str(app.pane.border_title if app.pane else "")
        await pilot.press("escape")
        await repaint(pilot)
        assert {"strategies", "kafka", "valkey"} < {row.service for row in view.table.shown}
        await pilot.press("escape")
        assert app.status.screen == "daemons"


async def test_l_shows_the_lines_that_name_an_order(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await repaint(pilot)
        row = orders_of(app).current
        assert row is not None
        await pilot.press("l")
        await repaint(pilot)
        view = logs_of(app)
        assert view.table.shown == []
        assert view.table.order.filter is not None
        assert row.correlation_id in view.table.order.filter.text


async def test_a_digit_is_a_window_on_the_logs_alone(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("9")
        await repaint(pilot)
        view = logs_of(app)
        everything = len(view.table.shown)
        await pilot.press("3")
        await repaint(pilot)
        assert app.status.screen == "logs"
        begin = app.formatter.now - timedelta(minutes=5)
        assert view.window.wanted.since == begin
        assert 0 < len(view.table.shown) <= everything
        assert all(row.at >= begin for row in view.table.shown)
        assert "since 09:15:00" in str(app.pane.border_title if app.pane else "")
        await pilot.press("1")
        await repaint(pilot)
        assert view.table.order.places[view.table.current_key] == 0
        assert not follows(view)
        await pilot.press("0")
        await repaint(pilot)
        assert len(view.table.shown) == everything
        assert follows(view)
        await pilot.press("7")
        assert app.status.screen == "topics"
        await pilot.press("1")
        assert app.status.screen == "overview"


async def test_a_digit_once_more_is_a_screen_again(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("9", "4")
        await repaint(pilot)
        assert app.status.screen == "logs"
        assert "4 again: Orders" in str(app.pane.border_subtitle if app.pane else "")
        await pilot.press("4")
        assert app.status.screen == "orders"


async def test_levels_and_sources_narrow_the_logs(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("9")
        await repaint(pilot)
        view = logs_of(app)
        await pilot.press("v")
        await repaint(pilot)
        assert {row.level for row in view.table.shown} == {LogLevel.WARNING, LogLevel.ERROR}
        await pilot.press("v")
        await repaint(pilot)
        assert {row.level for row in view.table.shown} == {LogLevel.ERROR}
        await pilot.press("v", "o", *"supervisor", "enter")
        await repaint(pilot)
        assert {row.service for row in view.table.shown} == {"supervisor"}
        await pilot.press("escape", "slash", *"level:>=warn", "enter")
        await repaint(pilot)
        assert {row.level for row in view.table.shown} == {LogLevel.WARNING, LogLevel.ERROR}


async def test_the_rate_is_the_operators(make: Make, ready: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        assert app.appearance.every == 1
        await pilot.press("minus", "minus", "minus")
        assert app.appearance.every == 10
        await pilot.press("plus", "plus", "plus")
        assert app.appearance.every == 1


def test_older_lines_stand_before_those_that_are_held_once() -> None:
    held = [line(10), line(11, "risk"), line(12)]
    ring, window = ring_of(held), LogWindow()
    assert window.rows(ring) is ring.rows
    assert window.oldest(ring) == held[0].at
    older = [line(1), line(2), held[0]]
    window.add_earlier(ring, older)
    assert list(window.rows(ring).values()) == [line(1), line(2), *held]
    assert window.oldest(ring) == line(1).at
    window.add_earlier(ring, [line(0), line(1)])
    assert list(window.rows(ring).values()) == [line(0), line(1), line(2), *held]


def test_lines_that_fell_out_between_are_counted() -> None:
    ring, window = ring_of([line(10), line(11)], limit=2), LogWindow()
    window.add_earlier(ring, [line(1)])
    ring.add(line(12))
    ring.add(line(13))
    assert list(window.rows(ring).values()) == [line(1), RowGap(2), line(12), line(13)]


def test_another_desk_forgets_the_older_lines() -> None:
    window = LogWindow()
    window.add_earlier(ring_of([line(10)]), [line(1)])
    other = ring_of([line(20)])
    assert list(window.rows(other).values()) == [line(20)]


def test_a_window_keeps_what_it_wants() -> None:
    ring, window = ring_of([line(1), line(2, level=LogLevel.ERROR), line(3, "risk")]), LogWindow()
    window.wanted = LogWindowFilter(service="risk")
    assert list(window.rows(ring).values()) == [line(3, "risk")]
    window.wanted = LogWindowFilter(since=NOON + timedelta(seconds=2))
    assert len(window.rows(ring)) == 2
    window.wanted = LogWindowFilter(level=LogLevel.WARNING)
    assert list(window.rows(ring).values()) == [line(2, level=LogLevel.ERROR)]


def test_what_no_line_speaks_of_has_no_lines() -> None:
    assert mentions_of(None) is None
    assert mentions_of(line(1)) is None
