from __future__ import annotations

import os
import socket
from functools import partial
from pathlib import Path

import pytest

from daemons.notify import DaemonNotice, Notifier, to_notice


@pytest.fixture
def listening(tmp_path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "n.sock"))
    listener.settimeout(60)
    return listener


def test_what_a_daemon_says_is_what_the_supervisor_hears(listening: socket.socket) -> None:
    address = listening.getsockname()
    with listening, Notifier(address, "risk.paper") as notifier:
        notifier.waiting("waits\nfor Kafka")
        notifier.unready("recovers 40 %")
        notifier.ready("")
        notifier.alive({"ticks": 3, "log lines": 0})
        notifier.stopping("drains")
        heard = [to_notice(listening.recv(4096)) for _ in range(5)]
    said = partial(DaemonNotice, name="risk.paper", pid=os.getpid())
    assert heard == [
        said(waiting=True, status="waits for Kafka"),
        said(ready=False, status="recovers 40 %"),
        said(ready=True, status=""),
        said(ready=True, status="", lost={"ticks": 3}),
        said(stopping=True, status="drains"),
    ]


def test_systemds_words_are_among_them(listening: socket.socket) -> None:
    with listening, Notifier.from_environ({"NOTIFY_SOCKET": listening.getsockname()}, "feed") as notifier:
        notifier.ready("all well")
        lines = listening.recv(4096).decode().splitlines()
    assert "READY=1" in lines
    assert "STATUS=all well" in lines


def test_nobody_listening_holds_nobody_up(tmp_path: Path) -> None:
    with Notifier(str(tmp_path / "none.sock"), "feed") as notifier:
        notifier.ready()
    with Notifier(None, "feed") as notifier:
        notifier.ready()


def test_a_full_queue_drops_instead_of_waiting(listening: socket.socket) -> None:
    with listening, Notifier(listening.getsockname(), "feed") as notifier:
        for _ in range(10_000):
            notifier.ready()


@pytest.mark.parametrize("data", [b"", b"READY=1", b"\xff\xfe", b"X_ALPHAPANDA_NAME=feed\nX_ALPHAPANDA_PID=x"])
def test_a_datagram_that_does_not_say_who_sent_it_is_passed_over(data: bytes) -> None:
    assert to_notice(data) is None
