"""Watching records that were sent again: has their group come past them, or did they come back?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from alphapanda.kafka.client import KafkaReader, KafkaReadLog
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Offsets, Partition
from alphapanda.operations.dead_letters.ledger import LedgerEntry
from alphapanda.operations.dead_letters.progress import GroupProgress
from alphapanda.operations.dead_letters.record import DeadLetter, read_dead_letter

POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that was sent again and whose fate is not known.

    Attributes:
        entry: what the ledger says of it: replayed.
        letter: the dead letter that was sent.
        sent: where it was written.
        group: who is to process it.
    """

    entry: LedgerEntry
    letter: DeadLetter
    sent: LogPosition
    group: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look has shown.

    Attributes:
        confirmed: processed.
        returned: came back, each with its new dead letter.
    """

    confirmed: tuple[Waiting, ...] = ()
    returned: tuple[tuple[Waiting, DeadLetter], ...] = ()


@dataclass(slots=True)
class Watch:
    """Watches one dead-letter topic and the groups behind it. Made by `open_watch`.

    Attributes:
        waiting: dead letter's id → what is watched.
        reached: group → how far it was at the last look.
    """

    log: KafkaReadLog
    reader: KafkaReader
    progress: GroupProgress
    log_id: str
    dead_letters: tuple[Partition, ...]
    waiting: dict[str, Waiting] = field(default_factory=dict)
    reached: dict[str, Offsets] = field(default_factory=dict)
    _came_back: dict[str, DeadLetter] = field(default_factory=dict)

    def add(self, one: Waiting) -> None:
        """Watch a record from now on."""
        self.waiting[one.letter.id] = one

    async def look(self) -> Seen:
        """Return what has settled since the last look, and watch it no longer.

        The order matters: how far a group has come is asked first. It writes a dead letter before it goes past
        the record, so every dead letter of what it has passed is read afterwards.
        """
        asked = dict(self.waiting)
        if not asked:
            return Seen()
        await self._ask(asked)
        for letter in await self._new_dead_letters():
            if letter.replay_of:  # kept: it may come back before its sender has said that it was sent
                self._came_back[letter.replay_of] = letter
        returned: list[tuple[Waiting, DeadLetter]] = []
        for one in asked.values():
            came_back = self._came_back.get(str(one.letter.place))
            if came_back is not None:
                returned.append((one, came_back))
        gone = {one.letter.id for one, _ in returned}
        confirmed = [one for one in asked.values() if one.letter.id not in gone and self._has_passed(one)]
        for settled in (*confirmed, *(one for one, _ in returned)):
            self.waiting.pop(settled.letter.id, None)
        return Seen(tuple(confirmed), tuple(returned))

    async def _ask(self, asked: dict[str, Waiting]) -> None:
        groups: dict[str, set[Partition]] = {}
        for one in asked.values():
            groups.setdefault(one.group, set()).add(Partition(one.sent.topic, one.sent.partition))
        for group, partitions in groups.items():
            self.reached[group] = await self.progress.reached(group, sorted(partitions), self.log_id)

    def _has_passed(self, one: Waiting) -> bool:
        partition = Partition(one.sent.topic, one.sent.partition)
        return self.reached.get(one.group, {}).get(partition, 0) > one.sent.offset

    async def _new_dead_letters(self) -> list[DeadLetter]:
        ends = await self.log.ends(self.dead_letters)
        letters: list[DeadLetter] = []
        while True:
            behind = [p for p in self.dead_letters if await self.reader.position(p) < ends[p]]
            if not behind:
                return letters
            letters += [read_dead_letter(record) for record in await self.reader.poll(POLL_S)]


@asynccontextmanager
async def open_watch(
    log: KafkaReadLog, progress: GroupProgress, log_id: str, ends: Offsets
) -> AsyncIterator[Watch]:
    """Watch dead-letter partitions from the offsets in `ends` on."""
    reader = await log.reader()
    async with aclosing(reader):
        reader.seek(ends)
        yield Watch(log, reader, progress, log_id, tuple(ends))
