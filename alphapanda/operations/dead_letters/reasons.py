"""Dead letters by reason: one row a topic, group, code and signature of message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alphapanda.operations.dead_letters.backlog import Item
from alphapanda.operations.dead_letters.policy import NO_POLICY, Policy
from alphapanda.operations.dead_letters.selection import reason_id
from alphapanda.operations.dead_letters.signature import signature
from topics.dead_letters import Retryable

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


def reasons_of(items: Iterable[Item], policy: Policy = NO_POLICY) -> list[FailureReason]:
    """Return the reasons, the most frequent first, each with what `policy` says of it."""
    groups: dict[tuple[str, str, str, str], list[Item]] = {}
    known: dict[str, str] = {}
    for item in items:
        failure = item.letter.failure
        collapsed = known.get(failure.message)
        if collapsed is None:
            collapsed = known[failure.message] = signature(failure.message)
        key = (item.letter.place.topic, item.letter.group, failure.error_code, collapsed)
        groups.setdefault(key, []).append(item)
    times = [item.letter.failed_at_ms for found in groups.values() for item in found]
    first, last = min(times, default=0), max(times, default=0)
    reasons = [_reason(key, found, first, last, policy) for key, found in groups.items()]
    return sorted(reasons, key=lambda reason: (-reason.count, reason.topic, reason.error_code, reason.signature))


def _reason(
    key: tuple[str, str, str, str], items: Sequence[Item], first: int, last: int, policy: Policy
) -> FailureReason:
    topic, group, code, collapsed = key
    times = [item.letter.failed_at_ms for item in items]
    said = {item.letter.failure.retryable for item in items}
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
        example=max(items, key=lambda item: item.letter.failed_at_ms).id,
        policy=policy.said_of(items),
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
