"""Download one file of a Maven repository: beside its place, then renamed; broken connections are tried again."""

from __future__ import annotations

import http.client
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from alphapanda.errors import DependencyError

TIMEOUT_S = 30
"""For a connection, and between two pieces of an answer."""
ATTEMPTS = 3
"""For one file, when a connection breaks."""
PIECE = 64 * 1024
"""Bytes that are written at once."""
ABSENT = frozenset({403, 404})
"""How repositories say that they do not have a file."""

Received = Callable[[int], None]
"""Called with the bytes of each piece that arrived; with a negative number when they must come again."""


class DownloadError(DependencyError):
    """A file cannot be downloaded."""


def repository_address(mirror: str) -> str:
    """Return the address of the mirror, else of the public Maven repository: the package jgo knows it.

    Raises:
        DownloadError: there is no mirror, and jgo is not installed.
    """
    if mirror:
        return mirror.rstrip("/")
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 - an extra, and only needed without a mirror
    except ImportError as error:
        raise DownloadError(
            "Kafka's jars cannot be downloaded: the package jgo is not installed.",
            hint="Install alphapanda[embedded], or set EMBEDDED__KAFKA_HOME to a Kafka distribution on disk.",
        ) from error
    return str(next(iter(MavenContext().remote_repos.values()))).rstrip("/")


def file_url(address: str, group: str, artifact: str, version: str, *, suffix: str = ".jar") -> str:
    """Return the URL of a file, by Maven's layout."""
    return f"{address}/{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}{suffix}"


def download(url: str, target: Path, what: str, received: Received = lambda _count: None) -> None:
    """Write the file at `url` to `target`; the caller checks its checksum.

    Args:
        url: where it is.
        target: where it goes; nothing is left there, nor beside it, when this fails.
        what: its name for errors.
        received: told of every piece.

    Raises:
        DownloadError: it is not there, or cannot be reached.
    """
    if not url.startswith(("http://", "https://")):
        raise _unreachable(what, url, "that is not an address of the web")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _try(url, target, received)
        except InterruptedError:  # the caller gave up
            raise
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in ABSENT:
                raise DownloadError(
                    f"{what} is not in {_host(url)}.",
                    hint="Check EMBEDDED__MAVEN_MIRROR, or leave it out to use the public repository.",
                ) from error
            raise _unreachable(what, url, f"it answers {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            if attempt == ATTEMPTS or isinstance(error, TimeoutError) or not _broke_off(error):
                raise _unreachable(what, url, _reason(error)) from error
        else:
            return


def _try(url: str, target: Path, received: Received) -> None:
    part = target.with_name(f"{target.name}.part")
    count = 0
    try:
        with (
            urllib.request.urlopen(url, timeout=TIMEOUT_S, context=_tls()) as answer,  # noqa: S310 - http(s) only
            part.open("wb") as file,
        ):
            while piece := answer.read(PIECE):
                file.write(piece)
                count += len(piece)
                received(len(piece))
            expected = answer.headers.get("Content-Length", str(count))
            if expected != str(count):
                raise http.client.IncompleteRead(b"", int(expected) - count)
        part.replace(target)
    except (OSError, http.client.HTTPException):
        received(-count)
        raise
    finally:
        part.unlink(missing_ok=True)


def _tls() -> ssl.SSLContext:
    """Return the system's trusted roots, or those of REQUESTS_CA_BUNDLE, which other tools of Python obey too."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or None
    if bundle is not None and Path(bundle).is_dir():
        return ssl.create_default_context(capath=bundle)
    return ssl.create_default_context(cafile=bundle)


def _broke_off(error: Exception) -> bool:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(reason, ConnectionError | http.client.HTTPException)


def _unreachable(what: str, url: str, reason: str) -> DownloadError:
    return DownloadError(
        f"{what} cannot be fetched from {_host(url)}: {reason}.",
        hint=(
            "Go online and run `alphapanda infra prepare`, or set EMBEDDED__MAVEN_MIRROR to a Maven "
            "repository you can reach, or EMBEDDED__KAFKA_HOME to a Kafka distribution on disk."
        ),
    )


def _host(url: str) -> str:
    return "/".join(url.split("/")[:3])


def _reason(error: Exception) -> str:
    """Return one short line: the library nests the real reason."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    match reason:
        case ssl.SSLCertVerificationError():
            return "its certificate is not trusted (name your own root in REQUESTS_CA_BUNDLE)"
        case TimeoutError():
            return "no answer in time"
        case http.client.IncompleteRead():
            return "the connection broke off"
        case OSError() if "Tunnel connection failed" in str(reason):
            return "the proxy refused or does not answer"
        case OSError():
            return "there is no connection"
        case _:
            return " ".join(str(reason).split())[:200]
