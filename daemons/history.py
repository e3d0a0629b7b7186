"""Reads from the log the ticks that a paper trader no longer remembers (`alphapanda.execution.quotes`)."""

from __future__ import annotations

from alphapanda.errors import PermanentError
from alphapanda.execution.paper import PaperTraderStage
from alphapanda.execution.quotes import HistoryRequest
from alphapanda.kafka.log import Log
from alphapanda.kafka.reading import read_all
from alphapanda.model.envelope import Event
from alphapanda.model.records import Partition, Record
from alphapanda.pipeline.topic_routing import Routes

PIECE = 20_000
"""Records read for one request before a batch; the rest is asked for again."""


class HistorySupplier:
    """Answers a stage's requests; awaited before each batch, when there is almost never one.

    Args:
        log: what is read.
        routes: decodes it.
        stage: what asks.
        topic: of ticks.
    """

    def __init__(self, log: Log, routes: Routes, stage: PaperTraderStage, topic: str) -> None:
        self._log = log
        self._routes = routes
        self._stage = stage
        self._topic = topic

    async def __call__(self) -> None:
        """Supply what is missing, or say that it is gone."""
        for request in self._stage.missing_history():
            await self._supply(request)

    async def _supply(self, request: HistoryRequest) -> None:
        partition = Partition(self._topic, request.partition)
        beginning = (await self._log.beginnings([partition]))[partition]
        if request.first_offset < beginning:
            self._stage.abandon_history(
                request, f"{partition} begins at {beginning}: the ticks from {request.first_offset} on are gone"
            )
            return
        piece = request.up_to(request.first_offset + PIECE - 1)
        start, end = {partition: piece.first_offset}, {partition: piece.last_offset + 1}
        key = str(request.instrument_token).encode()
        records = await read_all(self._log, start, end)
        self._stage.supply_history(piece, [tick for r in records if r.key == key and (tick := self._tick(r))])

    def _tick(self, record: Record) -> Event | None:
        """Return a tick; None for a record that is none, which the runner dead-letters where it comes by it."""
        try:
            return self._routes.read(record)
        except PermanentError:
            return None
