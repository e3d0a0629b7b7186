"""A reset goes to `system.audit`: who, what, why, how it ended."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alphapanda.errors import AlphaPandaError, RefusedError
from commands._context import Context
from commands._reading import kafka_options


@asynccontextmanager
async def audited(
    context: Context, action: str, target: str, *, reason: str, **details: str
) -> AsyncIterator[None]:
    """Run a change and write how it ended; a change that was made stands even if that cannot be written."""
    from alphapanda.bus.kafka_log import open_log
    from alphapanda.bus.message_producer import MessageProducer
    from alphapanda.model.control import Outcome

    outcome = Outcome.FAILED
    try:
        yield
        outcome = Outcome.DONE
    except RefusedError:
        outcome = Outcome.REFUSED
        raise
    finally:
        try:
            async with open_log(kafka_options(context, "groups")) as log:
                await MessageProducer(log, "cli", context.clock).audit(
                    getpass.getuser(),
                    action,
                    target,
                    outcome=outcome,
                    reason=reason,
                    correlation_id=None,
                    **details,
                )
        except AlphaPandaError as error:
            context.output.warn(f"The audit could not be written: {error.message}")
