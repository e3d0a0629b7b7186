from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from alphapanda.deployment import Deployment
from alphapanda.errors import AlphaPandaError
from alphapanda.infra.disk import DiskAccessError, DiskFullError
from alphapanda.infra.embedded.diagnosis import HeapError, explain_kafka, explain_valkey
from alphapanda.infra.embedded.java import NoJavaError
from alphapanda.infra.embedded.storage import ForeignDataError
from alphapanda.infra.ports import PortBook, PortTakenError
from alphapanda.infra.startup import ServerFailedError

DATA, LOG = Path("/d/.alphapanda/kafka"), Path("/d/logs/infra/kafka.log")


@pytest.mark.parametrize(
    ("tail", "error"),
    [
        ("java.io.IOException: No space left on device", DiskFullError),
        ("org.apache.kafka.common.KafkaException: Failed to acquire lock on file .lock in /d", ServerFailedError),
        ("INCONSISTENT_CLUSTER_ID", ForeignDataError),
        ("java.lang.UnsupportedClassVersionError: kafka/Kafka", NoJavaError),
        ("/j/bin/java cannot be run: Exec format error", NoJavaError),
        ("java.lang.OutOfMemoryError: Java heap space", HeapError),
        ("Error occurred during initialization of VM\nCould not reserve enough space", HeapError),
        ("java.nio.file.AccessDeniedException: /d/.alphapanda/kafka/x", DiskAccessError),
    ],
)
def test_what_kafka_said_becomes_one_line(deployment: Deployment, tail: str, error: type[AlphaPandaError]) -> None:
    told = explain_kafka(f"before\n{tail}\n\tat a.b.C", PortBook(deployment), {"kafka": 1}, DATA, LOG)
    assert type(told) is error
    assert "{" not in str(told)
    assert "\n" not in str(told)
    assert told.hint


def test_the_loudest_line_is_shown_of_what_is_not_known(deployment: Deployment) -> None:
    tail = "2026-01-01 INFO hello\n2026-01-01 ERROR it went: badly.\n\tat a.b.C\n... 3 more\nbye"
    told = explain_kafka(tail, PortBook(deployment), {"kafka": 1}, DATA, LOG)
    assert told.message == "Kafka ended while it started: 2026-01-01 ERROR it went: badly."
    assert str(LOG) in told.hint
    assert "it said nothing" in str(explain_kafka("", PortBook(deployment), {"kafka": 1}, DATA, LOG))


def test_the_port_that_is_taken_is_found(deployment: Deployment) -> None:
    book = PortBook(deployment)
    ports = {name: book.port(name) for name in ("kafka", "kafka-controller")}
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", ports["kafka-controller"]))
        listener.listen()
        told = explain_kafka("java.net.BindException: Address already in use", book, ports, DATA, LOG)
    assert isinstance(told, PortTakenError)
    assert f"Port {ports['kafka-controller']} of kafka-controller is taken" in told.message


@pytest.mark.parametrize(
    ("tail", "error"),
    [
        (
            "Warning: Could not create server TCP listening socket 127.0.0.1:1: bind: Address already in use",
            PortTakenError,
        ),
        ("Error writing to the AOF file: No space left on device", DiskFullError),
        ("Bad file format reading the append only file appendonly.aof.1", ServerFailedError),
        ("Can't open or create append-only dir appendonlydir: Permission denied", DiskAccessError),
        ("*** FATAL CONFIG FILE ERROR ***", ServerFailedError),
    ],
)
def test_what_valkey_said_becomes_one_line(
    deployment: Deployment, tail: str, error: type[AlphaPandaError]
) -> None:
    told = explain_valkey(tail, PortBook(deployment), DATA, LOG)
    assert type(told) is error
    assert "\n" not in str(told)


def test_a_log_that_is_empty_because_the_disk_is_full(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alphapanda.infra.embedded.diagnosis.free_room", lambda _folder: 0)
    assert type(explain_kafka("", PortBook(deployment), {"kafka": 1}, DATA, LOG)) is DiskFullError
