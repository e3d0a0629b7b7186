"""Every action of the dashboard, once: keys, footer, palette, help and documentation come from this table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ActionGroup(StrEnum):
    """The headings of the help dialog."""

    SCREENS = "Screens"
    MOVE = "Move"
    VIEW = "View"
    LOGS = "On the Logs screen"
    TIME = "Time"
    EXPORT = "Copy and export"
    CONTROL = "Control (with --control)"


class TaskKind(StrEnum):
    """Background tasks that an action runs in, because it waits for a dialog or a server.

    A new question replaces the question before; the others run side by side.
    """

    DIALOG = "dialog"
    QUESTION = "question"
    ACT = "act"


SHOWN_KEYS: Final = MappingProxyType(
    {
        "left_square_bracket": "[",
        "right_square_bracket": "]",
        "colon": ":",
        "question_mark": "?",
        "f1": "F1",
        "escape": "esc",
        "slash": "/",
        "less_than_sign": "<",
        "greater_than_sign": ">",
        "dollar_sign": "$",
        "plus": "+",
        "minus": "-",
        "at": "@",
        "comma": ",",
        "full_stop": ".",
    }
)
"""Textual's names of keys, and how people read them."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that an operator can do.

    Attributes:
        group: its heading in the help dialog.
        call: the method: `navigation.back` is `back` of the dashboard's `NavigationActions`.
        keys: Textual's names, with spaces between them; empty for an action that only the palette offers.
        title: in the footer and the palette.
        help: one sentence.
        argument: for the method; empty for none.
        footer: its priority in the footer, 1 first; 0 leaves it out.
        past: available only while the past is shown.
        screen: the only screen where its keys work; empty for all.
        at: the only screen whose footer shows it; empty for all.
        task: the background task that it runs in; None to run at once.
    """

    group: ActionGroup
    call: str
    keys: str
    title: str
    help: str
    argument: str = ""
    footer: int = 0
    past: bool = False
    screen: str = ""
    at: str = ""
    task: TaskKind | None = None

    @property
    def is_control(self) -> bool:
        """Whether it changes something, and is locked without `--control`."""
        return self.group is ActionGroup.CONTROL

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of its keys."""
        return tuple(self.keys.split())

    @property
    def id(self) -> str:
        """A name that no other action has."""
        return f"{self.call}:{self.argument}" if self.argument else self.call

    @property
    def binding(self) -> str:
        """The action string for Textual."""
        return f"act({self.id!r})"

    @property
    def shown(self) -> str:
        """The keys as people read them."""
        return " ".join(SHOWN_KEYS.get(key, key) for key in self.key_names)


@dataclass(frozen=True, slots=True)
class ScreenInfo:
    """A screen.

    Attributes:
        name: in the code.
        title: in the tabs.
        short: its title where there is little room.
        help: what it shows.
    """

    name: str
    title: str
    short: str
    help: str


SCREENS: Final = (
    ScreenInfo(
        "overview", "Overview", "Over", "What needs attention, profit and exposure per broker, daemon states."
    ),
    ScreenInfo("market", "Market", "Mkt", "Quotes, market depth, candles."),
    ScreenInfo("signals", "Signals", "Sig", "Signals, and for each denial the reason, the value and the limit."),
    ScreenInfo("orders", "Orders", "Ord", "The blotter."),
    ScreenInfo("positions", "Positions", "Pos", "Positions and profit, per broker and per strategy."),
    ScreenInfo("daemons", "Daemons", "Daem", "Processes, their CPU and memory, and their logs."),
    ScreenInfo("topics", "Topics", "Top", "Rates, lag, and the live tail of a topic."),
    ScreenInfo("dlq", "DLQ", "DLQ", "Dead letters by reason, and the records."),
    ScreenInfo("logs", "Logs", "Logs", "The logs of all daemons, merged by time."),
)
"""The screens, in the order of their digits."""

WINDOWS: Final = (
    ("Tail", "Show all lines in memory and follow the newest."),
    ("Head", "Go to the first line in the files; press a digit twice to go to its screen."),
    ("1 min", "Show the last minute."),
    ("5 min", "Show the last 5 minutes."),
    ("15 min", "Show the last 15 minutes."),
    ("30 min", "Show the last 30 minutes."),
    ("1 hour", "Show the last hour."),
)
"""Windows of time for log lines, in the order of their digits from 0."""


_SCREENS, _VIEW, _LOGS = ActionGroup.SCREENS, ActionGroup.VIEW, ActionGroup.LOGS
_TIME, _EXPORT, _CONTROL = ActionGroup.TIME, ActionGroup.EXPORT, ActionGroup.CONTROL

# fmt: off
ACTIONS: Final = (
    *(
        Action(_SCREENS, "navigation.show", str(digit), screen.title, screen.help, screen.name)
        for digit, screen in enumerate(SCREENS, start=1)
    ),
    Action(_SCREENS, "navigation.previous", "left_square_bracket", "Previous screen", "Go back in the history."),
    Action(_SCREENS, "navigation.next", "right_square_bracket", "Next screen", "Go forward in the history."),
    Action(_SCREENS, "navigation.last", "backspace", "Last screen", "Switch between the last two screens."),
    Action(_SCREENS, "navigation.palette", "colon ctrl+p", "Commands", "Find any action by name.", footer=3,
           task=TaskKind.DIALOG),
    Action(_SCREENS, "navigation.help", "question_mark f1", "Help", "Show all keys.", footer=1),
    Action(_SCREENS, "navigation.quit", "q ctrl+c", "Quit", "Close the dashboard; the daemons keep running.",
           footer=2),
    Action(_SCREENS, "navigation.back", "escape", "Back",
           "Close, clear the filter, leave full size or the past, leave Logs."),
    Action(_VIEW, "search.filter", "slash", "Filter",
           "Show rows with a word; !word, column:value, qty:>100, =data.x > 1.", footer=4),
    Action(_VIEW, "search.next_match", "n", "Next match",
           "Show all rows and go to the next match of the filter.", "1"),
    Action(_VIEW, "search.next_match", "N", "Previous match", "Go to the match before.", "-1"),
    Action(_VIEW, "search.mark", "m", "Mark", "Mark or unmark the row, to find it again."),
    Action(_VIEW, "search.next_mark", "M", "Next mark", "Go to the next marked row."),
    Action(_VIEW, "logs.of_selection", "l", "Its logs",
           "Show log lines of the selected daemon, order, signal or strategy.", footer=11),
    Action(_VIEW, "search.inspect", "enter", "Inspect", "Show all fields, headers and raw bytes of the row.",
           footer=5),
    Action(_VIEW, "search.trace", "w", "Trace", "Show the chain of the selected signal or order as a waterfall.",
           footer=6),
    Action(_VIEW, "display.freeze", "p", "Freeze", "Freeze or release the pane; new rows are kept and counted.",
           footer=7),
    Action(_VIEW, "display.follow", "F", "Follow", "Follow the newest row, or stop following."),
    Action(_VIEW, "display.maximise", "f", "Full size", "Give the pane the whole screen, and back."),
    Action(_VIEW, "display.sort", "less_than_sign", "Sort left", "Sort by the column on the left.", "-1"),
    Action(_VIEW, "display.sort", "greater_than_sign", "Sort right",
           "Sort by the column on the right; or click a title.", "1"),
    Action(_VIEW, "display.reverse", "r", "Reverse", "Reverse the sort order."),
    Action(_VIEW, "display.columns", "a", "Columns", "Choose the columns of the table.", task=TaskKind.DIALOG),
    Action(_VIEW, "display.zone", "z", "Times", "Show times in IST, in UTC, or as ages."),
    Action(_VIEW, "display.compact", "dollar_sign", "Lakh and crore", "Show money short: ₹12.35 L."),
    Action(_VIEW, "display.hide_money", "H", "Hide money", "Mask every amount.", footer=10),
    Action(_VIEW, "display.next_theme", "T", "Theme",
           "Next theme: dark, light, colour-blind, terminal colours."),
    Action(_VIEW, "display.rate", "plus", "Paint faster", "Paint more often, up to 10 times a second.", "1"),
    Action(_VIEW, "display.rate", "minus", "Paint slower",
           "Paint less often, down to once a second; no data is lost.", "-1"),
    Action(_VIEW, "display.retry", "ctrl+r", "Retry now", "Reconnect to the failed sources now."),
    Action(_VIEW, "display.reset", "", "Reset layout", "Forget the saved sorts, filters and columns."),
    *(
        Action(_LOGS, "logs.window", str(digit), title, text, str(digit), footer=3, screen="logs")
        for digit, (title, text) in enumerate(WINDOWS)
    ),
    Action(_LOGS, "logs.level", "v", "Level", "Show all levels, warnings and errors, or only errors.", footer=2,
           screen="logs"),
    Action(_LOGS, "logs.source", "o", "Source", "Choose the source: one daemon, Kafka, Valkey, or all.",
           footer=2, screen="logs", task=TaskKind.DIALOG),
    Action(_TIME, "time.ask", "at", "Go to time", "Show every pane at a past time: 10:42, 10:42:15, -10m.",
           footer=8),
    Action(_TIME, "time.play", "space", "Play", "Play or pause the past.", past=True, footer=1),
    Action(_TIME, "time.step", "comma", "10 s back", "Go back 10 seconds.", "-10", past=True, footer=2),
    Action(_TIME, "time.step", "full_stop", "10 s on", "Go forward 10 seconds.", "10", past=True, footer=2),
    Action(_TIME, "time.speed", "x", "Speed", "Play at ×1, ×5, ×20 or ×60.", past=True, footer=3),
    Action(_TIME, "time.live", "L", "Live", "Return to the present.", past=True, footer=1),
    Action(_EXPORT, "export.copy_row", "y", "Copy row", "Copy the row as JSON."),
    Action(_EXPORT, "export.copy_id", "c", "Copy id", "Copy the id of the row."),
    Action(_EXPORT, "export.rows", "e", "Export CSV", "Write the rows in view to a CSV file.", "csv", footer=9),
    Action(_EXPORT, "export.rows", "E", "Export JSON lines",
           "Write all fields of the rows in view as JSON lines.", "jsonl"),
    Action(_EXPORT, "export.picture", "s ctrl+s", "Picture", "Write the screen to an SVG file."),
    Action(_CONTROL, "control.halt", "X", "Halt a broker", "Stop a broker from trading; cancels still pass.",
           footer=1, at="overview", task=TaskKind.QUESTION),
    Action(_CONTROL, "control.reduce", "V", "Reduce only", "Let a broker send exits only.",
           task=TaskKind.QUESTION),
    Action(_CONTROL, "control.resume", "U", "Resume a broker", "Let a halted broker trade again.", footer=2,
           at="overview", task=TaskKind.QUESTION),
    Action(_CONTROL, "orders.cancel", "C", "Cancel orders",
           "Cancel the selected order, or all open orders of a broker.", footer=1, at="orders",
           task=TaskKind.QUESTION),
    Action(_CONTROL, "orders.flatten", "Z", "Flatten",
           "Close the selected position, a strategy's, or all of a broker.", footer=1, at="positions",
           task=TaskKind.QUESTION),
    Action(_CONTROL, "control.restart", "R", "Restart a daemon", "Stop the selected daemon and start it again.",
           footer=1, at="daemons", task=TaskKind.QUESTION),
    Action(_CONTROL, "dead_letters.resolve", "P", "Replay",
           "Replay the selected dead letter, or all with the same reason.", "replay", footer=1, at="dlq",
           task=TaskKind.ACT),
    Action(_CONTROL, "dead_letters.resolve", "D", "Discard", "Discard the selected dead letters for good.",
           "discard", footer=2, at="dlq", task=TaskKind.ACT),
    Action(_CONTROL, "dead_letters.resolve", "A", "Quarantine",
           "Exclude the selected dead letters from replays.", "quarantine", footer=3, at="dlq", task=TaskKind.ACT),
    Action(_CONTROL, "control.stop", "S", "Stop the replay",
           "End a replay after the current batch; P continues it."),
)
# fmt: on
"""Every action, in the order of the help."""

BY_ID: Final = MappingProxyType({action.id: action for action in ACTIONS})

MOVES: Final = (
    ("j k ↑ ↓", "Next row, previous row."),
    ("g G home end", "First row, last row."),
    ("ctrl+d ctrl+u pgdn pgup", "Half a page, a page."),
    ("← →", "Scroll long lines sideways; in logs and tails also h and l."),
    ("tab shift+tab", "Next pane, previous pane."),
    ("enter", "Inspect the row."),
)
"""Keys that the tables handle themselves."""


def footer(*, past: bool, screen: str = "", control: bool = False) -> list[Action]:
    """Return the footer of a screen: its unlocked control actions first, then by priority."""
    chosen = [
        action
        for action in ACTIONS
        if action.footer
        and (past or not action.past)
        and (not action.is_control or (control and not past))
        and action.screen in {"", screen}
        and action.at in {"", screen}
    ]
    return sorted(chosen, key=lambda action: (not (past and action.past), not action.is_control, action.footer))


def keys_of(screen: str) -> list[Action]:
    """Return the actions whose keys work on that screen alone; for the empty name those of every screen."""
    return [action for action in ACTIONS if action.keys and action.screen == screen]


def keys_markdown() -> str:
    """Return the tables of keys for `docs/tui.md`."""
    parts = []
    for group in ActionGroup:
        rows = [(action.shown or ":", action.title, action.help) for action in ACTIONS if action.group is group]
        if group is ActionGroup.MOVE:
            rows = [(keys, "", text) for keys, text in MOVES]
        lines = [f"### {group.value}", "", "| key | action | |", "| --- | --- | --- |"]
        for keys, title, text in rows:
            shown = " ".join(f"`{key}`" for key in keys.split(" "))
            lines.append(f"| {shown} | {title} | {text} |".replace("|  |", "| |"))
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
