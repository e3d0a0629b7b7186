"""`alphapanda dlq plan`: what `dlq replay` would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from commands.dlq._options import (
    AddresseeOption,
    CodeOption,
    FailedGroupOption,
    ForceOneOption,
    IdOption,
    IncludeStaleOption,
    IncludeUnreadableOption,
    LimitOfPlan,
    MaxReplaysOption,
    MessageOption,
    ReasonIdOption,
    RunOption,
    SinceOption,
    TopicArgument,
    UntilOption,
    ValidForOption,
    WhereOption,
)
from commands.shell.context import Context
from commands.shell.options import JsonOption

if TYPE_CHECKING:
    from commands.dlq._asking import Asked


def plan(
    call: typer.Context,
    topic: TopicArgument,
    ids: IdOption = None,
    code: CodeOption = None,
    reason_id: ReasonIdOption = None,
    failed_in: FailedGroupOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    message: MessageOption = "",
    where: WhereOption = "",
    limit: LimitOfPlan = None,
    run: RunOption = "",
    group: AddresseeOption = "",
    max_replays: MaxReplaysOption = 3,
    valid_for: ValidForOption = "",
    include_stale: IncludeStaleOption = False,
    include_unreadable: IncludeUnreadableOption = False,
    force_one: ForceOneOption = "",
    json: JsonOption = False,
) -> None:
    """Show what `dlq replay` would do with each dead letter, and why; changes nothing.

    Example: alphapanda dlq plan paper.orders.filled --since -1h
    """
    from commands.dlq._asking import plan_only

    context = Context.of(call, json=json)
    asked = asked_of(
        context,
        topic,
        ids=ids,
        code=code,
        reason_id=reason_id,
        failed_in=failed_in,
        since=since,
        until=until,
        message=message,
        where=where,
        limit=limit,
        run=run,
        group=group,
        max_replays=max_replays,
        valid_for=valid_for,
        include_stale=include_stale,
        include_unreadable=include_unreadable,
        force_one=force_one,
    )
    context.run(plan_only(context, asked))


def asked_of(
    context: Context,
    topic: str,
    *,
    ids: Sequence[str] | None,
    code: Sequence[str] | None,
    reason_id: Sequence[str] | None,
    failed_in: str,
    since: str,
    until: str,
    message: str,
    where: str,
    limit: int | None,
    run: str,
    group: str,
    max_replays: int,
    valid_for: str,
    include_stale: bool,
    include_unreadable: bool,
    force_one: str,
) -> Asked:
    """Return the options of `plan` and `replay`, which are the same, as what was asked; raises UsageError."""
    from alphapanda.operations.dead_letters.plan import ReplayOptions
    from commands.dlq._asking import Asked, duration_of
    from commands.dlq._session import selection_of

    selection = selection_of(
        context,
        codes=code,
        group=failed_in,
        since=since,
        until=until,
        message=message,
        where=where,
        reasons=reason_id,
    )
    options = ReplayOptions(
        max_replays=max_replays,
        group=group,
        include_stale=include_stale,
        include_unreadable=include_unreadable,
        force_one=force_one,
        valid_for=duration_of(valid_for),
        limit=limit,
    )
    return Asked(topic, selection, options, (*(ids or ()), *([force_one] if force_one else ())), run)
