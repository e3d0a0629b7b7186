from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alphapanda.errors import UsageError
from alphapanda.query.moments import parse_moment

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
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize("text", ["", " ", "soon", "10", "25:00", "2025-13-01", "m10", "99999999999d", "1:2:3:4"])
def test_what_is_no_moment_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="10m, 2h30m"):
        parse_moment(text, NOW)
