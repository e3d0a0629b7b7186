from __future__ import annotations

import logging

import pytest

from alphapanda.errors import UnknownNameError
from alphapanda.telemetry.log import LogLevel


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("info", LogLevel.INFO),
        (" WARN ", LogLevel.WARNING),
        ("Error", LogLevel.ERROR),
        ("fatal", LogLevel.CRITICAL),
    ],
)
def test_a_level_is_read_in_any_case_and_by_its_usual_other_names(text: str, level: LogLevel) -> None:
    assert LogLevel.parse(text) is level


def test_an_unknown_level_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'warning'"):
        LogLevel.parse("waring")


@pytest.mark.parametrize("level", list(LogLevel))
def test_ranks_are_the_standard_librarys(level: LogLevel) -> None:
    assert logging.getLevelNamesMapping()[level.upper()] == level.rank
    assert LogLevel.of_rank(level.rank) is level


def test_a_number_between_two_levels_is_the_lower_of_them() -> None:
    assert LogLevel.of_rank(35) is LogLevel.WARNING
    assert LogLevel.of_rank(1) is LogLevel.DEBUG
