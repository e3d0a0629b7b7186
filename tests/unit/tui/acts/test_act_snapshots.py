"""The dialogs of control actions, and the lines above the keys, as snapshots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tui.sources.control import ActionProgress

Step = Callable[[Pilot[int]], Awaitable[None]]
SIZES = ((80, 24), (120, 40))


@pytest.mark.parametrize(
    ("screen", "keys", "chosen", "size"),
    [
        ("1", "X", "zerodha", SIZES[0]),
        ("1", "U", "zerodha", SIZES[0]),
        ("5", "Z", "all of zerodha", SIZES[0]),
        ("8", "P", "", SIZES[0]),
        ("8", "P", "", SIZES[1]),
        ("6", "R", "", SIZES[0]),
    ],
    ids=["halt", "resume", "flatten", "replay", "replay-wide", "restart"],
)
def test_confirmation(
    snap_compare: Any,
    at_desk: Any,
    ready: Step,
    repaint: Step,
    screen: str,
    keys: str,
    chosen: str,
    size: tuple[int, int],
) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press(screen)
        await repaint(pilot)
        await pilot.press(keys)
        if chosen:
            await at_desk.choose(pilot, chosen)
        await at_desk.asked(pilot)
        await repaint(pilot)

    assert snap_compare(at_desk.app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_under_way(snap_compare: Any, at_desk: Any, ready: Step, repaint: Step, later: Any, size: Any) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press("8")
        await repaint(pilot)
        await pilot.press("P")
        await at_desk.confirm(pilot, "instruments are there again")
        await at_desk.until(pilot, lambda: at_desk.control.tell is not None)
        later(1)
        at_desk.control.tell(ActionProgress("900 sent, 2 came back", 640, 1_204))
        await repaint(pilot)

    assert snap_compare(at_desk.app, terminal_size=size, run_before=before)
