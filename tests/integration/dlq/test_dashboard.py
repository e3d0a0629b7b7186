"""What the dashboard does with dead letters, against a real Kafka and a group that fails and recovers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from alphapanda.errors import RefusedError
from alphapanda.model.control import AuditRecord, Outcome
from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.kinds import EventType
from alphapanda.operations.dead_letters.plan import ReplayOptions
from alphapanda.serialization.codec import decode
from commands.shell.context import Context
from tui.sources.control import ActionProgress, ActionResult, Disposition, Ending, Preview, Selection
from tui.sources.deployment_letters import DeadLetterActs, Permission

pytestmark = pytest.mark.kafka

FRESH = ReplayOptions(valid_for=timedelta(days=1))
REASON = "instruments are there"
Between = Callable[[], object]


def acts() -> DeadLetterActs:
    context = Context.of_process()
    return DeadLetterActs(context.deployment, context.settings(), context.clock, options=FRESH)


def letters_of(world: Any, letter_id: str = "") -> Selection:
    """What is selected on the DLQ screen: all that the group refused for one reason, or one alone."""
    return Selection(topic=f"{world.signals}.dlq", code="permanent", group=world.group, id=letter_id)


def act(
    letters: Selection, fate: Disposition, *, stop_at: str = "never", between: Between = lambda: None
) -> tuple[Preview, ActionResult, list[ActionProgress]]:
    """Prepare, say yes, and return what was shown, how it ended, and what was told meanwhile."""
    progress: list[ActionProgress] = []

    async def run() -> tuple[Preview, ActionResult]:
        stop = asyncio.Event()

        def tell(what: ActionProgress) -> None:
            progress.append(what)
            if what.text.startswith(stop_at):
                stop.set()

        async with acts().prepare(letters, fate) as offer:
            shown = offer.preview
            await asyncio.to_thread(between)
            return shown, await offer.carry_out(REASON, tell, stop)

    shown, told = asyncio.run(run())
    return shown, told, progress


def audits(world: Any, action: str) -> list[AuditRecord]:
    events = [decode(EventType.AUDIT_RECORDED, record.value or b"") for record in world.read("system.audit")]
    return [
        event.data
        for event in events
        if event.source == "tui" and event.data.action == action and world.broker in event.data.target
    ]


def states(world: Any) -> set[LedgerState]:
    return {entry.state for entry in world.ledger().values()}


def test_what_failed_is_shown_sent_again_confirmed_and_audited(world: Any) -> None:
    with world.group_at_work() as risk:
        signals = world.failing(4)
        shown, told, progress = act(letters_of(world), Disposition.REPLAY)
    assert (shown.touched, shown.sent, shown.groups, shown.typed) == (4, 4, (world.group,), "")
    assert shown.target == world.signals
    assert {(line.verdict, line.fate) for line in shown.lines} == {("new", "sent")}
    assert sum(line.count for line in shown.lines) == 4
    assert len(shown.first) == 4
    assert told.ending is Ending.WHOLE
    assert told.text == f"{world.signals}: 4 sent, 4 confirmed."
    assert progress[-1].done == progress[-1].total == 4
    assert {one.id: 1 for one in signals} == dict(risk.folded)
    assert states(world) == {LedgerState.CONFIRMED}
    (audit,) = audits(world, "dlq replay")
    assert (audit.outcome, audit.reason, audit.details["confirmed"]) == (Outcome.DONE, REASON, "4")


def test_one_alone_can_be_sent_again(world: Any) -> None:
    with world.group_at_work():
        world.failing(3)
        chosen = world.items(world.signals)[1]["id"]
        shown, _, _ = act(letters_of(world, chosen), Disposition.REPLAY)
    assert shown.touched == 1
    assert {key: entry.state for key, entry in world.ledger().items()} == {chosen: LedgerState.CONFIRMED}


def test_a_replay_that_is_stopped_is_gone_on_with(world: Any) -> None:
    with world.group_at_work():
        world.failing(3)
    _, told, _ = act(letters_of(world), Disposition.REPLAY, stop_at="the first one was sent")
    (run_id,) = {entry.moved.run_id for entry in world.ledger().values()}
    assert told.ending is Ending.STOPPED
    assert f"--run {run_id}" in told.hint
    assert len(world.read(world.signals)[3:]) == 1, "the first one, and nothing after it"
    with world.group_at_work():
        shown, told, _ = act(letters_of(world), Disposition.REPLAY)
    assert shown.resumes == run_id
    assert (told.ending, states(world)) == (Ending.WHOLE, {LedgerState.CONFIRMED})


def test_a_replay_that_is_stopped_at_once_sends_nothing(world: Any) -> None:
    with world.group_at_work():
        world.failing(2)
        _, told, _ = act(letters_of(world), Disposition.REPLAY, stop_at="looking once more")
    assert told == ActionResult("Stopped before anything was sent.", ending=Ending.STOPPED)
    assert len(world.read(world.signals)) == 2
    assert world.ledger() == {}


def test_what_comes_back_is_told(world: Any) -> None:
    with world.group_at_work() as risk:
        world.failing(3)
        risk.refuses = lambda event: event.type is EventType.SIGNAL_RAW
        _, told, _ = act(letters_of(world), Disposition.REPLAY)
    assert told.ending is Ending.PARTLY
    assert "1 came back" in told.text
    assert "the canary came back" in told.text
    assert told.hint == f"Why: alphapanda dlq reasons {world.signals}"


def test_what_was_processed_between_the_plan_and_the_yes_is_not_sent(world: Any) -> None:
    with world.group_at_work() as risk:
        (signal,) = world.failing(1)

        def process_it() -> None:
            world.write([world.record(signal)])
            world.until(lambda: risk.folded[signal.id])
            world.until(lambda: len(world.read(f"{world.broker}.signals.validated")) == 1)

        shown, told, _ = act(letters_of(world), Disposition.REPLAY, between=process_it)
    assert shown.sent == 1
    assert told.text == f"{world.signals}: 0 sent, 0 confirmed."
    assert len(world.read(world.signals)) == 2
    assert risk.folded[signal.id] == 1


@pytest.mark.parametrize(
    ("fate", "state"),
    [(Disposition.DISCARD, LedgerState.DISCARDED), (Disposition.QUARANTINE, LedgerState.QUARANTINED)],
)
def test_dead_letters_are_set_aside_and_brought_back(world: Any, fate: Disposition, state: LedgerState) -> None:
    value = msgspec.json.encode(world.signal(1))
    world.write([world.dead_letter(value, 0), world.dead_letter(value, 1)])
    shown, told, _ = act(letters_of(world), fate)
    assert (shown.touched, shown.sent) == (2, 0)
    assert told.text.startswith(f"2 dead letters of {world.signals}.dlq ")
    assert states(world) == {state}
    (audit,) = audits(world, f"dlq {fate}")
    assert (audit.outcome, audit.details["records"]) == (Outcome.DONE, "2")
    assert told.hint == f"Undo: alphapanda dlq undo {audit.details['run_id']}"
    assert act(letters_of(world), fate)[0].touched == 0
    assert world.run("undo", audit.details["run_id"], "--yes").code == 0
    assert states(world) == {LedgerState.OPEN}


def test_only_one_is_at_work_on_a_topic(world: Any) -> None:
    world.write([world.dead_letter(msgspec.json.encode(world.signal(1)), 0)])

    def the_command_line_too() -> None:
        assert world.run("discard", world.signals, "--reason", "x", "--yes").code == 5

    async def twice() -> None:
        async with acts().prepare(letters_of(world), Disposition.DISCARD):
            await asyncio.to_thread(the_command_line_too)
            async with acts().prepare(letters_of(world), Disposition.REPLAY):
                raise AssertionError("two are at work")

    with pytest.raises(RefusedError, match="at work"):
        asyncio.run(twice())
    assert world.ledger() == {}


def test_both_faces_ask_for_the_topic_and_record_a_refusal(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that is not configured on paper here may be anything."""
    world.write([world.dead_letter(msgspec.json.encode(world.signal(1)), 0)])
    world.deployment.config_file.write_text('[brokers.paper]\nkind = "paper"\n')
    monkeypatch.setenv("ACTIVE_BROKERS", "paper")
    why = ("--yes", "--reason", REASON)
    assert world.run("discard", world.signals, *why, "--confirm", world.broker).code == 5

    async def with_another_name() -> None:
        async with acts().prepare(letters_of(world), Disposition.DISCARD) as offer:
            assert offer.preview.typed == world.signals
            monkeypatch.setattr(Permission, "typed", world.broker)
            await offer.carry_out(REASON, lambda _progress: None, asyncio.Event())

    with pytest.raises(RefusedError, match=f"needs the name {world.signals}"):
        asyncio.run(with_another_name())
    assert world.ledger() == {}
    events = [decode(EventType.AUDIT_RECORDED, record.value or b"") for record in world.read("system.audit")]
    mine = [(one.source, one.data.outcome) for one in events if world.broker in one.data.target]
    assert mine == [("cli", Outcome.REFUSED), ("tui", Outcome.REFUSED)]
