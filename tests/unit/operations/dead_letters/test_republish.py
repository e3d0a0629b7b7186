"""What is sent again: the same bytes, the original's headers, and its past."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alphapanda.model.records import Header, Partition, Record
from alphapanda.operations.dead_letters.record import event_facts, read_dead_letter
from alphapanda.operations.dead_letters.republish import ResendOptions, resend, size_of


def how(now: datetime, **changes: Any) -> ResendOptions:
    facts: dict[str, Any] = {
        "run_id": "r1",
        "actor": "asha",
        "at": now,
        "group": "paper.risk",
        "count": 1,
        "partition": 0,
    }
    return ResendOptions(**(facts | changes))


def test_only_the_bus_own_last_header_of_that_name_goes(make_letter: Any, now: datetime) -> None:
    sent = resend(make_letter(), "paper.signals.raw", how(now))
    groups = [value for name, value in sent.headers if name == Header.GROUP]
    assert groups == [b"alphapanda.strategies"]
    without = resend(make_letter(original=()), "paper.signals.raw", how(now))
    assert Header.GROUP not in {name for name, _ in without.headers}


def test_a_record_that_comes_back_is_sent_with_one_past(make_letter: Any, now: datetime) -> None:
    first = make_letter(original_timestamp_ms=1_000)
    sent = resend(first, "paper.signals.raw", how(now, edited_fields=("data.quantity",)))
    again = make_letter(offset=5, original=sent.headers, original_timestamp_ms=2_000)
    assert (again.id, again.replay_count, again.replay_run) == (first.id, 1, "r1")
    assert again.replay_of == str(first.place)
    assert again.original_ms == 1_000
    twice = resend(again, "paper.signals.raw", how(now, run_id="r2", count=2))
    names = [name for name, _ in twice.headers]
    assert len(names) == len(set(names))
    headers = dict(twice.headers)
    assert headers["ap-replay-of"] == str(again.place).encode()
    assert headers["ap-replay-original-timestamp"] == b"1000"
    assert headers["ap-edited-fields"] == b"data.quantity"
    assert not {name for name in names if name.startswith(("__dlq.", "ap-dlq-"))} - {"ap-dlq-id"}


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["traceparent", "type", "x", "ap-seen", "ap-base", "ap-cause"]), st.binary(max_size=9)
    ),
    max_size=5,
)


@given(st.none() | st.binary(max_size=50), st.none() | st.binary(max_size=9), HEADERS)
def test_bytes_in_bytes_out(value: bytes | None, key: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    record = Record(Partition("paper.x.y.dlq", 0), 3, 4, key, value, tuple(headers))
    sent = resend(read_dead_letter(record), "paper.x.y", how(datetime.fromisoformat("2026-01-05T04:30:00+00:00")))
    assert (sent.key, sent.value) == (key, value)
    assert sent.headers[: len(headers)] == tuple(headers)
    assert size_of(sent) >= len(value or b"") + len(key or b"") + sum(len(v or b"") for _, v in sent.headers)


@given(st.binary(max_size=60))
def test_facts_of_any_bytes(value: bytes) -> None:
    event_facts(value)


def test_facts_of_an_event_whose_fields_have_the_wrong_types() -> None:
    facts = event_facts(b'{"id":"e1","broker":"paper","ts":"2026-01-05T04:30:00Z","data":{"client_order_id":7}}')
    assert (facts.id, facts.broker, facts.client_order_id) == ("e1", "paper", "")
    assert facts.ts is not None
    assert event_facts(b'{"id":7,"ts":"yesterday"}').id == ""
    assert event_facts(b"[1]") == event_facts(None)
