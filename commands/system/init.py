"""`alphapanda init`: commented starter files in the deployment's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from alphapanda.files import PRIVATE, PUBLIC, write_atomically
from alphapanda.operations.dead_letters.policy import POLICY_FILE
from alphapanda.settings.reference import config_text, env_text
from alphapanda.settings.starters import starter_text
from commands.shell.context import Context


def register(app: typer.Typer) -> None:
    """Add `init`."""
    app.command("init")(init)


def init(
    call: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Write commented starter files: settings, strategies, limits, dead-letter policy, and .env (0600).

    Example: ALPHAPANDA_HOME=~/desk alphapanda init
    """
    context = Context.of(call)
    output = context.output
    context.deployment.root.mkdir(parents=True, exist_ok=True)
    for file, text, mode in _starters(context):
        if file.exists() and not force:
            output.say(f"kept     {file}  (it exists; --force overwrites)")
            continue
        write_atomically(file, text(), mode=mode)
        output.say(f"written  {file}")
    output.say("Next: alphapanda up")


def _starters(context: Context) -> Iterator[tuple[Path, Callable[[], str], int]]:

    deployment = context.deployment
    yield deployment.config_file, config_text, PUBLIC
    yield deployment.strategies_file, partial(starter_text, "strategies.toml"), PUBLIC
    yield deployment.risk_file, partial(starter_text, "risk.toml"), PUBLIC
    yield deployment.root / POLICY_FILE, partial(starter_text, POLICY_FILE), PUBLIC
    yield deployment.env_file, env_text, PRIVATE
