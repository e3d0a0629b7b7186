"""Which dead letters are meant."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from alphapanda.errors import UnknownNameError, UsageError
from alphapanda.model.dead_letter import LedgerState
from alphapanda.operations.dead_letters.backlog import DeadLetterBacklog, Item
from alphapanda.operations.dead_letters.signature import signature
from alphapanda.query.expressions import Expression

SHORTEST_ID = 4
REASON_ID_LENGTH = 8


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """What a dead letter must be to be chosen; what is empty asks nothing.

    Attributes:
        states: where it stands.
        ids: full ids.
        codes: error codes.
        group: who failed.
        run_id: the run that has it or had it last.
        since: failed at or after.
        until: failed before.
        message: a text that its message, or what its message has in common with others, contains.
        where: an expression over the record.
        reasons: ids of reasons, as `dlq reasons` shows them.
    """

    states: frozenset[LedgerState] = frozenset()
    ids: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    group: str = ""
    run_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    message: str = ""
    where: Expression | None = None
    reasons: frozenset[str] = frozenset()

    def takes(self, item: Item) -> bool:
        """Whether a dead letter is chosen."""
        failure = item.letter.failure
        return (
            (not self.states or item.state in self.states)
            and (not self.ids or item.id in self.ids)
            and (not self.codes or failure.error_code in self.codes)
            and (not self.group or item.letter.group == self.group)
            and (not self.run_id or item.run_id == self.run_id)
            and self._is_in_time(item)
            and (not self.message or self.message in failure.message or self.message in signature(failure.message))
            and (not self.reasons or reason_of(item) in self.reasons)
            and (self.where is None or bool(self.where.test(fields_of(item))))
        )

    def _is_in_time(self, item: Item) -> bool:
        failed = item.letter.failed_at_ms / 1000
        return (self.since is None or failed >= self.since.timestamp()) and (
            self.until is None or failed < self.until.timestamp()
        )


def reason_of(item: Item) -> str:
    """Return the id of the reason that a dead letter failed for."""
    letter = item.letter
    return reason_id(
        letter.place.topic, letter.group, letter.failure.error_code, signature(letter.failure.message)
    )


def reason_id(topic: str, group: str, error_code: str, collapsed: str) -> str:
    """Return the id of a reason: short enough to type, the same for ever."""
    said = f"{topic}\0{group}\0{error_code}\0{collapsed}"
    return hashlib.sha256(said.encode()).hexdigest()[:REASON_ID_LENGTH]


def fields_of(item: Item) -> Mapping[str, Any]:
    """Return a dead letter as an expression sees it: its record, and the event in it where one can be read."""
    record = item.letter.record
    fields: dict[str, Any] = {
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "ts": record.timestamp_ms,
        "key": (record.key or b"").decode(errors="replace"),
        "headers": {name: (value or b"").decode(errors="replace") for name, value in record.headers},
    }
    try:
        value = msgspec.json.decode(item.letter.json or b"null")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        value = None
    if isinstance(value, dict):
        fields = {**value, **fields}
    return {**fields, "value": value}


def find_ids(typed: Iterable[str], items: Mapping[str, Item]) -> frozenset[str]:
    """Return the dead letters that were typed: ids, beginnings of ids, or places `topic:partition:offset`.

    Raises:
        UnknownNameError: there is none.
        UsageError: a beginning fits several.
    """
    return frozenset(_find(one, items) for one in typed)


def find_item(typed: str, items: Mapping[str, Item]) -> Item:
    """Return the dead letter that was typed; raises as `find_ids` does."""
    return items[_find(typed, items)]


def find_in(typed: str, backlog: DeadLetterBacklog) -> Item:
    """Return the dead letter that was typed; of one that the ledger alone still knows, say that it is gone.

    Raises as `find_ids` does.
    """
    try:
        return find_item(typed, backlog.items)
    except UnknownNameError as error:
        gone = [each for each in backlog.entries if len(typed) >= SHORTEST_ID and each.startswith(typed)]
        if not gone:
            raise
        entry = backlog.entries[gone[0]]
        raise UsageError(
            f"{gone[0]} is {entry.state.value}, and no longer in {entry.moved.record.topic}: it was purged, or its"
            " retention ended.",
            hint=f"What became of it: alphapanda dlq history {gone[0][:12]}",
        ) from error


def _find(typed: str, items: Mapping[str, Item]) -> str:
    if typed in items:
        return typed
    by_place = [item.id for item in items.values() if str(item.letter.place) == typed]
    if by_place:
        return by_place[0]
    fitting = [known for known in items if known.startswith(typed)] if len(typed) >= SHORTEST_ID else []
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(
            f"{typed!r} is the beginning of {len(fitting)} dead letters: {_few(fitting)}.", hint="Type more of it."
        )
    raise UnknownNameError("dead letter", typed, (), hint="All of them: alphapanda dlq list TOPIC")


def _few(ids: Collection[str]) -> str:
    shown = sorted(ids)[:3]
    return ", ".join(shown) + (" …" if len(ids) > len(shown) else "")
