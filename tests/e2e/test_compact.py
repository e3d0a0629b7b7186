"""Risk and trader of a broker in one process: the same topics, the same state, one process less."""

from __future__ import annotations

import urllib.request

import pytest

from alphapanda.testing.system import DeploymentSystem

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.timeout(300)]


def names(system: DeploymentSystem) -> list[str]:
    return [process["name"] for process in system.status()["processes"]]


def test_a_compact_broker_trades_obeys_recovers_and_can_be_split_again(system: DeploymentSystem) -> None:
    system.environ["PROCESS_LAYOUT"] = "compact"
    system("up")
    assert names(system) == ["kafka", "valkey", "topics", "feed", "monitor", "strategies", "broker.paper"]
    system.until(lambda: system.fills() >= 3)

    assert "risk.paper and trader.paper obeyed" in system("halt", "paper", "--reason", "a test").stderr
    system("resume", "paper", "--reason", "the test is over")

    both_count_under_their_own_names(system)

    killed = system.pid("broker.paper")
    system.kill("broker.paper")
    system.until(lambda: system.pid("broker.paper") not in {0, killed} and system.all_ready())
    had = system.fills()
    system.until(lambda: system.fills() > had)
    system("state", "verify")

    feed = system.pid("feed")
    system.environ["PROCESS_LAYOUT"] = "split"
    system("up")
    assert names(system)[-2:] == ["risk.paper", "trader.paper"]
    assert system.pid("feed") == feed
    assert system.fills() > had
    system("state", "verify")


def both_count_under_their_own_names(system: DeploymentSystem) -> None:
    (url,) = [p["url"] for p in system.status()["processes"] if p["name"] == "broker.paper"]
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        page = answer.read().decode()
    for service in ("risk.paper", "trader.paper"):
        assert f'trading_batch_events_count{{broker="paper",service="{service}"}}' in page
