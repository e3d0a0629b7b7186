"""A seeded market, a clock that stands, and the dashboard over them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from alphapanda.clock import ManualClock
from alphapanda.testing.seeded_market import MarketPlan, SeededMarket
from tui.app import Dashboard
from tui.appearance import Options
from tui.session import LayoutStore
from tui.testing.seeded_connection import ConnectSeeded
from tui.theme.formatter import Formatter
from tui.theme.glyphs import UNICODE
from tui.theme.themes import PALETTES

PRESENT = datetime(2026, 1, 5, 3, 50, tzinfo=UTC)
"""09:20 IST, five minutes into the first session: event time and the clock are the same."""

MakeDashboard = Callable[..., Dashboard]
Ready = Callable[[Pilot[int]], Awaitable[None]]


@pytest.fixture(scope="session")
def seeded_market() -> SeededMarket:
    """The market that all tests look at; none may change it."""
    return SeededMarket(MarketPlan(present=PRESENT, minutes=5))


@pytest.fixture
def market(seeded_market: SeededMarket) -> SeededMarket:
    seeded_market.log_access.arrived = asyncio.Event()  # of this test's loop
    seeded_market.log_access.failing = None
    return seeded_market


@pytest.fixture
def own_market() -> SeededMarket:
    """A small market that a test may change."""
    return SeededMarket(MarketPlan(present=PRESENT, minutes=1))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(PRESENT)


@pytest.fixture
def fmt() -> Formatter:
    return Formatter(palette=PALETTES["panda-dark"], glyphs=UNICODE, now=PRESENT)


@pytest.fixture
def make(clock: ManualClock, market: SeededMarket, tmp_path: Path) -> MakeDashboard:
    """Return what makes a dashboard over the seeded market, or over another one."""

    def made(
        *,
        over: SeededMarket | None = None,
        theme: str = "",
        control: bool = False,
        layout: LayoutStore | None = None,
    ) -> Dashboard:
        connect = ConnectSeeded(MarketPlan(present=PRESENT, minutes=5), clock, control=control, still=True)
        connect.market = over or market
        return Dashboard(connect, clock, layout, Options(theme=theme, control=control, folder=tmp_path, calm=True))

    return made


@pytest.fixture
def ready(clock: ManualClock) -> Ready:
    """Return what waits until the backlog is folded and painted."""

    async def wait(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, Dashboard)
        for _ in range(200):
            await pilot.pause(0.02)
            if app.connection is not None and app.live_store.topics.rows and app.live_store.lines.added:
                break
        await settle(pilot, clock)

    return wait


async def settle(pilot: Pilot[int], clock: ManualClock) -> None:
    """Let sorts become due, and paint."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    for _ in range(3):
        clock.elapsed += 5.0
        app.paint(everything=True)
        await pilot.pause()


@pytest.fixture
def repaint(clock: ManualClock) -> Ready:
    async def paint(pilot: Pilot[int]) -> None:
        await settle(pilot, clock)

    return paint


@pytest.fixture
def later(clock: ManualClock) -> Callable[[float], None]:
    def move(seconds: float) -> None:
        clock.at += timedelta(seconds=seconds)
        clock.elapsed += seconds

    return move
