"""`alphapanda config`: the settings in force, their sources, and a check of all files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import typer

from alphapanda.operations.dead_letters.policy import read_policy
from alphapanda.pipeline.documents import check_documents
from alphapanda.settings import InvalidSettingsError, Loaded, Problem
from alphapanda.settings.inventory import variable_of
from alphapanda.settings.provenance import displayed
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Style


def register(app: typer.Typer) -> None:
    """Add `config show` and `config check`."""
    noun = typer.Typer(help="Show and check settings.", no_args_is_help=True)
    noun.command("show")(show)
    noun.command("check")(check)
    app.add_typer(noun, name="config")


def show(call: typer.Context, json: JsonOption = False) -> None:
    """Show every setting's value and where it came from. Secrets are masked.

    Example: alphapanda config show --json
    """
    context = Context.of(call, json=json)
    columns = (
        Column("setting", "SETTING"),
        Column("value", "VALUE"),
        Column("source", "FROM", style=lambda source: Style.FAINT if source == "default" else None),
    )
    context.output.table("settings", list(_rows(context.loaded())), columns, empty="Nothing is set.")


def check(call: typer.Context, json: JsonOption = False) -> None:
    """Check all files: alphapanda.toml, .env, strategies.toml, risk.toml, dlq-policy.toml. Ends with 78 on error.

    Example: SETTINGS__ENVIRONMENT=production alphapanda config check
    """
    context = Context.of(call, json=json)
    problems: list[Problem] = []
    brokers: tuple[str, ...] = ()
    try:
        brokers = tuple(context.settings().brokers)
    except InvalidSettingsError as error:
        problems += error.problems
    if brokers:
        problems += check_documents(context.deployment, brokers)
        problems += read_policy(context.deployment.root, context.clock.now())[1]
    if json:
        items = [{"where": each.where, "what": each.what, "hint": each.hint} for each in problems]
        context.output.document("problems", {"items": items})
    if problems:
        raise InvalidSettingsError(problems)
    context.output.say(f"All settings of {context.deployment.root} are valid.")


def _rows(loaded: Loaded) -> Iterator[Mapping[str, object]]:

    for name, source in loaded.provenance.items():
        path = tuple(name.split("."))
        yield {
            "setting": name,
            "value": displayed(loaded.settings, path),
            "source": str(source),
            "kind": source.kind,
            "place": source.place,
            "variable": variable_of(path),
        }
