"""A daemon at rest whose Kafka goes away and comes back: it says so, and is ready again after."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alphapanda.infra.base import Endpoints
from daemons.notify import DaemonNotice, NoticeListener

pytestmark = pytest.mark.kafka

SCRIPT = Path(__file__).with_name("fake_daemon.py")


class Door:
    """A way to a server that can be shut, with everybody in it thrown out, and opened again."""

    def __init__(self, server: str) -> None:
        self._host, _, port = server.rpartition(":")
        self._port = int(port)
        self._ways: set[asyncio.Task[None]] = set()
        self._is_open = True

    async def throw_out(self) -> None:
        self._is_open = False
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    def reopen(self) -> None:
        self._is_open = True

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._ways.add(task)
        ends = [writer]
        try:
            if self._is_open:
                there, back = await asyncio.open_connection(self._host, self._port)
                ends.append(back)
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pump(reader, back))
                    group.create_task(_pump(there, writer))
        except* ConnectionError:
            pass
        finally:
            for end in ends:
                end.transport.abort()
            await asyncio.gather(*(end.wait_closed() for end in ends), return_exceptions=True)
            self._ways.discard(task)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()


@pytest.mark.usefixtures("with_topics")
async def test_a_daemon_at_rest_says_that_kafka_is_gone_and_when_it_is_back(
    tmp_path: Path, servers: Endpoints, environ: dict[str, str]
) -> None:
    heard: asyncio.Queue[DaemonNotice] = asyncio.Queue()

    async def until(holds: Callable[[DaemonNotice], bool]) -> DaemonNotice:
        async with asyncio.timeout(60):
            while not holds(notice := await heard.get()):
                pass
        return notice

    door, notify = Door(servers.bootstrap_servers), tmp_path / "notify.sock"
    server = await asyncio.start_server(door.enter, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    own = {**environ, "KAFKA__BOOTSTRAP_SERVERS": address, "NOTIFY_SOCKET": str(notify)}
    async with server, NoticeListener(notify, heard.put_nowait):
        process = await asyncio.create_subprocess_exec(sys.executable, str(SCRIPT), "well", env=own)
        await until(lambda notice: notice.ready is True)
        await door.throw_out()
        gone = await until(lambda notice: notice.ready is False)
        assert (gone.status or "").startswith(f"Kafka does not answer ({address}: ")
        door.reopen()
        await until(lambda notice: notice.ready is True)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        await door.throw_out()
