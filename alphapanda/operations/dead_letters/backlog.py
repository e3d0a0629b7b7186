"""The backlog: each failure in the dead-letter topics once, with its current state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alphapanda.errors import UnknownNameError, nearest
from alphapanda.kafka.client import KafkaReadLog
from alphapanda.kafka.reading import read_all
from alphapanda.model.dead_letter import LedgerState, LedgerTrigger
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Offsets
from alphapanda.operations.dead_letters.ledger import Actor, LedgerEntry, current_state, read_ledger
from alphapanda.operations.dead_letters.record import JSON, DeadLetter, EventView, read_dead_letter
from topics.dead_letter_families import source_name_of
from topics.errors import TopicNameError
from topics.names import TopicName
from topics.services import LEDGER

_S, _T = LedgerState, LedgerTrigger

_WAYS: Mapping[tuple[LedgerState, LedgerState], tuple[LedgerTrigger, ...]] = {
    (_S.PLANNED, _S.RETURNED): (_T.SEND, _T.RETURN),
    (_S.REPLAYED, _S.RETURNED): (_T.RETURN,),
    (_S.CONFIRMED, _S.RETURNED): (_T.RETURN,),
    (_S.DISCARDED, _S.OPEN): (_T.REOPEN,),
}
"""Steps that are missing in the ledger: state in the ledger, state in the log → the steps between."""


@dataclass(frozen=True, slots=True)
class FailedRecord:
    """One failure: a record that one group could not process, however often it failed.

    Attributes:
        newest: its newest dead letter.
        entry: what the ledger says; None where it says nothing.
        first_failed_ms: when it failed first, Unix milliseconds.
        failures: how many dead letters it has in the log.
        origins: the records, sent first and sent again, that these dead letters are of; as far as they say.
    """

    newest: DeadLetter
    entry: LedgerEntry | None
    first_failed_ms: int
    failures: int
    origins: tuple[LogPosition, ...] = ()

    @property
    def id(self) -> str:
        """The dead letter's id."""
        return self.newest.id

    @property
    def target(self) -> str:
        """The topic that a replay sends it to: its dead-letter topic's source, whatever its headers name."""
        return source_name_of(self.newest.place.topic)

    @property
    def state(self) -> LedgerState:
        """The state in the ledger, unless a newer dead letter shows that it failed again."""
        moved = self.entry.moved if self.entry is not None else None
        return current_state(moved, self.newest.place, self.newest.replay_run)

    @property
    def replays(self) -> int:
        """How often it was sent again."""
        known = self.entry.moved.replays if self.entry is not None else 0
        if self.entry is not None and self.state is LedgerState.PLANNED:
            known -= 1  # planned, and counted, but not sent as far as the ledger knows
        return max(known, self.newest.replay_count)

    @property
    def run_id(self) -> str:
        """The run that has it or had it last; empty without one."""
        return self.entry.moved.run_id if self.entry is not None else ""

    def caught_up(self, actor: Actor, at: datetime) -> tuple[LedgerEntry, ...]:
        """Return the entries that are missing in the ledger; none where it agrees with the log."""
        entry, state = self.entry, self.state
        if entry is None or entry.state is state:
            return ()
        steps = []
        for trigger in _WAYS[entry.state, state]:
            entry = actor.moved(entry, trigger, at, dead_letter=self.newest)
            steps.append(entry)
        return tuple(steps)

    def step(
        self,
        actor: Actor,
        trigger: LedgerTrigger,
        at: datetime,
        *,
        replays: int | None = None,
        edited_fields: tuple[str, ...] | None = None,
    ) -> LedgerEntry:
        """Return the entry after one more step from the current state."""
        caught_up = self.caught_up(actor, at)
        entry = (caught_up[-1] if caught_up else self.entry) or actor.unknown(self.newest, self.target, at)
        return actor.moved(
            entry, trigger, at, dead_letter=self.newest, replays=replays, edited_fields=edited_fields
        )


@dataclass(frozen=True, slots=True)
class DeadLetterBacklog:
    """What was read of some dead-letter topics.

    Attributes:
        items: by id, oldest failure first.
        entries: the whole ledger, by id.
        ends: the offsets at which reading stopped: what comes later belongs to the next look.
        records: how many records were read.
    """

    items: Mapping[str, FailedRecord]
    entries: Mapping[str, LedgerEntry]
    ends: Offsets
    records: int

    @property
    def refused(self) -> frozenset[tuple[str, LogPosition]]:
        """The records that these dead letters are of, each with the group that refused it."""
        return frozenset((item.newest.group, origin) for item in self.items.values() for origin in item.origins)


async def read_backlog(log: KafkaReadLog, topics: Collection[str], view: EventView = JSON) -> DeadLetterBacklog:
    """Read dead-letter topics, which must be there, and the ledger, up to their ends of this moment.

    Args:
        log: where.
        topics: of dead letters.
        view: shows the events in them.
    """
    with_ledger = LEDGER in await log.topics()
    dead = await log.partitions(topics)
    ledger = await log.partitions([LEDGER]) if with_ledger else ()
    ends = await log.ends((*dead, *ledger))
    records = await read_all(log, await log.beginnings((*dead, *ledger)), ends)
    dead_letters = [read_dead_letter(record, view) for record in records if record.partition.topic != LEDGER]
    entries = read_ledger(record for record in records if record.partition.topic == LEDGER)
    return DeadLetterBacklog(
        items=failed_records(dead_letters, entries),
        entries=entries,
        ends={partition: end for partition, end in ends.items() if partition.topic != LEDGER},
        records=len(dead_letters),
    )


def failed_records(
    dead_letters: Sequence[DeadLetter], entries: Mapping[str, LedgerEntry]
) -> dict[str, FailedRecord]:
    """Return dead letters as failures, each once, oldest failure first."""
    by_id: dict[str, list[DeadLetter]] = {}
    for dead_letter in dead_letters:
        by_id.setdefault(dead_letter.id, []).append(dead_letter)
    items = [
        FailedRecord(
            newest=max(same, key=lambda one: (one.record.timestamp_ms, one.place.offset)),
            entry=entries.get(letter_id),
            first_failed_ms=min(one.failed_at_ms for one in same),
            failures=len(same),
            origins=tuple(one.origin for one in same if one.origin is not None),
        )
        for letter_id, same in by_id.items()
    ]
    items.sort(key=lambda item: (item.newest.place.partition, item.newest.place.offset))
    return {item.id: item for item in items}


def dead_letter_topics(there: Iterable[str]) -> tuple[str, ...]:
    """Return those of the topics that hold dead letters, by their names, whoever named them."""
    names = set(there)
    return tuple(sorted(name for name in names if source_name_of(name) != name))


def resolve(typed: str, there: Iterable[str]) -> str:
    """Return the dead-letter topic that `typed` names.

    Args:
        typed: the dead-letter topic, or the topic whose dead letters are meant; that one may be gone.
        there: all topics of the cluster.

    Raises:
        UnknownNameError: there is none; the message has the nearest that is there.
    """
    known = dead_letter_topics(there)
    if typed in known:
        return typed
    of_source = [name for name in known if source_name_of(name) == typed]
    if of_source:
        return next((name for name in of_source if name == f"{typed}.dlq"), of_source[0])
    names = {name for topic in known for name in (topic, source_name_of(topic))}
    hint = "All of them: alphapanda dlq list --all"
    if nearest(typed, names) is None and len(names) > 12:
        raise UnknownNameError("dead-letter topic", typed, (), hint=hint)
    raise UnknownNameError("dead-letter topic", typed, names, hint=hint)


def own_name(topic: str) -> TopicName | None:
    """Return the name of a topic of ours; None for anybody else's."""
    try:
        return TopicName.parse(topic)
    except TopicNameError:
        return None
