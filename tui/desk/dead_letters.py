"""Dead letters: what failed, why, how often for the same reason, and what became of it."""

from __future__ import annotations

import msgspec

from alphapanda.bus.records import Record
from alphapanda.model.dead_letter import DeadLetterMoved, LedgerState
from alphapanda.toolkit.dlq.letters import read_dead_letter
from alphapanda.toolkit.dlq.standing import standing
from topics.dead_letters import Failure

KEPT = 1_000
NO_CODE, NO_GROUP = "unknown", "-"
"""What stands where a dead letter does not say it."""
STEPS_KEPT = 4_000
"""Of the ledger: a dead letter may be read before or after what is said of it."""


class DeadLetter(msgspec.Struct, frozen=True):
    """One record that could not be processed.

    Attributes:
        record: as it lies in the dead-letter topic.
        failure: why.
        id: the same through replays.
        run: the run that had sent it when it failed; empty before the first.
        state: where it stands.
    """

    record: Record
    failure: Failure
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
        lies_in: the dead-letter topic of the last.
        unresolved: of those that are held here, how many somebody still has to deal with.
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


class DeadLetters:
    """All dead letters that were seen.

    Attributes:
        rows: by place in the log, oldest first.
        reasons: by topic, code and group.
        seen: how many came, those let go too.
        unresolved: of those that are held, how many somebody still has to deal with; each failure once.
        changes: how many came or moved.
    """

    def __init__(self) -> None:
        self.rows: dict[str, DeadLetter] = {}
        self.reasons: dict[tuple[str, str, str], Reason] = {}
        self.seen = 0
        self.unresolved = 0
        self.changes = 0
        self._steps: dict[str, DeadLetterMoved] = {}
        self._places: dict[str, list[str]] = {}
        self._is_settled = True

    def take(self, record: Record) -> None:
        """See a dead letter."""
        read = read_dead_letter(record)
        failure = read.failure
        state = standing(self._steps.get(read.id), record.position, read.replay_run)
        letter = DeadLetter(record, failure, read.id, read.replay_run, state)
        self.seen += 1
        self.rows[letter.key] = letter
        self._places.setdefault(letter.id, []).append(letter.key)
        if len(self.rows) > KEPT:
            self._forget(next(iter(self.rows)))
        key = letter.reason
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
            lies_in=record.partition.topic,
            unresolved=0 if before is None else before.unresolved,
        )
        self._stand(letter.id)

    def move(self, moved: DeadLetterMoved) -> None:
        """See a step of the ledger."""
        self._steps.pop(moved.dead_letter_id, None)
        self._steps[moved.dead_letter_id] = moved
        if len(self._steps) > STEPS_KEPT:
            del self._steps[next(iter(self._steps))]
        self._stand(moved.dead_letter_id)

    def settle(self) -> None:
        """Count what is unresolved: once a batch is enough."""
        if self._is_settled:
            return
        self._is_settled = True
        counts = dict.fromkeys(self.reasons, 0)
        for places in self._places.values():
            letter = self.rows[places[-1]]
            if letter.state.is_unresolved:
                counts[letter.reason] += 1
        self.unresolved = sum(counts.values())
        for key, count in counts.items():
            if self.reasons[key].unresolved != count:
                self.reasons[key] = msgspec.structs.replace(self.reasons[key], unresolved=count)

    def _stand(self, letter_id: str) -> None:
        """Have the rows of a dead letter, the newest and those before it, stand where it stands."""
        self.changes += 1
        self._is_settled = False
        places = self._places.get(letter_id)
        if not places:
            return
        newest = self.rows[places[-1]]
        state = standing(self._steps.get(letter_id), newest.record.position, newest.run)
        for place in places:
            if self.rows[place].state is not state:
                self.rows[place] = msgspec.structs.replace(self.rows[place], state=state)

    def _forget(self, place: str) -> None:
        letter = self.rows.pop(place)
        places = self._places[letter.id]
        places.remove(place)
        if not places:
            del self._places[letter.id]
