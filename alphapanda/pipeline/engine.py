"""One stage at work: decide, then fold the input and the decisions, each event once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from alphapanda.errors import InvariantError
from alphapanda.ids import EventId
from alphapanda.model.envelope import Event
from alphapanda.model.stage import Stage

RECENT_CAPACITY = 8_192


class FoldedIds:
    """The ids of the events folded last, bounded: an event that comes again within the bound is known."""

    def __init__(self, capacity: int = RECENT_CAPACITY) -> None:
        self._order: deque[str] = deque()
        self._known: set[str] = set()
        self._capacity = capacity

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._known

    def add(self, event_id: str) -> None:
        """Remember one id, and forget the oldest past the bound."""
        self._known.add(event_id)
        self._order.append(event_id)
        if len(self._order) > self._capacity:
            self._known.discard(self._order.popleft())

    def dump(self) -> tuple[str, ...]:
        """Return them, oldest first."""
        return tuple(self._order)

    def load(self, ids: Iterable[str]) -> None:
        """Replace the known ids by these."""
        self._order = deque(ids)
        self._known = set(self._order)


class FoldError(InvariantError):
    """A stage failed while folding: its state can no longer be trusted and must be recovered.

    Attributes:
        event: the event whose folding failed.
        cause: the input being processed; differs from `event` when an output's folding failed.
        failure: the error raised.
    """

    def __init__(self, cause: Event, event: Event, failure: Exception) -> None:
        super().__init__(f"Folding {event.type} {event.id} failed: {failure!r}.")
        self.cause = cause
        self.event = event
        self.failure = failure


class StageEngine:
    """A stage and the ids it has folded."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.recent = FoldedIds()

    def knows(self, event_id: EventId) -> bool:
        """Whether an input of that id was folded already."""
        return event_id in self.recent

    def process(self, event: Event) -> list[Event]:
        """Process one input and return the decisions that follow from it.

        Raises whatever `decide` raises, with the state as it was; FoldError when folding failed.
        """
        outputs = list(self.stage.decide(event))
        self.fold(event, outputs)
        return outputs

    def fold(self, event: Event, outputs: Iterable[Event]) -> None:
        """Fold an input and the decisions on it; raises FoldError."""
        current = event
        try:
            self.stage.evolve(event)
            for current in outputs:
                self.stage.evolve(current)
        except Exception as error:
            raise FoldError(event, current, error) from error
        self.recent.add(event.id)
