"""Topics in Avro, on a real Kafka; the registry is away at first."""

from __future__ import annotations

import json
import socket
from typing import Any

import msgspec
import pytest
from aiohttp import web

from alphapanda.model.kinds import EventType
from alphapanda.serialization.avro import AvroCodec
from alphapanda.serialization.codec import decode
from alphapanda.serialization.schema_files import schema_text

pytestmark = pytest.mark.kafka

KINDS = {7: EventType.ORDER_SUBMITTED, 8: EventType.SIGNAL_RAW}
"""Which schema has which id."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Registry:
    """Answers what a registry answers to who only reads."""

    def __init__(self) -> None:
        self.handle = free_port()
        self.asked: list[str] = []
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.handle).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path == "/subjects":
            return web.json_response([])
        kind = KINDS.get(int(request.path.rsplit("/", 1)[1]))
        if kind is None:
            return web.json_response({"error_code": 40403, "message": "Schema not found"}, status=404)
        return web.json_response({"schema": schema_text(kind)})


async def test_events_in_avro_are_read_once_their_registry_answers(
    environ: dict[str, str], writer: Any, make_event: Any, dashboard: Any, until: Any, screen: Any, is_up: Any
) -> None:
    broker, registry = writer.broker, Registry()
    topics = {
        EventType.ORDER_SUBMITTED: f"{broker}.orders.submitted",
        EventType.SIGNAL_RAW: f"{broker}.signals.raw",
    }
    codec = AvroCodec({topics[kind]: number for number, kind in KINDS.items()}, lambda n: schema_text(KINDS[n]))

    async def put(kind: EventType, **data: Any) -> int:
        number: int = next(writer.numbers)
        event = decode(kind, msgspec.json.encode(make_event(kind, broker, number, **data)))
        value = codec.encoder(topics[kind])(event)
        assert value[:1] == b"\x00"
        await writer.raw(topics[kind], value)
        return number

    first = await put(EventType.ORDER_SUBMITTED)
    json_too = await writer.put("orders.submitted", EventType.ORDER_SUBMITTED)
    app = dashboard(
        environ | {"SERIALIZATION__FORMAT": "avro", "SCHEMA_REGISTRY_URL": f"http://127.0.0.1:{registry.handle}"}
    )
    try:
        async with app.run_test(size=(160, 50)) as pilot:
            await until(pilot, lambda: is_up(app, "Kafka") and f"o{json_too}" in app.live_store.orders.rows)
            assert f"o{first}" not in app.live_store.orders.rows
            await until(pilot, lambda: "Registry" in screen(pilot) and "does not answer" in screen(pilot))
            assert app.live_store.undecodable == 1

            await registry.start()
            await until(pilot, lambda: is_up(app, "Registry") and f"o{first}" in app.live_store.orders.rows)
            second = await put(EventType.ORDER_SUBMITTED)
            await until(pilot, lambda: f"o{second}" in app.live_store.orders.rows)
            signal = await put(EventType.SIGNAL_RAW)
            await until(pilot, lambda: f"d{signal}" in app.live_store.chains._links)
            record = [
                one for _, one in app.live_store.topics.tails[topics[EventType.ORDER_SUBMITTED]].rows.items()
            ][-1]
            assert json.loads(record.value)["data"]["order"]["client_order_id"] == f"o{second}"
            assert dict(record.headers)["(avro)"].startswith(b"schema 7, ")
            # A schema that nobody has is asked for once, and is not waited for.
            for _ in range(3):
                await writer.raw(topics[EventType.ORDER_SUBMITTED], b"\x00\x00\x00\x00\x63abc")
            third = await put(EventType.ORDER_SUBMITTED)
            await until(pilot, lambda: f"o{third}" in app.live_store.orders.rows)
            assert registry.asked.count("/schemas/ids/99") == 1
            assert registry.asked.count("/schemas/ids/7") == 1
            # The registry goes: what it told is known.
            await registry.stop()
            fourth = await put(EventType.ORDER_SUBMITTED)
            await until(pilot, lambda: f"o{fourth}" in app.live_store.orders.rows)
    finally:
        await registry.stop()
