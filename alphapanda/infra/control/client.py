"""The client of a deployment's supervisor, over its control socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from alphapanda.errors import (
    AlphaPandaError,
    CheckFailedError,
    ConfigError,
    DeadlineError,
    DependencyError,
    RefusedError,
    UsageError,
)
from alphapanda.exit_codes import ExitCode
from alphapanda.infra.control.protocol import (
    LINE_LIMIT,
    VERSION,
    Answer,
    Applied,
    Apply,
    EventsRequest,
    Hello,
    ProcessEvent,
    Request,
    RequestDone,
    RequestFailed,
    Restart,
    StatusRequest,
    Stop,
    SystemStatus,
    decode_answer,
    encode,
)
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.infra.control.run_records import RunRecords

CONNECT_TIMEOUT_S = 5.0


class NotRunningError(CheckFailedError):
    """No supervisor answers for this deployment."""


class UnresponsiveError(DependencyError):
    """A supervisor has the socket but does not speak."""


_ERRORS: dict[ExitCode, type[AlphaPandaError]] = {
    ExitCode.USAGE: UsageError,
    ExitCode.FOUND: CheckFailedError,
    ExitCode.UNREACHABLE: DependencyError,
    ExitCode.REFUSED: RefusedError,
    ExitCode.BAD_CONFIG: ConfigError,
    ExitCode.TIMED_OUT: DeadlineError,
}


class ControlClient:
    """One connection; requests are answered one after the other.

    Attributes:
        hello: who answers.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hello: Hello) -> None:
        self.hello = hello
        self._reader = reader
        self._writer = writer

    async def status(self) -> SystemStatus:
        """Return the states of all processes."""
        answer = await self._ask(StatusRequest())
        assert isinstance(answer, SystemStatus)
        return answer

    async def apply(self, request: Apply) -> Applied:
        """Apply the desired state; returns when starts have begun."""
        answer = await self._ask(request)
        assert isinstance(answer, Applied)
        return answer

    async def restart(self, names: tuple[str, ...]) -> None:
        """Stop and start `names`; returns when starts have begun."""
        answer = await self._ask(Restart(names))
        assert isinstance(answer, RequestDone)

    async def stop(self, names: tuple[str, ...] = (), *, now: bool = False) -> None:
        """Stop `names`, or everything and the supervisor itself; returns when done. `now` grants no grace."""
        answer = await self._ask(Stop(names, now))
        assert isinstance(answer, RequestDone)

    async def events(self) -> AsyncIterator[SystemStatus | ProcessEvent]:
        """Yield the states of all processes, then each change, until the end; uses up the connection."""
        self._writer.write(encode(EventsRequest()))
        await self._writer.drain()
        while line := await self._reader.readline():
            answer = _decode(line)
            if isinstance(answer, SystemStatus | ProcessEvent):
                yield answer

    async def _ask(self, request: Request) -> Answer:
        self._writer.write(encode(request))
        await self._writer.drain()
        line = await self._reader.readline()
        if not line:
            raise NotRunningError(
                "The supervisor ended before it answered.", hint="See `alphapanda logs supervisor`."
            )
        answer = _decode(line)
        if isinstance(answer, RequestFailed):
            raise _ERRORS.get(answer.exit_code, AlphaPandaError)(answer.message, hint=answer.hint)
        return answer


@asynccontextmanager
async def connect(places: RunPaths) -> AsyncIterator[ControlClient]:
    """Stay connected for the duration of the block.

    Raises:
        NotRunningError: no supervisor listens.
        UnresponsiveError: one listens but does not greet within five seconds.
    """
    path = places.control_socket
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LINE_LIMIT)
    except (FileNotFoundError, ConnectionRefusedError):
        raise _not_running(places) from None
    try:
        yield ControlClient(reader, writer, await _greeting(reader, path))
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except ConnectionError:
            # The supervisor ended first; nothing of ours was in flight.
            writer.transport.abort()


def _not_running(places: RunPaths) -> NotRunningError:
    root = places.deployment.root
    left = [entry.name for entry in RunRecords(places.run_records).survivors]
    if not left:
        return NotRunningError(f"Nothing is running in {root}.", hint="Start it with `alphapanda up`.")
    runs = "runs" if len(left) == 1 else "run"
    return NotRunningError(
        f"The supervisor of {root} is gone; {', '.join(left)} still {runs}.",
        hint="Go on with `alphapanda up`, or end it with `alphapanda down`.",
    )


async def _greeting(reader: asyncio.StreamReader, path: Path) -> Hello:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            line = await reader.readline()
    except TimeoutError:
        raise UnresponsiveError(
            f"The supervisor at {path} does not answer.", hint="End it with `alphapanda down`."
        ) from None
    hello = _decode(line)
    if not isinstance(hello, Hello) or hello.version != VERSION:
        raise UnresponsiveError(
            f"The supervisor at {path} speaks another version.",
            hint="It was started by another version of this program: `alphapanda down`, then `alphapanda up`.",
        )
    return hello


def _decode(line: bytes) -> Answer:
    try:
        return decode_answer(line)
    except msgspec.DecodeError as error:
        raise UnresponsiveError(
            f"The supervisor's answer cannot be read: {error}.",
            hint="It was started by another version of this program: `alphapanda down`, then `alphapanda up`.",
        ) from error
