from __future__ import annotations

import fcntl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from alphapanda.infra.disk import DiskFullError
from alphapanda.infra.embedded.download import DownloadError
from alphapanda.infra.embedded.jars import JarStore, WrongChecksumError
from alphapanda.infra.progress import NoProgress

if TYPE_CHECKING:
    from tests.unit.infra.conftest import Repository


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"lock"}


def test_every_jar_is_fetched_and_the_next_time_none(repository: Repository, tmp_path: Path) -> None:
    lock = repository.lock()
    store = JarStore(lock, tmp_path / "jars", repository.url)
    store.prepare(NoProgress())
    assert names(store.folder) == {jar.file_name for jar in lock.jar} | {"verified.json"}
    assert [path.stat().st_size for path in store.class_path()] == [jar.size for jar in lock.jar]
    repository.asked.clear()
    store.prepare(NoProgress())
    assert repository.asked == []


def test_only_what_is_missing_is_fetched(repository: Repository, tmp_path: Path) -> None:
    store = JarStore(repository.lock(), tmp_path, repository.url)
    store.prepare(NoProgress())
    store.class_path()[3].unlink()
    repository.asked.clear()
    store.prepare(NoProgress())
    assert {path.split("/")[2] for path in repository.asked} == {"part3"}


def test_a_wrong_jar_is_refused_by_name_and_not_kept(repository: Repository, tmp_path: Path) -> None:
    lock = repository.lock()
    repository.add("part2", b"something else")
    with pytest.raises(
        WrongChecksumError, match=r"org\.example:part2:1\.0 as downloaded is refused: its SHA-256 is"
    ):
        JarStore(lock, tmp_path, repository.url).prepare(NoProgress())
    assert "part2-1.0.jar" not in names(tmp_path)
    assert not [name for name in names(tmp_path) if name.startswith("part-")]


def test_a_kept_jar_that_was_changed_is_refused_by_name(repository: Repository, tmp_path: Path) -> None:
    lock = repository.lock()
    store = JarStore(lock, tmp_path, repository.url)
    store.prepare(NoProgress())
    changed = store.class_path()[1]
    changed.write_bytes(b"\xff" * lock.jar[1].size)
    with pytest.raises(WrongChecksumError, match=rf"org\.example:part1:1\.0 at {changed} is refused"):
        store.prepare(NoProgress())
    with pytest.raises(WrongChecksumError, match="part1"):
        store.verify()


def test_a_download_that_was_cut_off_leaves_nothing_half(repository: Repository, tmp_path: Path) -> None:
    lock = repository.lock()
    repository.cut_off = {path for path in repository.files if "part4" in path}
    with pytest.raises((DownloadError, WrongChecksumError), match=r"org\.example:part4:1\.0"):
        JarStore(lock, tmp_path, repository.url).prepare(NoProgress())
    kept = {jar.file_name: jar.size for jar in lock.jar}
    assert all(path.stat().st_size == kept[path.name] for path in tmp_path.iterdir() if path.name != "lock")
    assert "part4-1.0.jar" not in names(tmp_path)
    repository.cut_off = set()
    store = JarStore(lock, tmp_path, repository.url)
    store.prepare(NoProgress())
    store.verify()


def test_what_a_killed_download_left_is_removed(repository: Repository, tmp_path: Path) -> None:
    left = tmp_path / "part-killed" / "org" / "example"
    left.mkdir(parents=True)
    (left / "half.jar").write_bytes(b"half")
    JarStore(repository.lock(), tmp_path, repository.url).prepare(NoProgress())
    assert not left.exists()


def test_without_a_network_the_line_says_what_to_do(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(
        DownloadError, match=r"cannot be fetched from http://127\.0\.0\.1:1: there is no connection"
    ) as told:
        JarStore(repository.lock(1), tmp_path, "http://127.0.0.1:1").prepare(NoProgress())
    assert "alphapanda infra prepare" in told.value.hint
    assert "EMBEDDED__MAVEN_MIRROR" in told.value.hint
    assert "EMBEDDED__KAFKA_HOME" in told.value.hint


def test_a_mirror_that_lacks_a_jar_is_named(repository: Repository, tmp_path: Path) -> None:
    lock = repository.lock(2)
    repository.files = {path: data for path, data in repository.files.items() if "part1" not in path}
    with pytest.raises(DownloadError, match=rf"org\.example:part1:1\.0 is not in {repository.url}"):
        JarStore(lock, tmp_path, repository.url).prepare(NoProgress())


def test_a_full_disk_is_told_before_the_download(repository: Repository, tmp_path: Path) -> None:
    lock = repository.lock(1)
    huge = msgspec.structs.replace(lock, jar=(msgspec.structs.replace(lock.jar[0], size=2**62),))
    with pytest.raises(DiskFullError, match="the download of Kafka needs"):
        JarStore(huge, tmp_path, repository.url).prepare(NoProgress())
    assert repository.asked == []


def test_a_second_process_waits_for_the_first(repository: Repository, tmp_path: Path) -> None:
    lock = repository.lock()
    told = threading.Event()

    class Notes(NoProgress):
        def note(self, message: str) -> None:
            assert "waiting" in message
            told.set()

    with (tmp_path / "lock").open("wb") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = threading.Thread(target=JarStore(lock, tmp_path, repository.url).prepare, args=(Notes(),))
        second.start()
        assert told.wait(20)
        assert repository.asked == []
    second.join(20)
    JarStore(lock, tmp_path, repository.url).verify()


def test_the_progress_counts_every_byte(repository: Repository, tmp_path: Path) -> None:
    counts: list[int] = []

    class Counting(NoProgress):
        def task(self, label: str, total: int, unit: str = "bytes"):  # type: ignore[no-untyped-def]  # noqa: ANN202
            assert (label, unit) == ("Kafka 9.9 (5 jars)", "bytes")
            counts.append(-total)
            from contextlib import nullcontext

            return nullcontext(counts.append)

    JarStore(repository.lock(), tmp_path, repository.url).prepare(Counting())
    assert sum(counts) == 0
