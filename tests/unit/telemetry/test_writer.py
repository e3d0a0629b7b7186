from __future__ import annotations

import threading
from collections.abc import Sequence

from alphapanda.telemetry.writer import BackgroundWriter

PATIENCE_S = 20.0


class Target:
    """Keeps what is written; can be held up, and can refuse."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.let_go = threading.Event()
        self.let_go.set()
        self.entered = threading.Event()
        self.refuse = False
        self.closed = False

    def write(self, lines: Sequence[bytes]) -> None:
        self.entered.set()
        assert self.let_go.wait(PATIENCE_S)
        if self.refuse:
            raise OSError(28, "No space left on device")
        self.written += lines

    def close(self) -> None:
        self.closed = True


def note(count: int) -> bytes:
    return b"lost %d\n" % count


def hold_up(target: Target, writer: BackgroundWriter) -> None:
    """Make the writer's thread wait inside the target, with nothing left in its queue."""
    target.let_go.clear()
    target.entered.clear()
    assert writer.offer(b"first\n", urgent=False)
    assert target.entered.wait(PATIENCE_S)


def test_lines_are_written_in_order_and_all_before_it_closes() -> None:
    target = Target()
    writer = BackgroundWriter("t", target, loss_note=note)
    lines = [b"%d\n" % n for n in range(1000)]
    assert all(writer.offer(line, urgent=False) for line in lines)
    assert writer.close(PATIENCE_S)
    assert target.written == lines
    assert target.closed
    assert writer.stats().lines == 1000
    assert writer.stats().bytes == sum(map(len, lines))


def test_a_stuck_target_never_makes_the_caller_wait_and_the_loss_is_told() -> None:
    target = Target()
    writer = BackgroundWriter("t", target, loss_note=note, capacity_lines=10)
    hold_up(target, writer)
    accepted = [writer.offer(b"%d\n" % n, urgent=False) for n in range(20)]
    assert accepted == [True] * 8 + [False] * 12
    assert writer.offer(b"urgent\n", urgent=True)
    assert writer.stats().dropped == 12
    target.let_go.set()
    assert writer.close(PATIENCE_S)
    assert target.written == [b"first\n", b"lost 12\n", *(b"%d\n" % n for n in range(8)), b"urgent\n"]


def test_the_queue_is_bounded_in_bytes_too() -> None:
    target = Target()
    writer = BackgroundWriter("t", target, loss_note=note, capacity_bytes=100)
    hold_up(target, writer)
    assert writer.offer(b"x" * 79, urgent=False)
    assert not writer.offer(b"x" * 2, urgent=False)
    assert writer.offer(b"x" * 2, urgent=True)
    target.let_go.set()
    assert writer.close(PATIENCE_S)


def test_what_a_full_disk_refuses_is_counted_and_told_when_there_is_room_again() -> None:
    target = Target()
    writer = BackgroundWriter("t", target, loss_note=note)
    target.refuse = True
    writer.offer(b"a\n", urgent=False)
    assert writer.flush(PATIENCE_S)
    stats = writer.stats()
    assert (stats.errors, stats.dropped, stats.lines) == (1, 1, 0)
    assert "No space left" in stats.last_error
    target.refuse = False
    writer.offer(b"b\n", urgent=False)
    assert writer.close(PATIENCE_S)
    assert target.written == [b"lost 1\n", b"b\n"]


def test_flush_and_close_do_not_wait_for_ever() -> None:
    target = Target()
    writer = BackgroundWriter("t", target, loss_note=note)
    hold_up(target, writer)
    assert not writer.flush(0.0)
    assert not writer.close(0.0)
    assert not writer.offer(b"late\n", urgent=True)
    target.let_go.set()
    assert writer.close(PATIENCE_S)
