"""Which dead letters are meant."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from alphapanda.errors import UnknownNameError, UsageError
from alphapanda.model.dead_letter import LedgerState
from alphapanda.operations.dead_letters.backlog import DeadLetterBacklog, FailedRecord
from alphapanda.operations.dead_letters.summary import signature
from alphapanda.query.expressions import Expression
from topics.dead_letters import Retryable

SHORTEST_ID = 4
REASON_ID_LENGTH = 8


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Conditions on dead letters; an empty one matches everything.

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

    def matches(self, item: FailedRecord) -> bool:
        """Whether a dead letter meets the conditions."""
        failure = item.newest.failure
        return (
            (not self.states or item.state in self.states)
            and (not self.ids or item.id in self.ids)
            and (not self.codes or failure.error_code in self.codes)
            and (not self.group or item.newest.group == self.group)
            and (not self.run_id or item.run_id == self.run_id)
            and self._is_in_time(item)
            and (not self.message or self.message in failure.message or self.message in signature(failure.message))
            and (not self.reasons or reason_of(item) in self.reasons)
            and (self.where is None or bool(self.where.test(fields_of(item))))
        )

    def _is_in_time(self, item: FailedRecord) -> bool:
        failed = item.newest.failed_at_ms / 1000
        return (self.since is None or failed >= self.since.timestamp()) and (
            self.until is None or failed < self.until.timestamp()
        )


def reason_of(item: FailedRecord) -> str:
    """Return the id of the reason that a dead letter failed for."""
    dead_letter = item.newest
    return reason_id(
        dead_letter.place.topic,
        dead_letter.group,
        dead_letter.failure.error_code,
        signature(dead_letter.failure.message),
    )


def reason_id(topic: str, group: str, error_code: str, collapsed: str) -> str:
    """Return the id of a reason: short enough to type, the same for ever."""
    said = f"{topic}\0{group}\0{error_code}\0{collapsed}"
    return hashlib.sha256(said.encode()).hexdigest()[:REASON_ID_LENGTH]


def fields_of(item: FailedRecord) -> Mapping[str, Any]:
    """Return a dead letter as an expression sees it: its record, and the event in it where one can be read."""
    record = item.newest.record
    fields: dict[str, Any] = {
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "ts": record.timestamp_ms,
        "key": (record.key or b"").decode(errors="replace"),
        "headers": {name: (value or b"").decode(errors="replace") for name, value in record.headers},
    }
    try:
        value = msgspec.json.decode(item.newest.json or b"null")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        value = None
    if isinstance(value, dict):
        fields = {**value, **fields}
    return {**fields, "value": value}


def find_ids(typed: Iterable[str], items: Mapping[str, FailedRecord]) -> frozenset[str]:
    """Return the dead letters that were typed: ids, beginnings of ids, or places `topic:partition:offset`.

    Raises:
        UnknownNameError: there is none.
        UsageError: a beginning fits several.
    """
    return frozenset(_find(one, items) for one in typed)


def find_item(typed: str, items: Mapping[str, FailedRecord]) -> FailedRecord:
    """Return the dead letter that was typed; raises as `find_ids` does."""
    return items[_find(typed, items)]


def find_in(typed: str, backlog: DeadLetterBacklog) -> FailedRecord:
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


def _find(typed: str, items: Mapping[str, FailedRecord]) -> str:
    if typed in items:
        return typed
    by_place = [item.id for item in items.values() if str(item.newest.place) == typed]
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


Ruler = Callable[[Sequence[FailedRecord]], str]
"""Returns a policy's verdict on several dead letters."""

SPARKS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 12


@dataclass(frozen=True, slots=True)
class FailureReason:
    """Why some records failed.

    Attributes:
        id: names it, the same for ever: `dlq replay TOPIC --reason-id ID`.
        topic: the dead-letter topic.
        group: who failed; empty where nobody says.
        error_code: the slug.
        signature: what their messages have in common.
        count: how many.
        unresolved: how many of them somebody still has to deal with.
        first_ms: when the first failed, Unix milliseconds.
        last_ms: when the last failed.
        spark: how they came over time, from the first failure of all shown to the last.
        retryable: whether trying again may help, if all say the same.
        example: the id of the newest.
        policy: what the policy says of them: a verdict, `mixed`, or nothing.
    """

    id: str
    topic: str
    group: str
    error_code: str
    signature: str
    count: int
    unresolved: int
    first_ms: int
    last_ms: int
    spark: str
    retryable: Retryable
    example: str
    policy: str = ""


def no_ruling(_items: Iterable[FailedRecord]) -> str:
    """Return nothing: no policy was given."""
    return ""


def reasons_of(items: Iterable[FailedRecord], ruling_of: Ruler = no_ruling) -> list[FailureReason]:
    """Return the reasons, the most frequent first, each with the policy's verdict."""
    groups: dict[tuple[str, str, str, str], list[FailedRecord]] = {}
    known: dict[str, str] = {}
    for item in items:
        failure = item.newest.failure
        collapsed = known.get(failure.message)
        if collapsed is None:
            collapsed = known[failure.message] = signature(failure.message)
        key = (item.newest.place.topic, item.newest.group, failure.error_code, collapsed)
        groups.setdefault(key, []).append(item)
    times = [item.newest.failed_at_ms for found in groups.values() for item in found]
    first, last = min(times, default=0), max(times, default=0)
    reasons = [_reason(key, found, first, last, ruling_of) for key, found in groups.items()]
    return sorted(reasons, key=lambda reason: (-reason.count, reason.topic, reason.error_code, reason.signature))


def _reason(
    key: tuple[str, str, str, str], items: Sequence[FailedRecord], first: int, last: int, ruling_of: Ruler
) -> FailureReason:
    topic, group, code, collapsed = key
    times = [item.newest.failed_at_ms for item in items]
    said = {item.newest.failure.retryable for item in items}
    return FailureReason(
        id=reason_id(*key),
        topic=topic,
        group=group,
        error_code=code,
        signature=collapsed,
        count=len(items),
        unresolved=sum(item.state.is_unresolved for item in items),
        first_ms=min(times),
        last_ms=max(times),
        spark=sparkline(times, first, last),
        retryable=said.pop() if len(said) == 1 else Retryable.UNKNOWN,
        example=max(items, key=lambda item: item.newest.failed_at_ms).id,
        policy=ruling_of(items),
    )


def sparkline(times: Sequence[int], first: int, last: int) -> str:
    """Return how many of `times` fall into each of twelve equal parts of [first, last], as bars."""
    span = max(1, last - first + 1)
    counts = Counter((time - first) * SPARK_WIDTH // span for time in times)
    highest = max(counts.values(), default=1)
    bars = []
    for part in range(SPARK_WIDTH):
        count = counts.get(part, 0)
        bars.append(" " if count == 0 else SPARKS[(count * (len(SPARKS) - 1) + highest - 1) // highest])
    return "".join(bars)
