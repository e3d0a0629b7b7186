"""An operator cancels and flattens on a running system: words, exit codes, documents, audits, deaths between."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alphapanda.testing.system import DeploymentSystem

pytestmark = [pytest.mark.e2e, pytest.mark.kafka, pytest.mark.timeout(600)]

STRATEGIES = '''
from decimal import Decimal

import msgspec

from alphapanda.strategies.base import Decision, Stance, Strategy


class Params(msgspec.Struct, frozen=True, kw_only=True):
    below_percent: int = 0


class State(msgspec.Struct, frozen=True):
    ticks: int = 0


class Buyer(Strategy[Params, State]):
    """Wants to be long, at the market or far below it."""

    @property
    def warm_up(self):
        return 1

    def initial(self):
        return State()

    def on_tick(self, state, tick, holding, /):
        after = State(state.ticks + 1)
        if holding.quantity:
            return after, None
        below = self.params.below_percent
        limit = Decimal(str(tick.last_price)) * (100 - below) / 100 if below else None
        return after, Decision(Stance.LONG, "wants it", limit_price=limit)
'''
CONFIG = """
[strategies.rests]
class = "buyer:Buyer"
instruments = ["NSE:INFY", "NSE:TCS", "NSE:SBIN"]
quantity = 5
params = { below_percent = 3 }
[strategies.holds]
class = "buyer:Buyer"
instruments = [INSTRUMENTS]
quantity = 7
"""


def prepare(system: DeploymentSystem, instruments: str = '"NSE:INFY", "NSE:TCS"') -> None:
    (system.root / "strategies").mkdir()
    system.write("strategies/buyer.py", STRATEGIES)
    system.write("strategies.toml", CONFIG.replace("INSTRUMENTS", instruments))


def open_orders(system: DeploymentSystem) -> dict[str, str]:
    """The open orders of `rests`, by instrument."""
    found = system.items("orders", "--open")
    return {each["instrument"]: each["client_order_id"] for each in found if each["strategy_id"] == "rests"}


def held(system: DeploymentSystem) -> dict[str, int]:
    return {each["instrument"]: each["quantity"] for each in system.items("positions")}


def document(done: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def audits(system: DeploymentSystem, *actions: str) -> list[tuple[str, str]]:
    found = [json.loads(record.value or b"{}")["data"] for record in system.records("system.audit")]
    return [(each["action"], each["outcome"]) for each in found if each["action"] in actions]


def test_cancel_and_flatten_what_runs(system: DeploymentSystem) -> None:
    prepare(system)
    system("up")
    orders = system.until(lambda: len(found := open_orders(system)) == 3 and found)
    system.until(lambda: held(system) == {"NSE:INFY": 7, "NSE:TCS": 7})
    what_is_typed_wrongly(system)
    one_order(system, orders["NSE:INFY"])
    while_halted(system, orders["NSE:TCS"])
    flat(system)
    system("state", "verify")

    system("resume", "paper", "--reason", "the drill is over")
    system.kill("trader.paper")
    system.kill("risk.paper")
    system.until(system.all_ready)
    system("state", "verify")
    assert held(system) == {}


def what_is_typed_wrongly(system: DeploymentSystem) -> None:
    assert "orders to cancel" in system("cancel", "paper", "--reason", "x", code=2).stderr
    assert "one way only" in system("cancel", "paper", "some", "--all", "--reason", "x", code=2).stderr
    assert "one way only" in system("cancel", "paper", "some", "--strategy", "rests", code=2).stderr
    assert "needs a reason" in system("cancel", "paper", "--all", code=2).stderr
    assert "needs a reason" in system("flatten", "paper", code=2).stderr
    unknown = system("cancel", "paper", "no-such-order", "--reason", "x", code=2).stderr
    assert "There is no order 'no-such-order'" in unknown
    assert "alphapanda orders --open" in unknown
    assert "'rests'" in system("cancel", "paper", "--strategy", "rest", "--reason", "x", code=2).stderr
    assert "no instrument" in system("flatten", "paper", "--instrument", "NSE:X", "--reason", "x", code=2).stderr
    assert "Add --yes" in system("cancel", "paper", "--all", "--reason", "x", code=5).stderr
    assert "Add --yes" in system("flatten", "paper", "--reason", "x", code=5).stderr
    assert audits(system, "cancel", "flatten", "reduce") == [("cancel", "refused"), ("flatten", "refused")]
    shown = document(system("cancel", "paper", "--strategy", "rests", "--dry-run", "--json"))
    assert set(shown["open"]) == set(open_orders(system).values())
    shown = document(system("flatten", "paper", "--dry-run", "--json"))
    assert (shown["state"], [each["quantity"] for each in shown["held"]]) == ("ACTIVE", [7, 7])


def one_order(system: DeploymentSystem, order_id: str) -> None:
    done = document(system("cancel", "paper", order_id, "--reason", "a wrong limit", "--yes", "--json"))
    assert [each["client_order_id"] for each in done["cancelled"]] == [order_id]
    assert order_id not in open_orders(system).values()
    (order,) = [each for each in system.items("orders") if each["client_order_id"] == order_id]
    assert order["status"] == "CANCELLED"
    assert order["reason"].endswith(": a wrong limit")
    again = system("cancel", "paper", order_id, "--reason", "again", "--yes").stderr
    assert "is CANCELLED already" in again
    filled = next(each["client_order_id"] for each in system.items("orders") if each["status"] == "FILLED")
    assert "has traded already" in system("cancel", "paper", filled, "--reason", "x", "--yes", code=1).stderr
    story = document(system("why", order_id, "--json"))
    assert "command" in [hop["step"] for hop in story["decisions"][0]["branches"][0]["hops"]]


def while_halted(system: DeploymentSystem, order_id: str) -> None:
    system("halt", "paper", "--reason", "a drill")
    refused = system("flatten", "paper", "--strategy", "holds", "--reason", "x", "--yes", code=5).stderr
    assert "alphapanda halt paper --reduce" in refused
    told = system("cancel", "paper", "--instrument", "NSE:TCS", "--reason", "cancels pass", "--yes").stderr
    assert "paper: 1 order cancelled." in told
    assert order_id not in open_orders(system).values()
    acts = audits(system, "cancel", "flatten")[2:]
    assert acts == [("cancel", "done"), ("flatten", "refused"), ("cancel", "done")]


def flat(system: DeploymentSystem) -> None:
    done = document(system("flatten", "paper", "--reason", "the end", "--yes", "--json"))
    assert (done["flat"], done["state"], done["still_open"]) == (True, "REDUCING", [])
    assert [each["strategy_id"] for each in done["cancelled"]] == ["rests"]
    assert {(each["instrument"], each["side"], each["filled_quantity"]) for each in done["exits"]} == {
        ("NSE:INFY", "SELL", 7),
        ("NSE:TCS", "SELL", 7),
    }
    system.until(lambda: held(system) == {})
    assert system.items("orders", "--open") == []
    assert audits(system, "reduce", "flatten")[2:] == [("reduce", "done"), ("flatten", "done")]
    story = document(system("why", done["exits"][0]["client_order_id"], "--json"))
    assert story["whole"]
    (decision,) = story["decisions"]
    steps = [hop["step"] for hop in decision["branches"][0]["hops"]]
    assert (decision["tick"], decision["missing"]) == (None, [])
    assert steps[:3] == ["command", "risk", "order"]
    assert steps[-2:] == ["fill", "p&l"]
    assert "was open" in system("cancel", "paper", "--all", "--reason", "again", "--yes").stderr
    again = system("flatten", "paper", "--reason", "again", "--yes").stderr
    assert "nothing was held" in again
    assert "alphapanda resume paper" in again


def test_without_a_market_the_exits_go_on_working(system: DeploymentSystem) -> None:
    prepare(system, '"NSE:*"')
    seconds = [f"ALPHA,2025-11-17 12:08:{n:02}.000000,100\n" for n in range(30)]
    system.write("ticks.csv", "Symbol,exchange_timestamp,last_price\n" + "".join(seconds))
    system("up", "--feed", "recorded", "--file", "ticks.csv", "--speed", "max")
    system.until(lambda: held(system) == {"NSE:ALPHA": 7})
    late = system("flatten", "paper", "--reason", "x", "--yes", "--timeout", "4", "--json", code=124)
    assert "The exit orders stay open" in late.stderr
    done = document(late)
    assert (done["flat"], [each["quantity"] for each in done["still_open"]]) == (False, [7])
    (leave,) = done["exits"]
    assert leave["is_open"]
    assert [each["client_order_id"] for each in system.items("orders", "--open")] == [leave["client_order_id"]]
    assert audits(system, "flatten") == [("flatten", "failed")]
    # Whoever asks once more takes the first exit back: there is one that works, never two.
    again = document(system("flatten", "paper", "--reason", "x", "--yes", "--timeout", "4", "--json", code=124))
    assert [each["client_order_id"] for each in again["cancelled"]] == [leave["client_order_id"]]
    assert len(system.items("orders", "--open")) == 1
    system("state", "verify")


def test_a_daemon_that_is_down_obeys_when_it_runs(system: DeploymentSystem) -> None:
    prepare(system)
    system("up")
    system.until(lambda: len(open_orders(system)) == 3)
    system("down")
    system("up", "feed", "--only")
    late = system("cancel", "paper", "--all", "--reason", "x", "--yes", "--timeout", "2", code=124).stderr
    assert "trader.paper did not obey within 2 s" in late
    assert audits(system, "cancel") == [("cancel", "failed")]
    system("down")
    system("up", "trader.paper", "--only")
    system.until(lambda: open_orders(system) == {})
    system("state", "verify")
