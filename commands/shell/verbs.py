"""The table of verbs: `--help` reads it and imports nothing; a verb's module is imported when it is called.

Each module has `register(app)`, which adds its verbs to a Typer application. A verb that changes something passes
the deployment's safety settings before its first line.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from alphapanda.operations.policy import ACTS, ActPolicy, Demand, Effect
from commands.shell.context import Context
from commands.shell.options import ConfirmOption

_CONFIRM = "confirm"


class Panel(StrEnum):
    """The headings of `alphapanda --help`."""

    RUN = "Run"
    LOOK = "Look"
    CONTROL = "Control"
    LOG = "The log"
    SETUP = "Set up"


@dataclass(frozen=True, slots=True)
class Verb:
    """One word after `alphapanda`.

    Attributes:
        name: the word.
        module: in `commands`, the module that registers it.
        panel: the heading in `alphapanda --help`.
        help: one line.
    """

    name: str
    module: str
    panel: Panel
    help: str


_TABLE = (
    Verb("up", "system.up", Panel.RUN, "Start all daemons on this machine and wait until they are ready."),
    Verb("down", "system.down", Panel.RUN, "Stop all daemons, in order."),
    Verb("status", "system.status", Panel.RUN, "Show each process with its state and uptime."),
    Verb("restart", "system.restart", Panel.RUN, "Restart daemons."),
    Verb("run", "system.run", Panel.RUN, "Run one daemon in the foreground."),
    Verb("tui", "system.tui", Panel.LOOK, "Open the dashboard."),
    Verb("orders", "trading.orders", Panel.LOOK, "List orders."),
    Verb("positions", "trading.positions", Panel.LOOK, "List positions."),
    Verb("pnl", "trading.pnl", Panel.LOOK, "Show profit and loss."),
    Verb("signals", "trading.signals", Panel.LOOK, "List signals with risk's verdicts."),
    Verb("logs", "system.logs", Panel.LOOK, "Read the daemons' logs, merged in time order."),
    Verb("why", "trading.why", Panel.LOOK, "Show the whole chain behind an order or an event."),
    Verb("trace", "trading.why", Panel.LOOK, "The same as why."),
    Verb("halt", "trading.halt", Panel.CONTROL, "Stop a broker from trading; cancels still pass."),
    Verb("resume", "trading.halt", Panel.CONTROL, "Let a halted broker trade again."),
    Verb("cancel", "trading.cancel", Panel.CONTROL, "Cancel open orders of a broker."),
    Verb("flatten", "trading.flatten", Panel.CONTROL, "Close the positions of a broker."),
    Verb("state", "trading.state", Panel.CONTROL, "Compare snapshots and views with the log."),
    Verb("topics", "topics", Panel.LOG, "List, create and compare topics."),
    Verb("groups", "groups", Panel.LOG, "Show consumer groups and their lag; reset offsets."),
    Verb("dlq", "dlq", Panel.LOG, "Examine dead letters and replay them."),
    Verb("schemas", "schemas", Panel.LOG, "Register and check event schemas."),
    Verb("init", "system.init", Panel.SETUP, "Write commented starter files into this folder."),
    Verb("config", "system.config", Panel.SETUP, "Show and check settings."),
    Verb("doctor", "system.doctor", Panel.SETUP, "Check this machine and this deployment."),
    Verb("infra", "system.infra", Panel.SETUP, "Prepare, show and reset the embedded servers."),
    Verb("completions", "completions", Panel.SETUP, "Print the completion script of a shell."),
)


def verbs() -> dict[str, Verb]:
    """Return the table, by name."""
    return {verb.name: verb for verb in _TABLE}


def load_verb(verb: Verb) -> Any:
    """Return the command that the verb's module registers under its name, behind the gate."""
    part = typer.Typer(add_completion=False, rich_markup_mode=None)
    part.callback()(_nothing)
    import_module(f"commands.{verb.module}").register(part)
    group = typer.main.get_command(part)
    assert isinstance(group, TyperGroup)
    command = group.commands[verb.name]
    _guard(verb.name, command)
    return command


def _nothing() -> None:
    """Make an application with one command a group."""


# ---------------------------------------------------------------------------------------------------- the gate
def _guard(name: str, command: Any) -> None:
    """Have a verb, and all below it, pass the deployment's safety settings whenever it is called.

    A verb for which a protected deployment demands its name has `--confirm`, whether it declares it or not.
    """
    for path, leaf in _leaves(name, command):
        act = ACTS.get(path)
        if act is None or act.effect is not Effect.CHANGES:
            continue
        lacks = act.protected is not Demand.NOTHING and all(each.name != _CONFIRM for each in leaf.params)
        if lacks:
            leaf.params.insert(len(leaf.params) - 1, _confirm_option())
        leaf.invoke = functools.partial(_invoke, act, leaf.invoke, takes_name=not lacks)


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    inner: Mapping[str, Any] = getattr(command, "commands", {})
    for name, child in inner.items():
        yield from _leaves(f"{path} {name}", child)


def _invoke(
    act: ActPolicy, invoke: Callable[[typer.Context], object], call: typer.Context, *, takes_name: bool
) -> object:
    options: Mapping[str, Any] = dict(call.params)
    if not takes_name:
        del call.params[_CONFIRM]
    if act.changes(options):
        # The settings are read for an act alone: importing them takes half as long as the whole `--help`.
        from commands.shell.prompts import permit_on_deployment

        permit_on_deployment(Context.of(call, json=bool(options.get("json"))), act.name, options)
    return invoke(call)


def _confirm_option() -> Any:
    maker = typer.Typer(add_completion=False)
    maker.command()(_named)
    return next(each for each in typer.main.get_command(maker).params if each.name == _CONFIRM)


def _named(confirm: ConfirmOption = "") -> None:
    """Have the option; it is no verb."""
    del confirm
