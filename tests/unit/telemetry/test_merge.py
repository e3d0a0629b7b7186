from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from alphapanda.operations.logs.follower import REORDER_WINDOW, ReorderWindow
from alphapanda.operations.logs.history import merge
from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import LogRecord

START = datetime(2025, 11, 17, 4, 0, tzinfo=UTC)
STEP = timedelta(milliseconds=10)

times = st.lists(st.integers(0, 50), max_size=20)
services = st.lists(times, max_size=5)


def record(service: int, number: int, at: int) -> LogRecord:
    return LogRecord(
        at=START + at * STEP,
        service=f"s{service}",
        level=LogLevel.INFO,
        channel="app",
        event=str(number),
        fields={},
        raw=b"",
    )


def records_of(all_times: list[list[int]]) -> list[list[LogRecord]]:
    return [[record(s, n, at) for n, at in enumerate(line)] for s, line in enumerate(all_times)]


@given(services.map(lambda lists: [sorted(line) for line in lists]))
def test_lines_come_in_the_order_of_time_and_equal_times_in_the_order_of_services(lists: list[list[int]]) -> None:
    per_service = records_of(lists)
    everything = [each for line in per_service for each in line]
    assert list(merge(per_service)) == sorted(everything, key=lambda each: each.at)


@given(services)
def test_no_line_is_lost_and_a_services_own_order_holds_though_its_clock_goes_back(lists: list[list[int]]) -> None:
    per_service = records_of(lists)
    merged = list(merge(per_service))
    for number, line in enumerate(per_service):
        assert [each for each in merged if each.service == f"s{number}"] == line
    # Each line stands where the latest time that its service had reached by then puts it.
    reached = {
        (each.service, each.event): latest
        for line in per_service
        for each, latest in zip(line, accumulate((each.at for each in line), max), strict=True)
    }
    keys = [reached[each.service, each.event] for each in merged]
    assert all(one <= two for one, two in pairwise(keys))


@given(services, st.integers(1, 7))
def test_live_lines_come_out_once_each_and_per_service_in_order(lists: list[list[int]], batch: int) -> None:
    per_service = records_of(lists)
    window = ReorderWindow()
    now, shown = START, list[LogRecord]()
    waiting = [list(line) for line in per_service]
    while any(waiting):
        for line in waiting:
            for each in line[:batch]:
                window.push(each, now)
            del line[:batch]
        now += STEP
        shown += window.pop(now)
    shown += window.drain()
    for number, line in enumerate(per_service):
        assert [each for each in shown if each.service == f"s{number}"] == line


def test_a_line_that_is_read_late_still_goes_before_a_younger_one() -> None:
    window = ReorderWindow()
    young, old = record(0, 0, 2), record(1, 0, 1)
    window.push(young, START)
    assert window.pop(START) == []
    window.push(old, START)
    assert window.pop(START + REORDER_WINDOW + 2 * STEP) == [old, young]


def test_a_line_from_a_clock_that_runs_ahead_is_not_held_back_for_long() -> None:
    window = ReorderWindow()
    ahead = record(0, 0, 10**6)
    window.push(ahead, START)
    assert window.pop(START + REORDER_WINDOW) == []
    assert window.pop(START + 2 * REORDER_WINDOW) == [ahead]
