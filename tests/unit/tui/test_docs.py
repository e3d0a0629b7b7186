"""The page of keys is made of the table of actions; every action is there to be done."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len

from tui.actions import ACTIONS, SCREENS, documented, keys_of
from tui.app import Dashboard
from tui.screens.catalogue import SCREEN_CLASSES
from tui.theme.glyphs import ASCII, UNICODE

PAGE = Path(__file__).parents[3] / "docs" / "tui.md"


def test_the_page_holds_every_key() -> None:
    assert documented() in PAGE.read_text(encoding="utf-8")


def test_every_action_can_be_done() -> None:
    for action in ACTIONS:
        assert callable(getattr(Dashboard, f"action_{action.name}")), action.name


def test_no_key_means_two_things() -> None:
    for screen in {action.screen for action in ACTIONS}:
        keys = [key for action in keys_of(screen) for key in action.keys]
        assert len(keys) == len(set(keys)), screen


def test_every_screen_has_a_view() -> None:
    assert [name for name, _, _ in SCREENS] == list(SCREEN_CLASSES)


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
