"""`alphapanda signals`: the strategies' signals with risk's verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from alphapanda.errors import PermanentError
from alphapanda.ids import BrokerId
from alphapanda.kafka.client import open_read_log
from alphapanda.kafka.reading import follow, newest
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Record
from alphapanda.model.signal import SignalRejected
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.serialization.codec import to_jsonable
from alphapanda.serialization.codec_factory import reading_codec
from alphapanda.settings.model import catalogue_of
from commands.shell.context import Context
from commands.shell.options import BrokerOption, JsonOption, LimitOption
from commands.shell.output import Column, Style
from commands.shell.reading import chosen_brokers, kafka_options

WatchSignals = Annotated[bool, typer.Option("--watch", "-w", help="Follow new signals until Ctrl-C.")]
RejectedOption = Annotated[bool, typer.Option("--rejected", help="Only signals that risk denied.")]
REMEMBERED = 10_000
"""How many events are known to have been shown."""

_STYLES = {"validated": Style.GOOD, "rejected": Style.BAD}
COLUMNS = (
    Column("time", "TIME (IST)"),
    Column("broker", "BROKER"),
    Column("strategy", "STRATEGY"),
    Column("instrument", "INSTRUMENT"),
    Column("side", "SIDE"),
    Column("quantity", "QUANTITY", right=True),
    Column("intent", "INTENT"),
    Column("verdict", "RISK", style=lambda verdict: _STYLES.get(str(verdict))),
    Column("why", "WHY"),
)


def register(app: typer.Typer) -> None:
    """Add `signals`."""
    app.command("signals")(signals)


def signals(
    call: typer.Context,
    broker: BrokerOption = None,
    rejected: RejectedOption = False,
    limit: LimitOption = 50,
    json: JsonOption = False,
    watch: WatchSignals = False,
) -> None:
    """List signals with risk's verdict; a denial shows its code, the value and the limit.

    Example: alphapanda signals --rejected --watch
    """
    context = Context.of(call, json=json)
    context.run(_show(context, broker, rejected=rejected, limit=limit, watch=watch))


async def _show(context: Context, broker: str | None, *, rejected: bool, limit: int, watch: bool) -> None:

    settings = context.settings()
    routes = Routes(catalogue_of(settings), None, reading_codec(settings))
    topics = _topics(routes, chosen_brokers(context, broker), rejected=rejected)
    async with open_read_log(kafka_options(context, "signals")) as log:
        records, ends = await newest(log, topics, limit)
        verdicts = _Verdicts(routes)
        _report(context, verdicts.rows(records)[-limit:], first=True, watch=watch)
        if watch:
            async for news in follow(log, ends):
                _report(context, verdicts.rows(news), first=False, watch=True)


class _Verdicts:
    """Records as rows, each event once: a dead letter that was sent again stands in the log a second time."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._shown: dict[str, None] = {}

    def rows(self, records: Sequence[Record]) -> list[dict[str, object]]:
        """Return the rows of those that were not shown yet."""
        rows = []
        for record in records:
            event_id, row = _row(self._routes, record)
            if event_id is None or event_id not in self._shown:
                rows.append(row)
            if event_id is not None:
                self._remember(event_id)
        return rows

    def _remember(self, event_id: str) -> None:
        self._shown[event_id] = None
        if len(self._shown) > REMEMBERED:
            del self._shown[next(iter(self._shown))]


def _topics(routes: Routes, brokers: Sequence[BrokerId], *, rejected: bool) -> list[str]:

    kinds = [EventType.SIGNAL_REJECTED] if rejected else [EventType.SIGNAL_VALIDATED, EventType.SIGNAL_REJECTED]
    return [routes.topic(kind, broker) for broker in brokers for kind in kinds]


def _row(routes: Routes, record: Record) -> tuple[str | None, dict[str, object]]:
    """Return the id of the event in a record, None where there is none, and its row."""
    try:
        event = routes.read(record)
    except PermanentError as error:
        why, position = str(error), str(record.position)
        return None, {"time": None, "verdict": "undecodable", "why": why, "position": position}
    data = event.data
    denied = isinstance(data, SignalRejected)
    why = f"{data.code.value}: {data.message}" if denied else data.signal.reason
    return event.id, {
        "time": event.envelope.ts,
        "broker": event.envelope.broker,
        "strategy": data.signal.strategy_id,
        "instrument": data.signal.instrument,
        "side": data.signal.side.value,
        "quantity": data.signal.quantity,
        "intent": data.signal.intent.value,
        "verdict": "rejected" if denied else "validated",
        "why": why,
        "position": str(record.position),
        "event": to_jsonable(event.envelope),
    }


def _report(context: Context, rows: Sequence[Mapping[str, object]], *, first: bool, watch: bool) -> None:
    output = context.output
    if output.as_json:
        if watch:
            for row in rows:
                output.json_line("signal", row)
        else:
            output.document("signals", {"items": rows})
    elif rows:
        lines = output.render(rows, COLUMNS)
        output.lines(lines if first else lines[1:])
    elif first:
        output.say("No signal yet.")
