"""Deleting the oldest records of a dead-letter topic for good: allowed cuts and obstacles.

A dead letter is more than evidence. As long as the record that it is of is in the log, it is what tells the group
that refused it to pass over that record: a daemon that starts without its snapshot would take it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from alphapanda.errors import RefusedError, UnknownNameError
from alphapanda.kafka.client import KafkaReadLog
from alphapanda.kafka.reading import read_all
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.records import Offsets, Partition
from alphapanda.operations.dead_letters.backlog import FailedRecord, failed_records, own_name
from alphapanda.operations.dead_letters.ledger import read_ledger
from alphapanda.operations.dead_letters.record import DeadLetter, read_dead_letter
from alphapanda.operations.dead_letters.service import DeadLetterReader, DeadLetterService
from alphapanda.operations.policy import Permit
from topics.dead_letter_families import source_name_of
from topics.services import LEDGER, Service

SETTLED = frozenset({LedgerState.CONFIRMED, LedgerState.DISCARDED})
"""Nobody has to deal with these any more."""


class ObstacleReason(StrEnum):
    """Why a dead letter stays."""

    UNSETTLED = "unsettled"
    """Somebody, or a run, still has to deal with it."""
    NEEDED = "needed"
    """The record that it is of is still in the log, and a daemon of ours passes over it because of this."""


@dataclass(frozen=True, slots=True)
class PurgeObstacle:
    """A dead letter in front of which a cut has to stop.

    Attributes:
        offset: where it stands.
        id: the dead letter's.
        state: where the ledger has it.
        obstacle: why it stays.
    """

    offset: int
    id: str
    state: LedgerState
    obstacle: ObstacleReason


@dataclass(frozen=True, slots=True)
class Truncation:
    """What would go of one partition.

    Attributes:
        partition: of the dead-letter topic.
        start: the oldest offset that is there.
        at: everything before it goes.
        end: the offset of the next dead letter.
        records: how many dead letters go.
        states: how many of them are in each state.
        kept: the dead letters before the cut that stand in its way, oldest first.
    """

    partition: Partition
    start: int
    at: int
    end: int
    records: int
    states: Mapping[LedgerState, int] = field(default_factory=dict)
    kept: tuple[PurgeObstacle, ...] = ()


@dataclass(frozen=True, slots=True)
class PurgePlan:
    """What a purge would do.

    Attributes:
        topic: of dead letters.
        cuts: one for each partition.
    """

    topic: str
    cuts: tuple[Truncation, ...]

    @property
    def records(self) -> int:
        """How many dead letters go."""
        return sum(cut.records for cut in self.cuts)

    @property
    def kept(self) -> tuple[PurgeObstacle, ...]:
        """The dead letters that have to stay."""
        return tuple(one for cut in self.cuts for one in cut.kept)

    def refuse_kept(self) -> None:
        """Raise RefusedError where a dead letter has to stay."""
        kept = self.kept
        if not kept:
            return
        open_ones = [one for one in kept if one.obstacle is ObstacleReason.UNSETTLED]
        first = (open_ones or list(kept))[0]
        if open_ones:
            states = ", ".join(sorted({one.state.value for one in open_ones}))
            raise RefusedError(
                f"{len(open_ones):,} below the cut of {self.topic} are {states}; the first is {first.id[:12]} at"
                f" {first.offset}. Nothing was removed.",
                hint="Settle them first, or add --settled to stop before the first of them.",
            )
        raise RefusedError(
            f"{len(kept):,} below the cut of {self.topic} are of records that are still in the log: a daemon that"
            " starts without its snapshot would process these again, and state verify counts on them. The first is"
            f" {first.id[:12]} at {first.offset}. Nothing was removed.",
            hint="Wait until retention has removed those records, add --settled to stop before them, or"
            " --allow-dangerous to remove them anyway.",
        )

    @property
    def offsets(self) -> Offsets:
        """The cut of each partition that loses something."""
        return {cut.partition: cut.at for cut in self.cuts if cut.at > cut.start}


@dataclass(frozen=True, slots=True)
class TopicContents:
    """A dead-letter topic as it is.

    Attributes:
        topic: its name.
        dead_letters: its records, in order within each partition.
        items: the failures that they belong to, by id.
        starts: the oldest offset of each partition.
        ends: the next offset of each partition.
        oldest: the oldest offset of each partition of the source topic; empty where that is gone.
    """

    topic: str
    dead_letters: tuple[DeadLetter, ...]
    items: Mapping[str, FailedRecord]
    starts: Offsets
    ends: Offsets
    oldest: Mapping[Partition, int]

    def obstacle(self, dead_letter: DeadLetter) -> ObstacleReason | None:
        """Return why a dead letter has to stay; None where it may go."""
        if self.items[dead_letter.id].state not in SETTLED:
            return ObstacleReason.UNSETTLED
        origin = dead_letter.origin
        if origin is None or Service.of_group(dead_letter.group) is None:
            return None
        oldest = self.oldest.get(Partition(origin.topic, origin.partition))
        return ObstacleReason.NEEDED if oldest is not None and origin.offset >= oldest else None

    def plan(self, wanted: Mapping[Partition, int], *, settled_only: bool, even_needed: bool) -> PurgePlan:
        """Return the records that would be deleted.

        Args:
            wanted: where to cut, for the partitions that are meant.
            settled_only: cut before the first dead letter that has to stay, instead of refusing.
            even_needed: whether those that a daemon needs may go.
        """
        by_partition: dict[Partition, list[DeadLetter]] = {}
        for dead_letter in self.dead_letters:
            by_partition.setdefault(dead_letter.record.partition, []).append(dead_letter)
        return PurgePlan(
            self.topic,
            tuple(
                self._cut(
                    partition, by_partition.get(partition, []), at, settled_only=settled_only, even=even_needed
                )
                for partition, at in sorted(wanted.items())
            ),
        )

    def _cut(
        self,
        partition: Partition,
        dead_letters: Sequence[DeadLetter],
        wanted: int,
        *,
        settled_only: bool,
        even: bool,
    ) -> Truncation:
        start, end = self.starts[partition], self.ends[partition]
        at = max(start, min(wanted, end))
        kept = tuple(self._kept([one for one in dead_letters if one.record.offset < at], even=even))
        if settled_only and kept:
            at, kept = kept[0].offset, ()
        going = [one for one in dead_letters if one.record.offset < at]
        states = Counter(self.items[one.id].state for one in going)
        return Truncation(partition, start, at, end, len(going), dict(states), kept)

    def _kept(self, dead_letters: Iterable[DeadLetter], *, even: bool) -> Iterable[PurgeObstacle]:
        for dead_letter in dead_letters:
            obstacle = self.obstacle(dead_letter)
            if obstacle is not None and not (even and obstacle is ObstacleReason.NEEDED):
                yield PurgeObstacle(
                    dead_letter.record.offset, dead_letter.id, self.items[dead_letter.id].state, obstacle
                )


async def read_topic_contents(log: KafkaReadLog, topic: str, source: str) -> TopicContents:
    """Read a dead-letter topic, which must exist, and the ledger."""
    there = await log.topics()
    dead = await log.partitions([topic])
    ledger = await log.partitions([LEDGER]) if LEDGER in there else ()
    sources = await log.partitions([source]) if source in there else ()
    ends = await log.ends((*dead, *ledger))
    starts = await log.beginnings((*dead, *ledger, *sources))
    records = await read_all(log, starts, ends)
    dead_letters = tuple(read_dead_letter(record) for record in records if record.partition.topic == topic)
    entries = read_ledger(record for record in records if record.partition.topic == LEDGER)
    return TopicContents(
        topic=topic,
        dead_letters=dead_letters,
        items=failed_records(dead_letters, entries),
        starts={partition: starts[partition] for partition in dead},
        ends={partition: ends[partition] for partition in dead},
        oldest={partition: starts[partition] for partition in sources},
    )


async def requested_offsets(
    log: KafkaReadLog,
    holding: TopicContents,
    *,
    partitions: Collection[int] = (),
    before_ms: int | None = None,
    to_offset: int | None = None,
) -> Offsets:
    """Return where to cut each partition that is meant: at its end, if neither a time nor an offset is given.

    Args:
        log: to ask.
        holding: the topic.
        partitions: only these; none named, all.
        before_ms: what was written before then goes, Unix milliseconds.
        to_offset: what stands before it goes.
    """
    chosen = [one for one in holding.ends if not partitions or one.number in partitions]
    if to_offset is not None:
        return dict.fromkeys(chosen, to_offset)
    if before_ms is None:
        return {one: holding.ends[one] for one in chosen}
    found = await log.since(chosen, before_ms)
    return {one: holding.ends[one] if (at := found.get(one)) is None else at for one in chosen}


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeRequest:
    """The dead letters to remove; without a time or an offset all of them.

    Attributes:
        topic: the source topic or its dead-letter topic, as it was typed.
        partitions: only these; none of them: all.
        before_ms: only what was written before then, Unix milliseconds.
        to_offset: only what lies before it.
        settled_only: stop before the first dead letter that has to stay, instead of refusing.
        even_needed: remove settled ones too whose records are still in the log.
    """

    topic: str
    partitions: Collection[int] = ()
    before_ms: int | None = None
    to_offset: int | None = None
    settled_only: bool = False
    even_needed: bool = False


async def plan_purge(reader: DeadLetterReader, request: PurgeRequest) -> PurgePlan:
    """Return the plan of a purge; changes nothing. Raises UnknownNameError."""
    topic = await reader.resolve(request.topic)
    contents = await read_topic_contents(reader.log, topic, source_name_of(topic))
    there = sorted(one.number for one in contents.ends)
    for number in request.partitions:
        if number not in there:
            raise UnknownNameError("partition", str(number), [str(one) for one in there])
    wanted = await requested_offsets(
        reader.log,
        contents,
        partitions=request.partitions,
        before_ms=request.before_ms,
        to_offset=request.to_offset,
    )
    return contents.plan(wanted, settled_only=request.settled_only, even_needed=request.even_needed)


@dataclass(frozen=True, slots=True)
class PreparedPurge:
    """A purge that waits for a confirmation.

    Attributes:
        service: the surroundings.
        plan: what it removes.
    """

    service: DeadLetterService
    plan: PurgePlan

    async def execute(self, permit: Permit, reason: str) -> None:
        """Remove the dead letters for good; raises RefusedError where one has to stay, or it is not permitted."""
        service, plan = self.service, self.plan
        async with service.audit.audited("dlq purge", plan.topic, reason=reason) as act:
            plan.refuse_kept()
            permit(
                "dlq purge",
                service.policy_target(plan.topic),
                f"Remove {plan.records:,} of {plan.topic} for good",
            )
            await service.delete_before(plan.offsets)
            act.details["records"] = str(plan.records)
            act.details["before"] = "; ".join(f"{one.number}={at}" for one, at in plan.offsets.items())


@asynccontextmanager
async def prepare_purge(service: DeadLetterService, request: PurgeRequest) -> AsyncIterator[PreparedPurge]:
    """Plan a purge, and be the only one at work on the topic while the block lasts.

    Raises:
        UnknownNameError: the topic or a partition does not exist.
        RefusedError: it is another system's topic, or somebody else is at work on it.
    """
    topic = await service.resolve(request.topic)
    if own_name(topic) is None:
        raise RefusedError(f"{topic} holds another system's dead letters; only AlphaPanda's can be removed.")
    with service.lock(topic):
        yield PreparedPurge(service, await plan_purge(service, request))
