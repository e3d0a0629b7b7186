"""A deployment in a temporary folder, and a way to load it and read what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alphapanda.deployment import Deployment
from alphapanda.settings import InvalidSettingsError, load

Problems = Callable[..., list[str]]


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file of the deployment, readable by its owner alone."""

    def write_file(name: str, text: str) -> Path:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
        return file

    return write_file


@pytest.fixture
def problems(deployment: Deployment) -> Problems:
    """Load with these variables and return every problem, as people read it."""

    def find(**environ: str) -> list[str]:
        with pytest.raises(InvalidSettingsError) as caught:
            load(deployment, environ)
        return [str(problem) for problem in caught.value.problems]

    return find
