"""jgo's resolver with a download of our own. Import it where it is used: it needs an extra, and loads `requests`.

jgo knows the public repository's address, reads POMs and names files. A file is fetched beside its place and
renamed, over connections that are kept alive between files and closed at the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from jgo.maven import MavenContext, PythonResolver

if TYPE_CHECKING:
    from alphapanda.infra.embedded.maven import Received

TIMEOUT_S = 30
"""For a connection, and between two pieces of an answer."""
ATTEMPTS = 3
"""For one file, when a connection breaks."""
PIECE = 64 * 1024
"""Bytes that are written at once."""
ABSENT = frozenset({403, 404})
"""How repositories say that they do not have a file."""


def context(cache: Path, mirror: str, resolver: CarefulResolver) -> MavenContext:
    """Return jgo's view of one repository.

    Args:
        cache: files are kept below it, in Maven's own layout.
        mirror: an address instead of the public repository's.
        resolver: fetches what is not there.
    """
    return MavenContext(
        resolver=resolver,
        repo_cache=cache,
        # Without repositories of ours jgo takes the public one, whose address it knows.
        remote_repos={"mirror": mirror.rstrip("/")} if mirror else None,
    )


class CarefulResolver(PythonResolver):
    """jgo's resolver, whose downloads leave nothing half.

    Args:
        received: hears of every piece.
    """

    def __init__(self, received: Received) -> None:
        super().__init__()
        self._received = received
        self._session = requests.Session()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def download(self, artifact: Any) -> Path | None:
        """Return the path of a file that was fetched, None when no repository has it."""
        target = Path(artifact.cached_path)
        target.parent.mkdir(parents=True, exist_ok=True)
        for address in artifact.context.remote_repos.values():
            url = f"{address}/{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
            if self._fetch(url, target):
                return target
        return None

    def _fetch(self, url: str, target: Path) -> bool:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._try(url, target)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
                if attempt == ATTEMPTS or isinstance(error, requests.Timeout):
                    raise
        return False

    def _try(self, url: str, target: Path) -> bool:
        part = target.with_name(f"{target.name}.part")
        count = 0
        try:
            with self._session.get(url, stream=True, timeout=TIMEOUT_S) as answer, part.open("wb") as file:
                if answer.status_code in ABSENT:
                    return False
                answer.raise_for_status()
                for piece in answer.iter_content(PIECE):
                    file.write(piece)
                    count += len(piece)
                    self._received(len(piece))
            part.replace(target)
        except requests.RequestException:
            self._received(-count)
            raise
        finally:
            part.unlink(missing_ok=True)
        return True
