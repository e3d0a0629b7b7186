"""Every screen in two sizes, and the other themes, sizes and dialogs where they look different."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tui.actions.registry import SCREENS
from tui.app import Dashboard
from tui.theme.glyphs import ASCII

SIZES = ((80, 24), (120, 40))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("digit", range(1, len(SCREENS) + 1), ids=[screen.name for screen in SCREENS])
def test_screen(
    snap_compare: Any,
    make: Callable[..., Dashboard],
    ready: Callable[[Pilot[int]], Awaitable[None]],
    repaint: Callable[[Pilot[int]], Awaitable[None]],
    digit: int,
    size: tuple[int, int],
) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press(str(digit))
        await repaint(pilot)

    assert snap_compare(make(), terminal_size=size, run_before=before)


@pytest.mark.parametrize("digit", [1, 4], ids=["overview", "orders"])
def test_light(
    snap_compare: Any,
    make: Callable[..., Dashboard],
    ready: Callable[[Pilot[int]], Awaitable[None]],
    repaint: Callable[[Pilot[int]], Awaitable[None]],
    digit: int,
) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press(str(digit))
        await repaint(pilot)

    assert snap_compare(make(theme="panda-light"), terminal_size=(120, 40), run_before=before)


@pytest.mark.parametrize("theme", ["panda-cvd", "panda-ansi"])
def test_other_themes(
    snap_compare: Any,
    make: Callable[..., Dashboard],
    ready: Callable[[Pilot[int]], Awaitable[None]],
    theme: str,
) -> None:
    assert snap_compare(make(theme=theme), terminal_size=(120, 40), run_before=ready)


@pytest.mark.parametrize("digit", [1, 2, 3, 6], ids=["overview", "market", "signals", "daemons"])
def test_wide(
    snap_compare: Any,
    make: Callable[..., Dashboard],
    ready: Callable[[Pilot[int]], Awaitable[None]],
    repaint: Callable[[Pilot[int]], Awaitable[None]],
    digit: int,
) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press(str(digit))
        await repaint(pilot)

    assert snap_compare(make(), terminal_size=(200, 60), run_before=before)


def test_ascii(
    snap_compare: Any,
    make: Callable[..., Dashboard],
    ready: Callable[[Pilot[int]], Awaitable[None]],
    repaint: Callable[[Pilot[int]], Awaitable[None]],
) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press("2")
        await repaint(pilot)

    app = make()
    app.appearance.glyphs = ASCII
    assert snap_compare(app, terminal_size=(120, 40), run_before=before)


def test_nothing_is_shown_of_the_present_in_the_past(
    snap_compare: Any,
    make: Callable[..., Dashboard],
    ready: Callable[[Pilot[int]], Awaitable[None]],
    repaint: Callable[[Pilot[int]], Awaitable[None]],
) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press("6", "at", *"09:17", "enter")
        app = pilot.app
        assert isinstance(app, Dashboard)
        for _ in range(200):
            await pilot.pause(0.02)
            if app.rewind is not None and app.rewind.loaded:
                break
        await repaint(pilot)
        await pilot.pause(0.2)
        await repaint(pilot)

    assert snap_compare(make(), terminal_size=(120, 40), run_before=before)


@pytest.mark.parametrize(
    "keys", [("4", "w"), ("4", "enter"), ("question_mark",)], ids=["trace", "inspect", "help"]
)
def test_dialogs(
    snap_compare: Any,
    make: Callable[..., Dashboard],
    ready: Callable[[Pilot[int]], Awaitable[None]],
    repaint: Callable[[Pilot[int]], Awaitable[None]],
    keys: tuple[str, ...],
) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        for key in keys:
            await pilot.press(key)
            await repaint(pilot)
        await pilot.pause(0.2)

    assert snap_compare(make(), terminal_size=(120, 40), run_before=before)
