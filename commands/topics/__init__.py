"""`alphapanda topics`: what should be in the log, what is, and how to bring them together."""

from __future__ import annotations

import typer

from commands.topics.apply import apply
from commands.topics.bootstrap import bootstrap
from commands.topics.describe import describe
from commands.topics.diff import diff
from commands.topics.import_ import import_
from commands.topics.list import list_
from commands.topics.plan import plan
from commands.topics.tail import tail


def register(app: typer.Typer) -> None:
    """Add `topics` and its verbs."""
    noun = typer.Typer(help="List, create and compare topics.", no_args_is_help=True)
    noun.command("list")(list_)
    noun.command("describe")(describe)
    noun.command("bootstrap")(bootstrap)
    noun.command("diff")(diff)
    noun.command("plan")(plan)
    noun.command("apply")(apply)
    noun.command("import")(import_)
    noun.command("tail")(tail)
    app.add_typer(noun, name="topics")
