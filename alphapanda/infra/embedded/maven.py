"""The seam to `jgo`: Maven coordinates in, jars out, its errors as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alphapanda.errors import DependencyError

if TYPE_CHECKING:
    from jgo.maven import MavenContext

    from alphapanda.infra.embedded.download import CarefulResolver


Received = Callable[[int], None]
"""Called with the bytes of each piece that arrived; with a negative number when they must come again."""


class DownloadError(DependencyError):
    """A jar cannot be fetched."""


class Repository:
    """A Maven repository: the public one, or a mirror. Close it after use; threads may share it.

    Args:
        cache: files are kept below it, in Maven's own layout.
        mirror: an address instead of the public repository's.
        received: hears of every piece.
    """

    def __init__(self, cache: Path, mirror: str = "", received: Received | None = None) -> None:
        self._resolver, self._context = _open(cache, mirror, received or (lambda _count: None))

    def resolve(self, roots: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
        """Return `(group, artifact, version)` of every jar that `roots` need at run time, sorted.

        Args:
            roots: Maven coordinates `group:artifact:version`.

        Raises:
            DownloadError: a POM cannot be fetched.
        """
        with _translated("Kafka's list of jars", self._context):
            asked, needed = self._resolver.resolve([self._context.create_dependency(root) for root in roots])
            found = {
                (dependency.groupId, dependency.artifactId, dependency.version)
                for dependency in (*asked, *needed)
                if dependency.type == "jar" and dependency.scope not in {"test", "provided", "system"}
            }
        return tuple(sorted(found))

    def fetch(self, group: str, artifact: str, version: str) -> Path:
        """Download one jar and return its path; its checksum is the caller's business.

        Raises:
            DownloadError: it cannot be fetched.
        """
        with _translated(f"{group}:{artifact}:{version}", self._context):
            wanted = self._context.project(group, artifact).at_version(version)
            return Path(wanted.artifact(classifier="", packaging="jar").resolve())

    def close(self) -> None:
        """Close the connections."""
        self._resolver.close()


def _open(cache: Path, mirror: str, received: Received) -> tuple[CarefulResolver, MavenContext]:
    try:
        from alphapanda.infra.embedded.download import CarefulResolver, context  # noqa: PLC0415 - loads an extra
    except ImportError as error:
        raise DownloadError(
            "Kafka's jars cannot be fetched: the package jgo is not installed.",
            hint="Install alphapanda[embedded], or set EMBEDDED__KAFKA_HOME to a Kafka distribution on disk.",
        ) from error
    resolver = CarefulResolver(received)
    return resolver, context(cache, mirror, resolver)


@contextmanager
def _translated(what: str, context: MavenContext) -> Iterator[None]:
    import requests  # noqa: PLC0415 - comes with jgo

    where = ", ".join(context.remote_repos.values())
    try:
        yield
    except requests.RequestException as error:
        raise DownloadError(
            f"{what} cannot be fetched from {where}: {_reason(error)}.",
            hint=(
                "Go online and run `alphapanda infra prepare`, or set EMBEDDED__MAVEN_MIRROR to a Maven "
                "repository you can reach, or EMBEDDED__KAFKA_HOME to a Kafka distribution on disk."
            ),
        ) from error
    except RuntimeError as error:  # jgo's way to say that a repository does not have it
        raise DownloadError(
            f"{what} is not in {where}.",
            hint="Check EMBEDDED__MAVEN_MIRROR, or leave it out to use the public repository.",
        ) from error


def _reason(error: Exception) -> str:
    """Return one short line: `requests` nests the real reason deep and prints all of it."""
    import requests  # noqa: PLC0415 - comes with jgo

    known = (
        (requests.exceptions.ProxyError, "the proxy refused or does not answer"),
        (
            requests.exceptions.SSLError,
            "its certificate is not trusted (name your own root in REQUESTS_CA_BUNDLE)",
        ),
        (requests.Timeout, "no answer in time"),
        (requests.exceptions.ChunkedEncodingError, "the connection broke off"),
        (requests.ConnectionError, "there is no connection"),
        (requests.exceptions.InvalidSchema, "that is not an address of the web"),
        (requests.exceptions.MissingSchema, "that is not an address of the web"),
    )
    for kind, words in known:
        if isinstance(error, kind):
            return words
    return " ".join(str(error).split())[:200]
