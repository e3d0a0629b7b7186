"""`alphapanda dlq policy`."""

from __future__ import annotations

import typer

from alphapanda.exit_codes import ExitCode
from alphapanda.operations.dead_letters.policy import POLICY_FILE, read_policy
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column

_COLUMNS = (
    Column("name", "RULE"),
    Column("verdict", "VERDICT"),
    Column("asks", "FOR"),
    Column("reason", "REASON"),
)


def register(noun: typer.Typer) -> None:
    """Add `policy check` to `dlq`."""
    policy = typer.Typer(help="Check the rules for dead letters in dlq-policy.toml.", no_args_is_help=True)
    policy.callback()(_policy)
    policy.command("check")(check)
    noun.add_typer(policy, name="policy")


def _policy() -> None:
    """Check the rules for dead letters in dlq-policy.toml."""


def check(call: typer.Context, json: JsonOption = False) -> None:
    """Check dlq-policy.toml and list its rules. Exits with 3 and the line of each fault if the file is wrong.

    Example: alphapanda dlq policy check
    """
    context = Context.of(call, json=json)
    file = context.deployment.root / POLICY_FILE
    policy, problems = read_policy(context.deployment.root, context.clock.now())
    rows = [
        {
            "name": rule.name,
            "verdict": rule.ruling.value,
            "asks": rule.asks or "everything",
            "reason": rule.reason,
        }
        for rule in policy.rules
    ]
    if json:
        faults = [{"where": each.where, "what": each.what, "hint": each.hint} for each in problems]
        context.output.document("dlq-policy", {"file": str(file), "items": rows, "problems": faults})
    elif rows and not problems:
        context.output.lines(context.output.render(rows, _COLUMNS))
    for problem in problems:
        context.output.error(str(problem))
    if problems:
        raise typer.Exit(ExitCode.FOUND)
    context.output.say(
        f"{file} can be used: {len(rows)} rules." if file.exists() else f"There is no {file}: no rules."
    )
