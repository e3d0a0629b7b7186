"""What a new user does first, with the README's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alphapanda.testing.system import DeploymentSystem

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.timeout(300)]


def still(system: DeploymentSystem) -> list[dict[str, Any]]:
    """Return the positions without what only ticks move."""
    moved = {"last_price", "unrealised", "exposure"}
    return [{k: v for k, v in row.items() if k not in moved} for row in system.items("positions", "--all")]


def test_up_trade_look_down_and_up_again(system: DeploymentSystem) -> None:
    # A user's own folder, with a name that one of our packages has.
    (system.root / "topics").mkdir()
    system.write("topics/__init__.py", "raise RuntimeError('this is not yours to import')")
    system("up")
    status = system.status()
    assert status["all_ready"]
    assert {p["name"] for p in status["processes"]} >= {"kafka", "valkey", "feed", "strategies", "risk.paper"}
    system.until(lambda: system.fills() >= 3)

    ours = {"folder", "state folder", "ports", "kafka server", "redis server"}
    findings = {item["check"]: item["verdict"] for item in system.items("doctor") if item["check"] in ours}
    assert findings == dict.fromkeys(ours, "ok")
    assert system.items("positions", "--all")
    filled = [order for order in system.items("orders") if order["status"] == "FILLED"]
    assert filled
    assert all(order["filled_quantity"] == order["quantity"] for order in filled)
    verdicts = {row["verdict"] for row in system.items("signals")}
    assert verdicts <= {"validated", "rejected"}
    (pnl,) = system.items("pnl")
    assert pnl["trading_state"] == "ACTIVE"
    assert isinstance(pnl["net"], str)
    assert "ready" in system("status").stdout
    assert system("logs", "trader.paper", "-n", "5").stdout

    assert "paper.orders.filled" in system("topics", "describe", "paper.orders.fild", code=2).stderr
    stop_then_go(system)

    verified = json.loads(system("state", "verify", "--json").stdout)["items"]
    assert verified[0]["sound"]

    system("restart", "trader.paper")
    system.until(system.all_ready)
    system("state", "verify")

    system("down")
    assert system.status()["running"] is False
    assert system.processes() == []
    system("status", code=3)

    came_back(system)


def stop_then_go(system: DeploymentSystem) -> None:
    """Halt, see that nothing new is bought, and go on."""
    system("halt", "paper", "--reason", "a test")
    (pnl,) = system.items("pnl")
    assert pnl["trading_state"] == "HALTED"
    before = len(system.records("paper.orders.submitted"))
    system.until(lambda: [row for row in system.items("signals", "--rejected") if "TRADING_HALTED" in row["why"]])
    assert len(system.records("paper.orders.submitted")) == before
    system("resume", "paper", "--reason", "the test is over")
    system.until(lambda: len(system.records("paper.orders.submitted")) > before)
    audits = [json.loads(r.value or b"{}")["data"] for r in system.records("system.audit")]
    assert [(a["action"], a["target"], a["outcome"]) for a in audits if a["action"] in {"halt", "resume"}] == [
        ("halt", "paper", "done"),
        ("resume", "paper", "done"),
    ]


def came_back(system: DeploymentSystem) -> None:
    """Start again without a feed: the positions are those of before, from the log alone."""
    system("up")
    system("down")
    system("up", "trader.paper", "--only")
    caught_up(system)
    first, fills = still(system), system.fills()
    assert first
    system("down")
    system("up", "trader.paper", "--only")
    assert still(system) == first
    assert system.fills() == fills
    system("state", "verify")


def caught_up(system: DeploymentSystem) -> None:
    """Wait until the trader has read all that there is: signals, and ticks up to the newest."""
    signals = {r.partition.topic: r.offset + 1 for r in system.records("paper.signals.validated")}
    newest = max(json.loads(r.value or b"{}")["ts"] for r in system.records("market.ticks"))
    system.until(lambda: system.committed("paper.trader") == signals)
    system.until(lambda: system.items("pnl")[0]["at"] >= newest)
