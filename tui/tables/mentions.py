"""Which log lines speak of a row."""

from __future__ import annotations

from dataclasses import dataclass

from alphapanda.model.process_status import ProcessStatus
from tui.store.dead_letters import DeadLetterRow, ReasonRow
from tui.store.money import PositionRow, StrategyRow
from tui.store.orders import OrderRow
from tui.store.signals import SignalRow
from tui.store.topics import TopicRow


@dataclass(frozen=True, slots=True)
class Mentions:
    """What to look for.

    Attributes:
        about: what the lines speak of, for people.
        filter: as typed after `/`; empty where a service is asked for.
        service: whose lines; empty where they are anybody's.
    """

    about: str
    filter: str = ""
    service: str = ""


def mentions_of(row: object) -> Mentions | None:
    """Return how to find the lines that speak of a row; None where no line can."""
    if isinstance(row, ProcessStatus):
        return Mentions(row.name, service=row.name)
    found = _words_of(row)
    return None if found is None else Mentions(*found)


def _words_of(row: object) -> tuple[str, str] | None:
    """Return what a row is, for people, and a filter for lines with its name or one of its ids."""
    found: tuple[str, str] | None = None
    match row:
        case OrderRow(order=order):
            ids = [str(order.client_order_id), str(order.venue_order_id or ""), row.correlation_id]
            found = f"order {order.client_order_id}", _any(ids)
        case SignalRow():
            found = f"decision {row.correlation_id}", _any([row.id, row.correlation_id])
        case StrategyRow(strategy=name):
            found = f"strategy {name}", name
        case PositionRow(position=position):
            found = f"strategy {position.strategy_id}", str(position.strategy_id)
        case TopicRow(name=name) | ReasonRow(topic=name):
            found = f"topic {name}", name
        case DeadLetterRow(failure=failure):
            place = f"{failure.topic}:{failure.partition}:{failure.offset}"
            found = place, place
        case _:
            pass
    return found


def _any(ids: list[str]) -> str:
    """Return a filter for lines with any of some ids."""
    return "|".join(dict.fromkeys(one for one in ids if one))
