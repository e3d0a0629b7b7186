"""Kafka's jars in the user's cache: downloaded once per machine, every SHA-256 checked, nothing half."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import msgspec

from alphapanda.errors import DependencyError
from alphapanda.files import wait_for_lock, write_atomically
from alphapanda.infra.disk import require_room, writing
from alphapanda.infra.embedded.download import download, repository_address
from alphapanda.infra.embedded.lock import KafkaLock, LockedJar
from alphapanda.infra.progress import ProgressReporter

CONNECTIONS = 8
STAGING = "part-"
"""Folders of this prefix hold downloads that were not finished."""
SEAL_FILE = "verified.json"


class WrongChecksumError(DependencyError):
    """A jar is not the one that the lock file names."""


class Seal(msgspec.Struct, frozen=True):
    """Size and times of a file whose SHA-256 was right: while they stay, it is not read again."""

    sha256: str
    size: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path, sha256: str) -> Seal | None:
        """Return the seal for the file as it is now, None when it is not there."""
        try:
            now = path.stat()
        except FileNotFoundError:
            return None
        return cls(sha256=sha256, size=now.st_size, modified_ns=now.st_mtime_ns, inode=now.st_ino)


class JarStore:
    """The jars of one lock file, in one folder."""

    def __init__(self, lock: KafkaLock, folder: Path, mirror: str = "") -> None:
        self._lock = lock
        self._folder = folder
        self._mirror = mirror
        self._cancelled = threading.Event()

    @property
    def folder(self) -> Path:
        """Where the jars lie."""
        return self._folder

    def class_path(self) -> tuple[Path, ...]:
        """Return the paths of all jars, in the lock file's order."""
        return tuple(self._folder / jar.file_name for jar in self._lock.jar)

    def missing(self) -> tuple[LockedJar, ...]:
        """Return the jars that are not there yet."""
        return tuple(jar for jar in self._lock.jar if not (self._folder / jar.file_name).exists())

    def prepare(self, progress: ProgressReporter) -> None:
        """Make every jar be there and right.

        Raises:
            WrongChecksumError: one differs from the lock file.
            DownloadError: one cannot be fetched.
            DiskFullError: there is no room.
        """
        if not self.missing() and self._sealed():
            return
        with writing(self._folder, "the download of Kafka"), self._alone(progress):
            self._remove_leftovers()
            missing = self.missing()
            self._verify_present()
            if missing:
                require_room(self._folder, 2 * sum(jar.size for jar in missing), "the download of Kafka")
                self._download(missing, progress)
            self._write_seals()

    def cancel(self) -> None:
        """Have a running `prepare` end soon, from another thread; this store is of no use afterwards."""
        self._cancelled.set()

    def verify(self) -> None:
        """Read every jar and compare its SHA-256.

        Raises:
            WrongChecksumError: one differs.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda jar: check(self._folder / jar.file_name, jar), self._lock.jar))

    def _verify_present(self) -> None:
        missing = set(self.missing())
        for jar in self._lock.jar:
            if jar not in missing:
                check(self._folder / jar.file_name, jar)

    def _download(self, jars: tuple[LockedJar, ...], progress: ProgressReporter) -> None:
        total, address = sum(jar.size for jar in jars), repository_address(self._mirror)
        label = f"Kafka {self._lock.kafka} ({len(jars)} jars)"
        with (
            tempfile.TemporaryDirectory(prefix=STAGING, dir=self._folder) as staging,
            progress.task(label, total) as advance,
            ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="jars") as pool,
        ):

            def received(count: int) -> None:
                if self._cancelled.is_set():
                    raise InterruptedError
                advance(count)

            def fetch(jar: LockedJar) -> None:
                path = Path(staging) / jar.file_name
                download(jar.url(address), path, jar.coordinates, received)
                check(path, jar, came_from_afar=True)
                path.replace(self._folder / jar.file_name)

            # The largest first, so that none of them is left for the end alone.
            tasks = [pool.submit(fetch, jar) for jar in sorted(jars, key=lambda jar: -jar.size)]
            done, _ = wait(tasks, return_when=FIRST_EXCEPTION)
            failed = next((error for task in done if (error := task.exception()) is not None), None)
            if failed is not None:
                self.cancel()
                pool.shutdown(cancel_futures=True)
                raise failed

    def _remove_leftovers(self) -> None:
        """Remove the files of a killed download; only for the holder of the lock."""
        for leftover in self._folder.glob(f"{STAGING}*"):
            shutil.rmtree(leftover)

    @contextmanager
    def _alone(self, progress: ProgressReporter) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)

        def pause(seconds: float) -> None:
            if self._cancelled.wait(seconds):
                raise InterruptedError

        with wait_for_lock(
            self._folder / "lock",
            on_wait=lambda: progress.note("Another process is downloading Kafka; waiting for it."),
            pause=pause,
        ):
            yield

    def _sealed(self) -> bool:
        try:
            seals = msgspec.json.decode((self._folder / SEAL_FILE).read_bytes(), type=dict[str, Seal])
        except (FileNotFoundError, msgspec.DecodeError):
            return False
        return all(
            seals.get(jar.file_name) == Seal.of(self._folder / jar.file_name, jar.sha256) for jar in self._lock.jar
        )

    def _write_seals(self) -> None:
        seals = {jar.file_name: Seal.of(self._folder / jar.file_name, jar.sha256) for jar in self._lock.jar}
        write_atomically(self._folder / SEAL_FILE, msgspec.json.encode(seals))


def check(path: Path, jar: LockedJar, *, came_from_afar: bool = False) -> None:
    """Compare a file with the lock file.

    Args:
        path: the file.
        jar: its entry in the lock file.
        came_from_afar: whether it was downloaded just now, and so is not kept.

    Raises:
        WrongChecksumError: it differs.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found == jar.sha256:
        return
    if came_from_afar:
        message = f"{jar.coordinates} as downloaded is refused"
        hint = (
            "Nothing was kept. Try again; if it stays so, do not trust that repository (EMBEDDED__MAVEN_MIRROR)."
        )
    else:
        message = f"{jar.coordinates} at {path} is refused"
        hint = f"Delete it (`rm {path}`) and run `alphapanda infra prepare`."
    raise WrongChecksumError(f"{message}: its SHA-256 is {found}, the lock file has {jar.sha256}.", hint=hint)
