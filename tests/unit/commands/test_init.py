"""`alphapanda init` writes starters that are valid, private where they must be, and never over what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
FILES = ("alphapanda.toml", "strategies.toml", "risk.toml", "dlq-policy.toml", ".env")


def test_it_writes_all_starters_and_they_are_valid(home: Path, call: Call) -> None:
    assert call("init").code == 0
    assert sorted(path.name for path in home.iterdir()) == sorted(FILES)
    assert (home / ".env").stat().st_mode & 0o777 == 0o600
    assert call("config", "check").code == 0


def test_it_keeps_what_is_there(home: Path, call: Call) -> None:
    (home / "risk.toml").write_text("# mine\n")
    ended = call("init")
    assert (ended.code, ended.out) == (0, "")
    assert "kept" in ended.err
    assert (home / "risk.toml").read_text() == "# mine\n"


def test_force_writes_over_and_narrows_the_mode(home: Path, call: Call) -> None:
    (home / ".env").write_text("FEED__SEED=1\n")
    (home / ".env").chmod(0o644)
    assert call("init", "--force").code == 0
    assert "FEED__SEED=42" in (home / ".env").read_text()
    assert (home / ".env").stat().st_mode & 0o777 == 0o600


def test_it_makes_the_folder(home: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPHAPANDA_HOME", str(home / "deep/new"))
    assert call("init").code == 0
    assert (home / "deep/new/alphapanda.toml").is_file()


def test_a_folder_that_cannot_be_written_is_said_in_a_line(
    home: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("ALPHAPANDA_HOME", str(home / "file"))
    ended = call("init")
    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert "Unexpected" not in ended.err
