"""The verdict on each dead letter: was it processed after all, may it have been, is it still of use?

Pure: it looks at what was gathered (`alphapanda.operations.dead_letters.lookups`) and at the clock it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alphapanda.ids import EventId
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.order import client_order_id_of
from alphapanda.operations.dead_letters.backlog import Item
from alphapanda.operations.dead_letters.groups import SETTLES_AN_ORDER
from alphapanda.operations.dead_letters.lookups import Copy, Evidence
from alphapanda.operations.dead_letters.staleness import Freshness
from topics.dead_letters import FailedStage


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
class Judgement:
    """A verdict and why.

    Attributes:
        verdict: the verdict.
        why: in words.
        copy: where it was sent again already; None where it was not.
    """

    verdict: Classification
    why: str
    copy: Copy | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the dead letters of one topic.

    Attributes:
        kind: of the events in it.
        mode: of the broker; None for a shared topic.
        evidence: what was gathered.
        freshness: the present.
        group: the group to take where the dead letter names none.
    """

    kind: EventType
    mode: TradingMode | None
    evidence: Evidence
    freshness: Freshness
    group: str = ""

    def judge(self, item: Item) -> Judgement:
        """Return the verdict: what was processed comes before what is in doubt, and that before what is stale."""
        group = item.letter.group or self.group
        found = (
            self._resent(item, group)
            or self._followed(item, group)
            or self._copied(item, group)
            or self._unknowable(item, group)
        )
        if found is not None:
            return found
        if stale := self.freshness.why_stale(item.letter, self.kind):
            return Judgement(Classification.STALE, stale)
        return Judgement(Classification.NEW, self._why_new(item))

    def _resent(self, item: Item, group: str) -> Judgement | None:
        """Look for this very dead letter in the source topic."""
        copy = self.evidence.resent.get(str(item.letter.place))
        sent = item.entry.moved.sent if item.entry is not None and item.state is LedgerState.REPLAYED else None
        if copy is None and sent is not None:
            copy = Copy(sent, group, item.run_id)
        if copy is None:
            return None
        if self.evidence.has_passed(copy.addressee or group, copy):
            return Judgement(Classification.ALREADY_PROCESSED, f"sent again as {copy.at}, and processed", copy)
        return Judgement(
            Classification.IN_DOUBT, f"sent again as {copy.at}; {group or 'its group'} has not come to it", copy
        )

    def _followed(self, item: Item, group: str) -> Judgement | None:
        """Look for what the group writes when it processes such an event."""
        event_id = item.letter.event.id
        if not event_id:
            return None
        evidence = self.evidence
        order_id = client_order_id_of(EventId(event_id)) if self.kind is EventType.SIGNAL_VALIDATED else None
        if order_id is not None:
            told = evidence.told.get(order_id, set())
            known = evidence.orders.get(order_id, "")
            if self.mode is not TradingMode.PAPER and (told or known) and not _is_settled(told, known):
                return Judgement(
                    Classification.IN_DOUBT, f"order {order_id} was sent, and nobody knows what became of it"
                )
            if known:
                return Judgement(Classification.ALREADY_PROCESSED, f"order {order_id} is {known}")
            at = evidence.followed.get((group, order_id))
            if at is not None:
                return Judgement(Classification.ALREADY_PROCESSED, f"order {order_id} follows from it, {at}")
        at = evidence.followed.get((group, event_id))
        return None if at is None else Judgement(Classification.ALREADY_PROCESSED, f"{at} follows from it")

    def _copied(self, item: Item, group: str) -> Judgement | None:
        """Look for the same event elsewhere in the source topic."""
        own = item.letter.failure
        waiting: Copy | None = None
        for copy in self.evidence.copies.get(item.letter.event.id, ()):
            if copy.at.partition == own.partition and copy.at.offset == own.offset:
                continue
            if copy.addressee not in {"", group} or (group, copy.at) in self.evidence.failed:
                continue
            if self.evidence.has_passed(group, copy):
                return Judgement(Classification.ALREADY_PROCESSED, f"the same event was processed at {copy.at}")
            waiting = copy
        if waiting is None:
            return None
        return Judgement(Classification.IN_DOUBT, f"the same event stands at {waiting.at} and was not come to yet")

    def _unknowable(self, item: Item, group: str) -> Judgement | None:
        if not group:
            return Judgement(Classification.IN_DOUBT, "nobody says which group failed: name it with --group")
        if item.letter.event.hidden and item.letter.failure.stage is not FailedStage.DECODE:
            return Judgement(
                Classification.IN_DOUBT, f"which event it is cannot be told: {item.letter.event.hidden}"
            )
        if self.evidence.unread:
            return Judgement(
                Classification.IN_DOUBT, f"what follows from it cannot be told: {self.evidence.unread}"
            )
        if item.letter.original_ms < self.evidence.blind_before_ms:
            return Judgement(Classification.IN_DOUBT, "what would follow from it is older than the log keeps")
        return None

    def _why_new(self, item: Item) -> str:
        if not item.letter.event.id:
            return "nothing in it can be read, so nothing was processed"
        own = item.letter.failure
        if own.partition is not None and own.offset is not None:
            newest = self.evidence.newest_offset.get((own.partition, item.letter.record.key), -1)
            if newest > own.offset and own.topic == item.target:
                return "nothing follows from it; newer records with its key were processed since"
        return "nothing follows from it"


def _is_settled(told: set[str], known: str) -> bool:
    return any(kind in SETTLES_AN_ORDER for kind in told) or known not in {"", "SUBMITTED", "UNKNOWN"}
