from __future__ import annotations

from pathlib import Path

from daemons.supervisor.inspection import keep_bounded, last_line, size_of, tail_lines


def test_the_tail_begins_where_the_run_began(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("of the run before\n")
    start = size_of(path)
    with path.open("a") as output:
        output.write("".join(f"line {n}\n" for n in range(30)))
    assert tail_lines(path, since=start)[0] == "line 10"
    assert tail_lines(path, since=start, limit=100)[0] == "line 0"


def test_no_file_has_no_tail(tmp_path: Path) -> None:
    assert tail_lines(tmp_path / "none") == ()
    assert size_of(tmp_path / "none") == 0


def test_a_file_that_was_cut_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("after the cut\n")
    assert tail_lines(path, since=10_000) == ("after the cut",)


def test_a_full_file_keeps_its_end_and_its_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with path.open("ab", buffering=0) as writer:
        for n in range(1_000):
            writer.write(f"line {n}\n".encode())
        assert keep_bounded(path, limit=1_000, kept=200)
        assert size_of(path) == 200
        writer.write(b"after\n")
    lines = tail_lines(path)
    assert lines[-2:] == ("line 999", "after")
    assert not keep_bounded(path, limit=1_000, kept=200)


def test_the_last_line_that_says_something() -> None:
    assert last_line("one\ntwo\n\n  \n") == "two"
    assert last_line("") == ""
