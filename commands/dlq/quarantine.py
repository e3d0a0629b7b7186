"""`alphapanda dlq quarantine`."""

from __future__ import annotations

from typing import Annotated

import typer

from commands._context import Context
from commands._options import ConfirmOption, DryRunOption, JsonOption, ReasonOption, YesOption
from commands.dlq._options import (
    CodeOption,
    FailedGroupOption,
    MessageOption,
    SinceOption,
    UntilOption,
    WhatArgument,
    WhereOption,
)


def quarantine(
    call: typer.Context,
    what: WhatArgument,
    verdict: Annotated[
        str,
        typer.Option("--verdict", metavar="VERDICT", help="Only these: stale, already-processed, in-doubt, new."),
    ] = "",
    code: CodeOption = None,
    failed_in: FailedGroupOption = "",
    since: SinceOption = "",
    until: UntilOption = "",
    message: MessageOption = "",
    where: WhereOption = "",
    reason: ReasonOption = "",
    yes: YesOption = False,
    confirm: ConfirmOption = "",
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Put dead letters aside until somebody brings them back: no replay takes them.

    Example: alphapanda dlq quarantine paper.signals.raw --verdict stale --reason "yesterday's"
    """
    from alphapanda.model.dead_letter import LedgerTrigger
    from commands._safety import Said
    from commands.dlq._session import selection_of
    from commands.dlq._setting_aside import set_aside

    context = Context.of(call, json=json)
    selection = selection_of(
        context, codes=code, group=failed_in, since=since, until=until, message=message, where=where
    )
    context.run(
        set_aside(
            context,
            what,
            selection,
            LedgerTrigger.QUARANTINE,
            verdict=verdict,
            said=Said(yes=yes, confirm=confirm, reason=reason),
            dry_run=dry_run,
        )
    )
