"""Who did what to the running system: a record in `system.audit` for each act of the command line."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alphapanda.errors import AlphaPandaError, RefusedError
from alphapanda.model.control import Outcome

if TYPE_CHECKING:
    from alphapanda.ids import EventId
    from alphapanda.kafka.client import KafkaLog
    from commands.shell.context import Context

SOURCE = "cli"
PATIENCE_S = 5.0


@dataclass
class Act:
    """One act, as its audit will tell it.

    Attributes:
        action: what is done, e.g. `topics apply`.
        target: to what.
        reason: why, in the operator's words.
        details: what more is known of it.
        outcome: how it ends if nothing is raised.
        run_id: what it belongs to; its own id where it stands alone.
    """

    action: str
    target: str
    reason: str = ""
    details: dict[str, str] = field(default_factory=dict)
    outcome: Outcome = Outcome.DONE
    run_id: EventId | None = None


def actor() -> str:
    """Return who acts."""
    return getpass.getuser()


@asynccontextmanager
async def audited(
    context: Context,
    action: str,
    target: str,
    *,
    reason: str = "",
    details: Mapping[str, str] | None = None,
    run_id: EventId | None = None,
    log: KafkaLog | None = None,
    always: bool = True,
) -> AsyncIterator[Act]:
    """Run a change and write how it ended: done, refused or failed.

    A change that was made stands even if that cannot be written: then it is said.

    Args:
        context: whose.
        action: what is done, e.g. `topics apply`.
        target: to what.
        reason: why.
        details: what is known of it ahead; the block may add to what it is given.
        run_id: what it belongs to.
        log: where it is written, where one is open already.
        always: whether an act without details is written though it was done: False where that means that nothing
            changed.
    """
    act = Act(action, target, reason, dict(details or {}), run_id=run_id)
    try:
        yield act
    except RefusedError:
        act.outcome = Outcome.REFUSED
        raise
    except BaseException:
        act.outcome = Outcome.FAILED
        raise
    finally:
        if always or act.details or act.outcome is not Outcome.DONE:
            await audit(context, act, log)


async def audit(context: Context, act: Act, log: KafkaLog | None = None) -> None:
    """Write an act that has ended, or that ends what it could be written to; warn where that cannot be."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await write_audit(context, act, log)
    except (AlphaPandaError, TimeoutError) as error:
        reason = str(error) or f"Kafka did not take it within {PATIENCE_S:g} s."
        context.output.warn(f"The audit could not be written: {reason}")


async def write_audit(context: Context, act: Act, log: KafkaLog | None = None, *, source: str = SOURCE) -> None:
    """Write what was done and how it ended; raises KafkaUnreachableError, CheckFailedError for no deployment."""
    from alphapanda.kafka.client import open_log
    from alphapanda.pipeline.message_producer import MessageProducer
    from commands.shell.reading import kafka_options

    async with AsyncExitStack() as stack:
        if log is None:
            log = await stack.enter_async_context(open_log(kafka_options(context, "audit")))
        await MessageProducer(log, source, context.clock).audit(
            actor(),
            act.action,
            act.target,
            outcome=act.outcome,
            reason=act.reason,
            correlation_id=act.run_id,
            **act.details,
        )
