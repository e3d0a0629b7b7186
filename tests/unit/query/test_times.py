from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import UsageError
from alphapanda.query.times import milliseconds, parse_duration, parse_time

NOW = datetime(2025, 11, 17, 4, 0, tzinfo=UTC)  # 09:30 IST


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("10m", NOW - timedelta(minutes=10)),
        ("2h30m", NOW - timedelta(hours=2, minutes=30)),
        ("3d", NOW - timedelta(days=3)),
        ("1d1h1m1s", NOW - timedelta(days=1, hours=1, minutes=1, seconds=1)),
        ("now", NOW),
        ("today", datetime(2025, 11, 16, 18, 30, tzinfo=UTC)),
        ("yesterday", datetime(2025, 11, 15, 18, 30, tzinfo=UTC)),
        ("09:15", datetime(2025, 11, 17, 3, 45, tzinfo=UTC)),
        ("9:15", datetime(2025, 11, 17, 3, 45, tzinfo=UTC)),
        ("9:15:30", datetime(2025, 11, 17, 3, 45, 30, tzinfo=UTC)),
        ("9:15:30.5", datetime(2025, 11, 17, 3, 45, 30, 500_000, tzinfo=UTC)),
        ("15:30", datetime(2025, 11, 16, 10, 0, tzinfo=UTC)),  # today's is still to come
        ("2025-11-17", datetime(2025, 11, 16, 18, 30, tzinfo=UTC)),
        ("2025-11-17T09:15", datetime(2025, 11, 17, 3, 45, tzinfo=UTC)),
        ("2025-11-17 09:15:00", datetime(2025, 11, 17, 3, 45, tzinfo=UTC)),
        ("2025-11-17T09:15:00Z", datetime(2025, 11, 17, 9, 15, tzinfo=UTC)),
        ("2025-11-17T09:15:00+02:00", datetime(2025, 11, 17, 7, 15, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_as_people_mean_it(text: str, moment: datetime) -> None:
    assert parse_time(text, NOW, past=True) == moment


@pytest.mark.parametrize("text", ["", " ", "soon", "10", "25:00", "2025-13-01", "m10", "99999999999d", "1:2:3:4"])
def test_what_is_no_moment_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="10m, 2h30m or 3d"):
        parse_time(text, NOW, past=True)


def test_a_time_of_day_is_todays_unless_the_past_is_meant() -> None:
    assert parse_time("15:30", NOW) == datetime(2025, 11, 17, 10, 0, tzinfo=UTC)
    assert parse_time("15:30", NOW, past=True) == datetime(2025, 11, 16, 10, 0, tzinfo=UTC)
    assert parse_time("-10m", NOW) == parse_time("10m", NOW)


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h"]))
def test_a_duration_is_what_it_says(amount: int, unit: str) -> None:
    units = {
        "ms": timedelta(milliseconds=1),
        "s": timedelta(seconds=1),
        "m": timedelta(minutes=1),
        "h": timedelta(hours=1),
    }
    assert parse_duration(f"{amount}{unit}") == units[unit] * amount


@given(st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_time_that_is_written_out_is_read_back(moment: datetime) -> None:
    assert parse_time(moment.isoformat().replace("+00:00", "Z"), NOW) == moment
    assert datetime.fromtimestamp(milliseconds(moment) / 1000, UTC) <= moment + timedelta(microseconds=1)


@pytest.mark.parametrize("text", ["", "9", "10", "1x", "m", "1m2", "999999999d1d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        parse_duration(text)
