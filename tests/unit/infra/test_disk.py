from __future__ import annotations

import errno
from pathlib import Path

import pytest

from alphapanda.infra.disk import DiskAccessError, DiskFullError, require_room, writing


def test_too_little_room_is_told_in_mebibytes(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match=r"MiB free; Kafka needs 1125899906842624 MiB"):
        require_room(tmp_path / "not" / "yet", 2**70, "Kafka")
    require_room(tmp_path / "not" / "yet", 1, "Kafka")


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, DiskFullError),
        (errno.EDQUOT, DiskFullError),
        (errno.EACCES, DiskAccessError),
        (errno.EROFS, DiskAccessError),
    ],
)
def test_the_systems_error_becomes_one_line(tmp_path: Path, number: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="the download was not finished"), writing(tmp_path, "the download"):
        raise OSError(number, "said by the system")


def test_other_errors_go_on(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), writing(tmp_path, "the download"):
        tmp_path.read_bytes()


def test_a_real_full_device(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    with pytest.raises(DiskFullError), writing(tmp_path, "the download"):
        full.write_bytes(b"x" * 100_000)
