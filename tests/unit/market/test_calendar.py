from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.clock import IST
from alphapanda.market.calendar import (
    SESSION_SECONDS,
    CalendarDays,
    SessionPhase,
    TradingCalendar,
    TradingSession,
    exchange_calendar,
    ist_day,
)

MONDAY = date(2026, 1, 5)


def ist(hour: int, minute: int, day: date = MONDAY) -> datetime:
    return TradingSession(day).at(time(hour, minute))


def test_a_session_lasts_from_0915_to_1530_ist() -> None:
    session = TradingSession(MONDAY)
    assert session.opens == datetime(2026, 1, 5, 3, 45, tzinfo=UTC)
    assert session.closes == datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
    assert (session.closes - session.opens).total_seconds() == SESSION_SECONDS


def test_weekends_and_holidays_are_passed_over() -> None:
    calendar = TradingCalendar(frozenset({date(2026, 1, 12)}))
    friday = TradingSession(date(2026, 1, 9))
    assert calendar.after(friday) == TradingSession(date(2026, 1, 13))
    assert calendar.first_from(date(2026, 1, 10)) == TradingSession(date(2026, 1, 13))
    assert calendar.first_from(MONDAY) == TradingSession(MONDAY)


@pytest.mark.parametrize(
    ("moment", "phase"),
    [
        (ist(8, 59), SessionPhase.CLOSED),
        (ist(9, 0), SessionPhase.PRE_OPEN),
        (ist(9, 15), SessionPhase.CONTINUOUS),
        (ist(15, 29), SessionPhase.CONTINUOUS),
        (ist(15, 30), SessionPhase.CLOSED),
        (ist(15, 40), SessionPhase.CLOSING),
        (ist(16, 0), SessionPhase.CLOSED),
        (ist(11, 0, date(2026, 1, 10)), SessionPhase.CLOSED),
    ],
)
def test_the_phase_follows_the_exchange_s_table(moment: datetime, phase: SessionPhase) -> None:
    assert TradingCalendar().phase(moment) is phase


def test_the_release_knows_three_years_of_holidays() -> None:
    calendar = exchange_calendar()
    years = [day.year for day in calendar.holidays]
    assert [years.count(year) for year in (2024, 2025, 2026)] == [16, 13, 16]  # a Muhurat day is a session
    assert all(day.weekday() < 5 for day in calendar.holidays)
    assert (calendar.first, calendar.last) == (date(2024, 1, 1), date(2026, 12, 31))
    assert not calendar.is_session(date(2026, 1, 26))
    assert calendar.after(TradingSession(date(2026, 1, 23))).day == date(2026, 1, 27)
    assert [calendar.covers(date(year, 6, 1)) for year in (2023, 2024, 2026, 2027)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("moment", "phase"),
    [
        (ist(13, 29, date(2025, 10, 21)), SessionPhase.CLOSED),
        (ist(13, 30, date(2025, 10, 21)), SessionPhase.PRE_OPEN),
        (ist(13, 45, date(2025, 10, 21)), SessionPhase.CONTINUOUS),
        (ist(14, 45, date(2025, 10, 21)), SessionPhase.CLOSED),
        (ist(15, 45, date(2025, 10, 21)), SessionPhase.CLOSED),
        (ist(11, 0, date(2026, 2, 1)), SessionPhase.CONTINUOUS),
        (ist(11, 0, date(2026, 1, 26)), SessionPhase.CLOSED),
    ],
)
def test_special_sessions_have_their_own_hours(moment: datetime, phase: SessionPhase) -> None:
    assert exchange_calendar().phase(moment) is phase


def test_a_muhurat_session_opens_and_closes_by_its_own_hours() -> None:
    session = exchange_calendar().first_from(date(2025, 10, 21))
    assert (session.opens, session.closes) == (
        datetime(2025, 10, 21, 8, 15, tzinfo=UTC),
        datetime(2025, 10, 21, 9, 15, tzinfo=UTC),
    )


def test_an_overlay_wins_both_ways_and_lengthens_the_coverage() -> None:
    days = CalendarDays.parse(
        {
            "last": date(2027, 12, 31),
            "holidays": {"2027-01-26": "Republic Day", "2026-02-01": "no session after all"},
            "sessions": {"2026-01-26": {"name": "open after all"}},
        }
    )
    calendar = exchange_calendar().with_days(days)
    assert not calendar.is_session(date(2027, 1, 26))
    assert not calendar.is_session(date(2026, 2, 1))
    assert calendar.is_session(date(2026, 1, 26))
    assert calendar.covers(date(2027, 12, 31))
    assert not calendar.covers(date(2028, 1, 1))


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
