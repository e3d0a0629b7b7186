"""What is told of a past moment, and what is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from textual.pilot import Pilot

from alphapanda.clock import ManualClock
from alphapanda.model.process_status import ProcessState, ProcessStatus
from alphapanda.model.records import Header, Partition, Record, encode_offsets
from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import LogRecord, Marker
from tui.app import Dashboard
from tui.store.past import PastSystem, ReadersPlaces
from tui.store.topics import Topics
from tui.theme.formatter import to_ms

NOON = datetime(2026, 1, 5, 6, 30, tzinfo=UTC)
TICKS = Partition("market.ticks", 0)
Make = Callable[..., Dashboard]
Step = Callable[[Pilot[int]], Awaitable[None]]


def said(seconds: float, event: str, marker: Marker | None = None, **fields: Any) -> LogRecord:
    return LogRecord(
        at=NOON + timedelta(seconds=seconds),
        service="supervisor",
        level=LogLevel.INFO,
        channel="app",
        event=event,
        fields=fields,
        raw=b"",
        marker=marker,
    )


def at(system: PastSystem, seconds: float) -> dict[str, ProcessStatus]:
    return {daemon.name: daemon for daemon in system.view(NOON + timedelta(seconds=seconds)).daemons}


def decided(offset: int, group: str, seen: int, seconds: float) -> Record:
    headers = (
        (Header.GROUP.value, group.encode()),
        (Header.SEEN.value, encode_offsets({TICKS: seen})),
    )
    written = to_ms(NOON + timedelta(seconds=seconds))
    return Record(Partition("paper.signals.raw", 0), offset, written, b"k", b"v", headers)


def test_processes_stand_as_the_supervisor_said() -> None:
    system = PastSystem()
    system.fold(
        [
            said(0, "started", Marker.STARTED, pid=7),
            said(1, "spawned", process="feed", pid=8),
            said(2, "process changed", process="feed", state="ready"),
            said(60, "process changed", process="feed", state="backoff", reason="exit code 1"),
            said(61, "spawned", process="feed", pid=9),
            said(62, "process changed", process="feed", state="ready"),
        ]
    )
    feed = at(system, 70)["feed"]
    assert (feed.state, feed.pid, feed.uptime_s, feed.restarts) == (ProcessState.READY, 9, 9.0, 1)
    assert (feed.cpu_percent, feed.rss_bytes) == (None, None)
    assert list(at(system, 70)) == ["feed", "supervisor"]
    assert at(system, 70)["supervisor"].uptime_s == 70.0


def test_restarts_are_not_known_where_the_lines_begin_later() -> None:
    system = PastSystem()
    system.fold([said(62, "process changed", process="feed", state="ready")])
    assert at(system, 70)["feed"].restarts is None


def test_what_ended_has_no_age() -> None:
    system = PastSystem()
    system.fold(
        [
            said(1, "spawned", process="topics", pid=8),
            said(2, "process changed", process="topics", state="done", last_exit="exit code 0"),
        ]
    )
    topics = at(system, 70)["topics"]
    assert (topics.pid, topics.uptime_s, topics.state) == (None, None, ProcessState.DONE)


def test_lag_of_the_past_is_what_decisions_had_seen() -> None:
    places = ReadersPlaces()
    places.fold([decided(0, "alphapanda.strategies", 90, 0), decided(1, "alphapanda.strategies", 95, 1)])
    places.fold([Record(TICKS, 99, to_ms(NOON), b"k", b"v", ())])
    assert places.offsets() == {"alphapanda.strategies": {TICKS: 95}}
    topics = Topics()
    topics.of_past = True
    topics.fold_past({TICKS: 100}, {TICKS: 50}, 5.0, {TICKS: 10}, places.offsets(), NOON)
    row = topics.rows["market.ticks"]
    assert (row.lag, row.lag_at_most, row.rate, row.held) == (5, True, 10.0, 90)


def test_a_header_of_somebody_else_tells_nothing() -> None:
    places = ReadersPlaces()
    headers = ((Header.GROUP.value, b"other"), (Header.SEEN.value, b"soon"))
    places.fold([Record(TICKS, 1, to_ms(NOON), b"k", b"v", headers)])
    assert places.offsets() == {}


async def test_no_pane_shows_the_present_in_the_past(
    make: Make, ready: Step, repaint: Step, clock: ManualClock
) -> None:
    app = make()
    async with app.run_test(size=(160, 50)) as pilot:
        await ready(pilot)
        live = app.live_store
        await pilot.press("at", *"09:17", "enter")
        for _ in range(200):
            await pilot.pause(0.02)
            if app.rewind is not None and app.rewind.loaded:
                break
        await repaint(pilot)
        then = clock.at - timedelta(minutes=3)
        assert app.formatter.now == then
        store = app.store
        assert store is not live
        assert all(line.at <= then for line in store.lines.rows.values() if isinstance(line, LogRecord))
        assert store.lines.added < live.lines.added
        assert store.topics.rows["market.ticks"].records < live.topics.rows["market.ticks"].records
        assert store.topics.rows["market.ticks"].rate > 0
        assert store.topics.rows["market.ticks"].lag_at_most or not store.topics.rows["market.ticks"].lags
        assert {daemon.cpu_percent for daemon in store.system.daemons.values()} == {None}
        assert store.system.daemons["strategies"].state is ProcessState.READY
        await pilot.press("6")
        await repaint(pilot)
        assert "CPU and memory were not recorded" in str(app.pane.border_title if app.pane else "")
        await pilot.press("7")
        await repaint(pilot)
        assert "lag at most" in str(app.pane.border_title if app.pane else "")


async def test_lines_and_topics_go_on_while_the_past_plays(make: Make, ready: Step, clock: ManualClock) -> None:
    app = make()
    async with app.run_test(size=(160, 50)) as pilot:
        await ready(pilot)
        await pilot.press("at", *"09:15:50", "enter")
        for _ in range(200):
            await pilot.pause(0.02)
            if app.rewind is not None and app.rewind.loaded:
                break
        lines, records = app.store.lines.added, app.store.topics.rows["market.ticks"].records
        await pilot.press("x", "x", "x", "space")
        for _ in range(300):
            clock.elapsed += 1.0
            await pilot.pause(0.02)
            if app.store.lines.added > lines and app.store.topics.rows["market.ticks"].records > records:
                break
        assert app.store.lines.added > lines
        assert app.store.topics.rows["market.ticks"].records > records
