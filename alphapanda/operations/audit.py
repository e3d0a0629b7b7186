"""Who did what to the system: one record in `system.audit` for each act, however it ended."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from alphapanda.clock import Clock
from alphapanda.errors import AlphaPandaError, RefusedError
from alphapanda.ids import EventId
from alphapanda.kafka.log import Log
from alphapanda.model.control import Outcome
from alphapanda.pipeline.message_producer import MessageProducer

WRITE_WITHIN_S = 5.0


class AuditSource(StrEnum):
    """Where an act came from."""

    CLI = "cli"
    TUI = "tui"
    SUPERVISOR = "supervisor"


@dataclass
class AuditedAct:
    """One act, as its audit record will tell it.

    Attributes:
        action: what is done: `topics apply`.
        target: to what.
        reason: why, in the operator's words.
        details: what else is known of it.
        outcome: how it ends if nothing is raised.
        run_id: the run it belongs to; its own id where it stands alone.
    """

    action: str
    target: str
    reason: str = ""
    details: dict[str, str] = field(default_factory=dict)
    outcome: Outcome = Outcome.DONE
    run_id: EventId | None = None


def current_actor() -> str:
    """Return the name of the user who acts, or `uid N` where the machine has no name for that user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


class Audit:
    """Writes audit records.

    Attributes:
        source: where the acts come from.
        actor: who acts.

    Args:
        open_log: opens the log to write to.
        clock: the time of records.
        source: where the acts come from.
        actor: who acts; the user of this process when not given.
        on_unwritten: told why a record could not be written. The act itself stands.
    """

    def __init__(
        self,
        open_log: Callable[[], AbstractAsyncContextManager[Log]],
        clock: Clock,
        *,
        source: AuditSource,
        on_unwritten: Callable[[str], None],
        actor: str = "",
    ) -> None:
        self._open_log = open_log
        self._clock = clock
        self.source = source
        self._on_unwritten = on_unwritten
        self.actor = actor or current_actor()

    @asynccontextmanager
    async def audited(
        self,
        action: str,
        target: str,
        *,
        reason: str = "",
        details: Mapping[str, str] | None = None,
        run_id: EventId | None = None,
        always: bool = True,
    ) -> AsyncIterator[AuditedAct]:
        """Run an act and write how it ended: done, refused or failed.

        Args:
            action: what is done.
            target: to what.
            reason: why.
            details: what is known ahead; the block may add to what it is given.
            run_id: the run it belongs to.
            always: whether an act that ended without details is written; False where that means no change.
        """
        act = AuditedAct(action, target, reason, dict(details or {}), run_id=run_id)
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
                await self.record_act(act)

    async def record_act(self, act: AuditedAct) -> None:
        """Write an act that has ended; where that fails `on_unwritten` is told."""
        try:
            async with asyncio.timeout(WRITE_WITHIN_S), self._open_log() as log:
                await MessageProducer(log, self.source, self._clock).audit(
                    self.actor,
                    act.action,
                    act.target,
                    outcome=act.outcome,
                    reason=act.reason,
                    correlation_id=act.run_id,
                    **act.details,
                )
        except (AlphaPandaError, TimeoutError) as error:
            self._on_unwritten(str(error) or f"Kafka did not acknowledge it within {WRITE_WITHIN_S:g} s.")
