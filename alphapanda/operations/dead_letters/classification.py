"""The verdict on each dead letter: processed, in doubt, stale by its validity or session, or new.

Two clocks count. The market's is the time of the newest tick: a simulated or recorded session has its own days.
The wall's is what a person lives by: a market that stands still over night makes nothing fresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from alphapanda.ids import EventId
from alphapanda.market.calendar import ist_day
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.kinds import EventType, TradingMode, Validity
from alphapanda.model.order import client_order_id_of
from alphapanda.operations.dead_letters.backlog import FailedRecord
from alphapanda.operations.dead_letters.lookups import SETTLES_AN_ORDER, Lookups, SourceCopy
from alphapanda.operations.dead_letters.record import DeadLetter
from topics.dead_letters import FailedStage

VALID_FOR: Mapping[EventType, timedelta] = MappingProxyType(
    {
        EventType.MARKET_TICK: timedelta(0),
        EventType.SIGNAL_RAW: timedelta(minutes=5),
        EventType.SIGNAL_VALIDATED: timedelta(minutes=2),
        EventType.PNL_SNAPSHOT: timedelta(minutes=1),
        EventType.CONTROL_COMMAND: timedelta(minutes=5),
    }
)
"""How long an event is good for. What is not here is good for its session."""

IMMEDIATE_FOR = timedelta(seconds=30)
"""How long an IOC order's signal or submission is good for."""

LONGEST_SESSION = timedelta(hours=12)
"""By the wall's clock; pre-open to close is seven hours."""

TIMELESS = frozenset({EventType.AUDIT_RECORDED, EventType.ALERT_RAISED, EventType.DEAD_LETTER_MOVED})
"""Records of past events; no group acts on them."""

_STARTS_AN_ORDER = frozenset({EventType.SIGNAL_RAW, EventType.SIGNAL_VALIDATED, EventType.ORDER_SUBMITTED})


@dataclass(frozen=True, slots=True)
class Freshness:
    """The present, and how long things are good for.

    Attributes:
        now: wall clock, aware.
        market_now: event time of the newest tick; None before the first.
        valid_for: what an operator says instead of the table and of sessions.
    """

    now: datetime
    market_now: datetime | None = None
    valid_for: timedelta | None = None

    def why_stale(self, dead_letter: DeadLetter, kind: EventType) -> str:
        """Return why a record of that kind is of no use any more; empty where it is."""
        if kind in TIMELESS:
            return ""
        if kind is EventType.MARKET_TICK:
            return "market data: the market has moved on"
        if self.valid_for is not None:
            return self._why_too_old(dead_letter, kind)
        return self._why_other_session(dead_letter) or self._why_too_old(dead_letter, kind)

    def _why_other_session(self, dead_letter: DeadLetter) -> str:
        happened, written = dead_letter.event.ts, _written(dead_letter)
        if happened is not None and self.market_now is not None:
            if ist_day(happened) != ist_day(self.market_now):
                return f"from another session: {_day(happened)}, the market is at {_day(self.market_now)}"
        elif ist_day(written) != ist_day(self.now):
            return f"from another session: {_day(written)}"
        return ""

    def _why_too_old(self, dead_letter: DeadLetter, kind: EventType) -> str:
        wall = self.now - _written(dead_letter)
        allowed = self._allowed(dead_letter, kind)
        if allowed is None:
            return f"{_length(wall)} old: its session is over" if wall > LONGEST_SESSION else ""
        ages = [(wall, "")]
        if dead_letter.event.ts is not None and self.market_now is not None:
            ages.append((self.market_now - dead_letter.event.ts, " of market time"))
        age, clock = max(ages)
        return f"{_length(age)}{clock} old, good for {_length(allowed)}" if age > allowed else ""

    def _allowed(self, dead_letter: DeadLetter, kind: EventType) -> timedelta | None:
        if self.valid_for is not None:
            return self.valid_for
        if kind in _STARTS_AN_ORDER and dead_letter.event.validity == Validity.IOC:
            return IMMEDIATE_FOR
        return VALID_FOR.get(kind)


def _written(dead_letter: DeadLetter) -> datetime:
    return datetime.fromtimestamp(dead_letter.original_ms / 1000, UTC)


def _day(moment: datetime) -> str:
    return f"{ist_day(moment).start + timedelta(hours=12):%Y-%m-%d}"


def _length(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


class Classification(StrEnum):
    """What is known of a dead letter."""

    NEW = "new"
    """Nothing follows from it: it was never processed."""
    ALREADY_PROCESSED = "already-processed"
    """It was processed: sending it again is refused."""
    IN_DOUBT = "in-doubt"
    """It may have been processed, or may yet be."""
    STALE = "stale"
    """It was not processed, and its time is over."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """A verdict and why.

    Attributes:
        verdict: the verdict.
        why: in words.
        copy: where it was sent again already; None where it was not.
    """

    verdict: Classification
    why: str
    copy: SourceCopy | None = None


@dataclass(frozen=True, slots=True)
class Classifier:
    """Judges the dead letters of one topic.

    Attributes:
        kind: of the events in it.
        mode: of the broker; None for a shared topic.
        lookups: what was gathered.
        freshness: the present.
        group: the group to take where the dead letter names none.
    """

    kind: EventType
    mode: TradingMode | None
    lookups: Lookups
    freshness: Freshness
    group: str = ""

    def classify(self, item: FailedRecord) -> Assessment:
        """Return the verdict: processed comes before in doubt, and that before stale."""
        group = item.newest.group or self.group
        found = (
            self._resent(item, group)
            or self._followed(item, group)
            or self._copied(item, group)
            or self._unknowable(item, group)
        )
        if found is not None:
            return found
        if stale := self.freshness.why_stale(item.newest, self.kind):
            return Assessment(Classification.STALE, stale)
        return Assessment(Classification.NEW, self._why_new(item))

    def _resent(self, item: FailedRecord, group: str) -> Assessment | None:
        """Look for this very dead letter in the source topic."""
        copy = self.lookups.resent.get(str(item.newest.place))
        sent = item.entry.moved.sent if item.entry is not None and item.state is LedgerState.REPLAYED else None
        if copy is None and sent is not None:
            copy = SourceCopy(sent, group, item.run_id)
        if copy is None:
            return None
        if self.lookups.has_passed(copy.addressee or group, copy):
            return Assessment(Classification.ALREADY_PROCESSED, f"sent again as {copy.at}, and processed", copy)
        return Assessment(
            Classification.IN_DOUBT,
            f"sent again as {copy.at}; {group or 'its group'} has not processed it yet",
            copy,
        )

    def _followed(self, item: FailedRecord, group: str) -> Assessment | None:
        """Look for the events that the group writes when it processes such an event."""
        event_id = item.newest.event.id
        if not event_id:
            return None
        lookups = self.lookups
        order_id = client_order_id_of(EventId(event_id)) if self.kind is EventType.SIGNAL_VALIDATED else None
        if order_id is not None:
            told = lookups.order_events.get(order_id, set())
            known = lookups.orders.get(order_id, "")
            if self.mode is not TradingMode.PAPER and (told or known) and not _is_settled(told, known):
                return Assessment(
                    Classification.IN_DOUBT, f"order {order_id} was sent, and its outcome is unknown"
                )
            if known:
                return Assessment(Classification.ALREADY_PROCESSED, f"order {order_id} is {known}")
            at = lookups.followed.get((group, order_id))
            if at is not None:
                return Assessment(Classification.ALREADY_PROCESSED, f"order {order_id} follows from it, {at}")
        at = lookups.followed.get((group, event_id))
        return None if at is None else Assessment(Classification.ALREADY_PROCESSED, f"{at} follows from it")

    def _copied(self, item: FailedRecord, group: str) -> Assessment | None:
        """Look for the same event elsewhere in the source topic."""
        own = item.newest.failure
        waiting: SourceCopy | None = None
        for copy in self.lookups.copies.get(item.newest.event.id, ()):
            if copy.at.partition == own.partition and copy.at.offset == own.offset:
                continue
            if copy.addressee not in {"", group} or (group, copy.at) in self.lookups.failed:
                continue
            if self.lookups.has_passed(group, copy):
                return Assessment(Classification.ALREADY_PROCESSED, f"the same event was processed at {copy.at}")
            waiting = copy
        if waiting is None:
            return None
        return Assessment(Classification.IN_DOUBT, f"the same event at {waiting.at} is not processed yet")

    def _unknowable(self, item: FailedRecord, group: str) -> Assessment | None:
        if not group:
            return Assessment(Classification.IN_DOUBT, "the failed group is unknown: name it with --group")
        if item.newest.event.hidden and item.newest.failure.stage is not FailedStage.DECODE:
            return Assessment(
                Classification.IN_DOUBT, f"its event cannot be identified: {item.newest.event.hidden}"
            )
        if self.lookups.unread:
            return Assessment(Classification.IN_DOUBT, f"its results cannot be looked up: {self.lookups.unread}")
        if item.newest.original_ms < self.lookups.retained_from_ms:
            return Assessment(Classification.IN_DOUBT, "its results would be older than the log's retention")
        return None

    def _why_new(self, item: FailedRecord) -> str:
        if not item.newest.event.id:
            return "it cannot be decoded, so nothing was processed"
        own = item.newest.failure
        if own.partition is not None and own.offset is not None:
            newest = self.lookups.newest_offset.get((own.partition, item.newest.record.key), -1)
            if newest > own.offset and own.topic == item.target:
                return "nothing follows from it; newer records with its key were processed since"
        return "nothing follows from it"


def _is_settled(told: set[str], known: str) -> bool:
    return any(kind in SETTLES_AN_ORDER for kind in told) or known not in {"", "SUBMITTED", "UNKNOWN"}
