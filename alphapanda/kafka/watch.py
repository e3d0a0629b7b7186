"""Whether Kafka still answers, asked over one connection that is kept: its end is noticed at once.

aiokafka's clients try again in silence for as long as it takes, so a reader at rest cannot report a quiet log from
none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from alphapanda.kafka.probe import UnfitError, connection_to, parse_servers, reason_of

EVERY_S = 5.0
"""Between two questions; a closed connection is noticed without one."""
ANSWER_S = 10.0
"""A Kafka that takes longer to answer counts as gone: stopped, cut off, or far too busy."""
RETRY_S = 0.5

Report = Callable[[str | None], None]


async def watch_kafka(
    bootstrap_servers: str, report: Report, *, every_s: float = EVERY_S, answer_s: float = ANSWER_S
) -> None:
    """Report, until cancelled, how Kafka is: None after each answer, else its fault in one line.

    Args:
        bootstrap_servers: `host:port[,host:port…]`; one that answers will do.
        report: called with it.
        every_s: between two questions.
        answer_s: how long an answer may take.
    """
    servers = parse_servers(bootstrap_servers)
    while True:
        failures = [await _follow(host, port, report, every_s, answer_s) for host, port in servers]
        report(f"Kafka does not answer ({'; '.join(failures)})")
        await asyncio.sleep(RETRY_S)


async def _follow(host: str, port: int, report: Report, every_s: float, answer_s: float) -> str:
    """Ask one server again and again; return why it no longer answers."""
    from aiokafka.protocol.admin import ApiVersionRequest  # noqa: PLC0415 - heavy; loaded by who needs it

    closed = asyncio.Event()
    try:
        async with connection_to(host, port, answer_s, on_close=closed.set) as connection:
            while not closed.is_set():
                async with asyncio.timeout(answer_s):
                    await connection.send(ApiVersionRequest())
                report(None)
                await _set_within(closed, every_s)
    except TimeoutError:
        return f"{host}:{port} did not within {answer_s:g} s"
    except OSError as error:
        return f"{host}:{port}: {reason_of(error)}"
    except UnfitError:
        return f"{host}:{port}: the connection broke"
    return f"{host}:{port}: the connection was closed"


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
