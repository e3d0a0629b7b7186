"""The Indian day by arithmetic agrees with the time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from alphapanda.clock import IST
from alphapanda.market.calendar import ist_day

MOMENTS = st.integers(min_value=0, max_value=2_840_000_000_000_000).map(
    lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)


@given(MOMENTS)
def test_a_day_is_the_calendar_day_in_india(moment: datetime) -> None:
    day = ist_day(moment)
    local = moment.astimezone(IST)
    assert day.start <= moment < day.end
    assert day.start.astimezone(IST) == datetime.combine(local.date(), time(0), IST)
    assert day.end - day.start == timedelta(days=1)


def test_times_of_day_are_in_ist() -> None:
    day = ist_day(datetime(2025, 11, 17, 6, tzinfo=UTC))
    assert day.at(time(15, 20)) == datetime(2025, 11, 17, 9, 50, tzinfo=UTC)
    assert day.market_open == datetime(2025, 11, 17, 3, 45, tzinfo=UTC)


def test_other_time_zones_are_taken_for_what_they_are() -> None:
    there = datetime(2025, 11, 16, 23, 0, tzinfo=timezone(timedelta(hours=-5)))
    assert ist_day(there) == ist_day(there.astimezone(UTC))
