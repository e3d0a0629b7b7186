"""`alphapanda groups`: consumer groups, their offsets and lag, and resets."""

from __future__ import annotations

import typer

from commands.groups.lag import lag
from commands.groups.list import list_
from commands.groups.reset import reset


def register(app: typer.Typer) -> None:
    """Add `groups` and its verbs."""
    noun = typer.Typer(help="Show consumer groups and their lag; reset offsets.", no_args_is_help=True)
    noun.command("list")(list_)
    noun.command("lag")(lag)
    noun.command("reset")(reset)
    app.add_typer(noun, name="groups")
