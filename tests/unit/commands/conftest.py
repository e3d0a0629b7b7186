"""The command line called in this process, in a deployment of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from commands.main import main


@dataclass(frozen=True)
class Ended:
    """How a call ended: its exit code, its data and its words."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return the data as a document."""
        return json.loads(self.out)


Call = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty deployment that the command line works in; nothing of the machine's own environment."""
    for name in ("ACTIVE_BROKERS", "NO_COLOR", "SETTINGS__ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALPHAPANDA_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def call(home: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call `alphapanda` with these words."""
    assert home.is_dir()

    def run(*words: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(words)
        captured = capsys.readouterr()
        code = ended.value.code
        return Ended(int(code or 0), captured.out, captured.err)

    return run
