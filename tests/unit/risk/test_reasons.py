"""The page of reason codes is the enum's, and names checks and limits that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alphapanda.model.signal import DenialCode
from alphapanda.risk.limits import RiskLimits
from alphapanda.risk.reasons import REASONS, render

PAGE = Path(__file__).parents[3] / "docs" / "reason-codes.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == render()


def test_every_code_is_explained() -> None:
    assert set(REASONS) == set(DenialCode)


def test_every_limit_decides_some_code() -> None:
    named = {name for said in REASONS.values() for name in said.limit.split(", ") if name}
    assert named == set(RiskLimits.__struct_fields__)


def test_the_checks_named_are_those_that_run(make: Any) -> None:
    (verdict,) = make.run(make.stage(), [make.signal()])
    ran = {result.check for result in verdict.data.checks} | {"market_lag"}
    assert {check for said in REASONS.values() for check in said.check.split(", ")} == ran
