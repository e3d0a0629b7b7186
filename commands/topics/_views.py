"""Plans and topics as rows, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alphapanda.errors import CheckFailedError
from commands.shell.output import Column, Output, Style

if TYPE_CHECKING:
    from topics.live import LiveState
    from topics.plan import TopicPlan

_MARKS = {
    "create": "+",
    "set-config": "~",
    "delete-config": "-",
    "grow-partitions": "!",
    "change-replication": "!",
}

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000


def retention_text(milliseconds: int) -> str:
    """Return a retention as people say it: `14d`, `36h`, `forever`."""
    if milliseconds < 0:
        return "forever"
    if milliseconds % _DAY_MS == 0:
        return f"{milliseconds // _DAY_MS}d"
    if milliseconds % _HOUR_MS == 0:
        return f"{milliseconds // _HOUR_MS}h"
    return f"{milliseconds} ms"


def show_plan(plan: TopicPlan, output: Output, *, kind: str) -> None:
    """Write a plan: one line a change for people, the whole of it for programs."""
    import msgspec

    from topics.plan import describe

    if output.as_json:
        body: dict[str, object] = msgspec.to_builtins(plan)
        output.document(kind, {**body, "in_step": plan.in_step})
        return
    rows: list[Mapping[str, object]] = [
        {
            "mark": _MARKS[str(type(change).__struct_config__.tag)],
            "what": describe(change),
            "danger": f"dangerous: {change.danger}" if change.danger else "",
        }
        for change in plan.changes
    ]
    rows += [
        {"mark": "x", "what": f"{entry.topic}: {entry.reason}", "danger": "cannot be mended"}
        for entry in plan.unfixable
    ]
    columns = (
        Column("mark", ""),
        Column("what", "CHANGE"),
        Column("danger", "", style=lambda value: Style.WARN if value else None),
    )
    output.table(kind, rows, columns, empty=f"Cluster {plan.cluster_id} is as declared.")
    if plan.undeclared:
        output.say(
            f"{len(plan.undeclared)} topics are there and not declared; they are left alone: "
            f"{', '.join(plan.undeclared[:5])}{' …' if len(plan.undeclared) > 5 else ''}"
        )


def fail_on_drift(plan: TopicPlan, hint: str) -> None:
    """Raise CheckFailedError (exit 3) if the cluster is not as declared."""
    if not plan.in_step:
        count = len(plan.changes) + len(plan.unfixable)
        raise CheckFailedError(
            f"Cluster {plan.cluster_id} differs from the catalogue in {count} place{'' if count == 1 else 's'}.",
            hint=hint,
        )


def state_of(name: str, plan: TopicPlan, live: LiveState) -> str:
    """Return in a word how a topic is: ok, missing, drift, undeclared, leaderless."""
    topic = live.topics.get(name)
    if topic is None:
        return "missing"
    if topic.leaderless:
        return "leaderless"
    if name not in plan.declared:
        return "undeclared"
    drifted = {change.topic for change in plan.changes} | {entry.topic for entry in plan.unfixable}
    return "drift" if name in drifted else "ok"


def state_style(value: object) -> Style | None:
    """Return how a state stands out."""
    return {"ok": Style.GOOD, "missing": Style.BAD, "leaderless": Style.BAD, "drift": Style.WARN}.get(
        str(value), Style.FAINT
    )
