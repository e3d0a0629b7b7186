"""The rate is that of the fullest second around, against counting it by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alphapanda.risk.checks.flow import RateWindow

START = datetime(2025, 11, 17, tzinfo=UTC)
times = st.lists(st.integers(0, 5_000), max_size=40)


@given(times=times, at=st.integers(0, 5_000))
def test_the_fullest_second(times: list[int], at: int) -> None:
    window = RateWindow()
    for ms in times:
        window.add(START + timedelta(milliseconds=ms))
    every = [*times, at]
    by_hand = max(sum(start <= t < start + 1_000 for t in every) for start in every if start <= at < start + 1_000)
    assert window.busiest(START + timedelta(milliseconds=at)) == by_hand


@given(times=times)
def test_a_restored_window_is_the_same(times: list[int]) -> None:
    window, again = RateWindow(capacity=10), RateWindow(capacity=10)
    for ms in times:
        window.add(START + timedelta(milliseconds=ms))
    again.load(window.dump())
    assert again.dump() == window.dump()
    assert len(window.dump()) <= 10
