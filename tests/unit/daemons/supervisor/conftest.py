from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alphapanda.infra.base import ChildSpec
from alphapanda.model.process_status import UnitKind
from daemons.supervisor.plan import ProcessSpec

MakeSpec = Callable[..., ProcessSpec]


async def _ready() -> None:
    return None


@pytest.fixture
def make_spec(tmp_path: Path) -> MakeSpec:
    def make(name: str, *needs: str, argv: tuple[str, ...] = ("true",), **rest: object) -> ProcessSpec:
        child = ChildSpec(
            name=name,
            argv=argv,
            env={},
            cwd=tmp_path,
            log_file=tmp_path / f"{name}.txt",
            identity_file=tmp_path / f"{name}.json",
            ready=_ready,
        )
        return ProcessSpec(child=child, kind=UnitKind.DAEMON, needs=needs, **rest)  # type: ignore[arg-type]

    return make
