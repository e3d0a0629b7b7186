"""Chains: all events that follow from one decision, for the waterfall of an order."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from alphapanda.model.envelope import Event
from alphapanda.model.records import Record
from alphapanda.model.signal import Signal, SignalRejected, SignalValidated
from alphapanda.model.tick import TickRef

KEPT = 4_000


class ChainLink(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a chain.

    Attributes:
        event: what happened.
        record: where it stands in the log.
    """

    event: Event
    record: Record

    @property
    def written_ms(self) -> int:
        """When the log took it, Unix milliseconds."""
        return self.record.timestamp_ms


class Chain(msgspec.Struct, frozen=True):
    """What followed from one decision.

    Attributes:
        correlation_id: shared by all of it.
        links: in the order in which the log took them.
        tick: the tick that caused the decision; None where the signal is older than what is held.
    """

    correlation_id: str
    links: tuple[ChainLink, ...]
    tick: TickRef | None


class Chains:
    """The newest chains, by correlation id."""

    def __init__(self) -> None:
        self._links: OrderedDict[str, list[ChainLink]] = OrderedDict()

    def fold(self, event: Event, record: Record) -> None:
        """Add an event to its chain."""
        key = str(event.envelope.correlation_id)
        held = self._links.get(key)
        if held is None:
            held = self._links[key] = []
            if len(self._links) > KEPT:
                self._links.popitem(last=False)
        if any(link.event.id == event.id for link in held):
            return
        held.append(ChainLink(event=event, record=record))

    def of(self, correlation_id: str) -> Chain | None:
        """Return a chain; None when nothing of it is held."""
        held = self._links.get(correlation_id)
        if not held:
            return None
        links = tuple(sorted(held, key=lambda link: (link.written_ms, _rank(link))))
        return Chain(correlation_id, links, next((tick for link in links if (tick := _tick_of(link.event))), None))


_ORDER = ("signal_raw", "signal_validated", "signal_rejected", "order_submitted", "order_accepted", "order_filled")


def _rank(link: ChainLink) -> int:
    kind = link.event.type.value
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _tick_of(event: Event) -> TickRef | None:
    match event.data:
        case Signal() as signal:
            return signal.tick
        case SignalValidated() | SignalRejected() as verdict:
            return verdict.signal.tick
        case _:
            return None
