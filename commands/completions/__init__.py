"""`alphapanda completions`: a completion script for bash, zsh or fish, and the names that scripts ask for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from alphapanda.errors import AlphaPandaError, UsageError
from commands.shell.context import Context


class Shell(StrEnum):
    """The shells that are known."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def register(app: typer.Typer) -> None:
    """Add `completions`."""
    app.command("completions")(completions)


def completions(
    call: typer.Context,
    shell: Annotated[Shell | None, typer.Argument(help="Shell: bash, zsh or fish.")] = None,
    names: Annotated[
        str, typer.Option("--names", hidden=True, help="Print names: brokers, daemons, topics, …")
    ] = "",
) -> None:
    """Print the completion script of a shell.

    bash: alphapanda completions bash > ~/.local/share/bash-completion/completions/alphapanda

    zsh: alphapanda completions zsh > a file _alphapanda in a folder of $fpath

    fish: alphapanda completions fish > ~/.config/fish/completions/alphapanda.fish
    """
    context = Context.of(call)
    if names:
        context.output.lines(_names(context, names))
        return
    if shell is None:
        raise UsageError("No shell was named.", hint="Run: alphapanda completions bash (or zsh, fish)")
    context.output.lines(script(shell).splitlines())


def script(shell: Shell) -> str:
    """Return the completion script of `shell`, for all verbs that there are."""
    from commands.completions import bash, fish, zsh
    from commands.completions.tree import command_tree

    render = {Shell.BASH: bash.render, Shell.ZSH: zsh.render, Shell.FISH: fish.render}[shell]
    return render(command_tree())


def _names(context: Context, kind: str) -> Sequence[str]:
    """Return names for a shell to offer; none where settings cannot be read: nobody sees an error here."""
    from commands.shell.completion_names.memory import remember
    from commands.shell.completion_names.names import names_of
    from commands.shell.completion_names.quickly import remembered

    environ = dict(context.environ)
    found = remembered(context.deployment, environ, kind)
    if found is not None:
        return found
    try:
        names = names_of(context)
    except AlphaPandaError:
        return ()
    remember(context.deployment, environ, names)
    return remembered(context.deployment, environ, kind) or names.get(kind, ())
