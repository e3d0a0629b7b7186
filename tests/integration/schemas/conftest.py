"""A schema registry: a real one where it is asked for, else the answers that the real one gave."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment, user_cache
from alphapanda.infra import lifeline
from alphapanda.infra.embedded.download import DownloadError, download, file_url, repository_address
from alphapanda.infra.embedded.java import find_java
from alphapanda.serialization.schema_diff import canonical
from commands.main import main

GROUP, ARTIFACT, VERSION = "io.apicurio", "apicurio-registry-app", "3.3.3"
SHA256 = "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63"
API = "/apis/ccompat/v7"
RECORDED = Path(__file__).with_name("recorded")
RECORD = "RECORD_REGISTRY"
"""Set, a conformance run writes the recorded answers anew."""
STARTS_WITHIN_S = 240
"""A JVM that shares two cores with whoever else is there."""


class Exchange(msgspec.Struct, frozen=True):
    """One question and its answer."""

    method: str
    path: str
    question: Any
    status: int
    answer: Any

    @property
    def shape(self) -> str:
        """What two runs against a registry have in common: all but the numbers it gives out."""
        text = json.dumps([self.method, self.path, self.question, self.status, self.answer], sort_keys=True)
        text = re.sub(r"/schemas/ids/\d+", "/schemas/ids/N", text)
        return re.sub(r'("id": |Schema )\d+', r"\1N", text)


class Aliases:
    """Names schemas by the order in which they come, so that a recording outlives a change of the structs."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def hide(self, body: Any) -> Any:
        """Return a question or an answer with its schema's name in place of the schema."""
        if not isinstance(body, dict) or "schema" not in body:
            return body
        form = json.dumps(canonical(body["schema"]), sort_keys=True)
        name = self._names.setdefault(form, f"schema {len(self._names) + 1}")
        self._texts.setdefault(name, body["schema"])
        return {**body, "schema": name}

    def show(self, body: Any) -> Any:
        """Return an answer with the schema in place of its name."""
        if not isinstance(body, dict) or "schema" not in body:
            return body
        return {**body, "schema": self._texts[body["schema"]]}


@dataclass
class Served:
    """A registry as a test meets it.

    Attributes:
        url: its address.
        exchanges: what was asked and answered.
        unexpected: what was asked beyond what is recorded.
    """

    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)


Handler = Callable[[web.Request], Awaitable[web.Response]]


def serve(handler: Handler, served: Served) -> Callable[[], None]:
    """Serve `handler` from a thread, so that a test may block; returns what ends it."""
    loop = asyncio.new_event_loop()
    started, ended = threading.Event(), asyncio.Event()

    async def run() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        served.url = "http://{}:{}".format(*runner.addresses[0][:2]) + API
        started.set()
        await ended.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="registry")
    thread.start()
    assert started.wait(60)

    def end() -> None:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()

    return end


async def asked(request: web.Request) -> tuple[str, str, Any]:
    body = await request.read()
    return request.method, request.raw_path.removeprefix(API), json.loads(body) if body else None


def replaying(recorded: Sequence[Exchange], served: Served) -> Handler:
    """Answer as it was recorded, each question's answers in their order."""
    waiting, aliases = list(recorded), Aliases()

    async def handler(request: web.Request) -> web.Response:
        method, path, body = await asked(request)
        question = method, path, aliases.hide(body)
        for exchange in waiting:
            if (exchange.method, exchange.path, exchange.question) == question:
                waiting.remove(exchange)
                return web.json_response(aliases.show(exchange.answer), status=exchange.status)
        served.unexpected.append(f"{question[0]} {question[1]} {json.dumps(question[2])[:200]}")
        return web.Response(status=501, text="not recorded")

    return handler


def passing_on(target: str, served: Served) -> Handler:
    """Ask the real registry, and remember what it said."""
    aliases = Aliases()

    async def handler(request: web.Request) -> web.Response:
        method, path, question = await asked(request)
        headers = {"Content-Type": request.headers.get("Content-Type", "application/json")}
        data = json.dumps(question) if question is not None else None
        url = target + path
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, data=data, headers=headers) as response,
        ):
            text = await response.text()
            answer = json.loads(text) if text else None
            hidden = aliases.hide(question), response.status, aliases.hide(answer)
            served.exchanges.append(Exchange(method, path, *hidden))
            return web.json_response(answer, status=response.status)

    return handler


REAL = (pytest.mark.conformance, pytest.mark.timeout(STARTS_WITHIN_S + 120))


@pytest.fixture(params=["recorded", pytest.param("real", marks=REAL)])
def registry(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A registry in which nobody but this test has subjects of its brokers' names."""
    file = RECORDED / f"{request.node.originalname}.json"
    served = Served()
    if request.param == "recorded":
        recorded = msgspec.json.decode(file.read_bytes(), type=list[Exchange])
        end = serve(replaying(recorded, served), served)
        try:
            yield served
        finally:
            end()
        assert not served.unexpected, "Record anew: RECORD_REGISTRY=1 nox -s conformance"
        return
    end = serve(passing_on(request.getfixturevalue("apicurio"), served), served)
    try:
        yield served
    finally:
        end()
    if os.environ.get(RECORD):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(msgspec.json.format(msgspec.json.encode(served.exchanges), indent=1) + b"\n")
    recorded = msgspec.json.decode(file.read_bytes(), type=list[Exchange])
    now, then = (Counter(one.shape for one in exchanges) for exchanges in (served.exchanges, recorded))
    assert now == then, "The registry answers otherwise than recorded."


@pytest.fixture(scope="session")
def apicurio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Confluent-compatible registry, with nothing in it; it dies with this process."""
    home = unpacked(user_cache(os.environ) / "conformance")
    folder = tmp_path_factory.mktemp("apicurio")
    port, management = free_port(), free_port()
    java = find_java(None).command
    options = {
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": port,
        "quarkus.management.host": "127.0.0.1",
        "quarkus.management.port": management,
    }
    flags = [f"-D{key}={value}" for key, value in options.items()]
    argv = [java, "-Xmx300m", *flags, "-jar", home / "quarkus-run.jar"]
    dying = [sys.executable, "-I", "-S", lifeline.__file__, os.getpid(), int(signal.SIGKILL), "--"]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [str(word) for word in (*dying, *argv)], stdout=log, stderr=subprocess.STDOUT, cwd=folder
        )
    try:
        url = f"http://127.0.0.1:{port}{API}"
        wait_for(f"{url}/subjects", child, folder / "log")
        yield url
    finally:
        child.terminate()
        child.wait(20)


def unpacked(cache: Path) -> Path:
    """Return the registry's program, fetched and unpacked once a machine."""
    home = cache / f"{ARTIFACT}-{VERSION}"
    if home.is_dir():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / f"{ARTIFACT}-{VERSION}-all.tar.gz"
    try:
        if not archive.exists():
            download(
                file_url(repository_address(""), GROUP, ARTIFACT, VERSION, suffix="-all.tar.gz"), archive, ARTIFACT
            )
    except DownloadError as error:
        pytest.skip(f"{ARTIFACT} {VERSION} cannot be had from Maven: {error}")
    with archive.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == SHA256, f"{archive} is not what it should be."
    half = cache / f"{home.name}.{os.getpid()}"
    with tarfile.open(archive) as tar:
        tar.extractall(half, filter="data")
    (jar,) = half.rglob("quarkus-run.jar")
    jar.parent.rename(home)
    return home


def wait_for(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the registry answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    clock = SystemClock()
    deadline = clock.monotonic() + STARTS_WITHIN_S
    while clock.monotonic() < deadline:
        assert child.poll() is None, log.read_text()[-4000:]
        try:
            with opener.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            try:
                child.wait(0.25)
            except subprocess.TimeoutExpired:
                continue
    raise AssertionError(log.read_text()[-4000:])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Result:
    """How a call of the command line ended."""

    code: int
    out: str
    err: str

    @property
    def items(self) -> list[dict[str, Any]]:
        assert self.out, self.err
        found: list[dict[str, Any]] = json.loads(self.out)["items"]
        return found


Run = Callable[..., Result]


@pytest.fixture
def environ(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment, with a deployment of the test's own and nothing else that is set on this machine."""
    for name in ("SCHEMA_REGISTRY_URL", "SERIALIZATION__FORMAT", "SETTINGS__ENVIRONMENT", "ACTIVE_BROKERS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALPHAPANDA_HOME", str(deployment.root))
    return monkeypatch


@pytest.fixture
def run(environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call `alphapanda schemas` with these words."""
    del environ

    def call(*words: object) -> Result:
        with pytest.raises(SystemExit) as ended:
            main(["schemas", *map(str, words)])
        said = capsys.readouterr()
        code = ended.value.code
        return Result(int(code or 0), said.out, said.err)

    return call


@pytest.fixture
def broker(deployment: Deployment, environ: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A broker that only this test has: called as the test."""
    name: str = request.node.originalname.removeprefix("test_").replace("_", "-")[:40].rstrip("-")
    deployment.config_file.write_text(f'[brokers.{name}]\nkind = "paper"\n')
    environ.setenv("ACTIVE_BROKERS", name)
    return name
