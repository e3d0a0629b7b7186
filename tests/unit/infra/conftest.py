"""Small children, and a Maven repository on the loopback address."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

import pytest

from alphapanda.errors import AlphaPandaError
from alphapanda.infra.base import ChildSpec, no_explanation
from alphapanda.infra.embedded.lock import KafkaLock, LockedJar


class MakeChild(Protocol):
    def __call__(
        self,
        code: str,
        *,
        name: str = ...,
        ready: Callable[[], Awaitable[None]] = ...,
        grace_s: float = ...,
        explain: Callable[[str], AlphaPandaError | None] = ...,
        mark: str = ...,
        ports: tuple[int, ...] = ...,
    ) -> ChildSpec: ...


async def at_once() -> None:
    return


@pytest.fixture
def child(tmp_path: Path) -> MakeChild:
    """Make the spec of a child that runs some Python."""

    def make(
        code: str,
        *,
        name: str = "child",
        ready: Callable[[], Awaitable[None]] = at_once,
        grace_s: float = 5.0,
        explain: Callable[[str], AlphaPandaError | None] = no_explanation,
        mark: str = "",
        ports: tuple[int, ...] = (),
    ) -> ChildSpec:
        return ChildSpec(
            name=name,
            argv=(sys.executable, "-I", "-S", "-c", code, *([mark] if mark else [])),
            env={"PATH": os.environ["PATH"]},
            cwd=tmp_path,
            log_file=tmp_path / "logs" / f"{name}.log",
            identity_file=tmp_path / "run" / f"{name}.json",
            ready=ready,
            mark=mark,
            ports=ports,
            grace_s=grace_s,
            explain=explain,
        )

    return make


@dataclass
class Repository:
    """A Maven repository whose answers a test decides.

    Attributes:
        url: where it is.
        files: by path below the URL.
        cut_off: paths of which only the first half is sent.
        asked: every path that was asked for.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_off: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def add(self, artifact: str, content: bytes, version: str = "1.0") -> LockedJar:
        """Offer a jar and return how a lock file names it."""
        self.files[f"org/example/{artifact}/{version}/{artifact}-{version}.jar"] = content
        return LockedJar(
            group="org.example",
            artifact=artifact,
            version=version,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )

    def lock(self, count: int = 5) -> KafkaLock:
        """Offer `count` jars and return a lock file of them."""
        return KafkaLock(
            kafka="9.9", jar=tuple(self.add(f"part{n}", bytes([n]) * (1_000 * n + 1)) for n in range(count))
        )


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, repository: Repository, *arguments: object) -> None:
        self._repository = repository
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self._repository.asked.append(path)
        content = self._repository.files.get(path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if path in self._repository.cut_off else content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is given
        pass


@pytest.fixture
def repository() -> Iterator[Repository]:
    """A Maven repository on the loopback address."""
    made = Repository()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, made)) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()
