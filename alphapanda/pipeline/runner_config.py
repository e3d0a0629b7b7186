"""How the durable runner is set up: its stage's place in the pipeline, its views, and the steps of its batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from alphapanda.ids import BrokerId
from alphapanda.model.kinds import EventType
from alphapanda.pipeline.delivery import DeliveryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerSpec:
    """A runner's place in the pipeline.

    Attributes:
        group: its consumer group, e.g. `paper.risk`; also the owner in messages.
        broker: that it serves; None for all.
        inputs: topics read, owned or not.
        outputs: the kinds of event that the stage may decide, and for which brokers.
        timer: whether the stage gets a timer event once a second.
        policy: for failures.
        accept_log_reset: start empty when the log is not the one remembered.
        version: of the program, for dead letters.
    """

    group: str
    broker: BrokerId | None
    inputs: tuple[str, ...]
    outputs: tuple[tuple[EventType, BrokerId], ...]
    timer: bool = False
    policy: DeliveryPolicy = DeliveryPolicy.AT_LEAST_ONCE
    accept_log_reset: bool = False
    version: str = ""


class Projector(Protocol):
    """Writes views of a stage's state; they can be lost and made again."""

    async def project(self, *, changed: bool, force: bool = False) -> None:
        """Write the views if they changed since, unless it was done a moment ago; `force` writes now."""
        ...


class NoProjector:
    """For stages without views."""

    async def project(self, *, changed: bool, force: bool = False) -> None:
        """Do nothing."""


class BatchStep(IntEnum):
    """The numbered steps of a batch, in order. A process may die after any of them."""

    POLLED = 1
    DECIDED = 2
    PRODUCING = 3
    FLUSHED = 4
    PROJECTED = 5
    COMMITTED = 6
    SNAPSHOT = 7


OnStep = Callable[[BatchStep], None]
"""Called at each step; tests die in it."""


def no_step(step: BatchStep) -> None:
    """Do nothing."""
