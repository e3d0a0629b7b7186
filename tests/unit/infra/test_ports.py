from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError
from alphapanda.infra.ports import FIRST, LAST, PortBook, is_free


def listen(port: int) -> closing[socket.socket]:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return closing(listener)


def test_a_port_is_chosen_once_and_kept(deployment: Deployment) -> None:
    first = PortBook(deployment).port("kafka")
    assert FIRST <= first < LAST
    with listen(first):
        assert PortBook(deployment).port("kafka") == first


def test_names_get_different_ports(deployment: Deployment) -> None:
    book = PortBook(deployment)
    names = [f"daemon{n}" for n in range(50)]
    assert len({book.port(name) for name in names}) == 50
    assert dict(book.ports()) == {name: book.port(name) for name in names}


def test_folders_get_different_ports(tmp_path: Path) -> None:
    books = [PortBook(Deployment(tmp_path / str(n))) for n in range(5)]
    assert len({book.port("kafka") for book in books}) == 5


def test_a_busy_port_is_passed_over(deployment: Deployment) -> None:
    wanted = PortBook(deployment).port("kafka")
    (deployment.run / "ports.json").unlink()
    with listen(wanted):
        assert not is_free(wanted)
        assert PortBook(deployment).port("kafka") != wanted


def test_many_at_once_agree(deployment: Deployment) -> None:
    with ThreadPoolExecutor(8) as pool:
        ports = list(pool.map(lambda n: PortBook(deployment).port(f"name{n % 4}"), range(32)))
    assert len(set(ports)) == 4
    assert ports == [PortBook(deployment).port(f"name{n % 4}") for n in range(32)]


def test_the_error_names_port_and_holder(deployment: Deployment) -> None:
    book = PortBook(deployment)
    port = book.port("valkey")
    with listen(port):
        error = book.taken("valkey")
    assert error.message.startswith(f"Port {port} of valkey is taken by ")
    assert f"(pid {os.getpid()})" in error.message
    assert "ports.json" in error.hint


def test_a_file_that_was_spoilt_is_an_error(deployment: Deployment) -> None:
    deployment.prepare()
    (deployment.run / "ports.json").write_text('{"kafka": "many"}')
    with pytest.raises(ConfigError, match=r"ports\.json cannot be read"):
        PortBook(deployment).port("kafka")
