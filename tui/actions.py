"""Every action, once: the keys, the footer, the palette, the help and the documentation are made of this table."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from tui.act_actions import ACTS
from tui.action import Action, ActionGroup
from tui.log_actions import FINDING, LOGS

__all__ = ["ACTIONS", "MOVES", "SCREENS", "SHORT", "Action", "ActionGroup", "documented", "footer", "keys_of"]


SCREENS: Final = (
    ("overview", "Overview", "What needs attention, profit and exposure of each broker, the daemons' state."),
    ("market", "Market", "Quotes, the book, candles."),
    ("signals", "Signals", "Signals, and for each denial the reason, the value and the limit."),
    ("orders", "Orders", "The blotter."),
    ("positions", "Positions", "Positions and profit, per broker and per strategy."),
    ("daemons", "Daemons", "Processes, what they cost, and their logs."),
    ("topics", "Topics", "Rates, lag, and the live tail of a topic."),
    ("dlq", "DLQ", "Dead letters by reason, and the records."),
    ("logs", "Logs", "All daemons' logs, merged in the order of time."),
)
"""The screens, by name, in the order of their digits."""


SHORT: Final = MappingProxyType(
    {
        "overview": "Over",
        "market": "Mkt",
        "signals": "Sig",
        "orders": "Ord",
        "positions": "Pos",
        "daemons": "Daem",
        "topics": "Top",
        "dlq": "DLQ",
        "logs": "Logs",
    }
)
"""Their titles where there is little room."""


def _screens() -> Iterator[Action]:
    for number, (name, title, text) in enumerate(SCREENS, start=1):
        yield Action(
            name="show_screen",
            argument=name,
            keys=(str(number),),
            shown=str(number),
            title=title,
            help=text,
            group=ActionGroup.SCREENS,
        )


_A = Action
_OTHERS: Final = (
    _A(
        name="back_screen",
        keys=("left_square_bracket",),
        shown="[",
        title="Screen before",
        help="Go back in the history of screens.",
        group=ActionGroup.SCREENS,
    ),
    _A(
        name="next_screen",
        keys=("right_square_bracket",),
        shown="]",
        title="Screen after",
        help="Go forward in the history of screens.",
        group=ActionGroup.SCREENS,
    ),
    _A(
        name="last_screen",
        keys=("backspace",),
        shown="backspace",
        title="Last screen",
        help="Go to the last screen and back.",
        group=ActionGroup.SCREENS,
    ),
    _A(
        name="palette",
        keys=("colon", "ctrl+p"),
        shown=": ctrl+p",
        title="Commands",
        help="Find any action by its name.",
        group=ActionGroup.SCREENS,
        footer=3,
    ),
    _A(
        name="help",
        keys=("question_mark", "f1"),
        shown="? F1",
        title="Help",
        help="Show all keys.",
        group=ActionGroup.SCREENS,
        footer=1,
    ),
    _A(
        name="leave",
        keys=("q", "ctrl+c"),
        shown="q",
        title="Quit",
        help="Close the dashboard; the daemons go on.",
        group=ActionGroup.SCREENS,
        footer=2,
    ),
    _A(
        name="back",
        keys=("escape",),
        shown="esc",
        title="Back",
        help="Close, clear the filter, end full size, return to the present, leave Logs: whatever is on top.",
        group=ActionGroup.SCREENS,
    ),
    _A(
        name="filter",
        keys=("slash",),
        shown="/",
        title="Filter",
        help="Show only rows with a word, without it (!word), by column (qty:>100), by expression (=data.x > 1).",
        group=ActionGroup.LOOK,
        footer=4,
    ),
    *FINDING,
    _A(
        name="inspect",
        shown="enter",
        title="Inspect",
        help="Show the row whole: fields, headers, raw bytes.",
        group=ActionGroup.LOOK,
        footer=5,
    ),
    _A(
        name="trace",
        keys=("w",),
        shown="w",
        title="Trace",
        help="Show the chain of the selected signal or order as a waterfall.",
        group=ActionGroup.LOOK,
        footer=6,
    ),
    _A(
        name="freeze",
        keys=("p",),
        shown="p",
        title="Freeze",
        help="Let the pane stand still; what comes meanwhile is kept and counted.",
        group=ActionGroup.LOOK,
        footer=7,
    ),
    _A(
        name="follow",
        keys=("F",),
        shown="F",
        title="Follow",
        help="Stay with the newest row, or stop doing so.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="maximise",
        keys=("f",),
        shown="f",
        title="Full size",
        help="Give the pane the whole screen, and back.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="sort",
        argument="-1",
        keys=("less_than_sign",),
        shown="<",
        title="Sort by the column before",
        help="Sort by the column at the left.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="sort",
        argument="1",
        keys=("greater_than_sign",),
        shown=">",
        title="Sort by the next column",
        help="Sort by the column at the right; a click on a title does so too.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="reverse",
        keys=("r",),
        shown="r",
        title="Reverse",
        help="Turn the order round.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="columns",
        keys=("a",),
        shown="a",
        title="Columns",
        help="Choose the table's columns.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="zone",
        keys=("z",),
        shown="z",
        title="Times",
        help="Show times in IST, in UTC, or as ages.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="compact",
        keys=("dollar_sign",),
        shown="$",
        title="Lakh and crore",
        help="Show money short: ₹12.35 L.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="hide_money",
        keys=("H",),
        shown="H",
        title="Hide money",
        help="Mask every amount.",
        group=ActionGroup.LOOK,
        footer=10,
    ),
    _A(
        name="theme",
        keys=("T",),
        shown="T",
        title="Theme",
        help="Next theme: dark, light, colour-blind, the terminal's own colours.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="rate",
        argument="1",
        keys=("plus",),
        shown="+",
        title="Paint more often",
        help="Up to ten times a second.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="rate",
        argument="-1",
        keys=("minus",),
        shown="-",
        title="Paint less often",
        help="Down to once a second; what comes meanwhile is not lost.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="retry",
        keys=("ctrl+r",),
        shown="ctrl+r",
        title="Try again now",
        help="Ask the sources that do not answer at once.",
        group=ActionGroup.LOOK,
    ),
    _A(
        name="reset_layout",
        title="Forget layout",
        help="Forget remembered sorts, filters and columns.",
        group=ActionGroup.LOOK,
    ),
    *LOGS,
    _A(
        name="go_to_time",
        keys=("at",),
        shown="@",
        title="Go to time",
        help="Show every pane as it was at a time: 10:42, 10:42:15, -10m.",
        group=ActionGroup.TIME,
        footer=8,
    ),
    _A(
        name="play",
        keys=("space",),
        shown="space",
        title="Play",
        help="Let the past run, or stop it.",
        group=ActionGroup.TIME,
        rewound=True,
        footer=1,
    ),
    _A(
        name="step",
        argument="-10",
        keys=("comma",),
        shown=",",
        title="10 s back",
        help="Go ten seconds back.",
        group=ActionGroup.TIME,
        rewound=True,
        footer=2,
    ),
    _A(
        name="step",
        argument="10",
        keys=("full_stop",),
        shown=".",
        title="10 s on",
        help="Go ten seconds on.",
        group=ActionGroup.TIME,
        rewound=True,
        footer=2,
    ),
    _A(
        name="speed",
        keys=("x",),
        shown="x",
        title="Speed",
        help="Play at ×1, ×5, ×20, ×60.",
        group=ActionGroup.TIME,
        rewound=True,
        footer=3,
    ),
    _A(
        name="live",
        keys=("L",),
        shown="L",
        title="Live",
        help="Return to the present.",
        group=ActionGroup.TIME,
        rewound=True,
        footer=1,
    ),
    _A(
        name="copy_row",
        keys=("y",),
        shown="y",
        title="Copy row",
        help="Copy the row as JSON.",
        group=ActionGroup.TAKE,
    ),
    _A(
        name="copy_cell",
        keys=("c",),
        shown="c",
        title="Copy id",
        help="Copy the row's first identifying value.",
        group=ActionGroup.TAKE,
    ),
    _A(
        name="export",
        argument="csv",
        keys=("e",),
        shown="e",
        title="Export CSV",
        help="Write the rows in view to a CSV file.",
        group=ActionGroup.TAKE,
        footer=9,
    ),
    _A(
        name="export",
        argument="jsonl",
        keys=("E",),
        shown="E",
        title="Export JSON lines",
        help="Write the rows in view, whole, as JSON lines.",
        group=ActionGroup.TAKE,
    ),
    _A(
        name="picture",
        keys=("s", "ctrl+s"),
        shown="s",
        title="Picture",
        help="Write the screen to an SVG file.",
        group=ActionGroup.TAKE,
    ),
    *ACTS,
)

ACTIONS: Final[tuple[Action, ...]] = (*_screens(), *_OTHERS)
"""Every action."""

MOVES: Final = (
    ("j k ↑ ↓", "Next row, row before."),
    ("g G home end", "First row, last row."),
    ("ctrl+d ctrl+u pgdn pgup", "Half a page, a page."),
    ("← →", "Move long lines sideways; h and l too in logs and tails."),
    ("tab shift+tab", "Next pane, pane before."),
    ("enter", "Inspect the row."),
)
"""Keys that tables themselves know."""


def footer(*, rewound: bool, screen: str = "", control: bool = False) -> list[Action]:
    """Return what the footer shows on a screen: its own acts where they are unlocked, then the most useful."""
    chosen = [
        action
        for action in ACTIONS
        if action.footer
        and (rewound or not action.rewound)
        and (not action.control or (control and not rewound))
        and action.screen in {"", screen}
        and action.at in {"", screen}
    ]
    return sorted(chosen, key=lambda action: (not (rewound and action.rewound), not action.control, action.footer))


def keys_of(screen: str) -> list[Action]:
    """Return the actions whose keys mean something on that screen alone; on every screen for the empty name."""
    return [action for action in ACTIONS if action.keys and action.screen == screen]


def documented() -> str:
    """Return the keys as a Markdown page's tables; `docs/tui.md` holds this."""
    parts = []
    for group in ActionGroup:
        rows = [(a.shown or "`:`", a.title, a.help) for a in ACTIONS if a.group is group]
        if group is ActionGroup.MOVE:
            rows = [(keys, "", text) for keys, text in MOVES]
        lines = [f"### {group.value}", "", "| key | | |", "| --- | --- | --- |"]
        for keys, title, text in rows:
            shown = " ".join(f"`{key}`" for key in keys.strip("`").split(" "))
            lines.append(f"| {shown} | {title} | {text} |".replace("|  |", "| |"))
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
