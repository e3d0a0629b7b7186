"""The connections of the verbs of `dlq`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from alphapanda.operations.audit import AuditSource
from alphapanda.operations.dead_letters.service import (
    DeadLetterReader,
    DeadLetterService,
    open_reader,
    open_service,
)
from commands.shell.context import Context


def reading(context: Context) -> AbstractAsyncContextManager[DeadLetterReader]:
    """Connect to the log to read dead letters."""
    return open_reader(context.deployment, context.settings(), context.clock)


def working(context: Context, *, changing: bool) -> AbstractAsyncContextManager[DeadLetterService]:
    """Connect to all that classifying dead letters takes; `changing` is for verbs that change something."""
    return open_service(
        context.deployment,
        context.settings(),
        context.clock,
        source=AuditSource.CLI,
        on_unwritten=lambda why: context.output.warn(f"The audit could not be written: {why}"),
        changing=changing,
    )
