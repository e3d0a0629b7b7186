from __future__ import annotations

import sys

import pytest

from alphapanda.infra.time_sync import TimeSync, from_status, time_sync

PLL, UNSYNC = 0x0001, 0x0040


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_the_kernel_is_asked_and_nothing_is_changed() -> None:
    first, second = time_sync(), time_sync()
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first.kept == second.kept
        assert first.error_s >= 0


def test_what_its_numbers_mean() -> None:
    assert from_status(PLL, 16_000) == TimeSync(kept=True, error_s=0.016)
    assert not from_status(PLL | UNSYNC, 16_000_000).kept
