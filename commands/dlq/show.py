"""`alphapanda dlq show`."""

from __future__ import annotations

import typer

from alphapanda.errors import AlphaPandaError
from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.plan import PlannedRecord, ReplayOptions
from alphapanda.operations.dead_letters.republish import editable_text
from alphapanda.serialization.codec import to_jsonable
from commands.dlq._options import OneArgument
from commands.dlq._session import working
from commands.dlq._views import fields, moment, raw, raw_planned
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Style


def show(call: typer.Context, which: OneArgument, json: JsonOption = False) -> None:
    """Show one dead letter: the failure, its origin, its history, its value, and what a replay would do.

    Example: alphapanda dlq show 4f0c2a
    """
    context = Context.of(call, json=json)
    context.run(_show(context, which))


async def _show(context: Context, typed: str) -> None:
    async with working(context, changing=False) as service:
        item = await service.find(typed)
        planned: PlannedRecord | None = None
        why_none = ""
        if item.state.is_unresolved or item.state.is_under_way:
            try:
                prepared = await service.plan(
                    item.newest.place.topic, lambda one: one.id == item.id, ReplayOptions()
                )
                planned = next(iter(prepared.plan.records), None)
            except AlphaPandaError as error:
                why_none = error.message
    if context.output.as_json:
        context.output.document("dead-letter", _document(item, planned, why_none))
    else:
        context.output.lines(_lines(context, item, planned, why_none))


def _document(item: FailedRecord, planned: PlannedRecord | None, why_none: str) -> dict[str, object]:
    record = item.newest.record
    return {
        **raw(item),
        "verdict": raw_planned(planned) if planned is not None else None,
        "no_verdict_because": why_none or None,
        "value": editable_text(item.newest),
        "value_hex": (record.value or b"").hex(),
        "headers": [
            [name, None if value is None else value.decode(errors="replace")] for name, value in record.headers
        ],
        "traceback": item.newest.failure.traceback,
        "trail": [to_jsonable(step) for step in item.entry.moved.trail] if item.entry is not None else [],
    }


def _lines(context: Context, item: FailedRecord, planned: PlannedRecord | None, why_none: str) -> list[str]:
    dead_letter, failure, output = item.newest, item.newest.failure, context.output
    origin = failure.topic
    if failure.partition is not None and failure.offset is not None:
        origin = f"{failure.topic}:{failure.partition}:{failure.offset}"
    lines = fields(
        [
            ("dead letter", item.id),
            ("state", item.state.value),
            ("stands at", str(dead_letter.place)),
            ("came from", origin),
            ("failed in", failure.group),
            ("failed", moment(dead_letter.failed_at_ms)),
            ("first failed", moment(item.first_failed_ms)),
            ("written first", moment(dead_letter.original_ms)),
            ("code", failure.error_code),
            ("message", failure.message),
            ("exception", failure.exception),
            ("caused by", failure.cause),
            ("stage", failure.stage.value if failure.stage is not None else None),
            ("retryable", failure.retryable.value),
            ("attempts", failure.attempts),
            ("service", " ".join(filter(None, (failure.service, failure.version)))),
            ("headers of", failure.family.value),
            ("sent again", f"{item.replays} times" if item.replays else None),
            ("run", item.run_id),
            ("event", dead_letter.event.id),
            ("key", (dead_letter.record.key or b"").decode(errors="replace")),
        ],
        output,
    )
    if planned is not None:
        lines += [
            "",
            *fields([("verdict", planned.assessment.verdict.value), ("because", planned.assessment.why)], output),
        ]
        lines += fields([("a replay", f"{planned.action.value}: {planned.why}")], output)
    elif why_none:
        lines += ["", f"No verdict: {why_none}"]
    if item.entry is not None:
        lines += ["", output.styled("History", Style.BOLD)]
        lines += [
            f"  {step.at.astimezone().isoformat(timespec='seconds')}  {step.state.value:<11}  {step.actor}  "
            f"{step.reason}".rstrip()
            for step in item.entry.moved.trail
        ]
    lines += ["", output.styled("Value", Style.BOLD), *editable_text(dead_letter).rstrip().splitlines()]
    if dead_letter.others:
        lines += ["", output.styled("Other headers", Style.BOLD)]
        lines += [f"  {name}: {(value or b'').decode(errors='replace')}" for name, value in dead_letter.others]
    if failure.traceback:
        lines += ["", output.styled("Traceback", Style.BOLD), *failure.traceback.rstrip().splitlines()]
    return lines
