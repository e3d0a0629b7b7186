"""`strategies.toml`, `risk.toml` and `calendar.toml`: what they give, and the lines that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from alphapanda.deployment import Deployment
from alphapanda.ids import BrokerId
from alphapanda.market.universe import SIMULATED_INSTRUMENTS
from alphapanda.pipeline.documents import check_documents, load_risk, load_strategies
from alphapanda.risk.limits import RiskLimits
from alphapanda.settings import InvalidSettingsError, load
from alphapanda.settings.calendar_file import load_calendar, market_calendar
from alphapanda.settings.starters import starter_text

Write = Callable[[str, str], Path]
PAPER = BrokerId("paper")


def found(deployment: Deployment, *brokers: str) -> list[str]:
    return [str(problem) for problem in check_documents(deployment, brokers or ("paper",))]


def test_without_files_the_starters_hold_and_trade_what_the_simulated_feed_has(deployment: Deployment) -> None:
    strategies = load_strategies(deployment)

    names = [str(instrument.id) for instrument in SIMULATED_INSTRUMENTS]
    assert strategies
    for strategy in strategies:
        assert all(any(fnmatchcase(name, pattern) for name in names) for pattern in strategy.instruments)
    assert load_risk(deployment, PAPER) == RiskLimits()
    assert found(deployment) == []


def test_the_starters_are_valid_and_say_what_holds_without_them(deployment: Deployment, write: Write) -> None:
    without = load_strategies(deployment)
    for name in ("strategies.toml", "risk.toml"):
        write(name, starter_text(name))
    assert found(deployment) == []
    assert load_strategies(deployment) == without
    assert load_risk(deployment, PAPER) == RiskLimits()


def test_the_risk_starter_names_every_limit_with_its_default(deployment: Deployment, write: Write) -> None:
    import re

    text = re.sub(r"(?m)^# (\w+ = [^#\n]*).*$", r"\1", starter_text("risk.toml").split("# [brokers")[0])
    write("risk.toml", text)
    assert load_risk(deployment, PAPER) == RiskLimits()
    assert all(f"# {name} = " in starter_text("risk.toml") for name in RiskLimits.__struct_fields__)


def test_a_brokers_own_limits_win_over_those_of_all(deployment: Deployment, write: Write) -> None:
    write(
        "risk.toml",
        "[limits]\nmax_open_positions = 3\nmax_orders_per_second = 4\n"
        '[brokers.paper]\nmax_open_positions = 7\nmax_order_notional_rupees = "12.50"\n',
    )
    own, other = load_risk(deployment, PAPER), load_risk(deployment, BrokerId("paper2"))
    assert (own.max_open_positions, own.max_orders_per_second) == (7, 4)
    assert own.max_order_notional_rupees == Decimal("12.50")
    assert (other.max_open_positions, other.max_orders_per_second) == (3, 4)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[limit]\n", "risk.toml:1: limit is not a setting. Did you mean limits?"),
        (
            "[limits]\n\nmax_open_position = 1\n",
            "risk.toml:3: limits.max_open_position is not a setting. Did you mean max_open_positions?",
        ),
        (
            '[limits]\nmax_open_positions = "x"\n',
            "risk.toml:2: limits.max_open_positions: expected `int`, got `str`.",
        ),
        ("[brokers.papr]\n", "risk.toml:1: brokers.papr: there is no broker papr. Did you mean paper?"),
        (
            "[brokers.paper]\nmax_tick_age_ms = 0\n",
            "risk.toml:2: brokers.paper.max_tick_age_ms: max_tick_age_ms must be at least 1, not 0.",
        ),
        ("limits = 5\n", "risk.toml:1: limits is not a table."),
        ("brokers = 5\n", "risk.toml:1: brokers is not a table."),
    ],
)
def test_a_wrong_limit_names_its_line(text: str, problem: str, deployment: Deployment, write: Write) -> None:
    write("risk.toml", text)
    assert found(deployment) == [problem]


def test_a_fault_in_the_limits_of_all_is_told_once(deployment: Deployment, write: Write) -> None:
    write("risk.toml", "[limits]\nmax_tick_age_ms = 0\n")
    assert len(found(deployment, "paper", "paper2")) == 1


STRATEGY = """\
[strategies.one]
class = "alphapanda.strategies.ema_crossover:EmaCrossover"
instruments = ["NSE:INFY"]
quantity = 1
"""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (STRATEGY + "qantity = 1\n", "strategies.toml:5: strategies.one.qantity: "),
        (STRATEGY.replace("quantity = 1", "quantity = 0"), "strategies.toml:4: strategies.one.quantity: "),
        (STRATEGY.replace("EmaCrossover", "EmaCross"), "strategies.toml:1: strategies.one: "),
        (STRATEGY.replace("ema_crossover", "no_such"), "strategies.toml:1: strategies.one: "),
        (STRATEGY + "params = { fats = 1 }\n", "strategies.toml:5: strategies.one.params.fats: "),
        (STRATEGY + "[strategies.one.params]\nfast = 9\nslow = 3\n", "strategies.toml:5: strategies.one.params"),
        (STRATEGY + 'brokers = ["papr"]\n', "strategies.toml:5: strategies.one.brokers: there is no broker papr."),
        (STRATEGY + '[strategies.two]\nquantity = "x"\n', "strategies.toml:"),
        ("[strategy.one]\n", "strategies.toml"),
    ],
)
def test_a_wrong_strategy_names_its_line(text: str, place: str, deployment: Deployment, write: Write) -> None:
    write("strategies.toml", text)
    problems = found(deployment)
    assert len(problems) == 1
    assert problems[0].startswith(place)


def test_all_wrong_strategies_are_told_at_once(deployment: Deployment, write: Write) -> None:
    second = STRATEGY.replace("one", "two")
    write("strategies.toml", (STRATEGY + second).replace("quantity = 1", "quantity = 0"))
    with pytest.raises(InvalidSettingsError) as caught:
        load_strategies(deployment)
    assert [problem.where for problem in caught.value.problems] == ["strategies.toml:4", "strategies.toml:8"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[holidays]\n2027-02-30 = 'x'\n",
            "calendar.toml:2: holidays.2027-02-30: a day is written YYYY-MM-DD.",
        ),
        ("[holidays]\n2027-01-26 = 26\n", "calendar.toml:1: holidays: expected `str`, got `int`."),
        ("last = 'soon'\n", "calendar.toml:1: last: invalid RFC3339 encoded date."),
        ("[holiday]\n2027-01-26 = ''\n", "calendar.toml:1: holiday is not a setting. Did you mean holidays?"),
        (
            "[sessions]\n2027-10-29 = { opens = 19:00:00, closes = 18:00:00 }\n",
            "calendar.toml:2: sessions.2027-10-29: closes 18:00:00 is not after opens 19:00:00.",
        ),
        (
            "[sessions]\n2027-10-29 = { opns = 18:00:00 }\n",
            "calendar.toml:2: sessions.2027-10-29: object contains unknown field `opns`.",
        ),
    ],
)
def test_a_wrong_calendar_names_its_line(text: str, problem: str, deployment: Deployment, write: Write) -> None:
    write("calendar.toml", text)
    assert found(deployment) == [problem]


def test_the_calendar_file_lies_over_the_releases_calendar(deployment: Deployment, write: Write) -> None:
    assert not load_calendar(deployment).covers(date(2027, 1, 4))
    write("calendar.toml", 'last = 2027-12-31\n\n[holidays]\n2027-01-26 = "Republic Day"\n')
    calendar = load_calendar(deployment)
    assert calendar.covers(date(2027, 1, 4))
    assert [calendar.is_session(date(year, 1, 26)) for year in (2026, 2027)] == [False, False]
    assert found(deployment) == []


def test_a_simulated_market_has_no_holidays_and_a_recorded_one_the_exchanges(
    deployment: Deployment, write: Write
) -> None:
    holiday = date(2026, 1, 26)
    assert market_calendar(load(deployment, {}).settings, deployment).is_session(holiday)
    write("ticks.csv", "")
    recorded = load(deployment, {"FEED__SOURCE": "recorded", "FEED__FILE": "ticks.csv"}).settings
    assert not market_calendar(recorded, deployment).is_session(holiday)
