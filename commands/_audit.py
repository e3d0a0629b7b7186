"""Who did what to the running system: a record in `system.audit` for each act of the command line."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING

from alphapanda.errors import AlphaPandaError

if TYPE_CHECKING:
    from alphapanda.model.control import Outcome
    from commands._context import Context

PATIENCE_S = 5.0


async def audit(context: Context, action: str, target: str, outcome: Outcome, **details: str) -> None:
    """Write one record; where the log cannot be reached, warn: the act itself is done, or will be."""
    from alphapanda.bus.kafka_log import open_log
    from alphapanda.bus.message_producer import MessageProducer
    from commands._reading import kafka_options

    try:
        async with asyncio.timeout(PATIENCE_S), open_log(kafka_options(context, "audit")) as log:
            producer = MessageProducer(log, "cli", context.clock)
            await producer.audit(
                getpass.getuser(), action, target, outcome=outcome, reason="", correlation_id=None, **details
            )
    except (AlphaPandaError, TimeoutError) as error:
        reason = str(error) or f"Kafka did not take it within {PATIENCE_S:g} s"
        context.output.warn(f"{action} could not be written to system.audit: {reason}")
