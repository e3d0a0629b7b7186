"""`alphapanda schemas`: the Avro schemas of the events, here and in a registry."""

from __future__ import annotations

import typer

from commands.schemas.check import check, diff
from commands.schemas.list import generate, list_
from commands.schemas.register import register as register_


def register(app: typer.Typer) -> None:
    """Add `schemas` and its verbs."""
    noun = typer.Typer(help="Generate, compare, check and register Avro schemas.", no_args_is_help=True)
    noun.command("list")(list_)
    noun.command("check")(check)
    noun.command("diff")(diff)
    noun.command("register")(register_)
    noun.command("generate")(generate)
    app.add_typer(noun, name="schemas")
