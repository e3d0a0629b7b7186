"""Acts are locked without --control and in the past, and stand in footer, help and palette."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from tui.actions.registry import ACTIONS
from tui.app import Dashboard

Make = Callable[..., Dashboard]
Step = Callable[[Pilot[int]], Awaitable[None]]

ACTS = [action for action in ACTIONS if action.is_control]
KEYS = [(action.keys, action.at or "overview") for action in ACTS if action.call != "control.stop"]
DIGITS = {"overview": "1", "orders": "4", "positions": "5", "daemons": "6", "dlq": "8"}


async def test_without_control_every_act_is_locked(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        for key, screen in KEYS:
            await pilot.press(DIGITS[screen])
            await repaint(pilot)
            footer = str(app.query_one("#keys").render_line(0).text)
            assert not any(f"{action.shown} {action.title}" in footer for action in ACTS)
            await pilot.press(key)
            for _ in range(100):
                if app._notifications:
                    break
                await pilot.pause(0.02)
            assert {note.message for note in app._notifications} == {
                "Read-only. Restart with --control to enable actions."
            }
            app._notifications.clear()
            assert len(app.screen_stack) == 1


async def test_in_the_past_every_act_is_refused(at_desk: Any, ready: Step, repaint: Step) -> None:
    app, control = at_desk.app, at_desk.control
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("at", *"09:19:30", "enter")
        await at_desk.until(pilot, lambda: app.rewind is not None and app.rewind.loaded)
        for key, screen in KEYS:
            await pilot.press(DIGITS[screen])
            await repaint(pilot)
            assert not any(f"{action.shown} {action.title}" in at_desk.keys for action in ACTS)
            await pilot.press(key)
            await at_desk.until(pilot, lambda: at_desk.notes)
            assert {"The past is read-only. Press L to return to the present."} == set(at_desk.notes)
            app._notifications.clear()
            assert len(app.screen_stack) == 1
    assert control.orders == []


async def test_the_screens_own_acts_stand_first_in_its_footer(at_desk: Any, ready: Step, repaint: Step) -> None:
    app = at_desk.app
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("8")
        await repaint(pilot)
        assert at_desk.keys.startswith(" P Replay  D Discard  A Quarantine  ? Help  q Quit")
        await pilot.press("5")
        await repaint(pilot)
        assert at_desk.keys.startswith(" Z Flatten  ? Help")


async def test_help_says_what_is_locked(make: Make, ready: Step) -> None:
    said = []
    for control in (False, True):
        app = make(control=control)
        async with app.run_test(size=(120, 40)) as pilot:
            await ready(pilot)
            await app.perform("navigation.help")
            await pilot.pause()
            await pilot.press(*["pagedown"] * 4)
            shown = app.screen.query_one("#dialog-text")
            said.append("\n".join(shown.render_line(y).text for y in range(shown.size.height)))
    assert said[0].count("(locked)") == len(ACTS)
    assert "(locked)" not in said[1]
