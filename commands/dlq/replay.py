"""`alphapanda dlq replay`."""

from __future__ import annotations

from typing import Annotated

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
from commands.shell.options import (
    BreakGlassOption,
    ConfirmOption,
    DryRunOption,
    JsonOption,
    ReasonOption,
    YesOption,
)


def replay(
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
    rate: Annotated[
        float | None, typer.Option("--rate", min=0.1, help="Records a second; else as fast as it goes.")
    ] = None,
    run: RunOption = "",
    group: AddresseeOption = "",
    max_replays: MaxReplaysOption = 3,
    valid_for: ValidForOption = "",
    include_stale: IncludeStaleOption = False,
    include_unreadable: IncludeUnreadableOption = False,
    force_one: ForceOneOption = "",
    canary: Annotated[
        bool, typer.Option("--canary/--no-canary", help="Send one and wait for it before the rest.")
    ] = True,
    patience: Annotated[
        float, typer.Option("--patience", min=0.1, metavar="SECONDS", help="How long nothing may be confirmed.")
    ] = 30.0,
    max_returned: Annotated[int, typer.Option("--max-returned", min=1, help="Stop when so many came back.")] = 10,
    reason: ReasonOption = "",
    yes: YesOption = False,
    confirm: ConfirmOption = "",
    break_glass: BreakGlassOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Send dead letters again to the topic they came from, for the group that failed alone.

    Shows a plan with a verdict on each, asks, sends one, waits until it is processed, then sends the rest and
    watches them. Off a terminal only what is new is sent. A run that was cut short goes on where it was.

    Example: alphapanda dlq replay paper.orders.filled --reason "instruments are there again"
    """
    from alphapanda.operations.dead_letters.execute import ReplayPace
    from alphapanda.operations.policy import Confirmation
    from commands.dlq._asking import plan_and_run, plan_only
    from commands.dlq.plan import asked_of

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
    if dry_run:
        ended = context.run(plan_only(context, asked))
    else:
        pace = ReplayPace(rate=rate, canary=canary, patience_s=patience, max_returned=max_returned)
        confirmation = Confirmation.given(yes=yes, confirm=confirm, reason=reason, break_glass=break_glass)
        ended = context.run(plan_and_run(context, asked, pace, confirmation))
    if ended:
        raise typer.Exit(ended)
