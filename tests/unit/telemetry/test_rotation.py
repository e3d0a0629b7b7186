from __future__ import annotations

import resource
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.telemetry.rotation import RotatingFile, live_file, rotated_file, rotated_files, service_of

bodies = st.binary(max_size=40).map(lambda text: text.replace(b"\n", b" ") + b"\n")


def everything(folder: Path, service: str) -> bytes:
    full = [path for _, path in rotated_files(folder, service)]
    return b"".join(path.read_bytes() for path in [*full, live_file(folder, service)])


@given(
    batches=st.lists(st.lists(bodies, max_size=8), max_size=12),
    max_bytes=st.integers(1, 200),
    restart=st.booleans(),
)
def test_no_line_is_lost_cut_or_moved_by_rotation(
    batches: list[list[bytes]], max_bytes: int, restart: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = RotatingFile(folder, "feed", max_bytes=max_bytes, backups=10_000)
        for batch in batches:
            file.write(batch)
            if restart:
                file.close()
                file = RotatingFile(folder, "feed", max_bytes=max_bytes, backups=10_000)
        file.close()
        lines = [line for batch in batches for line in batch]
        assert everything(folder, "feed") == b"".join(lines)
        longest = max(map(len, lines), default=0)
        for path in folder.iterdir():
            assert path.stat().st_size <= max(max_bytes, longest)
            assert path.read_bytes()[-1:] in {b"\n", b""}


def test_only_the_newest_full_files_are_kept_and_numbers_go_on(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path, "risk.paper", max_bytes=4, backups=2)
    for n in range(5):
        file.write([b"%03d\n" % n])
    file.close()
    assert [number for number, _ in rotated_files(tmp_path, "risk.paper")] == [3, 4]
    assert everything(tmp_path, "risk.paper") == b"002\n003\n004\n"
    assert file.rotations == 4


def test_no_backups_means_none(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path, "feed", max_bytes=4, backups=0)
    file.write([b"one\n", b"two\n"])
    file.close()
    assert [path.name for path in tmp_path.iterdir()] == ["feed.jsonl"]


def test_services_whose_names_begin_alike_do_not_touch(tmp_path: Path) -> None:
    for service in ("risk", "risk.paper"):
        file = RotatingFile(tmp_path, service, max_bytes=4, backups=9)
        file.write([service.encode() + b"\n", b"x\n"])
        file.close()
    assert everything(tmp_path, "risk") == b"risk\nx\n"
    assert everything(tmp_path, "risk.paper") == b"risk.paper\nx\n"
    assert {service_of(path) for path in tmp_path.iterdir()} == {"risk", "risk.paper"}


@pytest.mark.parametrize("removed", [False, True])
def test_lines_go_to_the_name_that_people_look_at_though_the_file_was_moved(tmp_path: Path, removed: bool) -> None:
    file = RotatingFile(tmp_path, "feed", max_bytes=1000, backups=1)
    file.write([b"one\n"])
    if removed:
        live_file(tmp_path, "feed").unlink()
    else:
        live_file(tmp_path, "feed").rename(tmp_path / "elsewhere")
    file.write([b"two\n"])
    file.close()
    assert live_file(tmp_path, "feed").read_bytes() == b"two\n"


def test_half_a_line_of_a_crashed_machine_does_not_join_the_next(tmp_path: Path) -> None:
    live_file(tmp_path, "feed").write_bytes(b'{"whole":1}\n{"hal')
    file = RotatingFile(tmp_path, "feed", max_bytes=1000, backups=1)
    file.write([b"next\n"])
    file.close()
    assert live_file(tmp_path, "feed").read_bytes() == b'{"whole":1}\n{"hal\nnext\n'


def test_a_full_disk_leaves_no_half_line_and_writing_goes_on_afterwards(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path, "feed", max_bytes=10_000, backups=1)
    file.write([b"one\n"])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            file.write([b"a line that does not fit\n"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert live_file(tmp_path, "feed").read_bytes() == b"one\n"
    file.write([b"two\n"])
    file.close()
    assert live_file(tmp_path, "feed").read_bytes() == b"one\ntwo\n"


def test_a_renamed_file_is_never_written_again(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path, "feed", max_bytes=4, backups=9)
    file.write([b"one\n", b"two\n"])
    first = rotated_file(tmp_path, "feed", 1)
    content = first.read_bytes()
    file.write([b"six\n"])
    file.close()
    assert first.read_bytes() == content == b"one\n"
