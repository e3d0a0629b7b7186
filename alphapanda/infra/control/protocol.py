"""The protocol of the control socket: JSON lines, one request or answer each, versioned by the first line.

The supervisor sends a `Hello` first. Then each request line gets one answer line; `EventsRequest` gets one line
for each event until the client closes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from alphapanda.exit_codes import ExitCode
from alphapanda.model.process_status import ProcessState, ProcessStatus

VERSION = 1
LINE_LIMIT = 1024 * 1024
"""Bytes; an environment and a plan fit many times over."""


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Who answers.

    Attributes:
        version: of this protocol.
        pid: of the supervisor.
        root: the deployment's folder.
    """

    version: int
    pid: int
    root: str


class StatusRequest(msgspec.Struct, frozen=True, tag="status"):
    """Ask how all stand; answered by `SystemStatus`."""


class Apply(msgspec.Struct, frozen=True, kw_only=True, tag="apply"):
    """Ask to make the system as settings, files and these wishes have it; answered by `Applied`.

    Attributes:
        environ: the operator's variables that set something.
        overrides: settings that `up` was told on its command line, as variables; added to the remembered ones.
        names: what is to run; empty for all.
        only: whether `names` run without what they need.
        accept_log_reset: told to the daemons at this start, not at later restarts.
        dry_run: answer without doing.
    """

    environ: Mapping[str, str]
    overrides: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    names: tuple[str, ...] = ()
    only: bool = False
    accept_log_reset: bool = False
    dry_run: bool = False


class Restart(msgspec.Struct, frozen=True, tag="restart"):
    """Stop and start these, each after what it needs; answered by `RequestDone` when all were stopped."""

    names: tuple[str, ...]


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Stop these; answered by `RequestDone` when they are. Without names: stop all and end the supervisor.

    Attributes:
        names: which.
        now: kill whatever is running, at once; for a stop that takes too long.
    """

    names: tuple[str, ...] = ()
    now: bool = False


class EventsRequest(msgspec.Struct, frozen=True, tag="events"):
    """Ask for every change from now on; the answer is a `SystemStatus`, then an `ProcessEvent` for each change."""


Request = StatusRequest | Apply | Restart | Stop | EventsRequest


class SystemStatus(msgspec.Struct, frozen=True, kw_only=True, tag="system"):
    """How all stand, in dependency order.

    Attributes:
        at: when this was true.
        supervisor: the supervisor itself.
        processes: in dependency order.
        overrides: what `up` was told for the running system, as variables.
    """

    at: datetime
    supervisor: ProcessStatus
    processes: tuple[ProcessStatus, ...]
    overrides: Mapping[str, str]

    @property
    def all_ready(self) -> bool:
        """Whether every process is ready, and every job done."""
        return bool(self.processes) and all(
            process.state in {ProcessState.READY, ProcessState.DONE} for process in self.processes
        )


class Applied(msgspec.Struct, frozen=True, kw_only=True, tag="applied"):
    """What an `Apply` does, or would do."""

    start: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.start or self.restart or self.stop)


class RequestDone(msgspec.Struct, frozen=True, tag="done"):
    """It was done."""


class RequestFailed(msgspec.Struct, frozen=True, tag="failure"):
    """It was not done.

    Attributes:
        exit_code: what a command line that asked for it ends with.
        message: what, to what.
        hint: what to do.
    """

    exit_code: ExitCode
    message: str
    hint: str = ""


class ProcessEvent(msgspec.Struct, frozen=True, kw_only=True, tag="event"):
    """One process changed its state or its reason.

    Attributes:
        at: when.
        before: its state before.
        process: how it stands now.
        output_tail: the last lines of its stdout and stderr, when it ended unasked.
    """

    at: datetime
    before: ProcessState
    process: ProcessStatus
    output_tail: tuple[str, ...] = ()


Answer = Hello | SystemStatus | Applied | RequestDone | RequestFailed | ProcessEvent

_encoder = msgspec.json.Encoder()
_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


def encode(message: Request | Answer) -> bytes:
    """Return the line of `message`, with its newline."""
    return _encoder.encode(message) + b"\n"


def decode_request(line: bytes) -> Request:
    """Return the request in `line`; raises msgspec.DecodeError."""
    return _requests.decode(line)


def decode_answer(line: bytes) -> Answer:
    """Return the answer in `line`; raises msgspec.DecodeError."""
    return _answers.decode(line)
