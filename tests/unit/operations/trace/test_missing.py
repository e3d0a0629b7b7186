"""Why nothing followed: not read yet, never run, or read and passed over."""

from __future__ import annotations

import pytest

from alphapanda.ids import BrokerId
from alphapanda.model.envelope import LogPosition
from alphapanda.model.records import Partition, Record
from alphapanda.operations.trace.decision import cause_of
from alphapanda.operations.trace.missing import GroupPositions, branch_gaps
from alphapanda.operations.trace.report import BrokerTrace, DecisionTrace, MissingEvent, TraceReport, TraceStep
from topics.services import risk_of, trader_of

AT = LogPosition("paper.signals.raw", 0, 7)
PAPER = BrokerId("paper")


@pytest.mark.parametrize(
    ("committed", "pending", "words"),
    [
        ({}, True, "has never committed anything"),
        ({Partition("paper.signals.raw", 0): 7}, True, "has not read paper.signals.raw:0:7 yet, its offset is 7"),
        (
            {Partition("paper.signals.raw", 0): 8},
            False,
            "has read past paper.signals.raw:0:7 but produced no verdict",
        ),
    ],
)
def test_where_a_group_stands_is_the_reason(committed: dict[Partition, int], pending: bool, words: str) -> None:
    why, may_come = GroupPositions({"paper.risk": committed}).why_not(risk_of(PAPER).group, AT, "verdict")
    assert may_come is pending
    assert words in why
    assert trader_of(PAPER).group == "paper.trader"


def test_without_any_record_the_signal_is_what_is_missing() -> None:
    (gap,) = branch_gaps(PAPER, [], [], GroupPositions({}))
    assert gap.step is TraceStep.SIGNAL
    assert not gap.pending


@pytest.mark.parametrize(("pending", "whole"), [(True, True), (False, False)])
def test_a_story_is_whole_if_only_what_may_still_come_is_missing(pending: bool, whole: bool) -> None:
    gap = MissingEvent(TraceStep.FILL, "waits", pending)
    for story in (
        TraceReport(asked="x", is_what="x", gaps=[gap]),
        TraceReport(asked="x", is_what="x", decisions=[DecisionTrace("d", None, (gap,), ())]),
        TraceReport(
            asked="x", is_what="x", decisions=[DecisionTrace("d", None, (), (BrokerTrace(PAPER, (), (gap,)),))]
        ),
    ):
        assert story.is_whole is whole


@pytest.mark.parametrize(
    ("header", "position"),
    [
        (b"market.ticks:1:37", LogPosition("market.ticks", 1, 37)),
        (b"timer", None),
        (b"market.ticks:x:37", None),
        (b"37", None),
        (None, None),
    ],
)
def test_the_cause_that_a_record_names(header: bytes | None, position: LogPosition | None) -> None:
    headers = () if header is None else (("ap-cause", header),)
    assert cause_of(Record(Partition("t", 0), 0, 0, None, None, headers)) == position
