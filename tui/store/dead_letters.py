"""Dead letters: what failed, why, how often for the same reason, and what became of it."""

from __future__ import annotations

from collections import Counter

import msgspec

from alphapanda.model.dead_letter import DeadLetterMoved, LedgerState
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Record
from alphapanda.operations.dead_letters.ledger import current_state
from alphapanda.operations.dead_letters.record import read_dead_letter
from topics.dead_letters import ProcessingFailure

KEPT = 1_000
NO_CODE, NO_GROUP = "unknown", "-"
"""What stands where a dead letter does not say it."""
KNOWN = 20_000
"""Failures whose standing is followed, and steps of the ledger: either may be read before the other."""
ROWS_OF_ONE = 8


class DeadLetterRow(msgspec.Struct, frozen=True):
    """One record that could not be processed.

    Attributes:
        record: as it lies in the dead-letter topic.
        failure: why.
        id: the same through replays.
        run: the run that had sent it when it failed; empty before the first.
        state: where it stands.
    """

    record: Record
    failure: ProcessingFailure
    id: str
    run: str = ""
    state: LedgerState = LedgerState.OPEN

    @property
    def key(self) -> str:
        """Where it lies."""
        return str(self.record.position)

    @property
    def reason(self) -> tuple[str, str, str]:
        """The reason that it is counted under: topic, code, group."""
        failure = self.failure
        return failure.topic, failure.error_code or NO_CODE, failure.group or NO_GROUP


class ReasonRow(msgspec.Struct, frozen=True, kw_only=True):
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
        lies_in: the dead-letter topic of the last.
        unresolved: how many of them somebody still has to deal with; each failure once.
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
    lies_in: str
    unresolved: int = 0


class _KnownFailure(msgspec.Struct):
    """One failure, however often it failed: where it stands, and under which reason it is counted."""

    reason: tuple[str, str, str]
    place: LogPosition
    run: str
    state: LedgerState
    rows: list[str]


class DeadLetters:
    """All dead letters that were seen.

    Attributes:
        rows: by place in the log, oldest first.
        reasons: by topic, code and group.
        seen: how many came, those let go too.
        changes: how many came or moved.
    """

    def __init__(self) -> None:
        self.rows: dict[str, DeadLetterRow] = {}
        self.reasons: dict[tuple[str, str, str], ReasonRow] = {}
        self.seen = 0
        self.changes = 0
        self._steps: dict[str, DeadLetterMoved] = {}
        self._known: dict[str, _KnownFailure] = {}
        self._unresolved: Counter[tuple[str, str, str]] = Counter()

    @property
    def unresolved(self) -> int:
        """How many failures somebody still has to deal with, each once."""
        return self._unresolved.total()

    def fold(self, record: Record) -> None:
        """See a dead letter."""
        read = read_dead_letter(record)
        failure = read.failure
        letter = DeadLetterRow(record, failure, read.id, read.replay_run)
        self.seen += 1
        self.rows[letter.key] = letter
        if len(self.rows) > KEPT:
            del self.rows[next(iter(self.rows))]
        key = letter.reason
        before = self.reasons.get(key)
        self.reasons[key] = ReasonRow(
            topic=key[0],
            code=key[1],
            group=key[2],
            count=1 if before is None else before.count + 1,
            first_ms=record.timestamp_ms if before is None else before.first_ms,
            last_ms=record.timestamp_ms,
            message=failure.message,
            retryable=failure.retryable.value,
            stage=failure.stage.value if failure.stage else "-",
            lies_in=record.partition.topic,
            unresolved=self._unresolved[key],
        )
        known = self._known.pop(read.id, None)
        if known is not None:
            self._count(known, -1)
        rows = [*(known.rows if known is not None else ()), letter.key][-ROWS_OF_ONE:]
        known = _KnownFailure(key, record.position, read.replay_run, LedgerState.OPEN, rows)
        self._known[read.id] = known
        if len(self._known) > KNOWN:  # it is counted as it stood
            del self._known[next(iter(self._known))]
        self._count(known, 1)
        self._stand(read.id, known)

    def move(self, moved: DeadLetterMoved) -> None:
        """See a step of the ledger."""
        letter_id = str(moved.dead_letter_id)
        self._steps.pop(letter_id, None)
        self._steps[letter_id] = moved
        if len(self._steps) > KNOWN:
            del self._steps[next(iter(self._steps))]
        known = self._known.get(letter_id)
        if known is not None:
            self._stand(letter_id, known)

    def settle(self) -> None:
        """Have the reasons say what is unresolved: once a batch is enough."""
        for key, reason in self.reasons.items():
            if reason.unresolved != self._unresolved[key]:
                self.reasons[key] = msgspec.structs.replace(reason, unresolved=self._unresolved[key])

    def _stand(self, letter_id: str, known: _KnownFailure) -> None:
        """Have the rows of a dead letter, the newest and those before it, stand where it stands."""
        self.changes += 1
        state = current_state(self._steps.get(letter_id), known.place, known.run)
        if state is not known.state:
            self._count(known, -1)
            known.state = state
            self._count(known, 1)
        for place in known.rows:
            row = self.rows.get(place)
            if row is not None and row.state is not state:
                self.rows[place] = msgspec.structs.replace(row, state=state)

    def _count(self, known: _KnownFailure, step: int) -> None:
        if known.state.is_unresolved:
            self._unresolved[known.reason] += step
