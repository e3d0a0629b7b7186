from __future__ import annotations

import io
import threading

import msgspec

from alphapanda.infra.progress import BarProgress, JsonProgress, NoProgress, ProgressLine, progress_for


def lines(stream: io.StringIO) -> list[ProgressLine]:
    return [msgspec.json.decode(line, type=ProgressLine) for line in stream.getvalue().splitlines()]


def test_off_a_terminal_each_twentieth_is_a_json_line() -> None:
    stream = io.StringIO()
    progress = progress_for(stream)
    assert isinstance(progress, JsonProgress)
    with progress.task("jars", 1_000) as advance:
        for _ in range(1_000):
            advance(1)
    progress.note("done")
    found = lines(stream)
    assert [line.done for line in found[:-1]] == list(range(0, 1_001, 50))
    assert found[-1] == ProgressLine("note", "done")


def test_threads_may_advance_together() -> None:
    stream = io.StringIO()
    with JsonProgress(stream).task("jars", 800) as advance:
        threads = [threading.Thread(target=lambda: [advance(1) for _ in range(100)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert lines(stream)[-1].done == 800


def test_nothing_to_do_is_shown_as_well() -> None:
    stream = io.StringIO()
    with JsonProgress(stream).task("jars", 0) as advance:
        advance(0)
    assert lines(stream)[0].total == 0


def test_on_a_terminal_there_is_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    progress = progress_for(stream)
    assert isinstance(progress, BarProgress)
    with progress.task("Kafka", 100) as advance:
        advance(100)
    with progress.task("steps", 2, "steps") as advance:
        advance(2)
    progress.note("over")
    assert "Kafka" in stream.getvalue()
    assert "2/2" in stream.getvalue()
    assert stream.getvalue().endswith("over\n")


def test_no_progress_is_silent() -> None:
    with NoProgress().task("jars", 1) as advance:
        advance(1)
    NoProgress().note("nothing")
