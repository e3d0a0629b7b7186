"""A snapshot that version 0.1.0 wrote is restored, and the same state is written in the same bytes."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

SAVED = zlib.decompress(
    base64.b85decode(Path(__file__).with_name("trader_state_v1.b85").read_text(encoding="ascii").strip())
)


def test_a_snapshot_of_the_first_version_is_restored_and_written_again_byte_by_byte(make: Any) -> None:
    stage = make.stage(kept_ticks=4)
    stage.restore(SAVED)
    assert stage.snapshot() == SAVED
    assert {(order.strategy_id, order.status) for order in stage.orders()} == {
        ("ema", "FILLED"),
        ("ema", "ACCEPTED"),
        ("late", "ACCEPTED"),
        ("gone", "ACCEPTED"),
    }
    wanted = {(request.first_offset, request.last_offset) for request in stage.missing_history()}
    assert wanted == {(3, 11)}  # the quotes are not in a snapshot


def test_its_orders_are_matched_on(make: Any) -> None:
    stage = make.stage(kept_ticks=4)
    stage.restore(SAVED)
    make.supply(stage, [make.tick(n, 100.0) for n in range(12)])
    told = make.run(stage, [make.tick(12, 94.0)])
    assert [(event.type, event.data.strategy_id) for event in make.orders(told)] == [
        ("order_filled", "ema"),
        ("order_cancelled", "gone"),
        ("order_filled", "late"),
    ]
