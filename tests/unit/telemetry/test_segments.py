from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.operations.logs import segments
from alphapanda.operations.logs.segments import (
    LIVE,
    daemon_source,
    daemon_sources,
    lines_backward,
    lines_forward,
    open_segment,
    server_source,
    whole_lines,
)
from alphapanda.telemetry.rotation import RotatingFile

contents = st.lists(st.sampled_from([b"a", b"bcd", b"\n", b"\n\n", b"efghijkl"]), max_size=30).map(b"".join)


@given(content=contents, cut=st.integers(0, 60), block=st.integers(1, 9))
def test_lines_from_the_end_are_the_lines_from_the_beginning_reversed(
    content: bytes, cut: int, block: int
) -> None:
    size = min(cut, len(content))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "BLOCK", block)
        path = Path(folder) / "x.jsonl"
        path.write_bytes(content)
        with path.open("rb") as one, path.open("rb") as two:
            forward = list(lines_forward(one, size))
            assert forward == list(lines_backward(two, size))[::-1]
        assert forward == [line.rstrip(b"\n") for line in content[:size].splitlines(keepends=True)]
        (whole,) = whole_lines(daemon_source(Path(folder), "x"))
        assert whole.size == content.rfind(b"\n") + 1


def test_files_come_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path, "feed", max_bytes=4, backups=20)
    file.write([b"%03d\n" % n for n in range(12)])
    file.close()
    found = daemon_source(tmp_path, "feed").segments()
    assert [segment.number for segment in found] == [*range(1, 12), LIVE]
    assert b"".join(segment.path.read_bytes() for segment in found) == b"".join(b"%03d\n" % n for n in range(12))


def test_a_file_is_opened_under_the_name_that_it_has_got_since(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path, "feed", max_bytes=4, backups=9)
    file.write([b"one\n"])
    source = daemon_source(tmp_path, "feed")
    (live,) = source.segments()
    file.write([b"two\n"])
    file.close()
    opened = open_segment(source, live)
    assert opened is not None
    with opened:
        assert opened.read() == b"one\n"
    for path in tmp_path.glob("feed.0*"):
        path.unlink()
    assert open_segment(source, live) is None


def test_servers_keep_older_lines_in_numbered_files(tmp_path: Path) -> None:
    for name in ("kafka.log", "kafka.log.1", "kafka.log.2", "kafka.log.gz", "valkey.log"):
        (tmp_path / name).write_text(name)
    found = server_source(tmp_path / "kafka.log").segments()
    assert [segment.path.name for segment in found] == ["kafka.log.2", "kafka.log.1", "kafka.log"]


def test_every_daemon_that_wrote_is_found_once(tmp_path: Path) -> None:
    for service in ("risk.paper", "feed"):
        file = RotatingFile(tmp_path, service, max_bytes=4, backups=9)
        file.write([b"one\n", b"two\n", b"six\n"])
        file.close()
    assert list(daemon_sources(tmp_path)) == ["feed", "risk.paper"]
    assert daemon_sources(tmp_path / "nowhere") == {}
