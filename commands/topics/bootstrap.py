"""`alphapanda topics bootstrap`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from commands.shell.context import Context
from commands.shell.options import DryRunOption, JsonOption, ReasonOption

if TYPE_CHECKING:
    from alphapanda.kafka.topic_bootstrap import BootstrapReport
    from topics.plan import Change


def bootstrap(
    call: typer.Context, reason: ReasonOption = "", dry_run: DryRunOption = False, json: JsonOption = False
) -> None:
    """Make the declared topics that are missing. What is there stays as it is; a second run changes nothing.

    Example: alphapanda topics bootstrap --dry-run
    """
    from commands.shell.output import Column

    context = Context.of(call, json=json)
    report = context.run(_run(context, reason.strip() or "declared", dry_run=dry_run))
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
    columns = (Column("topic", "WOULD BE MADE" if dry_run else "MADE"),)
    context.output.table(
        "topics", rows, columns, empty=f"All {len(report.present)} topics are there; nothing was made."
    )
    if rows:
        context.output.say(f"{len(rows)} made, {len(report.present)} were there.")
    if report.drift:
        context.output.warn(
            f"{len(report.drift)} differ from their declaration and were left so. Look: alphapanda topics diff"
        )


async def _run(context: Context, reason: str, *, dry_run: bool) -> BootstrapReport:
    from alphapanda.kafka.topic_bootstrap import bootstrap as make_missing
    from alphapanda.kafka.topic_bootstrap import plan_for, report_of
    from commands.topics._session import connected, topics_of

    declared = topics_of(context)
    async with connected(context, changing=not dry_run) as cluster:
        plan = await plan_for(cluster, declared, made_at=context.clock.now())
        report = report_of(plan)
        if dry_run or not report.made:
            return report
        with context.output.progress().task("topics", len(report.made), "topics") as advance:

            def told(_change: Change) -> None:
                advance(1)

            details = {"made": ",".join(report.made)}
            target = f"cluster {report.cluster_id}"
            async with context.audit().audited("topics bootstrap", target, reason=reason, details=details):
                return await make_missing(cluster, declared, made_at=context.clock.now(), progress=told)
