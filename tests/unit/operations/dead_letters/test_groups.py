"""Groups of ours, and who is behind them."""

from __future__ import annotations

import pytest

from alphapanda.deployment import Deployment
from alphapanda.operations.dead_letters.groups import STRATEGIES, daemon_of, snapshot_key
from alphapanda.settings import load
from alphapanda.settings.sections import ProcessLayout
from daemons.catalogue import services


@pytest.mark.parametrize("layout", list(ProcessLayout))
def test_the_daemon_that_is_named_is_one_that_runs(deployment: Deployment, layout: ProcessLayout) -> None:
    settings = load(deployment, {"PROCESS_LAYOUT": layout.value}).settings
    running = {spec.name for spec in services(settings)}
    named = {daemon_of(group, settings.process_layout) for group in (STRATEGIES, "paper.risk", "paper.trader")}
    assert named == running - {"feed"}


def test_a_snapshot_has_its_services_name_in_every_layout() -> None:
    assert snapshot_key("paper.risk") == "paper:snapshot:risk.paper"
    assert snapshot_key("paper.trader") == "paper:snapshot:trader.paper"


@pytest.mark.parametrize("group", ["somebody.else", "risk", "", ".risk"])
@pytest.mark.parametrize("layout", list(ProcessLayout))
def test_groups_that_are_not_ours_have_no_daemon(group: str, layout: ProcessLayout) -> None:
    assert not daemon_of(group, layout)
