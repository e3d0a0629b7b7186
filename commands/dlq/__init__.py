"""`alphapanda dlq`: look into dead letters, and send them again without processing anything twice."""

from __future__ import annotations

import typer

from commands.dlq.aside import discard, quarantine, undo
from commands.dlq.edit import edit
from commands.dlq.history import history
from commands.dlq.list import list_
from commands.dlq.policy import register as register_policy
from commands.dlq.purge import purge
from commands.dlq.reasons import reasons
from commands.dlq.replay import plan, replay
from commands.dlq.show import show


def register(app: typer.Typer) -> None:
    """Add `dlq` and its verbs."""
    noun = typer.Typer(help="Look into dead letters and replay them.", no_args_is_help=True)
    noun.command("list")(list_)
    noun.command("show")(show)
    noun.command("reasons")(reasons)
    noun.command("plan")(plan)
    noun.command("replay")(replay)
    noun.command("edit")(edit)
    noun.command("discard")(discard)
    noun.command("quarantine")(quarantine)
    noun.command("purge")(purge)
    noun.command("history")(history)
    noun.command("undo")(undo)
    register_policy(noun)
    app.add_typer(noun, name="dlq")
