"""The actions that find rows again, and those of the Logs screen."""

from __future__ import annotations

from typing import Final

from tui.action import Action, ActionGroup

WINDOWS: Final = (
    ("Tail", "Show all lines that are held, and follow the newest."),
    ("Head", "Go to the first line that the files hold; each digit once more goes to its screen."),
    ("1 min", "Show the last minute."),
    ("5 min", "Show the last five minutes."),
    ("15 min", "Show the last quarter of an hour."),
    ("30 min", "Show the last half hour."),
    ("1 hour", "Show the last hour."),
)
"""Since when log lines are shown, in the order of their digits from 0."""

_A = Action
FINDING: Final = (
    _A(
        name="next_match",
        argument="1",
        keys=("n",),
        shown="n",
        title="Next match",
        help="Show all rows again and go to the next one that the last / found.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="next_match",
        argument="-1",
        keys=("N",),
        shown="N",
        title="Match before",
        help="Likewise to the one before.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="mark",
        keys=("m",),
        shown="m",
        title="Mark",
        help="Mark the row, to find it again; once more to unmark it.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="next_mark",
        keys=("M",),
        shown="M",
        title="Next mark",
        help="Go to the next marked row.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="logs_of",
        keys=("l",),
        shown="l",
        title="Its logs",
        help="Show the lines of the selected daemon, or those that name the selected order, signal or strategy.",
        group=ActionGroup.LOOK,
        footer=11,
    ),
)
"""Searching, marking, and the log lines of what is selected."""

LOGS: Final = (
    *(
        _A(
            name="since",
            argument=str(place),
            keys=(str(place),),
            shown=str(place),
            title=title,
            help=text,
            group=ActionGroup.LOGS,
            screen="logs",
            footer=3,
        )
        for place, (title, text) in enumerate(WINDOWS)
    ),
    _A(
        name="level",
        keys=("v",),
        shown="v",
        title="Level",
        help="Show lines of every level, from warnings on, or errors alone.",
        group=ActionGroup.LOGS,
        screen="logs",
        footer=2,
    ),
    _A(
        name="source",
        keys=("o",),
        shown="o",
        title="Source",
        help="Choose whose lines are shown: one daemon, Kafka, Valkey, or all.",
        group=ActionGroup.LOGS,
        screen="logs",
        footer=2,
    ),
)
"""Their keys mean this on the Logs screen alone."""
