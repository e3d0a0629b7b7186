"""What the reading verbs share: the brokers meant, the servers' addresses, and refreshing with --watch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from alphapanda.errors import UnknownNameError
from alphapanda.ids import BrokerId
from commands.shell.context import Context
from commands.shell.output import Column, Style

if TYPE_CHECKING:
    from alphapanda.infra.base import Endpoints
    from alphapanda.kafka.client import KafkaOptions
    from alphapanda.state.views import Views

CLEAR = "\x1b[H\x1b[2J"
STALE_S = 5.0


@dataclass(frozen=True, slots=True)
class Table:
    """One table to show.

    Attributes:
        kind: what the items are, in JSON.
        rows: raw values, for programs.
        shown: the same rows as people read them.
        columns: for people.
        empty: what people are told when there is no row.
        footer: lines under the table.
    """

    kind: str
    rows: Sequence[Mapping[str, object]]
    shown: Sequence[Mapping[str, object]]
    columns: Sequence[Column]
    empty: str
    footer: Sequence[str] = ()


def chosen_brokers(context: Context, broker: str | None) -> tuple[BrokerId, ...]:
    """Return the named broker, or all active ones; raises UnknownNameError."""
    settings = context.settings()
    if broker is None:
        return tuple(BrokerId(name) for name in settings.active_brokers)
    return (known_broker(context, broker),)


def known_broker(context: Context, name: str) -> BrokerId:
    """Return a configured broker; raises UnknownNameError."""
    settings = context.settings()
    if name not in settings.brokers:
        raise UnknownNameError("broker", name, settings.brokers)
    return BrokerId(name)


def endpoints_of(context: Context) -> Endpoints:
    """Return the servers' addresses; raises CheckFailedError for a deployment that was never started."""
    from alphapanda.operations import servers

    return servers.endpoints_of(context.deployment, context.settings(), context.clock)


def kafka_options(context: Context, client: str) -> KafkaOptions:
    """Return how the command line reaches Kafka."""
    from alphapanda.operations import servers

    return servers.kafka_options(context.deployment, context.settings(), context.clock, client)


@asynccontextmanager
async def open_views(context: Context) -> AsyncIterator[Views]:
    """Open the brokers' views; raises RedisUnreachableError when nothing runs."""
    from alphapanda.state.store import open_redis
    from alphapanda.state.views import Views

    async with open_redis(endpoints_of(context).redis_url, retries=0) as client:
        yield Views(client)


async def show(context: Context, look: Callable[[], Awaitable[Table]], *, watch: bool, interval: float) -> None:
    """Show a table once, or refresh it until Ctrl-C."""
    import asyncio

    output = context.output
    while True:
        table = await look()
        if watch and output.as_json:
            output.json_line(table.kind, {"items": table.rows})
        elif output.as_json:
            output.document(table.kind, {"items": table.rows})
        else:
            if watch and output.stdout.isatty():
                output.stdout.write(CLEAR)
            if table.shown:
                output.lines([*output.render(table.shown, table.columns), *table.footer])
            else:
                output.say(table.empty)
        if not watch:
            return
        await asyncio.sleep(interval)


def age_line(context: Context, broker: str, written_at: datetime) -> str:
    """Return a view's age, with a note when it is stale."""
    age = (context.clock.now() - written_at).total_seconds()
    note = "" if age < STALE_S else " - nothing changed since, or its trader is not running: alphapanda status"
    return f"{broker}: as of {age:.1f} s ago{note}"


def gain_style(value: object) -> Style | None:
    """Colour gains and losses; their sign and arrow say the same."""
    text = str(value)
    return Style.GOOD if text.endswith("▲") else Style.BAD if text.endswith("▼") else None


def gain(amount: Decimal) -> str:
    """Return a profit with its sign and arrow."""
    from alphapanda.rupees import rupees, trend

    return f"{rupees(amount, signed=True)} {trend(amount)}".rstrip()
