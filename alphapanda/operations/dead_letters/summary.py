"""A plan in few words: the records that are alike counted, and what is done with how many."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alphapanda.operations.dead_letters.signature import signature

if TYPE_CHECKING:
    from alphapanda.operations.dead_letters.plan import ReplayPlan

WILL_BE = {
    "send": "sent",
    "hold": "held",
    "watch": "watched",
    "settle": "confirmed",
    "discard": "discarded",
    "quarantine": "quarantined",
}
"""What is done with a dead letter, as it will be said."""
LONGEST = 80


@dataclass(frozen=True, slots=True)
class PlanLine:
    """Dead letters that the same is done with, for the same reason.

    Attributes:
        count: how many.
        verdict: what is known of them.
        fate: what will be done with them, as it is said: `sent`, `held`.
        group: the consumer group that failed.
        code: why it failed, as a slug.
        why: in words; ids, numbers and times put aside.
    """

    count: int
    verdict: str
    fate: str
    group: str
    code: str
    why: str


def alike(plan: ReplayPlan) -> tuple[PlanLine, ...]:
    """Return the records of a plan, those that are alike together, the most first."""
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for record in plan.records:
        letter = record.item.letter
        verdict, fate = record.judgement.verdict.value, WILL_BE[record.action.value]
        why = short(signature(record.why))
        counts[verdict, fate, letter.group or "-", letter.failure.error_code, why] += 1
    return tuple(PlanLine(count, *same) for same, count in sorted(counts.items(), key=lambda pair: -pair[1]))


def short(text: str, length: int = LONGEST) -> str:
    """Return text that fits into a cell: one line, cut with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
