"""The control socket: answers requests and streams events. 0600, so only its owner may connect."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from alphapanda.errors import AlphaPandaError
from alphapanda.exit_codes import ExitCode, exit_code_of
from alphapanda.infra.control.protocol import (
    LINE_LIMIT,
    VERSION,
    Answer,
    Apply,
    EventsRequest,
    Hello,
    Request,
    RequestDone,
    RequestFailed,
    Restart,
    StatusRequest,
    Stop,
    SystemStatus,
    decode_request,
    encode,
)
from alphapanda.telemetry.log import Logger
from daemons.supervisor.incidents import user_name
from daemons.supervisor.supervisor import Supervisor


class ControlServer:
    """Listens while entered; every connection is a task."""

    def __init__(
        self,
        path: Path,
        hello: Hello,
        supervisor: Supervisor,
        system_status: Callable[[], SystemStatus],
        end: Callable[[], None],
        log: Logger,
    ) -> None:
        """Prepare.

        Args:
            path: of the socket.
            hello: the greeting.
            supervisor: carries out the requests.
            system_status: returns the states of all processes, with CPU and memory.
            end: called after a requested stop of all: the supervisor is done.
            log: the supervisor's.
        """
        self._path = path
        self._hello = hello
        self._supervisor = supervisor
        self._system_status = system_status
        self._end = end
        self._log = log
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        # A leftover of a dead supervisor: we hold the deployment's lock.
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._connected, self._path, limit=LINE_LIMIT)
        self._path.chmod(0o600)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        # The last answer and events are on their way; the clients close when they have them.
        if self._connections:
            await asyncio.wait(self._connections, timeout=1.0)
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer), name="control connection")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _write(writer, self._hello)
            actor = peer_name(writer)
            while line := await reader.readline():
                if not await self._answer(line, writer, actor):
                    break
        except (ConnectionError, asyncio.LimitOverrunError, ValueError) as error:
            # The client went away, or sent something else.
            self._log.debug("control connection ended", reason=str(error))
        finally:
            writer.close()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter, actor: str) -> bool:
        """Answer one request; return whether another may follow."""
        try:
            request = decode_request(line)
        except msgspec.DecodeError as error:
            await _write(writer, RequestFailed(ExitCode.USAGE, f"Not a request of version {VERSION}: {error}."))
            return True
        if isinstance(request, EventsRequest):
            await self._stream(writer)
            return False
        try:
            answer = await self._do(request, actor)
        except AlphaPandaError as error:
            answer = RequestFailed(exit_code_of(error), error.message, error.hint)
        await _write(writer, answer)
        if isinstance(request, Stop) and not request.names and isinstance(answer, RequestDone):
            self._end()
            return False
        return True

    async def _do(self, request: Request, actor: str) -> Answer:
        match request:
            case Apply():
                return await self._supervisor.apply(request, actor)
            case Restart(names):
                await self._supervisor.restart(names, actor)
                return RequestDone()
            case Stop(names, now):
                if now:
                    self._supervisor.kill_all()
                await self._supervisor.stop(names, actor)
                if not names:
                    self._supervisor.forget()
                return RequestDone()
            case StatusRequest() | EventsRequest():
                return self._system_status()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        with self._supervisor.events.subscribe() as events:
            await _write(writer, self._system_status())
            async for event in events:
                await _write(writer, event)


def peer_name(writer: asyncio.StreamWriter) -> str:
    """Return the user at the other end of a connection, as the kernel knows it."""
    if sys.platform != "linux":
        return user_name()  # the socket is 0600: its owner
    size = struct.calcsize("3i")
    credentials = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    _pid, uid, _gid = struct.unpack("3i", credentials)
    return user_name(uid)


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    writer.write(encode(answer))
    await writer.drain()
