"""How a broker stands, as the log tells."""

from __future__ import annotations

from alphapanda.model.control import ControlEvent, Scope
from alphapanda.model.kinds import EventType, TradingState
from alphapanda.operations.control.broker_log import BrokerLog
from alphapanda.operations.control.exits import held
from alphapanda.operations.control.results import Standing

RECENT_EVENTS = 256
"""So many are looked through for the one that brought the trading state about."""


async def standing_of(log: BrokerLog, scope: Scope) -> Standing:
    """Return what a broker may do by its trader's word, and what it holds by its newest profit snapshot."""
    trader = f"trader.{log.broker}"
    told: list[ControlEvent] = [e.data for e in await log.newest(EventType.CONTROL_EVENT, RECENT_EVENTS)]
    mine = [event for event in told if event.service == trader]
    snapshots = await log.newest(EventType.PNL_SNAPSHOT, 1)
    return Standing(
        broker=log.broker,
        state=mine[-1].after if mine else TradingState.ACTIVE,
        why=_why(mine),
        positions=held(snapshots[-1].data if snapshots else None, scope),
    )


def _why(told: list[ControlEvent]) -> str:
    for event in reversed(told):
        if event.command is None or event.command.leads_to is not None:
            return f"{event.after} by {event.actor}: {event.reason}"
    return told[-1].after if told else TradingState.ACTIVE
