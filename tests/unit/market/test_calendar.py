from datetime import UTC, date, datetime, time

import pytest

from alphapanda.market.calendar import SESSION_SECONDS, SessionPhase, TradingCalendar, TradingSession

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
