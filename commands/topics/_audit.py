"""What a verb changed goes to `system.audit`: who, what, why, how it ended."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from alphapanda.errors import AlphaPandaError, RefusedError
from commands._context import Context
from commands._reading import kafka_options

if TYPE_CHECKING:
    from alphapanda.model.control import Outcome


@asynccontextmanager
async def audited(
    context: Context, action: str, cluster_id: str, *, reason: str, **details: str
) -> AsyncIterator[None]:
    """Run a change and write how it ended; a change that was made stands even if that cannot be written."""
    from alphapanda.model.control import Outcome

    outcome = Outcome.FAILED
    try:
        yield
        outcome = Outcome.DONE
    except RefusedError:
        outcome = Outcome.REFUSED
        raise
    finally:
        await _write(context, action, cluster_id, outcome, reason, details)


async def _write(
    context: Context, action: str, cluster_id: str, outcome: Outcome, reason: str, details: dict[str, str]
) -> None:
    from alphapanda.bus.kafka_log import open_log
    from alphapanda.bus.message_producer import MessageProducer

    try:
        async with open_log(kafka_options(context, "topics")) as log:
            producer = MessageProducer(log, "cli", context.clock)
            await producer.audit(
                getpass.getuser(),
                action,
                f"cluster {cluster_id}",
                outcome=outcome,
                reason=reason,
                correlation_id=None,
                **details,
            )
    except AlphaPandaError as error:
        context.output.warn(f"The audit could not be written: {error.message}")
