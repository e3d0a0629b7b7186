from __future__ import annotations

import pytest

from alphapanda.infra.time_sync import TimeSync
from alphapanda.operations.doctor import Verdict, time_sync_finding


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (None, Verdict.OK),
        (TimeSync(kept=True, error_s=0.02), Verdict.OK),
        (TimeSync(kept=True, error_s=0.7), Verdict.WARN),
        (TimeSync(kept=True, error_s=6.0), Verdict.FAIL),
        (TimeSync(kept=False, error_s=16.0), Verdict.WARN),
    ],
)
def test_a_clock_that_nobody_keeps_is_warned_of_and_one_far_off_fails(
    found: TimeSync | None, verdict: Verdict
) -> None:
    finding = time_sync_finding(found)
    assert finding.verdict is verdict
    assert bool(finding.hint) == (verdict is not Verdict.OK)
