from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.dead_letter_families import integer, read_headers, source_name_of
from topics.dead_letters import (
    FailedStage,
    Family,
    Header,
    ProcessingFailure,
    Retryable,
    build_headers,
    dead_letter_id,
    error_code_of,
    without_diagnosis,
)

AT = datetime(2026, 3, 2, 4, 15, 0, 123456, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
TIMES = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
FAILURES = st.builds(
    ProcessingFailure,
    topic=TEXT,
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 1),
    group=TEXT,
    attempts=st.integers(1, 100),
    message=TEXT,
    error_code=TEXT,
    exception=TEXT,
    cause=st.none() | TEXT,
    retryable=st.sampled_from(Retryable),
    stage=st.none() | st.sampled_from(FailedStage),
    service=st.none() | TEXT,
    version=st.none() | TEXT,
    failed_at=TIMES,
    first_failed_at=TIMES,
    original_timestamp_ms=st.none() | st.integers(0, 2**42),
    schema_id=st.none() | TEXT,
    traceback=st.none() | TEXT,
    id=TEXT,
)
FOREIGN = st.lists(
    st.tuples(st.sampled_from(["traceparent", "type", "broker", "x"]), st.none() | st.binary(max_size=9)),
    max_size=4,
)


def failure(**changes: object) -> ProcessingFailure:
    facts: dict[str, object] = {
        "topic": "paper.orders.filled",
        "partition": 0,
        "offset": 42,
        "group": "paper.risk",
        "attempts": 3,
        "message": "no such instrument",
        "exception": "alphapanda.errors.PermanentError",
        "failed_at": AT,
    }
    return ProcessingFailure(**(facts | changes))  # type: ignore[arg-type]


@given(FAILURES, FOREIGN)
def test_what_is_written_is_read_back(written: ProcessingFailure, original: list[Header]) -> None:
    read = read_headers(build_headers(written, original), "any.topic.dlq")
    assert read.failure == written
    assert list(read.others) == original


@given(FAILURES, FOREIGN)
def test_sending_again_strips_all_but_the_id(written: ProcessingFailure, original: list[Header]) -> None:
    again = without_diagnosis(build_headers(written, original))
    assert again == [*original, ("ap-dlq-id", written.id.encode())]


@given(FAILURES, FAILURES)
def test_a_record_that_fails_again_keeps_its_id(first: ProcessingFailure, second: ProcessingFailure) -> None:
    again = read_headers(build_headers(second, without_diagnosis(build_headers(first))), "t.dlq").failure
    assert again.id == first.id
    assert again.message == second.message


@given(FAILURES, FAILURES)
def test_a_record_sent_again_as_it_was_has_one_diagnosis(
    first: ProcessingFailure, second: ProcessingFailure
) -> None:
    headers = build_headers(second, build_headers(first))
    names = [name for name, _ in headers]
    assert len(names) == len(set(names))
    read = read_headers(headers, "t.dlq").failure
    assert (read.topic, read.message, read.exception) == (second.topic, second.message, second.exception)
    assert (read.id, read.first_failed_at) == (first.id, first.first_failed_at)


def test_all_values_are_text_and_no_alias_is_binary() -> None:
    headers = dict(build_headers(failure()))
    assert headers["__dlq.errors.partition"] == b"0"
    assert headers["kafka_dlt-original-topic"] == headers["x-original-topic"] == b"paper.orders.filled"
    assert headers["ap-dlq-error-code"] == b"permanent"
    assert headers["ap-dlq-first-failed-at"] == headers["ap-dlq-failed-at"] == b"2026-03-02T04:15:00.123456+00:00"
    assert not {name for name in headers if name.endswith(("original-partition", "original-offset"))}


def test_id_is_of_the_place_and_the_group() -> None:
    here = dict(build_headers(failure()))["ap-dlq-id"]
    assert here == dead_letter_id("paper.orders.filled", 0, 42, "paper.risk").encode()
    assert here != dict(build_headers(failure(group="other")))["ap-dlq-id"]


def test_a_long_traceback_keeps_its_end_whole_characters_only() -> None:
    cut = dict(build_headers(failure(traceback="₹" * 3000 + "ValueError: bad", message="é" * 2000)))
    assert len(cut["ap-dlq-traceback"] or b"") <= 4096
    assert (cut["ap-dlq-traceback"] or b"").decode().endswith("₹ValueError: bad")
    assert len(cut["__dlq.errors.message"] or b"") <= 1024
    assert (cut["__dlq.errors.message"] or b"").decode() == "é" * 512


@given(st.integers(-(2**31), 2**63 - 1))
def test_numbers_are_read_as_text(number: int) -> None:
    assert integer(str(number).encode()) == number


@given(st.integers(0, 800_000_000), st.integers(0, 3 * 10**18))
def test_numbers_are_read_as_spring_writes_them(partition: int, offset: int) -> None:
    assert integer(partition.to_bytes(4, "big")) == partition
    assert integer(offset.to_bytes(8, "big")) == offset


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (b"\x00\x00\x00\x07", 7),
        ((1_772_424_960_128).to_bytes(8, "big"), 1_772_424_960_128),
        (b"1234", 1234),
        (b"12345678", 12345678),
        (b"-1", -1),
        (b"\xff\xff\xff\xff", -1),
        (b"many", 1835101817),
        (b"seven", None),
        (b"", None),
        (None, None),
    ],
)
def test_integer(value: bytes | None, number: int | None) -> None:
    assert integer(value) == number


SPRING: list[Header] = [
    ("kafka_dlt-original-topic", b"orders"),
    ("kafka_dlt-original-partition", (3).to_bytes(4, "big")),
    ("kafka_dlt-original-offset", (70_000_000_000).to_bytes(8, "big")),
    ("kafka_dlt-original-timestamp", (1_772_424_960_000).to_bytes(8, "big")),
    ("kafka_dlt-original-timestamp-type", b"CreateTime"),
    ("kafka_dlt-original-consumer-group", b"billing"),
    ("retry_topic-attempts", (4).to_bytes(4, "big")),
    ("kafka_dlt-exception-fqcn", b"org.springframework.kafka.listener.ListenerExecutionFailedException"),
    ("kafka_dlt-exception-cause-fqcn", b"java.lang.IllegalStateException"),
    ("kafka_dlt-exception-message", b"Listener failed"),
    ("kafka_dlt-exception-stacktrace", b"at A.b(A.java:1)"),
]
CONNECT: list[Header] = [
    ("__connect.errors.topic", b"quotes"),
    ("__connect.errors.partition", b"1234"),
    ("__connect.errors.offset", b"12345678"),
    ("__connect.errors.connector.name", b"sink"),
    ("__connect.errors.task.id", b"0"),
    ("__connect.errors.stage", b"VALUE_CONVERTER"),
    ("__connect.errors.class.name", b"org.apache.kafka.connect.json.JsonConverter"),
    ("__connect.errors.exception.class.name", b"org.apache.kafka.connect.errors.DataException"),
    ("__connect.errors.exception.message", b"Converting byte[] to Kafka Connect data failed"),
    ("__connect.errors.exception.stacktrace", b"at C.d(C.java:2)"),
]


def test_spring_with_its_binary_integers() -> None:
    read = read_headers([*SPRING, ("traceparent", b"00-1")], "orders-dlt")
    assert read.others == (("traceparent", b"00-1"),)
    found = read.failure
    assert (found.family, found.topic, found.partition, found.offset) == (
        Family.SPRING,
        "orders",
        3,
        70_000_000_000,
    )
    assert (found.group, found.attempts, found.original_timestamp_ms) == ("billing", 4, 1_772_424_960_000)
    assert (found.error_code, found.cause) == ("listener-execution-failed", "java.lang.IllegalStateException")
    assert (found.message, found.traceback) == ("Listener failed", "at A.b(A.java:1)")
    assert found.id == dead_letter_id("orders", 3, 70_000_000_000, "billing")


def test_spring_that_failed_twice_shows_the_first_origin_and_the_last_cause() -> None:
    second: list[Header] = [
        ("kafka_dlt-original-topic", b"orders-retry-0"),
        ("kafka_dlt-original-partition", (9).to_bytes(4, "big")),
        ("kafka_dlt-exception-fqcn", b"java.io.IOException"),
        ("kafka_dlt-exception-message", b"reset by peer"),
    ]
    found = read_headers([*SPRING, *second], "orders-dlt").failure
    assert (found.topic, found.partition) == ("orders", 3)
    assert (found.error_code, found.message) == ("io", "reset by peer")


def test_spring_key_that_could_not_be_read() -> None:
    headers: list[Header] = [
        ("kafka_dlt-original-topic", b"t"),
        ("kafka_dlt-key-exception-fqcn", b"x.DeserializationException"),
        ("kafka_dlt-key-exception-message", b"bad key"),
    ]
    found = read_headers(headers, "t.DLT").failure
    assert (found.stage, found.error_code, found.message) == (FailedStage.DECODE, "deserialization", "bad key")


def test_connect_numbers_of_four_and_eight_digits_are_text() -> None:
    found = read_headers(CONNECT, "dlq.quotes").failure
    assert (found.family, found.topic, found.partition, found.offset) == (Family.CONNECT, "quotes", 1234, 12345678)
    assert (found.group, found.stage, found.error_code) == ("sink/0", FailedStage.DECODE, "data")


@pytest.mark.parametrize(
    ("headers", "family", "expected"),
    [
        (
            [
                ("x-original-topic", b"t"),
                ("x-original-partition", (1).to_bytes(4, "big")),
                ("x-original-offset", (2).to_bytes(8, "big")),
                ("x-exception-fqcn", b"a.BException"),
                ("x-exception-message", b"m"),
            ],
            Family.SPRING_CLOUD_STREAM,
            ("t", 1, 2, None, "b", "m"),
        ),
        (
            [
                ("__streams.errors.topic", b"t"),
                ("__streams.errors.partition", b"1"),
                ("__streams.errors.offset", b"2"),
                ("__streams.errors.exception", b"org.apache.kafka.streams.errors.StreamsException"),
                ("__streams.errors.message", b"m"),
            ],
            Family.STREAMS,
            ("t", 1, 2, None, "streams", "m"),
        ),
        (
            [
                ("__dlq.errors.topic", b"t"),
                ("__dlq.errors.partition", b"1"),
                ("__dlq.errors.offset", b"2"),
                ("__dlq.errors.group", b"g"),
                ("__dlq.errors.delivery.count", b"5"),
                ("__dlq.errors.message", b"m"),
            ],
            Family.SHARE_GROUP,
            ("t", 1, 2, "g", "unknown", "m"),
        ),
        (
            [
                ("dead-letter-topic", b"t"),
                ("dead-letter-partition", b"1"),
                ("dead-letter-offset", b"2"),
                ("dead-letter-exception-class-name", b"java.lang.IllegalArgumentException"),
                ("dead-letter-reason", b"m"),
            ],
            Family.SMALLRYE,
            ("t", 1, 2, None, "illegal-argument", "m"),
        ),
        (
            [
                ("source_topic", b"t"),
                ("source_partition", b"1"),
                ("source_offset", b"2"),
                ("source_consumer_group", b"g"),
                ("source_attempts", b"3"),
            ],
            Family.KARAFKA,
            ("t", 1, 2, "g", "unknown", ""),
        ),
        (
            [
                ("topic_poisoned", b"t"),
                ("reason_poisoned", b"m"),
                ("handler_poisoned", b"h"),
                ("subscriber_poisoned", b"g"),
            ],
            Family.WATERMILL,
            ("t", None, None, "g", "unknown", "m"),
        ),
        ([("type", b"order_filled")], Family.NONE, ("quotes", None, None, None, "unknown", "")),
    ],
)
def test_other_families(headers: list[Header], family: Family, expected: tuple[object, ...]) -> None:
    found = read_headers(headers, "quotes-retry-1000").failure
    assert found.family is family
    assert (found.topic, found.partition, found.offset, found.group, found.error_code, found.message) == expected


def test_our_diagnosis_stands_over_that_of_an_earlier_hop() -> None:
    found = read_headers(build_headers(failure(), [*SPRING, *CONNECT]), "x.dlq").failure
    assert found.family is Family.ALPHAPANDA
    assert (found.topic, found.partition, found.offset) == ("paper.orders.filled", 0, 42)
    assert (found.exception, found.message) == ("alphapanda.errors.PermanentError", "no such instrument")


@pytest.mark.parametrize(
    ("dead", "source"),
    [
        ("paper.orders.filled.dlq", "paper.orders.filled"),
        ("o-dlt", "o"),
        ("o.DLT", "o"),
        ("dlq.o", "o"),
        ("o-error", "o"),
        ("o", "o"),
        ("o-retry-0", "o"),
    ],
)
def test_source_from_the_name(dead: str, source: str) -> None:
    assert source_name_of(dead) == source


@given(st.text(max_size=60))
def test_an_error_code_is_a_slug(exception: str) -> None:
    assert set(error_code_of(exception)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "__dlq.errors.offset",
                    "ap-dlq-failed-at",
                    "ap-dlq-stage",
                    "ap-dlq-retryable",
                    "__connect.errors.stage",
                    "kafka_dlt-original-offset",
                ]
            ),
            st.none() | st.binary(max_size=12),
        )
    )
)
def test_no_header_can_break_the_reader(headers: list[Header]) -> None:
    read_headers(headers, "t.dlq")
