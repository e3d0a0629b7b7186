"""The consumer groups that Kafka knows now, for completion: asked with a short limit, and never an error."""

from __future__ import annotations

from collections.abc import Sequence

LIMIT_S = 0.3
"""For connecting and asking: nobody waits longer for a completion. Loading the client takes as long again."""


def live_groups(servers: Sequence[str]) -> list[str]:
    """Return the names of the groups; none where Kafka does not answer at once. Never raises."""
    if not servers:
        return []
    # Imported here: the other names are told without loading a client.
    import asyncio
    import logging

    logging.disable(logging.CRITICAL)  # a completion has no place for aiokafka's complaints
    try:
        return asyncio.run(_ask(",".join(servers)))
    except Exception:  # noqa: BLE001 - whatever a server answers, a shell that completes shows no error
        return []
    finally:
        logging.disable(logging.NOTSET)


async def _ask(servers: str) -> list[str]:
    import asyncio

    from alphapanda.kafka.client import KafkaOptions
    from alphapanda.kafka.group_admin import open_groups
    from alphapanda.kafka.probe import parse_servers

    parse_servers(servers)
    options = KafkaOptions(servers, "alphapanda.completions", request_timeout_ms=int(1_000 * LIMIT_S))
    async with asyncio.timeout(LIMIT_S), open_groups(options) as groups:
        return list(await groups.names())
