"""Resolve Maven coordinates for a new lock file, with the package jgo; no program that runs needs this."""

from __future__ import annotations

from pathlib import Path

from alphapanda.infra.embedded.download import DownloadError, repository_address

Coordinates = tuple[str, str, str]
"""Group, artifact, version."""


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
