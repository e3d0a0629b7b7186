from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alphapanda.operations.logs.foreign import parse_foreign, undated
from alphapanda.operations.logs.reader import RestartMarks
from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import LogRecord, Marker, PrettyRenderer, decode_line, encode_line

AT = datetime(2025, 11, 17, 4, 0, 0, 123_456, tzinfo=UTC)
FIXED = {"ts": "2025-11-17T04:00:00.123456Z", "level": "info", "channel": "app", "service": "feed"}


def record(
    event: str = "hello", marker: Marker | None = None, service: str = "feed", **fields: object
) -> LogRecord:
    return LogRecord(
        at=AT,
        service=service,
        level=LogLevel.INFO,
        channel="app",
        event=event,
        fields=fields,
        raw=b"",
        marker=marker,
    )


def test_a_line_is_read_back_as_it_was_written() -> None:
    line = encode_line(FIXED | {"event": "hello", "n": 1, "nested": {"a": [1]}})
    read = decode_line(line.rstrip(b"\n"), "other")
    assert read is not None
    assert (read.at, read.service, read.level, read.channel, read.event) == (
        AT,
        "feed",
        LogLevel.INFO,
        "app",
        "hello",
    )
    assert read.fields == {"n": 1, "nested": {"a": [1]}}


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"text", b'{"ts":"now"}', b'{"ts":"2025-11-17T04:00:00"}', b"\xff{}"]
)
def test_what_is_no_line_of_ours_is_none(raw: bytes) -> None:
    assert decode_line(raw, "feed") is None


@pytest.mark.parametrize(
    ("raw", "level", "event"),
    [
        (
            "2025-11-17T09:30:00.123+05:30 [main] WARN kafka.Server - hello",
            LogLevel.WARNING,
            "kafka.Server - hello",
        ),
        ("[2025-11-17 04:00:00,123+0000] ERROR hello (kafka.Server)", LogLevel.ERROR, "hello (kafka.Server)"),
        ("2025-11-17T04:00:00.123Z INFO x", LogLevel.INFO, "x"),
    ],
)
def test_kafkas_lines(raw: str, level: LogLevel, event: str) -> None:
    read = parse_foreign(raw.encode(), "kafka")
    assert read is not None
    assert (read.at, read.level, read.event) == (AT.replace(microsecond=123_000), level, event)


@pytest.mark.parametrize(("sign", "level"), [("#", LogLevel.WARNING), ("*", LogLevel.INFO), (".", LogLevel.DEBUG)])
def test_valkeys_lines_are_in_the_machines_time(sign: str, level: LogLevel) -> None:
    local = AT.astimezone().replace(microsecond=123_000)
    stamp = f"{local.day} {local:%b %Y %H:%M:%S}.123"
    read = parse_foreign(f"812:M {stamp} {sign} Ready to accept".encode(), "valkey")
    assert read is not None
    assert (read.at, read.level, read.event) == (AT.replace(microsecond=123_000), level, "Ready to accept")


@pytest.mark.parametrize(
    "raw", ["\tat kafka.Server.run", "", "12:M 99 Nov 2025 04:00:00.000 * x", "12:M 1 Xxx 2025 04:00:00.000 * x"]
)
def test_lines_without_a_time(raw: str) -> None:
    assert parse_foreign(raw.encode(), "kafka") is None


def test_people_see_the_markets_time_the_daemon_the_level_and_the_values() -> None:
    text = PrettyRenderer(colour=False, name_width=6).render(record(price="1.50", note="two words", empty=""))
    assert text == '17 Nov 09:30:00.123 feed   INFO  hello  price=1.50 note="two words" empty=""'


def test_colour_adds_no_meaning() -> None:
    import re

    plain = PrettyRenderer(colour=False).render(record(n=1))
    coloured = PrettyRenderer(colour=True).render(record(n=1))
    assert coloured != plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_a_traceback_stands_below_its_line_and_nothing_can_steer_the_terminal() -> None:
    text = PrettyRenderer(colour=False, names=False).render(
        record("a\x1b[2J\nb", exception="Traceback:\n  File\x07\nValueError: x\n", value="\x1b]0;title\x07")
    )
    assert text.split("\n") == [
        "17 Nov 09:30:00.123 INFO  a\\x1b[2J  value=\\x1b]0;title\\x07",
        "    b",
        "    Traceback:",
        "      File\\x07",
        "    ValueError: x",
    ]


def test_a_start_is_marked_in_the_light_of_what_came_before() -> None:
    marks = RestartMarks()
    show = PrettyRenderer(colour=False).render
    texts = [
        show(marks.mark(each))
        for each in (
            record("started", Marker.STARTED, pid=1),
            record("work"),
            record("process changed", process="feed", last_exit="signal 9", service="supervisor"),
            record("started", Marker.STARTED, pid=2),
            record("process changed", process="other", last_exit="signal 15", service="supervisor"),
            record("stopped", Marker.STOPPED),
            record("started", Marker.STARTED, pid=3),
            record("started", Marker.STARTED, pid=4, service="other"),
            record("work", service="third"),
            record("started", Marker.STARTED, pid=5, service="third"),
        )
    ]
    assert texts[0].endswith("── feed started (pid 1) ──")
    assert texts[3].endswith('── feed restarted (pid 2, last exit "signal 9") ──')
    assert texts[6].endswith('── feed restarted (pid 3, last exit "signal 9") ──')
    assert texts[7].endswith('── other restarted (pid 4, last exit "signal 15") ──')
    assert texts[9].endswith('── third restarted (pid 5, before "ended without shutting down") ──')


@pytest.mark.parametrize(
    ("raw", "level"),
    [
        ("[0.355s][warning][aot,codecache,stubs] Saved blob's name differs", LogLevel.WARNING),
        ("[0.355s][info   ][gc] Using Serial", LogLevel.INFO),
        ("[0.355s][strange][gc] Using Serial", None),
        ("\tat java.lang.Thread.run", None),
    ],
)
def test_the_java_machine_tells_its_own_level(raw: str, level: LogLevel | None) -> None:
    read = undated(raw.encode(), "kafka", None, datetime(2026, 1, 5, tzinfo=UTC))
    assert read.level is level
    assert read.event == raw
