"""Checks of the flow of signals: duplicates, and orders in any second of event time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from alphapanda.model.signal import CheckResult, DenialCode, Signal, SignalIntent
from alphapanda.risk.checks.context import CheckFinding, DuplicateKey, RiskContext, milliseconds

SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RateWindow:
    """Event times of the orders passed last, sorted: signals of different instruments come out of order.

    Args:
        capacity: how many times are kept; the oldest are forgotten first.
    """

    def __init__(self, capacity: int = 4_096) -> None:
        self._times: list[int] = []
        self._capacity = capacity

    def busiest(self, ts: datetime) -> int:
        """Return how many orders the fullest second around `ts` would hold with one more at `ts`."""
        at = _us(ts)
        first, last = bisect_right(self._times, at - SECOND_US), bisect_left(self._times, at + SECOND_US)
        near = self._times[first:last]
        insort(near, at)
        return max(bisect_left(near, start + SECOND_US) - i for i, start in enumerate(near) if start <= at)

    def add(self, ts: datetime) -> None:
        """Count one order."""
        insort(self._times, _us(ts))
        if len(self._times) > self._capacity:
            del self._times[0]

    def dump(self) -> list[int]:
        """Return the times, microseconds since 1970, ascending."""
        return list(self._times)

    def load(self, times: Iterable[int]) -> None:
        """Take these times."""
        self._times = list(times)


def not_duplicate(signal: Signal, context: RiskContext) -> CheckFinding:
    """An entry differs from the last signal that passed, or comes after the window."""
    window = context.limits.duplicate_window_ms
    limit = f"{window} ms"
    if (
        signal.intent is SignalIntent.EXIT
        or context.last_like != DuplicateKey.of(signal)
        or context.last_ts is None
    ):
        return CheckFinding(CheckResult("duplicate_window", "differs from the last", limit))
    apart = abs(milliseconds(context.ts - context.last_ts))
    result = CheckResult("duplicate_window", f"{apart} ms after its like", limit)
    if apart < window:
        return CheckFinding(result, DenialCode.SIGNAL_DUPLICATE, f"The same entry passed {apart} ms before.")
    return CheckFinding(result)


def max_rate(signal: Signal, context: RiskContext) -> CheckFinding:
    """No second of event time holds more orders than allowed. Exits count and pass."""
    limit = context.limits.max_orders_per_second
    result = CheckResult("max_orders_per_second", f"{context.rate} orders/s", f"{limit} orders/s")
    if signal.intent is SignalIntent.ENTRY and context.rate > limit:
        return CheckFinding(
            result,
            DenialCode.RATE_EXCEEDS_MAX,
            f"It would be order {context.rate} of one second, {limit} are allowed.",
        )
    return CheckFinding(result)


def _us(ts: datetime) -> int:
    return (ts - _EPOCH) // _MICROSECOND
