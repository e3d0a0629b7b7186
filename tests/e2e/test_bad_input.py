"""Whatever is wrong: one line of what, where and what to do, the right exit code, no traceback."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from alphapanda.testing.system import DeploymentSystem

pytestmark = pytest.mark.e2e
STRATEGY = '[strategies.x]\nclass = "{}"\ninstruments = ["NSE:INFY"]\nquantity = 1\n'


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("frobnicate",), 2, ("frobnicate",)),
        (("psitions",), 2, ("positions",)),
        (("run", "feeed"), 2, ("feeed", "feed")),
        (("halt", "papr", "--reason", "x"), 2, ("papr", "paper")),
        (("halt", "paper"), 2, ("reason",)),
        (("logs", "trader.papr"), 2, ("trader.paper",)),
        (("positions",), 3, ("alphapanda up",)),
        (("status",), 3, ("alphapanda up",)),
        (("state", "verify"), 3, ("alphapanda up",)),
        (("restart", "feed"), 3, ("alphapanda up",)),
        (("up", "--feed", "recorded", "--file", "nowhere.csv"), 2, ("nowhere.csv",)),
    ],
)
def test_words_that_do_not_work(
    system: DeploymentSystem, words: tuple[str, ...], code: int, says: tuple[str, ...]
) -> None:
    said = system(*words, code=code).stderr
    assert len(said.strip().splitlines()) == 1, said
    assert all(text in said for text in says), said


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("alphapanda.toml", "[kafka\n", ("alphapanda.toml", "1")),
        ("alphapanda.toml", "[kafka]\nbotstrap_servers = 'x'\n", ("alphapanda.toml:2", "bootstrap_servers")),
        ("alphapanda.toml", "active_brokers = ['nobody']\n", ("nobody",)),
        ("alphapanda.toml", "[brokers.z]\nkind = 'zerodha'\n", ("zerodha", "later")),
        ("strategies.toml", STRATEGY.format("nowhere:Nobody"), ("strategies.toml", "nowhere")),
        (
            "strategies.toml",
            STRATEGY.format("alphapanda.strategies.ema_crossover:EmaCrosover"),
            ("EmaCrossover",),
        ),
        ("risk.toml", "[limits]\nmax_order_quantty = 1\n", ("risk.toml:2", "max_order_quantity")),
    ],
)
def test_files_that_cannot_be_used(system: DeploymentSystem, file: str, text: str, says: tuple[str, ...]) -> None:
    system.write(file, text)
    for words in (("config", "check"), ("up",)):
        said = system(*words, code=78).stderr
        assert all(word in said for word in says), said
        assert not system.processes()


@pytest.mark.parametrize(
    ("environ", "code", "says"),
    [
        ({"BROKER_NAMESPACE": "paper"}, 78, ("BROKER_NAMESPACE",)),
        ({"KAFKA__BOOTSTRAP_SERVER": "x"}, 78, ("KAFKA__BOOTSTRAP_SERVERS",)),
        ({"ACTIVE_BROKERS": "papr"}, 78, ("papr",)),
    ],
)
def test_variables_that_cannot_be_used(
    system: DeploymentSystem, environ: dict[str, str], code: int, says: tuple[str, ...]
) -> None:
    system.environ |= environ
    said = system("up", code=code).stderr
    assert all(word in said for word in says), said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_servers_that_are_not_there(system: DeploymentSystem) -> None:
    port = free_port()
    system.environ |= {
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
        "REDIS__URL": f"redis://127.0.0.1:{port}/0",
    }
    said = system("up", "--wait-timeout", "40", code=4).stderr
    assert str(port) in said
    assert system("positions", code=4).stderr.count("\n") == 1
    assert system("topics", "list", code=4).stderr.count("\n") == 1
    assert system("doctor", code=3).stdout


@pytest.mark.kafka
def test_a_wrong_password_of_redis(system: DeploymentSystem, servers: Any) -> None:
    host = servers.redis_url.rpartition("@")[2]
    system.environ |= {
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "REDIS__URL": f"redis://:wrong@{host}",
    }
    said = system("up", "--wait-timeout", "40", code=4).stderr
    assert "password" in said
    assert "wrong" not in said.replace("wrong password", "")
