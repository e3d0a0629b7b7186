"""A signal that comes after the ticks it needs is matched as if it had come in time, or waits and says so."""

from __future__ import annotations

from typing import Any

import pytest

from alphapanda.errors import InvariantError
from alphapanda.execution.quotes import HistoryRequest
from alphapanda.model.kinds import Side
from alphapanda.model.signal import SignalIntent


def test_a_late_signal_meets_the_ticks_it_missed(make: Any) -> None:
    ticks = [make.tick(n, 100 + n) for n in range(6)]
    in_time = make.run(make.stage(), [ticks[0], make.signal(ticks[0]), *ticks[1:]])
    late = make.run(make.stage(), [*ticks, make.signal(ticks[0])])
    assert late[:3] == in_time[:3]
    assert late[2].data.fill.price == 101


def test_a_late_limit_knows_whether_it_rested(make: Any) -> None:
    ticks = [make.tick(n, price) for n, price in enumerate((100, 101, 98, 97))]
    told = make.run(make.stage(), [*ticks, make.signal(ticks[0], limit="99")])
    assert (told[2].data.fill.price, told[2].data.fill.tick.offset) == (99, 2)


def test_a_late_exit_counts_what_was_held_then(make: Any) -> None:
    ticks = [make.tick(n, price) for n, price in enumerate((100, 100, 95, 100, 100))]
    entry = make.signal(ticks[0], limit="96")  # touched at offset 2
    leave = make.signal(ticks[0], Side.SELL, intent=SignalIntent.EXIT, n=1)  # due at offset 1
    in_time = make.run(make.stage(), [ticks[0], entry, leave, *ticks[1:]])
    late = make.run(make.stage(), [*ticks, entry, leave])
    assert {event.id: event for event in make.orders(late)} == {event.id: event for event in make.orders(in_time)}
    assert [event.type for event in make.orders(late)].count("order_cancelled") == 1


def test_what_is_not_remembered_is_asked_for(make: Any) -> None:
    log = [make.tick(n, 100 + n) for n in range(20)]
    stage = make.stage(kept_ticks=4)
    told = make.run(stage, [*log, make.signal(log[2])])
    assert [event.type for event in told] == ["order_submitted", "order_accepted"]
    assert stage.missing_history() == (
        HistoryRequest(
            instrument=log[0].data.instrument, instrument_token=1, partition=0, first_offset=3, last_offset=15
        ),
    )
    assert make.run(stage, [make.tick(20, 50)]) == []  # nothing is matched against a later tick meanwhile
    assert make.supply(stage, log) == 1
    assert stage.missing_history() == ()
    filled, pnl = make.run(stage, [make.timer(0)])
    assert filled.data.fill.price == 103
    assert pnl.data.fills == 1
    in_time = make.run(make.stage(), [*log[:3], make.signal(log[2]), *log[3:]])
    assert filled == in_time[2]


def test_an_exit_waits_for_the_entry_that_waits_for_its_ticks(make: Any) -> None:
    log = [make.tick(n, 100 + n) for n in range(20)]
    entry, leave = make.signal(log[2]), make.signal(log[18], Side.SELL, intent=SignalIntent.EXIT)
    stage = make.stage(kept_ticks=4)
    told = make.run(stage, [*log, entry, leave, make.tick(20), make.timer(0)])
    assert [event.type for event in told] == ["order_submitted", "order_accepted"] * 2
    make.supply(stage, log)
    late = make.run(stage, [make.timer(1)])
    assert [event.type for event in late] == ["order_filled", "order_filled", "pnl_snapshot"]
    in_time = make.run(make.stage(), [*log[:3], entry, *log[3:19], leave, *log[19:]])
    assert {event.id: event for event in make.orders([*told, *late])} == {
        event.id: event for event in make.orders(in_time)
    }


def test_an_exit_is_not_told_before_a_fill_that_is_known_and_not_told_yet(make: Any) -> None:
    log = [make.tick(n, 100 + n) for n in range(20)]
    stage = make.stage(kept_ticks=4)
    make.run(stage, [*log, make.signal(log[2])])
    make.supply(stage, log)
    told = make.run(stage, [make.signal(log[18], Side.SELL, intent=SignalIntent.EXIT), make.timer(0)])
    assert [event.type for event in told] == [
        *("order_submitted", "order_accepted", "order_filled", "order_filled", "pnl_snapshot")
    ]
    assert stage.positions()[0].quantity == 0


def test_history_may_come_in_pieces(make: Any) -> None:
    log = [make.tick(n, 100) for n in range(19)] + [make.tick(19, 90)]
    stage = make.stage(kept_ticks=4)
    make.run(stage, [*log, make.signal(log[2], limit="95")])
    pieces = 0
    while requests := stage.missing_history():
        part = requests[0].up_to(requests[0].first_offset + 4)
        ticks = [tick for tick in log if part.first_offset <= tick.at.offset <= part.last_offset]
        stage.supply_history(part, ticks)
        pieces += 1
    assert pieces == 3
    (filled, _) = make.run(stage, [make.tick(20, 100)])
    assert (filled.data.fill.tick.offset, filled.data.fill.price) == (19, 95)


def test_a_piece_from_the_middle_is_not_taken(make: Any) -> None:
    log = [make.tick(n, 100 + n) for n in range(20)]
    stage = make.stage(kept_ticks=4)
    make.run(stage, [*log, make.signal(log[2])])
    (request,) = stage.missing_history()
    later = HistoryRequest(
        instrument=request.instrument, instrument_token=1, partition=0, first_offset=6, last_offset=15
    )
    stage.supply_history(later, log[6:16])
    assert stage.missing_history() == (request,)


def test_ticks_of_something_else_are_refused(make: Any) -> None:
    log = [make.tick(n, 100 + n) for n in range(20)]
    stage = make.stage(kept_ticks=4)
    make.run(stage, [*log, make.signal(log[2])])
    (request,) = stage.missing_history()
    with pytest.raises(InvariantError, match="does not answer"):
        stage.supply_history(request, [make.tick(5, partition=1)])


def test_orders_whose_ticks_are_gone_are_cancelled_with_the_reason(make: Any) -> None:
    log = [make.tick(n) for n in range(20)]
    stage = make.stage(kept_ticks=4)
    make.run(stage, [*log, make.signal(log[2])])
    (request,) = stage.missing_history()
    stage.abandon_history(request, "the log begins at offset 9")
    (told,) = make.run(stage, [make.tick(20)])
    assert (told.type, told.data.reason) == ("order_cancelled", "the log begins at offset 9")
    assert stage.missing_history() == ()


def test_after_a_restart_only_what_was_not_met_is_asked_for(make: Any) -> None:
    ticks = [make.tick(n, 100) for n in range(10)]
    stage, again = make.stage(), make.stage()
    make.run(stage, [ticks[0], make.signal(ticks[0], limit="95"), *ticks[1:], make.tick(10, partition=0)])
    again.restore(stage.snapshot())
    assert again.missing_history() == ()
    make.run(again, [make.signal(ticks[5], strategy="other")])
    (request,) = again.missing_history()
    assert (request.first_offset, request.last_offset) == (6, 10)


def test_a_trader_that_begins_in_the_middle_of_the_log_knows_that_it_does(make: Any) -> None:
    stage = make.stage()
    make.run(stage, [make.signal(make.tick(3))])
    assert stage.missing_history() == ()  # nothing of the partition was read: the next tick will tell
    assert make.run(stage, [make.tick(9)]) == []
    (request,) = stage.missing_history()
    assert (request.first_offset, request.last_offset) == (4, 8)


def test_the_quotes_kept_are_bounded(make: Any) -> None:
    stage = make.stage(kept_ticks=8)
    make.run(stage, [make.tick(n) for n in range(1_000)])
    quotes = stage._matcher._quotes
    assert len(quotes._ring) == 8
    assert sum(len(track.quotes) for track in quotes._tracks.values()) == 8
