"""A daemon at rest whose Kafka goes away and comes back: it says so, and is ready again after."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alphapanda.infra.base import Endpoints
from daemons.supervisor.listener import Notice, NoticeListener

pytestmark = pytest.mark.kafka

SCRIPT = Path(__file__).with_name("fake_daemon.py")


class Door:
    """A way to a server that can be shut, with everybody in it thrown out, and opened again."""

    def __init__(self, server: str) -> None:
        self._host, _, port = server.rpartition(":")
        self._port = int(port)
        self._ways: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        assert self._server is not None
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._ways.add(task)
        ends = [writer]
        try:
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
    heard: asyncio.Queue[Notice] = asyncio.Queue()

    async def until(holds: Callable[[Notice], bool]) -> Notice:
        async with asyncio.timeout(60):
            while not holds(notice := await heard.get()):
                pass
        return notice

    door, notify = Door(servers.bootstrap_servers), tmp_path / "notify.sock"
    await door.open()
    address = f"127.0.0.1:{door.port}"
    own = {**environ, "KAFKA__BOOTSTRAP_SERVERS": address, "NOTIFY_SOCKET": str(notify)}
    async with NoticeListener(notify, heard.put_nowait):
        process = await asyncio.create_subprocess_exec(sys.executable, str(SCRIPT), "well", env=own)
        await until(lambda notice: notice.ready is True)
        await door.shut()
        gone = await until(lambda notice: notice.ready is False)
        assert (gone.status or "").startswith(f"Kafka does not answer ({address}: ")
        await door.open()
        await until(lambda notice: notice.ready is True)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    await door.shut()
