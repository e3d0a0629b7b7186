"""Dead letters from the dashboard: the plan is shown, the run is told, stopped and gone on with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from textual.pilot import Pilot

from alphapanda.errors import RefusedError
from tui.sources.control import ActionProgress

Step = Callable[[Pilot[int]], Awaitable[None]]


async def test_a_replay_shows_its_plan_and_how_far_it_is(
    at_desk: Any, ready: Step, repaint: Step, later: Callable[[float], None]
) -> None:
    app, control = at_desk.app, at_desk.control
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("8")
        await repaint(pilot)
        reason = next(iter(app.store.dead.reasons.values()))
        await pilot.press("P")
        await at_desk.asked(pilot)
        assert control.orders == [f"prepare replay {reason.lies_in} {reason.code} {reason.group}"]
        said = at_desk.follows
        assert "1,204 new               sent" in said
        assert "2 in-doubt          held" in said
        assert "1,204 to paper.signals.raw for paper.risk alone." in said
        assert "What is held: alphapanda dlq replay paper.signals.raw --dry-run" in said
        await at_desk.confirm(pilot, "instruments are there")
        await at_desk.until(pilot, lambda: control.tell is not None)
        assert control.tell is not None
        later(1)
        control.tell(ActionProgress("400 sent", 200, 1_204))
        await repaint(pilot)
        line = at_desk.told
        assert "Replaying" in line
        assert "200/1,204" in line
        assert "400 sent" in line
        assert "/s" in line
        assert "left" in line
        assert "S stops it" in line
        control.may_end.set()
        await at_desk.ended(pilot)
        await repaint(pilot)
        assert "1,204 sent, 1,207 confirmed." in at_desk.told
    assert control.orders[1:] == ["replay: instruments are there", "let go"]


async def test_a_replay_can_be_stopped_and_says_how_to_go_on(at_desk: Any, ready: Step, repaint: Step) -> None:
    app, control = at_desk.app, at_desk.control
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("S")
        await at_desk.until(pilot, lambda: at_desk.notes)
        assert at_desk.notes == ["No running action can be stopped."]
        await pilot.press("8")
        await repaint(pilot)
        await pilot.press("P")
        await at_desk.confirm(pilot, "go")
        await at_desk.until(pilot, lambda: app.running.under_way)
        await pilot.press("S")
        await at_desk.ended(pilot)
        await repaint(pilot)
        assert "○ Stopped. 1 sent." in at_desk.told
        assert "--run r1" in at_desk.told
    assert control.stops == 1


async def test_one_dead_letter_is_meant_where_one_is_selected(at_desk: Any, ready: Step, repaint: Step) -> None:
    app, control = at_desk.app, at_desk.control
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("8", "tab")
        await repaint(pilot)
        letter = next(reversed(app.store.dead.rows.values()))
        table = app.table
        assert table is not None
        table.select_key(letter.key)
        await repaint(pilot)
        await pilot.press("A")
        await at_desk.asked(pilot)
        assert control.orders[0].endswith(letter.id)
        assert control.orders[0].startswith("prepare quarantine ")
        await pilot.press("escape")
        await at_desk.until(pilot, lambda: len(control.orders) == 2)
    assert control.orders[1] == "let go"


async def test_what_is_all_held_can_only_be_read(at_desk: Any, ready: Step, repaint: Step) -> None:
    app, control = at_desk.app, at_desk.control
    held = tuple(line for line in control.preview.lines if line.fate == "held")
    control.preview = replace(control.preview, lines=held, touched=0, sent=0, first=())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("8")
        await repaint(pilot)
        await pilot.press("P")
        await at_desk.asked(pilot)
        assert not at_desk.dialog.query("#confirm-yes, #confirm-reason")
        assert "--dry-run" in at_desk.follows
        await pilot.press("enter")
        await at_desk.until(pilot, lambda: "let go" in control.orders)
        assert not app.running.under_way


async def test_dead_letters_of_a_live_broker_ask_for_its_name(at_desk: Any, ready: Step, repaint: Step) -> None:
    app, control = at_desk.app, at_desk.control
    control.preview = replace(control.preview, typed="zerodha")
    control.may_end.set()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("8")
        await repaint(pilot)
        await pilot.press("P")
        await at_desk.confirm(pilot, "go", "zerodha")
        await at_desk.until(pilot, lambda: "let go" in control.orders)
    assert "replay: go" in control.orders


async def test_another_replay_at_work_is_told(at_desk: Any, ready: Step, repaint: Step) -> None:
    app, control = at_desk.app, at_desk.control
    control.error = RefusedError("Another replay of x.dlq is at work.", hint="Wait for it.")
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("8")
        await repaint(pilot)
        await pilot.press("P")
        await at_desk.ended(pilot)
        await repaint(pilot)
        assert "Another replay of x.dlq is at work." in at_desk.told
        assert len(app.screen_stack) == 1


async def test_it_asks_once_more_before_it_closes_on_an_act(at_desk: Any, ready: Step, repaint: Step) -> None:
    app, control = at_desk.app, at_desk.control
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("8")
        await repaint(pilot)
        await pilot.press("P")
        await at_desk.confirm(pilot, "go")
        await at_desk.until(pilot, lambda: app.running.under_way)
        await pilot.press("q")
        await at_desk.until(pilot, lambda: any("Still running" in note for note in at_desk.notes))
        assert app.is_running
        assert control.stops == 0
        await pilot.press("q")
        await at_desk.until(pilot, lambda: control.stops)
        await at_desk.until(pilot, lambda: not app.is_running)
    assert app.return_value == 0


async def test_the_dead_letters_pane_shows_what_became_of_them(at_desk: Any, ready: Step, repaint: Step) -> None:
    app = at_desk.app
    app.connect = app.connect.connect  # the seeded market obeys
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("8")
        await repaint(pilot)
        before = app.store.dead.unresolved
        assert before > 0
        await pilot.press("D")
        await at_desk.confirm(pilot, "yesterday")
        await at_desk.until(pilot, lambda: app.store.dead.unresolved < before)
        states = {letter.state.value for letter in app.store.dead.rows.values()}
        assert "discarded" in states
