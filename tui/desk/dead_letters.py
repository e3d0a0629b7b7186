"""Dead letters: what failed, why, and how often for the same reason."""

from __future__ import annotations

import msgspec

from alphapanda.bus.records import Record
from topics.dead_letter_families import read_headers
from topics.dead_letters import Failure

KEPT = 1_000


class DeadLetter(msgspec.Struct, frozen=True):
    """One record that could not be processed.

    Attributes:
        record: as it lies in the dead-letter topic.
        failure: why.
    """

    record: Record
    failure: Failure

    @property
    def key(self) -> str:
        """Where it lies."""
        return str(self.record.position)


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters of one topic for one reason.

    Attributes:
        topic: that the records were read from first.
        code: the stable slug of the reason.
        group: the consumer group that failed.
        count: how many.
        first_ms: when the first came, Unix milliseconds.
        last_ms: when the last came.
        message: of the last.
        retryable: whether trying again may help, as the last says.
        stage: how far the last came.
    """

    topic: str
    code: str
    group: str
    count: int
    first_ms: int
    last_ms: int
    message: str
    retryable: str
    stage: str


class DeadLetters:
    """All dead letters that were seen.

    Attributes:
        rows: by place in the log, oldest first.
        reasons: by topic, code and group.
        seen: how many came, those let go too.
    """

    def __init__(self) -> None:
        self.rows: dict[str, DeadLetter] = {}
        self.reasons: dict[tuple[str, str, str], Reason] = {}
        self.seen = 0

    def take(self, record: Record) -> None:
        """See a dead letter."""
        headers = read_headers(record.headers, record.partition.topic)
        failure = headers.failure
        letter = DeadLetter(record, failure)
        self.seen += 1
        self.rows[letter.key] = letter
        if len(self.rows) > KEPT:
            del self.rows[next(iter(self.rows))]
        key = (failure.topic, failure.error_code or "unknown", failure.group or "-")
        before = self.reasons.get(key)
        self.reasons[key] = Reason(
            topic=key[0],
            code=key[1],
            group=key[2],
            count=1 if before is None else before.count + 1,
            first_ms=record.timestamp_ms if before is None else before.first_ms,
            last_ms=record.timestamp_ms,
            message=failure.message,
            retryable=failure.retryable.value,
            stage=failure.stage.value if failure.stage else "-",
        )
