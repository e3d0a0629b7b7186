"""What an action is; `tui.actions` has them all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActionGroup(StrEnum):
    """The headings of the help."""

    SCREENS = "Screens"
    MOVE = "Move"
    LOOK = "Look"
    LOGS = "On the Logs screen"
    TIME = "Time"
    TAKE = "Take with you"
    CONTROL = "Control (with --control)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that can be done.

    Attributes:
        name: of the method that does it: `action_NAME` of the application.
        argument: what that is called with; empty for nothing.
        keys: as Textual calls them; none for what only the palette offers.
        shown: the keys as people read them.
        title: in the footer and the palette.
        help: one sentence.
        group: its heading.
        footer: whether the footer shows it, and how early: 1 first; 0 for no.
        rewound: whether it is for a past moment only.
        control: whether it changes something, and is locked without `--control`.
        screen: the only one on which its keys mean this; empty for all.
        at: the only screen whose footer shows it; empty for all.
    """

    name: str
    argument: str = ""
    keys: tuple[str, ...] = ()
    shown: str = ""
    title: str
    help: str
    group: ActionGroup
    footer: int = 0
    rewound: bool = False
    control: bool = False
    screen: str = ""
    at: str = ""

    @property
    def call(self) -> str:
        """The action as Textual is told."""
        return f"{self.name}('{self.argument}')" if self.argument else self.name
