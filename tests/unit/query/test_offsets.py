from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.clock import IST
from alphapanda.query.errors import QuerySyntaxError
from alphapanda.query.offsets import At, Bound, Exact, Newest, OffsetRange, Oldest, parse_range

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""10:00 IST."""
MORNING = datetime(2026, 3, 2, 9, 15, tzinfo=IST)


def ago(**parts: float) -> At:
    return At(NOW - timedelta(**parts))


@pytest.mark.parametrize(
    ("text", "start", "stop"),
    [
        ("oldest", Oldest(), None),
        ("start", Oldest(), None),
        ("newest", Newest(), None),
        ("end", Newest(), None),
        (":end", Oldest(), Newest()),
        (":newest", Oldest(), Newest()),
        ("oldest:end", Oldest(), Newest()),
        ("100", Exact(100), None),
        ("100:", Exact(100), None),
        (":100", Oldest(), Exact(100)),
        ("100:200", Exact(100), Exact(200)),
        ("100:end", Exact(100), Newest()),
        ("+100", Oldest(100), None),
        ("-100", Newest(100), None),
        ("-100:end", Newest(100), Newest()),
        ("-100:", Newest(100), None),
        ("@-10m", ago(minutes=10), None),
        ("@-10m:", ago(minutes=10), None),
        ("@-1h30m:", ago(hours=1.5), None),
        ("@-1h:-10m", ago(hours=1), ago(minutes=10)),
        ("@-1h:@-10m", ago(hours=1), ago(minutes=10)),
        ("@-1h:10m", ago(hours=1), ago(minutes=50)),
        ("@-1h:now", ago(hours=1), At(NOW)),
        ("@-1h:end", ago(hours=1), Newest()),
        ("@09:15", At(MORNING), None),
        ("@09:15:", At(MORNING), None),
        ("@09:15:@09:20", At(MORNING), At(MORNING + timedelta(minutes=5))),
        ("@09:15:09:20", At(MORNING), At(MORNING + timedelta(minutes=5))),
        ("@09:15:5m", At(MORNING), At(MORNING + timedelta(minutes=5))),
        ("@9:15", At(MORNING), None),
        ("@09:15:30", At(MORNING + timedelta(seconds=30)), None),
        ("@09:15:30:@09:16:30.5", At(MORNING + timedelta(seconds=30)), At(MORNING + timedelta(seconds=90.5))),
        (":@09:20", Oldest(), At(MORNING + timedelta(minutes=5))),
        ("@:09:20", Oldest(), At(MORNING + timedelta(minutes=5))),
        ("-100:@09:20", Newest(100), At(MORNING + timedelta(minutes=5))),
        ("@2026-03-02", At(datetime(2026, 3, 2, tzinfo=IST)), None),
        ("@2026-03-02:2026-03-03", At(datetime(2026, 3, 2, tzinfo=IST)), At(datetime(2026, 3, 3, tzinfo=IST))),
        ("@2026-03-02T09:15", At(MORNING), None),
        ("@2026-03-02T03:45Z:2026-03-02T09:20+05:30", At(MORNING), At(MORNING + timedelta(minutes=5))),
        ("@1772423100", At(MORNING), None),
        ("@1772423100000:", At(MORNING), None),
    ],
)
def test_the_grammar(text: str, start: Bound, stop: Bound | None) -> None:
    assert parse_range(text, NOW) == OffsetRange(start, stop)


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("", 0, "Not a range"),
        ("@", 1, "Not a range"),
        ("newish", 0, "Not a range"),
        ("100:x", 4, "Not a range"),
        ("10.5", 2, "Not a range"),
        ("@9.15", 1, "Not a range"),
        ("@25:00", 1, "Not a time"),
        ("@09:15:@09:61", 8, "Not a time"),
        ("@2026-02-30", 1, "Not a time"),
        ("@:5m", 2, "needs a time to count from"),
        ("200:100", 4, "ends before it begins"),
        ("@09:20:@09:15", 8, "ends before it begins"),
        ("9999999999999999999", 0, "Larger than any offset"),
        ("100200", None, ""),
    ],
)
def test_what_is_not_in_it_is_pointed_at(text: str, position: int | None, says: str) -> None:
    if position is None:
        assert parse_range(text, NOW) == OffsetRange(Exact(100200))
        return
    with pytest.raises(QuerySyntaxError, match=says) as caught:
        parse_range(text, NOW)
    assert caught.value.position == position
    assert caught.value.pointed == f"{text}\n{' ' * position}^"


@given(st.text(max_size=30) | st.from_regex(r"@?[-+:@0-9dhms.TZ]{0,25}", fullmatch=True))
def test_any_text_is_a_range_or_a_fault_within_it(text: str) -> None:
    try:
        parse_range(text, NOW)
    except QuerySyntaxError as error:
        place = error.position
    else:
        place = 0
    assert 0 <= place <= len(text)


BOUNDS = st.one_of(
    st.builds(Oldest, st.integers(0, 50)),
    st.builds(Newest, st.integers(0, 50)),
    st.builds(Exact, st.integers(0, 200)),
    st.builds(At, st.sampled_from([NOW, MORNING])),
)


@given(BOUNDS, st.none() | BOUNDS, st.integers(0, 100), st.integers(0, 100), st.data())
def test_a_range_never_leaves_its_partition(
    start: Bound, stop: Bound | None, oldest: int, length: int, data: st.DataObject
) -> None:
    newest = oldest + length
    chosen = OffsetRange(start, stop)
    at = {ms: data.draw(st.none() | st.integers(oldest, newest)) for ms in chosen.times}
    first, last = chosen.resolve(oldest, newest, at)
    assert oldest <= first <= newest
    assert last is None if stop is None else last is not None and first <= last <= newest


def test_the_last_hundred_of_a_partition() -> None:
    assert parse_range("-100:end", NOW).resolve(500, 1000, {}) == (900, 1000)
    assert parse_range("-100", NOW).resolve(950, 1000, {}) == (950, None)
    assert parse_range("+10", NOW).resolve(500, 1000, {}) == (510, None)


def test_five_minutes_of_this_morning() -> None:
    chosen = parse_range("@09:15:5m", NOW)
    start, stop = chosen.times
    assert stop - start == 300_000
    assert chosen.resolve(0, 1000, {start: 40, stop: 90}) == (40, 90)
    assert chosen.resolve(0, 1000, {start: None, stop: None}) == (1000, 1000)
