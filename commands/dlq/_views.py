"""Dead letters, reasons and plans as rows, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.execute import ReplayReport
from alphapanda.operations.dead_letters.plan import PlannedRecord, ReplayPlan, summarize
from alphapanda.operations.dead_letters.summary import short
from commands.shell.output import Column, Output, Style, as_text

_STATES = {
    "open": Style.WARN,
    "returned": Style.BAD,
    "planned": Style.WARN,
    "replayed": Style.WARN,
    "confirmed": Style.GOOD,
    "quarantined": Style.BAD,
    "discarded": Style.FAINT,
}
_VERDICTS = {"new": Style.GOOD, "already-processed": Style.FAINT, "in-doubt": Style.BAD, "stale": Style.WARN}


def state_style(value: object) -> Style | None:
    """Return how a state stands out; the word says the same."""
    return _STATES.get(str(value))


def verdict_style(value: object) -> Style | None:
    """Return how a verdict stands out; the word says the same."""
    return _VERDICTS.get(str(value))


def moment(milliseconds: int) -> datetime:
    """Return Unix milliseconds as a time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def age(seconds: float) -> str:
    """Return a duration as people say it: `42 s`, `7 m`, `3 h`, `2 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


RECORD_COLUMNS = (
    Column("id", "ID"),
    Column("state", "STATE", style=state_style),
    Column("failed", "FAILED (IST)"),
    Column("place", "PLACE"),
    Column("group", "GROUP"),
    Column("code", "CODE"),
    Column("replays", "REPLAYS", right=True),
    Column("message", "MESSAGE"),
)


def shown(item: FailedRecord) -> Mapping[str, object]:
    """Return a dead letter as a row for people."""
    dead_letter = item.newest
    return {
        "id": item.id[:12],
        "state": item.state.value,
        "failed": moment(dead_letter.failed_at_ms),
        "place": f"{dead_letter.place.partition}:{dead_letter.place.offset}",
        "group": dead_letter.group or "-",
        "code": dead_letter.failure.error_code,
        "replays": item.replays,
        "message": short(dead_letter.failure.message),
    }


def raw(item: FailedRecord) -> dict[str, object]:
    """Return a dead letter as programs read it."""
    dead_letter, failure = item.newest, item.newest.failure
    return {
        "id": item.id,
        "state": item.state.value,
        "topic": dead_letter.place.topic,
        "partition": dead_letter.place.partition,
        "offset": dead_letter.place.offset,
        "source": item.target,
        "origin": {"topic": failure.topic, "partition": failure.partition, "offset": failure.offset},
        "group": dead_letter.group or None,
        "family": failure.family.value,
        "error_code": failure.error_code,
        "exception": failure.exception,
        "cause": failure.cause,
        "message": failure.message,
        "stage": failure.stage.value if failure.stage is not None else None,
        "retryable": failure.retryable.value,
        "attempts": failure.attempts,
        "failed_at": moment(dead_letter.failed_at_ms),
        "first_failed_at": moment(item.first_failed_ms),
        "failures": item.failures,
        "replays": item.replays,
        "run_id": item.run_id or None,
        "event_id": dead_letter.event.id or None,
        "event_ts": dead_letter.event.ts,
        "key": (dead_letter.record.key or b"").decode(errors="replace"),
    }


PLAN_COLUMNS = (
    Column("count", "RECORDS", right=True),
    Column("verdict", "VERDICT", style=verdict_style),
    Column("fate", "WILL BE"),
    Column("group", "GROUP"),
    Column("code", "CODE"),
    Column("why", "WHY"),
)


def plan_lines(plan: ReplayPlan, output: Output) -> list[str]:
    """Return a plan for people: one line for those that are alike."""
    rows = [asdict(line) for line in summarize(plan)]
    return output.render(rows, PLAN_COLUMNS)


def raw_plan(plan: ReplayPlan) -> dict[str, object]:
    """Return a plan as programs read it."""
    return {
        "topic": str(plan.target.name.dead_letters),
        "target": str(plan.target.name),
        "run_id": plan.run_id,
        "resumes": plan.resumes,
        "verdicts": {verdict.value: count for verdict, count in plan.verdicts.items()},
        "notes": list(plan.notes),
        "records": [raw_planned(record) for record in plan.records],
    }


def raw_planned(record: PlannedRecord) -> dict[str, object]:
    """Return one record of a plan as programs read it."""
    return {
        "id": record.item.id,
        "partition": record.item.newest.place.partition,
        "offset": record.item.newest.place.offset,
        "state": record.item.state.value,
        "group": record.item.newest.group or None,
        "error_code": record.item.newest.failure.error_code,
        "event_id": record.item.newest.event.id or None,
        "verdict": record.assessment.verdict.value,
        "action": record.action.value,
        "why": record.why,
        "policy": None
        if record.rule is None
        else {"rule": record.rule.name, "verdict": record.rule.ruling.value, "reason": record.rule.reason},
    }


def raw_report(report: ReplayReport) -> dict[str, object]:
    """Return what a run did as programs read it."""
    return asdict(report)


def count_of(number: int, one: str = "dead letter is", many: str = "dead letters are") -> str:
    """Return a number with the words that fit it."""
    return f"{number:,} {one if number == 1 else many}"


def fields(lines: Sequence[tuple[str, object]], output: Output) -> list[str]:
    """Return `name  value` lines, without those that have no value."""
    known = [(name, value) for name, value in lines if value not in (None, "")]
    width = max((len(name) for name, _ in known), default=0)
    return [f"{output.styled(f'{name:<{width}}', Style.FAINT)}  {as_text(value)}" for name, value in known]
