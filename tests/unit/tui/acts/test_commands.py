"""Commands to brokers and daemons: what follows is shown, who obeys is told, and how it ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from textual.pilot import Pilot
from textual.widgets import Button, Input

from alphapanda.clock import ManualClock
from alphapanda.errors import DeadlineError, RefusedError
from alphapanda.ids import BrokerId
from alphapanda.model.control import Command, ControlCommand
from alphapanda.model.kinds import TradingState
from alphapanda.model.order import OrderStatus
from alphapanda.settings.sections import SafetySettings
from alphapanda.testing.seeded_market import SeededMarket

Step = Callable[[Pilot[int]], Awaitable[None]]
BROKER = BrokerId("paper")


async def test_a_halt_tells_who_is_waited_for_and_the_rest_goes_on(
    at_desk: Any, own_market: SeededMarket, ready: Step, repaint: Step, clock: ManualClock
) -> None:
    app, control = at_desk.app, at_desk.control
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("X")
        await at_desk.choose(pilot, "paper")
        await at_desk.asked(pilot)
        assert at_desk.follows.startswith("paper is ACTIVE\n")
        assert "No orders are sent, not even exits" in at_desk.follows
        await at_desk.confirm(pilot, "news")
        await at_desk.until(pilot, lambda: "waiting for" in at_desk.told)
        assert control.orders == ["halt paper: news"]
        assert "Halting paper · waiting for risk.paper and trader.paper" in at_desk.told
        order = ControlCommand(command=Command.HALT, broker=BROKER, actor="a", reason="news")
        obeyed = own_market.command(order, clock.now())
        assert [event.service for event in obeyed] == ["risk.paper", "trader.paper"]
        await at_desk.until(pilot, lambda: app.store.money.brokers["paper"].state is TradingState.HALTED)
        await pilot.press("4")
        await repaint(pilot)
        assert app.status.screen == "orders"
        assert "risk.paper and trader.paper obeyed" in at_desk.told
        control.may_end.set()
        await at_desk.ended(pilot)
        await repaint(pilot)
        assert "✔ paper is HALTED." in at_desk.told
        await pilot.press("escape")
        await repaint(pilot)
        assert at_desk.told == ""


async def test_an_act_that_fails_says_why_and_what_to_do(
    at_desk: Any, ready: Step, repaint: Step, later: Callable[[float], None]
) -> None:
    app, control = at_desk.app, at_desk.control
    control.error = DeadlineError("trader.paper did not obey within 10 s.", hint="Run: alphapanda status")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("V")
        await at_desk.choose(pilot, "paper")
        await at_desk.confirm(pilot, "news")
        control.may_end.set()
        await at_desk.ended(pilot)
        later(60)
        await repaint(pilot)
        said = at_desk.told
        assert "✖ Reducing paper: trader.paper did not obey within 10 s." in said
        assert "Run: alphapanda status" in said


async def test_what_is_done_is_told_for_a_while(
    at_desk: Any, ready: Step, repaint: Step, later: Callable[[float], None]
) -> None:
    app, control = at_desk.app, at_desk.control
    control.may_end.set()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("U")
        await at_desk.choose(pilot, "paper")
        await at_desk.confirm(pilot, "over")
        await at_desk.ended(pilot)
        app.paint(everything=True)
        await pilot.pause()
        assert "paper is ACTIVE." in at_desk.told
        later(21)
        await repaint(pilot)
        assert at_desk.told == ""


async def test_to_stop_real_money_asks_for_a_reason_alone(at_desk: Any, ready: Step) -> None:
    app, control = at_desk.app, at_desk.control
    control.may_end.set()
    control.safety = SafetySettings(read_only=True, protected=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for key, count in (("X", 1), ("V", 2)):
            await pilot.press(key)
            await at_desk.choose(pilot, "zerod")
            await at_desk.confirm(pilot, "news")
            await at_desk.until(pilot, lambda count=count: len(control.orders) == count)
    assert control.orders == ["halt zerodha: news", "reduce zerodha: news"]


async def test_an_act_that_no_dialog_can_permit_is_refused_and_told(
    at_desk: Any, ready: Step, repaint: Step
) -> None:
    app, control = at_desk.app, at_desk.control
    control.may_end.set()
    control.safety = SafetySettings(read_only=True)
    control.error = RefusedError("resume changes something, and this deployment is read-only.")
    async with app.run_test(size=(120, 24)) as pilot:
        await ready(pilot)
        await pilot.press("U")
        await at_desk.choose(pilot, "paper")
        await at_desk.until(pilot, lambda: control.orders and not app.running.under_way)
        assert control.orders == ["resume paper: "]
        await repaint(pilot)
        assert "read-only" in at_desk.told


async def test_real_money_asks_for_its_name_and_enter_goes_from_one_to_the_next(at_desk: Any, ready: Step) -> None:
    app, control = at_desk.app, at_desk.control
    control.may_end.set()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("U")
        await at_desk.choose(pilot, "zerod")
        await at_desk.asked(pilot)
        assert app.focused is not None
        assert app.focused.id == "confirm-cancel"
        await pilot.press(*"news")
        assert at_desk.dialog.query_one("#confirm-reason", Input).value == "news"
        assert at_desk.dialog.query_one("#confirm-yes", Button).disabled
        await pilot.press("enter", *"paper", "enter")
        assert at_desk.dialog.is_current
        assert control.orders == []
        await pilot.press(*["backspace"] * 5, *"zerodha", "enter")
        await at_desk.until(pilot, lambda: control.orders)
        assert control.orders == ["resume zerodha: news"]


async def test_the_selected_order_is_cancelled_or_all_that_are_open(
    at_desk: Any, ready: Step, repaint: Step
) -> None:
    app, control = at_desk.app, at_desk.control
    control.may_end.set()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await repaint(pilot)
        for key, row in app.store.orders.rows.items():
            filled = msgspec.structs.replace(row.order, status=OrderStatus.FILLED)
            app.store.orders.rows[key] = msgspec.structs.replace(row, order=filled)
        await pilot.press("C")
        await at_desk.until(pilot, lambda: "There are no open orders." in at_desk.notes)
        keys = [key for key, row in app.store.orders.rows.items() if row.order.broker == "paper"][:2]
        for key in keys:
            row = app.store.orders.rows[key]
            working = msgspec.structs.replace(row.order, status=OrderStatus.ACCEPTED, filled_quantity=0)
            app.store.orders.rows[key] = msgspec.structs.replace(row, order=working)
        app.store.orders.changes += 1
        await repaint(pilot)
        table = app.table
        assert table is not None
        table.select_key(keys[0])
        await repaint(pilot)
        await pilot.press("C")
        await at_desk.choose(pilot, "this")
        await at_desk.asked(pilot)
        order = app.store.orders.rows[keys[0]].order
        assert at_desk.follows.startswith(f"1 open order of paper\n  {order.side:<4} ")
        assert order.instrument in at_desk.follows
        await at_desk.confirm(pilot, "wrong")
        await at_desk.until(pilot, lambda: len(control.orders) == 1)
        await pilot.press("C")
        await at_desk.choose(pilot, "all")
        await at_desk.asked(pilot)
        assert at_desk.follows.startswith("2 open orders of paper\n")
        await at_desk.confirm(pilot, "close")
        await at_desk.until(pilot, lambda: len(control.orders) == 2)
        assert control.orders == [f"cancel paper (order {keys[0]}): wrong", "cancel paper (everything): close"]


async def test_the_selected_position_is_flattened_or_all_of_a_broker(
    at_desk: Any, ready: Step, repaint: Step
) -> None:
    app, control = at_desk.app, at_desk.control
    control.may_end.set()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("5")
        await repaint(pilot)
        table = app.table
        assert table is not None
        held = {key: row for key, row in app.store.money.positions.items() if row.position.quantity}
        key, row = next((key, row) for key, row in held.items() if row.broker == "paper")
        table.select_key(key)
        await repaint(pilot)
        await pilot.press("Z")
        await at_desk.choose(pilot, "this")
        await at_desk.asked(pilot)
        assert at_desk.follows.startswith("1 position of paper\n")
        assert "paper keeps trading" in at_desk.follows
        await at_desk.confirm(pilot, "big")
        await at_desk.until(pilot, lambda: len(control.orders) == 1)
        await pilot.press("Z")
        await at_desk.choose(pilot, "all of paper")
        await at_desk.asked(pilot)
        mine = [each for each in held.values() if each.broker == "paper"]
        assert at_desk.follows.startswith(f"{len(mine)} positions of paper\n")
        assert "paper is left REDUCING" in at_desk.follows
        await at_desk.confirm(pilot, "night")
        await at_desk.until(pilot, lambda: len(control.orders) == 2)
    one = row.position
    assert control.orders == [
        f"flatten paper (strategy {one.strategy_id}, instrument {one.instrument}): big",
        "flatten paper (everything): night",
    ]


async def test_the_real_stages_obey(at_desk: Any, ready: Step, repaint: Step) -> None:
    app = at_desk.app
    app.connect = app.connect.connect  # the seeded market obeys
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("5")
        await repaint(pilot)
        await pilot.press("Z")
        await at_desk.choose(pilot, "all of zerodha")
        await at_desk.confirm(pilot, "night", "zerodha")
        await at_desk.until(pilot, lambda: app.store.money.brokers["zerodha"].state is TradingState.REDUCING)
        await at_desk.ended(pilot)
        await repaint(pilot)
        assert "zerodha: " in at_desk.told
        assert " sent (everything)." in at_desk.told
