"""The seam to `jgo`: Maven coordinates in, jars out, its errors as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alphapanda.errors import DependencyError

if TYPE_CHECKING:
    from jgo.maven import MavenContext

TIMEOUT_S = 30
"""For a connection, and between two pieces of an answer."""

Received = Callable[[int], None]
"""Called with the bytes of each piece that arrived."""


class DownloadError(DependencyError):
    """A jar cannot be fetched."""


def resolve(roots: tuple[str, ...], cache: Path, mirror: str = "") -> tuple[tuple[str, str, str], ...]:
    """Return `(group, artifact, version)` of every jar that `roots` need at run time, sorted.

    Args:
        roots: Maven coordinates `group:artifact:version`.
        cache: where POMs are kept.
        mirror: a Maven repository instead of the public one.

    Raises:
        DownloadError: a POM cannot be fetched.
    """
    context = _context(cache, mirror)
    with _translated("Kafka's dependencies", context):
        asked, needed = context.resolver.resolve([context.create_dependency(root) for root in roots])
        found = {
            (dependency.groupId, dependency.artifactId, dependency.version)
            for dependency in (*asked, *needed)
            if dependency.type == "jar" and dependency.scope not in {"test", "provided", "system"}
        }
    return tuple(sorted(found))


def fetch_jar(
    group: str, artifact: str, version: str, cache: Path, mirror: str = "", received: Received | None = None
) -> Path:
    """Download one jar below `cache` and return its path; nothing is checked here.

    Raises:
        DownloadError: it cannot be fetched.
    """
    context = _context(cache, mirror, received)
    with _translated(f"{group}:{artifact}:{version}", context):
        wanted = context.project(group, artifact).at_version(version).artifact(classifier="", packaging="jar")
        return Path(wanted.resolve())


def _context(cache: Path, mirror: str, received: Received | None = None) -> MavenContext:
    try:
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - an extra, and it loads `requests`
    except ImportError as error:
        raise DownloadError(
            "Kafka's jars cannot be fetched: the package jgo is not installed.",
            hint="Install alphapanda[embedded], or set EMBEDDED__KAFKA_HOME to a Kafka distribution on disk.",
        ) from error

    @contextmanager
    def report(_file_name: str, _size: int) -> Iterator[Received]:
        yield received or (lambda _count: None)

    return MavenContext(
        resolver=PythonResolver(progress_callback=report),
        repo_cache=cache,
        # Without repositories of ours jgo takes the public one, whose address it knows.
        remote_repos={"mirror": mirror.rstrip("/")} if mirror else None,
        timeout=TIMEOUT_S,
    )


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

    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused or does not answer"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted (put a company's own root into REQUESTS_CA_BUNDLE)"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT_S} s"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection"
    return " ".join(str(error).split())[:200]
