"""`alphapanda dlq discard` and `dlq quarantine`: two verbs that differ by what becomes of the dead letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from commands.dlq._options import (
    CodeOption,
    FailedGroupOption,
    MessageOption,
    SinceOption,
    UntilOption,
    WhatArgument,
    WhereOption,
)
from commands.shell.context import Context
from commands.shell.options import ConfirmOption, DryRunOption, JsonOption, ReasonOption, YesOption


def _verb(name: str, does: str) -> Callable[..., None]:
    def set_aside(
        call: typer.Context,
        what: WhatArgument,
        verdict: Annotated[
            str,
            typer.Option(
                "--verdict", metavar="VERDICT", help="Only these: stale, already-processed, in-doubt, new."
            ),
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
        from alphapanda.model.dead_letter import LedgerTrigger
        from alphapanda.operations.policy import Confirmation
        from commands.dlq._session import selection_of
        from commands.dlq._setting_aside import set_aside

        context = Context.of(call, json=json)
        selection = selection_of(
            context, codes=code, group=failed_in, since=since, until=until, message=message, where=where
        )
        confirmation = Confirmation.given(yes=yes, confirm=confirm, reason=reason)
        context.run(
            set_aside(
                context,
                what,
                selection,
                LedgerTrigger(name),
                verdict=verdict,
                confirmation=confirmation,
                dry_run=dry_run,
            )
        )

    example = f"""alphapanda dlq {name} paper.signals.raw --verdict stale --reason "yesterday's\""""
    set_aside.__doc__ = f"{does}\n\nExample: {example}"
    return set_aside


discard = _verb(
    "discard", "Set dead letters aside for good: they are not replayed, and no longer counted as open."
)
quarantine = _verb("quarantine", "Put dead letters aside until somebody brings them back: no replay takes them.")
