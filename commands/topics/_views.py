"""The shared face of the verbs of `topics`: the connection, and plans and states as rows."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

import msgspec

from alphapanda.errors import CheckFailedError
from alphapanda.operations.topics import TopicOperations, TopicState
from commands.shell.context import Context
from commands.shell.output import Column, Output, Style
from topics.plan import TopicPlan, describe

_MARKS = {
    "create": "+",
    "set-config": "~",
    "delete-config": "-",
    "grow-partitions": "!",
    "change-replication": "!",
}
_STYLES = {
    TopicState.OK: Style.GOOD,
    TopicState.MISSING: Style.BAD,
    TopicState.LEADERLESS: Style.BAD,
    TopicState.DRIFT: Style.WARN,
}
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000


def open_topics(context: Context, *, changing: bool = False) -> AbstractAsyncContextManager[TopicOperations]:
    """Connect to the deployment's cluster; `changing` pins an external one."""
    return TopicOperations.connect(
        context.deployment, context.settings(), context.clock, context.audit(), changing=changing
    )


def retention_text(milliseconds: int) -> str:
    """Return a retention in the largest whole unit: `14d`, `36h`, `forever`."""
    if milliseconds < 0:
        return "forever"
    if milliseconds % _DAY_MS == 0:
        return f"{milliseconds // _DAY_MS}d"
    if milliseconds % _HOUR_MS == 0:
        return f"{milliseconds // _HOUR_MS}h"
    return f"{milliseconds} ms"


def show_plan(plan: TopicPlan, output: Output, *, kind: str) -> None:
    """Write a plan: one line for each change, or the whole of it as JSON."""
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
        {"mark": "x", "what": f"{entry.topic}: {entry.reason}", "danger": "cannot be changed"}
        for entry in plan.unfixable
    ]
    columns = (
        Column("mark", ""),
        Column("what", "CHANGE"),
        Column("danger", "", style=lambda value: Style.WARN if value else None),
    )
    output.table(kind, rows, columns, empty=f"Cluster {plan.cluster_id} matches the catalogue.")
    if plan.undeclared:
        output.say(
            f"{len(plan.undeclared)} topics of the cluster are not declared; they are left alone: "
            f"{', '.join(plan.undeclared[:5])}{' …' if len(plan.undeclared) > 5 else ''}"
        )


def fail_on_drift(plan: TopicPlan, hint: str) -> None:
    """Raise CheckFailedError (exit 3) if the cluster does not match the catalogue."""
    if not plan.in_step:
        count = len(plan.changes) + len(plan.unfixable)
        raise CheckFailedError(
            f"Cluster {plan.cluster_id} differs from the catalogue in {count} place{'' if count == 1 else 's'}.",
            hint=hint,
        )


def state_style(value: object) -> Style | None:
    """Return the style of a state."""
    return _STYLES.get(TopicState(str(value)), Style.FAINT)
