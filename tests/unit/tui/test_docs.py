"""The page of keys is made of the table of actions; every action is there to be done."""

from __future__ import annotations

from inspect import iscoroutinefunction, signature
from operator import attrgetter
from pathlib import Path

from rich.cells import cell_len

from alphapanda.clock import SystemClock
from tui.actions.dispatcher import Dispatcher
from tui.actions.registry import ACTIONS, BY_ID, SCREENS, keys_markdown, keys_of
from tui.app import Dashboard
from tui.screens.catalogue import SCREEN_CLASSES
from tui.sources.connection import Connection
from tui.theme.glyphs import ASCII, UNICODE

PAGE = Path(__file__).parents[3] / "docs" / "tui.md"


def test_the_page_holds_every_key() -> None:
    assert keys_markdown() in PAGE.read_text(encoding="utf-8")


async def not_connected() -> Connection:
    raise NotImplementedError


def test_every_action_can_be_done() -> None:
    assert len(BY_ID) == len(ACTIONS)
    actions = Dispatcher(Dashboard(not_connected, SystemClock()))
    for action in ACTIONS:
        method = attrgetter(action.call)(actions)
        takes = [name for name, one in signature(method).parameters.items() if one.default is one.empty]
        assert len(takes) == bool(action.argument), action.id
        assert iscoroutinefunction(method) or action.task is None, action.id


def test_no_key_means_two_things() -> None:
    for screen in {action.screen for action in ACTIONS}:
        keys = [key for action in keys_of(screen) for key in action.key_names]
        assert len(keys) == len(set(keys)), screen


def test_every_screen_has_a_view() -> None:
    assert [screen.name for screen in SCREENS] == list(SCREEN_CLASSES)


def test_every_glyph_is_one_cell_wide() -> None:
    for name in (
        "up",
        "down",
        "ok",
        "starting",
        "degraded",
        "failed",
        "stopped",
        "loop",
        "done",
        "cursor",
        "rupee",
    ):
        assert cell_len(getattr(UNICODE, name)) == 1, name
        assert getattr(ASCII, name).isascii(), name
