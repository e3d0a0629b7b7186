"""Messages that mean the same, names that are typed, and metrics."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import UnknownNameError, UsageError
from alphapanda.operations.dead_letters.backlog import (
    DeadLetterBacklog,
    dead_letter_topics,
    failed_records,
    resolve,
)
from alphapanda.operations.dead_letters.exporter import exposition
from alphapanda.operations.dead_letters.republish import differences_of
from alphapanda.operations.dead_letters.selection import find_ids, reasons_of, sparkline
from alphapanda.operations.dead_letters.summary import MAX_SIGNATURE, signature


@pytest.mark.parametrize(
    ("message", "collapsed"),
    [
        ("no instrument NSE:INFY", "no instrument <instrument>"),
        ("order 01a2060b-febb-7103-8fbc-dbcc29f6cd60 is unknown", "order <id> is unknown"),
        ("no answer from 10.0.0.7:9092 within 250 ms", "no answer from <address> within <n> ms"),
        ("paper.orders.filled:0:17 says zerodha", "<record> says zerodha"),
        ("at 2026-01-05T04:30:00.123Z it was -3.5 %", "at <time> it was <n> %"),
        ("KeyError: 'INFY'", "KeyError: <text>"),
        ("Expected `int`, got `str` - at `$.data.legs[3].quantity`", None),
        ("hash 9f86d081884c7d659a2f", "hash <hex>"),
        ("two\n lines  and   spaces", "two lines and spaces"),
    ],
)
def test_signatures(message: str, collapsed: str | None) -> None:
    expected = collapsed or "Expected `int`, got `str` - at `$.data.legs[<n>].quantity`"
    assert signature(message) == expected


@given(st.text(max_size=400))
def test_a_signature_is_short_and_its_own(message: str) -> None:
    once = signature(message)
    assert len(once) <= MAX_SIGNATURE
    assert "\n" not in once


def test_reasons_are_counted_by_what_they_have_in_common(make_letter: Any, now: datetime) -> None:
    letters = [
        make_letter(offset=n, message=f"no row {n}", failed_at=now + timedelta(seconds=n)) for n in range(5)
    ]
    letters.append(make_letter(offset=9, message="another"))
    reasons = reasons_of(failed_records(letters, {}).values())
    assert [(one.signature, one.count, one.unresolved) for one in reasons] == [
        ("no row <n>", 5, 5),
        ("another", 1, 1),
    ]
    assert reasons[0].example == letters[4].id
    assert (reasons[0].last_ms - reasons[0].first_ms) == 4_000


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_a_sparkline_has_a_bar_where_something_is(times: list[int]) -> None:
    line = sparkline(times, min(times), max(times))
    assert len(line) == 12
    assert line[0] != " "
    assert "█" in line


def test_a_topic_is_named_by_itself_or_its_source() -> None:
    there = {"paper.orders.filled", "paper.orders.filled.dlq", "billing-dlt", "paper.signals.raw.dlq", "x"}
    assert dead_letter_topics(there) == ("billing-dlt", "paper.orders.filled.dlq", "paper.signals.raw.dlq")
    assert resolve("paper.orders.filled", there) == "paper.orders.filled.dlq"
    assert resolve("paper.orders.filled.dlq", there) == "paper.orders.filled.dlq"
    assert resolve("paper.signals.raw", there) == "paper.signals.raw.dlq", "its source is gone"
    assert resolve("billing", there) == "billing-dlt"
    with pytest.raises(UnknownNameError, match=r"paper\.order\.filled") as refused:
        resolve("paper.order.filled", there)
    assert "Did you mean 'paper.orders.filled" in refused.value.hint


def test_ids_are_found_by_their_beginning(make_letter: Any) -> None:
    letters = [make_letter(offset=n) for n in range(300)]
    items = failed_records(letters, {})
    first = letters[0]
    assert find_ids([first.id[:12], str(first.place)], items) == {first.id}
    with pytest.raises(UnknownNameError):
        find_ids(["zz"], items)
    with pytest.raises(UnknownNameError):
        find_ids([first.id[:3]], items)
    doubled = {f"abcd{n}": item for n, item in enumerate(items.values())}
    with pytest.raises(UsageError, match="beginning of 300"):
        find_ids(["abcd"], doubled)


def test_metrics_tell_what_is_open(make_letter: Any, now: datetime) -> None:
    letters = [make_letter(offset=n) for n in range(2)]
    backlog = DeadLetterBacklog(failed_records(letters, {}), {}, {}, 2)
    text = exposition(backlog, ["paper.signals.raw.dlq", "empty.dlq"], now + timedelta(seconds=5))
    lines = text.splitlines()
    assert 'alphapanda_dlq_open_records{topic="paper.signals.raw.dlq",error_code="permanent"} 2' in lines
    assert 'alphapanda_dlq_oldest_open_seconds{topic="paper.signals.raw.dlq"} 5.000' in lines
    assert 'alphapanda_dlq_oldest_open_seconds{topic="empty.dlq"} 0.000' in lines
    assert text.endswith("\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_values_differ_exactly_where_they_are_not_equal(before: Any, after: Any) -> None:
    import json

    differences = list(differences_of(before, after))
    assert bool(differences) == (json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True))
