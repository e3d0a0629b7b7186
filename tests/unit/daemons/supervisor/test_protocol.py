from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alphapanda.exit_codes import ExitCode
from alphapanda.infra.control.protocol import (
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
    decode_request,
    encode,
)
from alphapanda.model.process_status import ProcessState, ProcessStatus, UnitKind

AT = datetime(2026, 1, 5, 9, 15, tzinfo=UTC)
FEED = ProcessStatus(name="feed", kind=UnitKind.DAEMON, state=ProcessState.READY, since=AT, pid=7, uptime_s=1.5)


@pytest.mark.parametrize(
    "request_",
    [
        StatusRequest(),
        Apply(environ={"A": "b"}, overrides={"FEED__SPEED": "max"}, names=("feed",), only=True),
        Restart(("feed", "kafka")),
        Stop(),
        Stop(("feed",), now=True),
        EventsRequest(),
    ],
)
def test_requests_go_through_a_line_unchanged(request_: Request) -> None:
    line = encode(request_)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_request(line) == request_


@pytest.mark.parametrize(
    "answer",
    [
        Hello(1, 42, "/d"),
        Applied(start=("feed",)),
        RequestDone(),
        RequestFailed(ExitCode.BAD_CONFIG, "what", "do"),
        SystemStatus(at=AT, supervisor=FEED, processes=(FEED,), overrides={}),
        ProcessEvent(at=AT, before=ProcessState.STARTING, process=FEED, output_tail=("a", "b\nc")),
    ],
)
def test_answers_go_through_a_line_unchanged(answer: Answer) -> None:
    assert decode_answer(encode(answer)) == answer


def test_all_ready_needs_every_process_and_at_least_one() -> None:
    def system(*states: ProcessState) -> SystemStatus:
        processes = tuple(
            ProcessStatus(name=str(n), kind=UnitKind.DAEMON, state=s, since=AT) for n, s in enumerate(states)
        )
        return SystemStatus(at=AT, supervisor=FEED, processes=processes, overrides={})

    assert system(ProcessState.READY, ProcessState.DONE).all_ready
    assert not system(ProcessState.READY, ProcessState.DEGRADED).all_ready
    assert not system().all_ready
