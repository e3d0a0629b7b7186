"""`alphapanda topics bootstrap`."""

from __future__ import annotations

import typer

from alphapanda.kafka.topic_bootstrap import BootstrapReport
from commands.shell.context import Context
from commands.shell.options import DryRunOption, JsonOption, ReasonOption
from commands.shell.output import Column
from commands.topics._views import open_topics
from topics.plan import Change


def bootstrap(
    call: typer.Context, reason: ReasonOption = "", dry_run: DryRunOption = False, json: JsonOption = False
) -> None:
    """Create the declared topics that are missing. Existing topics stay as they are; a second run changes nothing.

    Example: alphapanda topics bootstrap --dry-run
    """
    context = Context.of(call, json=json)
    report = context.run(_bootstrap(context, reason.strip() or "declared", dry_run=dry_run))
    rows = [{"topic": name, "made": not dry_run} for name in report.made]
    if json:
        context.output.document(
            "topics-bootstrap",
            {
                "cluster_id": report.cluster_id,
                "dry_run": dry_run,
                "made": list(report.made),
                "present": list(report.present),
                "drift": list(report.drift),
                "undeclared": list(report.undeclared),
            },
        )
        return
    columns = (Column("topic", "WOULD BE CREATED" if dry_run else "CREATED"),)
    context.output.table(
        "topics", rows, columns, empty=f"All {len(report.present)} topics exist; nothing was created."
    )
    if rows:
        context.output.say(
            f"{len(rows)} {'would be created' if dry_run else 'created'}, {len(report.present)} existed."
        )
    if report.drift:
        context.output.warn(
            f"{len(report.drift)} differ from their declaration and were left so. See: alphapanda topics diff"
        )


async def _bootstrap(context: Context, reason: str, *, dry_run: bool) -> BootstrapReport:
    async with open_topics(context, changing=not dry_run) as operations:
        report = await operations.preview_bootstrap()
        if dry_run or not report.made:
            return report
        with context.output.progress().task("topics", len(report.made), "topics") as advance:

            def on_change(_change: Change) -> None:
                advance(1)

            return await operations.create_missing(reason, on_change)
