"""Commands, what they are for, and the switch that obeys each of them once."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from alphapanda.errors import MisroutedError
from alphapanda.ids import BrokerId, ClientOrderId, EventId, InstrumentId, StrategyId, derive_event_id
from alphapanda.model.control import EVERYTHING, Command, ControlCommand, ControlEvent, Done, Scope
from alphapanda.model.envelope import Event, EventEnvelope, trace_id_of
from alphapanda.model.kinds import EventType, TradingState
from alphapanda.model.trading_state import TradingStateMachine

PAPER = BrokerId("paper")
EMA, INFY, ORDER = StrategyId("ema"), InstrumentId("NSE:INFY"), ClientOrderId("o1")


def command(which: Command, n: int = 0, *, broker: BrokerId = PAPER, actor: str = "meera") -> Event:
    event_id = derive_event_id("command", which, n)
    return Event(
        EventEnvelope(
            id=event_id,
            type=EventType.CONTROL_COMMAND,
            ts=datetime(2025, 11, 17, tzinfo=UTC),
            key=broker,
            source="cli",
            broker=PAPER,
            correlation_id=event_id,
            trace_id=trace_id_of(event_id),
            data=ControlCommand(command=which, broker=broker, actor=actor, reason="drill"),
        )
    )


def obey(switch: TradingStateMachine, event: Event) -> tuple[Event, ...]:
    told = switch.decide(event)
    switch.evolve(event)
    for one in told:
        switch.evolve(one)
    return told


@pytest.fixture
def switch() -> TradingStateMachine:
    return TradingStateMachine(PAPER, "trader.paper")


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (EVERYTHING, True),
        (Scope(strategy_id=EMA), True),
        (Scope(strategy_id=EMA, instrument=INFY, client_order_id=ORDER), True),
        (Scope(strategy_id=StrategyId("rsi")), False),
        (Scope(strategy_id=EMA, instrument=InstrumentId("NSE:TCS")), False),
        (Scope(client_order_id=ClientOrderId("o2")), False),
    ],
)
def test_a_scope_covers_what_is_like_all_that_it_says(scope: Scope, covered: bool) -> None:
    assert scope.covers(EMA, INFY, ORDER) is covered


def test_a_scope_of_one_order_covers_no_position() -> None:
    assert not Scope(client_order_id=ORDER).covers(EMA, INFY)


def test_a_scope_in_words() -> None:
    assert str(EVERYTHING) == "everything"
    assert str(Scope(strategy_id=EMA, instrument=INFY)) == "strategy ema, instrument NSE:INFY"
    assert str(Scope(client_order_id=ORDER)) == "order o1"


def test_what_was_done_in_words() -> None:
    assert str(Done(cancelled=2, too_late=1)) == "2 cancelled, 1 too late"
    assert str(Done()) == "nothing to do"


def test_three_commands_lead_to_a_state_and_two_to_none() -> None:
    assert [one.leads_to for one in Command] == [*_STATES, None, None]


_STATES = [TradingState.HALTED, TradingState.REDUCING, TradingState.ACTIVE]


@pytest.mark.parametrize("which", [Command.CANCEL, Command.FLATTEN])
def test_a_command_without_a_state_leaves_it_and_its_author(switch: TradingStateMachine, which: Command) -> None:
    obey(switch, command(Command.HALT, actor="asha"))
    (told,) = obey(switch, command(which))
    assert (told.data.before, told.data.after) == (TradingState.HALTED, TradingState.HALTED)
    assert (told.data.command, told.data.actor) == (which, "meera")
    assert switch.why == "HALTED by asha: drill"


@pytest.mark.parametrize("which", list(Command))
def test_a_command_is_obeyed_once(switch: TradingStateMachine, which: Command) -> None:
    event = command(which)
    assert switch.is_new(event)
    assert len(obey(switch, event)) == 1
    assert not switch.is_new(event)
    assert obey(switch, event) == ()


def test_what_was_done_is_told(switch: TradingStateMachine) -> None:
    (told,) = switch.decide(command(Command.CANCEL), Done(cancelled=3))
    assert told.data.done == Done(cancelled=3)


def test_what_was_obeyed_alone_brings_the_state_back(switch: TradingStateMachine) -> None:
    """The log may hold what was obeyed when the command itself is gone."""
    halt, cancel = switch.decide(command(Command.HALT)), switch.decide(command(Command.CANCEL, actor="ravi"))
    for told in (*halt, *cancel):
        switch.evolve(told)
    assert switch.why == "HALTED by meera: drill"
    assert not switch.is_new(command(Command.CANCEL))


def test_a_record_that_is_older_than_its_command_field_is_followed(switch: TradingStateMachine) -> None:
    (told,) = switch.decide(command(Command.REDUCE))
    old: ControlEvent = told.data
    fields = {name: getattr(old, name) for name in old.__struct_fields__ if name not in {"command", "done"}}
    switch.evolve(Event(msgspec.structs.replace(told.envelope, data=ControlEvent(**fields))))
    assert switch.state is TradingState.REDUCING


def test_another_brokers_command_is_refused(switch: TradingStateMachine) -> None:
    other = command(Command.CANCEL, broker=BrokerId("zerodha"))
    with pytest.raises(MisroutedError):
        switch.is_new(other)
    with pytest.raises(MisroutedError):
        switch.decide(other)


def test_a_snapshot_keeps_what_was_obeyed(switch: TradingStateMachine) -> None:
    event = command(Command.CANCEL)
    obey(switch, event)
    again = TradingStateMachine(PAPER, "trader.paper")
    again.load(switch.dump())
    assert not again.is_new(event)
    assert EventId(event.id) in again.dump().obeyed
