"""`calendar.toml`: trading holidays and special sessions beyond those that the release knows."""

from __future__ import annotations

from datetime import date

import msgspec

from alphapanda.deployment import Deployment
from alphapanda.market.calendar import CalendarDays, SpecialSession, TradingCalendar, exchange_calendar
from alphapanda.settings.model import Settings
from alphapanda.settings.problems import InvalidSettingsError, Problem
from alphapanda.settings.sections import FeedSource
from alphapanda.settings.toml_file import read_toml, refuse_unknown, said_of, table_of

CALENDAR_HINT = "Add the exchange's holidays of that year, and its last day as `last`, to calendar.toml."
"""The remedy for days whose holidays are not known."""


def load_calendar(deployment: Deployment) -> TradingCalendar:
    """Return the exchanges' calendar, with the days of `calendar.toml` over it where there is one.

    Raises InvalidSettingsError, which names file and line.
    """
    file = read_toml(deployment.calendar_file)
    refuse_unknown(file, (), file.values, CalendarDays.__struct_fields__)
    problems = [
        Problem(file.place((table, day)), f"{table}.{day}: a day is written YYYY-MM-DD.")
        for table in ("holidays", "sessions")
        for day in table_of(file, (table,))
        if not _is_date(day)
    ]
    for day, session in table_of(file, ("sessions",)).items():
        try:
            msgspec.convert(session, SpecialSession)
        except msgspec.ValidationError as error:
            problems.append(Problem(file.place(("sessions", day)), f"sessions.{day}: {said_of(error)[0]}."))
    if problems:
        raise InvalidSettingsError(problems)
    try:
        return exchange_calendar().with_days(CalendarDays.parse(file.values))
    except msgspec.ValidationError as error:
        what, key = said_of(error)
        name = key.partition("[")[0]
        raise InvalidSettingsError([Problem(file.place((name,)), f"{name or file.name}: {what}.")]) from None


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


def market_calendar(settings: Settings, deployment: Deployment) -> TradingCalendar:
    """Return the calendar that the feed's ticks follow: a simulated market trades on every Monday to Friday."""
    return TradingCalendar() if settings.feed.source is FeedSource.SIMULATED else load_calendar(deployment)
