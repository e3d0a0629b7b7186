"""A deployment folder that version 0.1.0 left comes up on this version with the same positions, profit and orders.

`tests/data/deployment-0.1.0.tar.xz` is that folder: two strategies on the first 300 rows of a recording, seven
signals allowed and three denied by its own `risk.toml`, a dead letter, and a broker that was left REDUCING. The
JSON beside it is what version 0.1.0 showed last.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from alphapanda.testing.system import DeploymentSystem

pytestmark = pytest.mark.e2e

DATA = Path(__file__).parents[1] / "data"
VOLATILE = {"written_at"}
"""Said of the view, not of the books."""


@pytest.fixture
def shown_before() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads((DATA / "deployment-0.1.0.json").read_text())
    return found


def lasting(items: list[dict[str, Any]], like: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items with the fields that version 0.1.0 had, the volatile ones left out."""
    fields = {name for item in like for name in item} - VOLATILE
    return [{name: item[name] for name in sorted(fields)} for item in items]


@pytest.mark.parametrize("views", ["kept", "lost"])
def test_a_folder_of_the_version_before_goes_on(
    system: DeploymentSystem, shown_before: dict[str, list[dict[str, Any]]], views: str
) -> None:
    with tarfile.open(DATA / "deployment-0.1.0.tar.xz") as folder:
        folder.extractall(system.root, filter="data")
    if views == "lost":  # the log alone tells everything
        for file in (system.root / ".alphapanda" / "valkey" / "appendonlydir").iterdir():
            file.unlink()
    system("up", "--feed", "recorded", "--file", str(DATA / "nse-ticks.csv"), "--speed", "max")
    system.until(lambda: len(system.items("positions")) == len(shown_before["positions"]))

    for verb in ("positions", "pnl", "orders"):
        before = lasting(shown_before[verb], shown_before[verb])
        assert lasting(system.items(verb), shown_before[verb]) == before
    signals = [{name: item[name] for name in shown_before["signals"][0]} for item in system.items("signals")]
    assert signals == shown_before["signals"]
    (pnl,) = system.items("pnl")
    assert pnl["trading_state"] == "REDUCING"
    (letters,) = system.items("dlq", "list")
    assert (letters["topic"], letters["open"]) == ("paper.signals.raw.dlq", 1)
    system("state", "verify")
    assert all(lag["lag"] == 0 for lag in system.items("groups", "lag"))
