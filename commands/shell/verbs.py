"""The table of verbs: `--help` reads it and imports nothing; a verb's module is imported when it is called.

Each module has `register(app)`, which adds its verbs to a Typer application.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Panel(StrEnum):
    """The headings of `alphapanda --help`."""

    RUN = "Run"
    LOOK = "Look"
    CONTROL = "Control"
    LOG = "The log"
    SETUP = "Set up"


@dataclass(frozen=True, slots=True)
class Noun:
    """One word after `alphapanda`.

    Attributes:
        name: the word.
        module: in `commands`, the module that registers it.
        panel: the heading it stands under.
        help: one line.
    """

    name: str
    module: str
    panel: Panel
    help: str


_TABLE = (
    Noun("up", "system.up", Panel.RUN, "Start everything on this machine and wait until it is ready."),
    Noun("down", "system.down", Panel.RUN, "Stop everything, in order."),
    Noun("status", "system.status", Panel.RUN, "Show what runs, how it is, and since when."),
    Noun("restart", "system.restart", Panel.RUN, "Restart daemons."),
    Noun("run", "system.run", Panel.RUN, "Run one daemon in the foreground."),
    Noun("tui", "system.tui", Panel.LOOK, "Open the dashboard."),
    Noun("orders", "trading.orders", Panel.LOOK, "List orders."),
    Noun("positions", "trading.positions", Panel.LOOK, "List positions."),
    Noun("pnl", "trading.pnl", Panel.LOOK, "Show profit and loss."),
    Noun("signals", "trading.signals", Panel.LOOK, "List signals and what risk made of them."),
    Noun("logs", "system.logs", Panel.LOOK, "Read the daemons' logs, merged in time order."),
    Noun("why", "trading.why", Panel.LOOK, "Show the whole chain behind an order or an event."),
    Noun("trace", "trading.why", Panel.LOOK, "The same as why."),
    Noun("halt", "trading.halt", Panel.CONTROL, "Stop a broker from trading; cancels still pass."),
    Noun("resume", "trading.halt", Panel.CONTROL, "Let a halted broker trade again."),
    Noun("cancel", "trading.cancel", Panel.CONTROL, "Withdraw open orders of a broker."),
    Noun("flatten", "trading.flatten", Panel.CONTROL, "Close the positions of a broker."),
    Noun("state", "trading.state", Panel.CONTROL, "Compare remembered state with the log."),
    Noun("topics", "topics", Panel.LOG, "List, create and compare topics."),
    Noun("groups", "groups", Panel.LOG, "Show consumer groups and their lag."),
    Noun("dlq", "dlq", Panel.LOG, "Look into dead letters and replay them."),
    Noun("schemas", "schemas", Panel.LOG, "Register and check event schemas."),
    Noun("init", "system.init", Panel.SETUP, "Write commented starter files into this folder."),
    Noun("config", "system.config", Panel.SETUP, "Show and check settings."),
    Noun("doctor", "system.doctor", Panel.SETUP, "Check this machine and this deployment."),
    Noun("infra", "system.infra", Panel.SETUP, "Prepare, show and reset the embedded servers."),
    Noun("completions", "completions", Panel.SETUP, "Print the completion script of a shell."),
)


def nouns() -> dict[str, Noun]:
    """Return the table, by name."""
    return {noun.name: noun for noun in _TABLE}
