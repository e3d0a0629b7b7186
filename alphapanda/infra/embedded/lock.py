"""The lock file of Kafka's jars: coordinates, size and SHA-256 of each; made by `nox -s lock_kafka`, committed."""

from __future__ import annotations

import hashlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import msgspec

from alphapanda.errors import ConfigError
from alphapanda.infra.embedded.download import DownloadError, download, file_url, repository_address

ROOTS = ("org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36")
"""The jars asked for; all others follow from their POMs."""

LOCK_FILE = "kafka.lock.toml"

HEADER = "# Made by `nox -s lock_kafka`; do not edit. A jar whose SHA-256 differs is refused.\n\n"

Coordinates = tuple[str, str, str]
"""Group, artifact, version."""


class LockedJar(msgspec.Struct, frozen=True):
    """One jar that is exactly known.

    Attributes:
        group: Maven's groupId.
        artifact: Maven's artifactId.
        version: its version.
        size: bytes.
        sha256: of the whole file, in hexadecimal.
    """

    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def coordinates(self) -> str:
        """`group:artifact:version`, its name everywhere."""
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def file_name(self) -> str:
        """Its name on the disk."""
        return f"{self.artifact}-{self.version}.jar"

    def url(self, address: str) -> str:
        """Return where the repository at `address` has it."""
        return file_url(address, self.group, self.artifact, self.version)


class KafkaLock(msgspec.Struct, frozen=True):
    """Everything that the embedded Kafka consists of.

    Attributes:
        kafka: the version of Kafka.
        jar: the jars, in class path order.
    """

    kafka: str
    jar: tuple[LockedJar, ...]


def load_lock() -> KafkaLock:
    """Return the lock file that this version of the program comes with."""
    return parse_lock(files(__package__).joinpath(LOCK_FILE).read_bytes())


def parse_lock(text: bytes) -> KafkaLock:
    """Return the lock that `text` holds.

    Raises:
        ConfigError: it is not one, or two jars would have the same file name.
    """
    try:
        lock = msgspec.toml.decode(text, type=KafkaLock)
    except msgspec.DecodeError as error:
        raise ConfigError(f"{LOCK_FILE} cannot be read: {error}.", hint="Install alphapanda again.") from error
    if len({jar.file_name for jar in lock.jar}) != len(lock.jar):
        raise ConfigError(f"{LOCK_FILE} names a file twice.", hint="Make it again with `nox -s lock_kafka`.")
    return lock


def make_lock(roots: tuple[str, ...] = ROOTS, mirror: str = "") -> str:
    """Resolve `roots`, download every jar, and return the text of a new lock file.

    Takes about half a minute and the network; called by the nox session.

    Args:
        roots: Maven coordinates `group:artifact:version`.
        mirror: a Maven repository instead of the public one.

    Raises:
        DependencyError: something cannot be resolved or downloaded.
    """
    address = repository_address(mirror)
    with (
        tempfile.TemporaryDirectory(prefix="alphapanda-lock-") as folder,
        ThreadPoolExecutor(8) as pool,
    ):
        found = resolve(roots, Path(folder), mirror)
        jars = tuple(pool.map(lambda parts: _lock_jar(parts, address, Path(folder)), found))
    kafka = next(jar.version for jar in jars if jar.artifact.startswith("kafka_"))
    return HEADER + _render(KafkaLock(kafka=kafka, jar=jars))


def resolve(roots: tuple[str, ...], cache: Path, mirror: str = "") -> tuple[Coordinates, ...]:
    """Return every jar that `roots` need at run time, sorted.

    Args:
        roots: Maven coordinates `group:artifact:version`.
        cache: POMs are kept below it.
        mirror: an address instead of the public repository's.

    Raises:
        DownloadError: a POM cannot be fetched.
    """
    import requests  # noqa: PLC0415 - comes with jgo
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - only who makes a lock file needs it

    address = repository_address(mirror)
    resolver = PythonResolver()
    context = MavenContext(resolver=resolver, repo_cache=cache, remote_repos={"repository": address})
    try:
        asked, needed = resolver.resolve([context.create_dependency(root) for root in roots])
        found = {
            (dependency.groupId, dependency.artifactId, dependency.version)
            for dependency in (*asked, *needed)
            if dependency.type == "jar" and dependency.scope not in {"test", "provided", "system"}
        }
    except (requests.RequestException, RuntimeError) as error:  # jgo raises the latter for what is not there
        raise DownloadError(
            f"Kafka's list of jars cannot be fetched from {address}: {error}.",
            hint="Go online, or set EMBEDDED__MAVEN_MIRROR to a Maven repository you can reach.",
        ) from error
    return tuple(sorted(found))


def _render(lock: KafkaLock) -> str:
    """Write TOML with the standard library's means: the package that writes TOML is not a dependency."""
    lines = [f'kafka = "{lock.kafka}"']
    for jar in lock.jar:
        lines += ["", "[[jar]]"]
        lines += [
            f"{name} = {msgspec.json.encode(value).decode()}"
            for name, value in msgspec.structs.asdict(jar).items()
        ]
    return "\n".join(lines) + "\n"


def _lock_jar(parts: Coordinates, address: str, folder: Path) -> LockedJar:
    group, artifact, version = parts
    file = folder / f"{artifact}-{version}.jar"
    download(file_url(address, group, artifact, version), file, ":".join(parts))
    data = file.read_bytes()
    return LockedJar(
        group=group, artifact=artifact, version=version, size=len(data), sha256=hashlib.sha256(data).hexdigest()
    )
