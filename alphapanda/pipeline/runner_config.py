"""What a runner runs, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from alphapanda.ids import BrokerId
from alphapanda.model.kinds import EventType
from alphapanda.pipeline.delivery import DeliveryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerSpec:
    """What a runner runs.

    Attributes:
        group: its consumer group, e.g. `paper.risk`; also the owner in messages.
        broker: whose; None for what serves all.
        inputs: topics read, owned or not.
        outputs: the kinds of event that the stage may decide, and for which brokers.
        timer: whether the stage is told the time once a second.
        policy: what becomes of failures.
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
