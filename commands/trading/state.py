"""`alphapanda state`: compare snapshots and views with the log."""

from __future__ import annotations

import typer

from alphapanda.errors import CheckFailedError
from alphapanda.kafka.client import open_read_log
from alphapanda.operations.verify import Verification, Verifier
from alphapanda.pipeline.compose import active_modes, instruments_of
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.serialization.codec import to_jsonable
from alphapanda.serialization.codec_factory import reading_codec
from alphapanda.settings.model import catalogue_of
from alphapanda.settings.sections import ProcessLayout
from commands.shell.context import Context
from commands.shell.options import BrokerOption, JsonOption
from commands.shell.output import Column, Style
from commands.shell.reading import chosen_brokers, kafka_options, open_views
from topics.services import trader_of

COLUMNS = (
    Column("mark", ""),
    Column("broker", "BROKER"),
    Column("rule", "RULE"),
    Column("checked", "CHECKED", right=True),
    Column("problems", "PROBLEMS", right=True, style=lambda count: Style.BAD if count else None),
)


def register(app: typer.Typer) -> None:
    """Add `state verify`."""
    noun = typer.Typer(help="Compare snapshots and views with the log.", no_args_is_help=True)
    noun.callback()(_noun)
    noun.command("verify")(verify)
    app.add_typer(noun, name="state")


def _noun() -> None:
    """Compare snapshots and views with the log."""


def verify(call: typer.Context, broker: BrokerOption = None, json: JsonOption = False) -> None:
    """Rebuild state from the log and compare positions and orders; check that no decision was made twice.

    Works on a running system. Ends with 3 if something differs. Example: alphapanda state verify
    """
    context = Context.of(call, json=json)
    found = context.run(_verify(context, broker))
    _report(context, found)
    wrong = [one.broker for one in found if not one.is_sound]
    if wrong:
        compact = context.settings().process_layout is ProcessLayout.COMPACT
        daemon = trader_of(wrong[0]).daemon(compact=compact)
        raise CheckFailedError(
            f"The state of {', '.join(wrong)} differs from the log.",
            hint=f"Run: alphapanda restart {daemon}, which recovers from the log; then verify again.",
        )


async def _verify(context: Context, broker: str | None) -> list[Verification]:

    settings = context.settings()
    modes, catalogue, instruments = active_modes(settings), catalogue_of(settings), instruments_of(settings)
    found = []
    async with open_read_log(kafka_options(context, "verify")) as log, open_views(context) as views:
        for name in chosen_brokers(context, broker):
            routes = Routes(catalogue, name, reading_codec(settings))
            verifier = Verifier(log, routes, views, name, modes[name], instruments)
            found.append(await verifier.verify())
    return found


def _report(context: Context, found: list[Verification]) -> None:

    output = context.output
    if output.as_json:
        body = [{**to_jsonable(one), "sound": one.is_sound} for one in found]
        output.document("verification", {"items": body})
        return
    rows = [
        {
            "mark": "✖" if finding.problem_count else "●",
            "broker": one.broker,
            "rule": finding.rule,
            "checked": finding.checked,
            "problems": finding.problem_count,
        }
        for one in found
        for finding in one.findings
    ]
    output.lines(output.render(rows, COLUMNS))
    for one in found:
        for finding in one.findings:
            for problem in finding.problems:
                output.warn(f"{one.broker}: {problem}")
