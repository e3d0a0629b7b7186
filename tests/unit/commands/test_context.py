"""What verbs start from."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError
from commands._context import Context
from commands._output import Output

Make = Callable[..., Context]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def context(**environ: str) -> Context:
        sink = Output(stdout=io.StringIO(), stderr=io.StringIO())
        return Context(deployment=Deployment(tmp_path), environ=environ, clock=SystemClock(), output=sink)

    return context


def test_settings_are_read_once(make: Make, tmp_path: Path) -> None:
    context = make(FEED__SEED="5")
    settings = context.settings()
    (tmp_path / "alphapanda.toml").write_text("broken")
    assert context.settings() is settings
    assert settings.feed.seed == 5


def test_wrong_settings_stop_the_verb(make: Make) -> None:
    with pytest.raises(ConfigError):
        make(FEED__SEED="x").settings()


def test_an_asynchronous_verb_gives_its_result(make: Make) -> None:
    async def work() -> int:
        return 3

    assert make().run(work()) == 3
