from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.clock import ManualClock
from alphapanda.deployment import Deployment
from alphapanda.errors import UnknownNameError, UsageError
from alphapanda.operations.logs.reader import LogFileReader, LogQuery, LogRecord, compile_pattern
from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import encode_line
from alphapanda.telemetry.rotation import RotatingFile

START = datetime(2025, 11, 17, 4, 0, tzinfo=UTC)
WINDOW_S = 0.5


def write(deployment: Deployment, service: str, seconds: Iterable[float], *, level: str = "info") -> None:
    file = RotatingFile(deployment.logs, service, max_bytes=300, backups=1000)
    for number in seconds:
        at = (START + timedelta(seconds=number)).replace(tzinfo=None).isoformat(timespec="microseconds")
        event = {
            "ts": f"{at}Z",
            "level": level,
            "channel": "app",
            "service": service,
            "event": f"{service}@{number}",
        }
        file.write([encode_line(event | {"n": number})])
    file.close()


def events(records: Iterable[LogRecord]) -> list[str]:
    return [record.event for record in records]


@pytest.fixture
def reader(deployment: Deployment, clock: ManualClock) -> LogFileReader:
    return LogFileReader(deployment, clock)


def test_services_are_merged_across_their_files(deployment: Deployment, reader: LogFileReader) -> None:
    write(deployment, "feed", range(0, 20, 2))
    write(deployment, "risk.paper", range(1, 20, 2))
    shown = events(reader.history(reader.select([]), LogQuery()))
    assert shown == [f"{'risk.paper' if n % 2 else 'feed'}@{n}" for n in range(20)]


@given(
    feed=st.lists(st.integers(0, 40), max_size=30).map(sorted),
    risk=st.lists(st.integers(0, 40), max_size=30).map(sorted),
    limit=st.integers(0, 70),
    since=st.none() | st.integers(0, 40),
)
def test_the_last_lines_are_the_last_of_all_lines(
    feed: list[int], risk: list[int], limit: int, since: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    deployment = Deployment(tmp_path_factory.mktemp("d"))
    write(deployment, "feed", feed)
    write(deployment, "risk.paper", risk)
    reader = LogFileReader(deployment, ManualClock(START))
    begin = None if since is None else START + timedelta(seconds=since)
    every = events(reader.history(reader.select([]), LogQuery(since=begin)))
    assert len(every) == sum(since is None or at >= since for at in [*feed, *risk])
    last = events(reader.history(reader.select([]), LogQuery(since=begin, limit=limit)))
    assert last == every[len(every) - min(limit, len(every)) :]


def test_lines_are_chosen_by_time_level_channel_and_pattern(deployment: Deployment, reader: LogFileReader) -> None:
    write(deployment, "feed", [1, 2, 3, 4])
    write(deployment, "strategies", [2.5], level="error")

    def shown(query: LogQuery) -> list[str]:
        assert events(reader.history(reader.select([]), query)) == events(
            reader.history(reader.select([]), replace(query, limit=1000))
        )
        return events(reader.history(reader.select([]), query))

    second = timedelta(seconds=1)
    assert shown(LogQuery(since=START + 2 * second, until=START + 3 * second)) == [
        "feed@2",
        "strategies@2.5",
        "feed@3",
    ]
    assert shown(LogQuery(level=LogLevel.WARNING)) == ["strategies@2.5"]
    assert shown(LogQuery(pattern=compile_pattern(r"n=[34]$"))) == ["feed@3", "feed@4"]
    assert shown(LogQuery(pattern=compile_pattern('"n":1'))) == ["feed@1"]
    assert shown(LogQuery(channel="api")) == []


def test_names_mean_daemons_groups_of_them_and_servers(deployment: Deployment, reader: LogFileReader) -> None:
    for name in ("feed", "risk.paper", "risk.paper2", "trader.paper"):
        write(deployment, name, [1])
    deployment.infra_logs.mkdir(parents=True)
    (deployment.infra_logs / "kafka.log").write_text("x\n")
    assert list(reader.select(["risk"])) == ["risk.paper", "risk.paper2"]
    assert list(reader.select(["*.paper"])) == ["risk.paper", "trader.paper"]
    assert list(reader.select(["kafka", "feed"])) == ["kafka", "feed"]
    assert list(reader.select([])) == ["feed", "risk.paper", "risk.paper2", "trader.paper"]
    assert reader.select(["valkey"]) == {}


def test_an_unknown_name_is_answered_with_the_nearest(deployment: Deployment, reader: LogFileReader) -> None:
    write(deployment, "trader.paper", [1])
    with pytest.raises(UnknownNameError, match=r"no daemon 'trader.papr'. Did you mean 'trader.paper'"):
        reader.select(["trader.papr"])
    with pytest.raises(UnknownNameError, match="Did you mean 'kafka'"):
        reader.select(["kafak"])


def test_a_daemon_that_has_written_nothing_yet_is_known_by_the_settings(
    deployment: Deployment, clock: ManualClock
) -> None:
    reader = LogFileReader(deployment, clock, daemons=["feed"])
    assert events(reader.history(reader.select(["feed"]), LogQuery())) == []


def test_lines_without_a_time_take_that_of_their_neighbours(deployment: Deployment, reader: LogFileReader) -> None:
    deployment.infra_logs.mkdir(parents=True)
    text = "JVM warning\n2025-11-17T04:00:01.000Z [main] ERROR failed\n\tat one\n\tat two\n"
    (deployment.infra_logs / "kafka.log").write_text(text)
    for query in (LogQuery(), LogQuery(limit=10)):
        records = list(reader.history(reader.select(["kafka"]), query))
        assert events(records) == ["JVM warning", "failed", "\tat one", "\tat two"]
        assert {record.at for record in records} == {START + timedelta(seconds=1)}
        assert [record.level for record in records] == [None, *[LogLevel.ERROR] * 3]


def test_history_and_following_join_without_a_gap_or_an_overlap(
    deployment: Deployment, reader: LogFileReader, clock: ManualClock
) -> None:
    write(deployment, "feed", [-3, -2])
    half = deployment.logs / "feed.jsonl"
    with reader.follow([], LogQuery()) as live:
        write(deployment, "feed", [-1])  # after following began, before history was read
        with half.open("ab") as file:
            file.write(b'{"ts":"2025-11-17T04:00:00.0000')
        shown = events(live.history()) + events(live.poll())
        with half.open("ab") as file:
            file.write(b'00Z","level":"info","event":"half"}\n')
        clock.advance(WINDOW_S)
        shown += events(live.poll())
        write(deployment, "strategies", [0.2])  # a daemon that did not exist
        clock.advance(WINDOW_S)
        shown += events(live.poll())
        shown += events(live.drain())
    assert shown == ["feed@-3", "feed@-2", "feed@-1", "half", "strategies@0.2"]


def test_following_by_name_waits_for_the_first_line(deployment: Deployment, clock: ManualClock) -> None:
    reader = LogFileReader(deployment, clock, daemons=["trader.paper"])
    with reader.follow(["trader.paper"], LogQuery(level=LogLevel.ERROR)) as live:
        assert events(live.history()) == events(live.poll()) == []
        write(deployment, "trader.paper", [-2], level="error")
        write(deployment, "trader.paper", [-1], level="info")
        write(deployment, "trader.paper2", [-1], level="error")
        assert events(live.poll()) == ["trader.paper@-2"]


def test_a_broken_pattern_is_explained() -> None:
    with pytest.raises(UsageError, match="not a regular expression"):
        compile_pattern("(")


def test_what_is_written_as_json_is_read_as_json(deployment: Deployment, reader: LogFileReader) -> None:
    write(deployment, "feed", [1])
    (record,) = reader.history(reader.select([]), LogQuery())
    assert json.loads(record.raw)["event"] == record.event


def test_reading_changes_nothing(reader: LogFileReader, tmp_path: Path) -> None:
    assert events(reader.history(reader.select([]), LogQuery())) == []
    assert list(tmp_path.iterdir()) == []
