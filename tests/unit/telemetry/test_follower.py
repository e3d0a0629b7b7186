from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphapanda.operations.logs.follower import Follower
from alphapanda.operations.logs.segments import daemon_source, server_source, whole_lines
from alphapanda.telemetry.record import encode_line
from alphapanda.telemetry.rotation import RotatingFile, live_file

NOW = datetime(2025, 11, 17, 4, 0, tzinfo=UTC)


def line(number: int) -> bytes:
    at = (NOW + timedelta(seconds=number)).replace(tzinfo=None).isoformat(timespec="microseconds")
    return encode_line({"ts": f"{at}Z", "level": "info", "event": str(number)})


def writer(folder: Path, max_bytes: int = 10_000, backups: int = 1000) -> RotatingFile:
    return RotatingFile(folder, "feed", max_bytes=max_bytes, backups=backups)


@settings(max_examples=60)
@given(
    steps=st.lists(st.sampled_from(["write", "many", "poll", "restart"]), max_size=30),
    before=st.integers(0, 5),
    max_bytes=st.sampled_from([1, 130, 200, 10_000]),
)
def test_every_line_is_seen_once_and_in_order_through_rotations_and_restarts(
    steps: list[str], before: int, max_bytes: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, number, seen = Path(name), before, list[str]()
        source = daemon_source(folder, "feed")
        file = writer(folder, max_bytes)
        file.write([line(n) for n in range(before)])
        follower = Follower(source, whole_lines(source))
        for step in [*steps, "poll"]:
            match step:
                case "write" | "many":
                    count = 7 if step == "many" else 1
                    file.write([line(number + n) for n in range(count)])
                    number += count
                case "restart":
                    file.close()
                    file = writer(folder, max_bytes)
                case _:
                    seen += [record.event for record in follower.poll(NOW)]
        file.close()
        follower.close()
        assert seen == [str(n) for n in range(before, number)]


def test_a_line_is_seen_when_it_is_whole(tmp_path: Path) -> None:
    source = daemon_source(tmp_path, "feed")
    follower = Follower(source, [])
    assert follower.poll(NOW) == []
    whole = line(1) + line(2)
    with live_file(tmp_path, "feed").open("wb", buffering=0) as file:
        file.write(whole[:30])
        assert follower.poll(NOW) == []
        file.write(whole[30:-5])
        assert [record.event for record in follower.poll(NOW)] == ["1"]
        file.write(whole[-5:])
        assert [record.event for record in follower.poll(NOW)] == ["2"]
    follower.close()


def test_what_was_deleted_before_it_was_read_is_passed_over(tmp_path: Path) -> None:
    source = daemon_source(tmp_path, "feed")
    file = writer(tmp_path, max_bytes=1, backups=2)
    file.write([line(0)])
    follower = Follower(source, whole_lines(source))
    file.write([line(n) for n in range(1, 20)])
    file.close()
    assert [record.event for record in follower.poll(NOW)] == ["17", "18", "19"]
    follower.close()


@pytest.mark.parametrize("how", ["moved", "emptied", "deleted"])
def test_a_log_that_someone_cleared_goes_on(tmp_path: Path, how: str) -> None:
    source = daemon_source(tmp_path, "feed")
    file = writer(tmp_path)
    file.write([line(1), line(2)])
    follower = Follower(source, [])
    assert len(follower.poll(NOW)) == 2
    live = live_file(tmp_path, "feed")
    match how:
        case "moved":
            live.rename(tmp_path / "old.txt")
        case "emptied":
            live.write_bytes(b"")
        case _:
            live.unlink()
    assert follower.poll(NOW) == []
    file.write([line(3)])
    file.close()
    assert [record.event for record in follower.poll(NOW)] == ["3"]
    follower.close()


def test_lines_that_go_on_a_line_have_its_time_and_level(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    source = server_source(log)
    follower = Follower(source, [])
    log.write_text("2025-11-17T04:00:01.000Z [main] ERROR kafka.Server - failed\n\tat kafka.Server.run\n")
    error, trace = follower.poll(NOW)
    assert (trace.at, trace.level, trace.event) == (error.at, error.level, "\tat kafka.Server.run")
    log.rename(tmp_path / "kafka.log.1")
    log.write_text("2025-11-17T04:00:02.000Z [main] WARN kafka.Server - started\n")
    assert [record.event for record in follower.poll(NOW)] == ["kafka.Server - started"]
    follower.close()
