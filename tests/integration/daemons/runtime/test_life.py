"""The life of a daemon: a fake service in a real process, through the real runtime, before real servers."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from alphapanda.deployment import Deployment
from alphapanda.infra.base import Endpoints
from alphapanda.infra.ports import PortBook
from daemons.notify import DaemonNotice, NoticeListener

pytestmark = pytest.mark.kafka

SCRIPT = Path(__file__).with_name("fake_daemon.py")

Process = asyncio.subprocess.Process
Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(environ: dict[str, str]) -> AsyncIterator[Start]:
    started: list[Process] = []

    async def start(*words: str, **more: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), *words, env={**environ, **more}, stdout=-1, stderr=-1
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line_of(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


async def ready(process: Process) -> None:
    assert await line_of(process) == "ready"


@pytest.mark.usefixtures("with_topics")
async def test_it_gets_ready_tells_the_world_and_drains(start: Start, tmp_path: Path) -> None:
    process = await start("well", "--accept-log-reset")
    await ready(process)
    port = PortBook(Deployment(tmp_path)).port("fake")
    async with aiohttp.ClientSession() as session:
        answer = await session.get(f"http://127.0.0.1:{port}/readyz")
        assert (answer.status, (await answer.json())["ready"]) == (200, True)
        assert (await session.get(f"http://127.0.0.1:{port}/metrics")).status == 200
    process.send_signal(signal.SIGTERM)
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert out == b"drained, reset accepted: True\n"
    events = [json.loads(line)["event"] for line in (tmp_path / "logs" / "fake.jsonl").read_text().splitlines()]
    assert events[0] == "started"
    assert events[-1] == "stopped"


@pytest.mark.usefixtures("with_topics")
async def test_a_gated_daemon_waits_for_the_word_and_tells_how_it_is(start: Start, tmp_path: Path) -> None:
    heard: asyncio.Queue[DaemonNotice] = asyncio.Queue()

    async def until(holds: Callable[[DaemonNotice], bool]) -> DaemonNotice:
        async with asyncio.timeout(90):
            while not holds(notice := await heard.get()):
                pass
        return notice

    path = tmp_path / "notify.sock"
    async with NoticeListener(path, heard.put_nowait):
        process = await start("well", "--gated", NOTIFY_SOCKET=str(path))
        waiting = await until(lambda notice: notice.waiting)
        assert (waiting.name, waiting.pid) == ("fake", process.pid)
        process.send_signal(signal.SIGUSR1)
        await until(lambda notice: notice.ready is True)
        process.send_signal(signal.SIGTERM)
        await until(lambda notice: notice.stopping)
        assert await process.wait() == 0


async def test_a_daemon_can_be_stopped_at_its_gate(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "notify.sock"
    waits = asyncio.Event()
    async with NoticeListener(path, lambda notice: waits.set() if notice.waiting else None):
        process = await start("well", "--gated", NOTIFY_SOCKET=str(path))
        await waits.wait()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


@pytest.mark.usefixtures("with_topics")
@pytest.mark.parametrize(
    ("behaviour", "code", "line"),
    [
        ("misconfigured", 78, "strategies.toml:3: what is this? Correct it."),
        ("refused", 5, "The log is shorter. --accept-log-reset"),
        ("grouped", 5, "From within a group."),
        ("gone", 1, "fake ended without having been told to stop."),
    ],
)
async def test_an_error_that_explains_itself_is_one_line(
    start: Start, behaviour: str, code: int, line: str
) -> None:
    process = await start(behaviour)
    _, err = await process.communicate()
    assert (process.returncode, err.decode()) == (code, line + "\n")


@pytest.mark.usefixtures("with_topics")
async def test_any_other_error_shows_where_and_ends_with_what(start: Start) -> None:
    process = await start("broken")
    _, err = await process.communicate()
    assert process.returncode == 1
    assert err.decode().splitlines()[-1] == "ZeroDivisionError: by nothing"
    assert b"fake_daemon.py" in err


@pytest.mark.usefixtures("with_topics")
async def test_what_does_not_drain_in_time_is_cut_off(start: Start) -> None:
    process = await start("deaf")
    await ready(process)
    process.send_signal(signal.SIGTERM)
    _, err = await process.communicate()
    assert process.returncode == 1
    assert "had not drained after 0.8 s" in err.decode()


@pytest.mark.usefixtures("with_topics")
async def test_a_second_signal_does_not_wait(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "notify.sock"
    drains = asyncio.Event()
    async with NoticeListener(path, lambda notice: drains.set() if notice.stopping else None):
        process = await start("deaf", SUPERVISOR__STOP_TIMEOUT_S="600", NOTIFY_SOCKET=str(path))
        await ready(process)
        process.send_signal(signal.SIGINT)
        await drains.wait()
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130


async def test_missing_topics_are_named_with_what_to_do(start: Start, unique_name: str) -> None:
    process = await start("well", SUPERVISOR__READY_TIMEOUT_S="0.5")
    _, err = await process.communicate()
    assert process.returncode == 4
    assert f"{unique_name}.control.commands" in err.decode()
    assert "alphapanda topics bootstrap" in err.decode()
    assert len(err.splitlines()) == 1


async def test_no_kafka_is_one_line(start: Start) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = await start("well", KAFKA__BOOTSTRAP_SERVERS=address, SUPERVISOR__READY_TIMEOUT_S="0.5")
    _, err = await process.communicate()
    assert process.returncode == 4
    assert address in err.decode()
    assert len(err.splitlines()) == 1


async def test_a_wrong_password_is_not_waited_for(start: Start, servers: Endpoints) -> None:
    scheme, _, address = servers.redis_url.partition("://")
    wrong = f"{scheme}://:wrong@{address.rpartition('@')[2]}"
    process = await start("well", REDIS__URL=wrong, SUPERVISOR__READY_TIMEOUT_S="600")
    _, err = await process.communicate()
    assert process.returncode == 4
    assert "password" in err.decode()
    assert "wrong" not in err.decode().replace("wrong password", "")


async def test_an_unusable_file_ends_it_with_78(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "alphapanda.toml").write_text("[feed]\nsped = 1\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "daemons", "feed", env=environ, stdout=-1, stderr=-1
    )
    _, err = await process.communicate()
    assert process.returncode == 78
    assert "feed.sped" in err.decode()
    assert b"Traceback" not in err


async def test_who_was_started_by_a_supervisor_that_is_dead_leaves_at_once(environ: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "daemons", "feed", "--supervisor", "1", env=environ, stdout=-1, stderr=-1
    )
    assert await process.communicate() == (b"", b"")
    assert process.returncode == 0
