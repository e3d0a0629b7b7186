"""`alphapanda topics`: the topics of the catalogue and of the cluster."""

from __future__ import annotations

import typer

from commands.topics.apply import apply
from commands.topics.bootstrap import bootstrap
from commands.topics.list import describe, list_
from commands.topics.plan import diff, import_, plan
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
