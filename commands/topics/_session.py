"""What the verbs of `topics` start from: the catalogue under the settings' overlay, and the right cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from alphapanda.errors import UnknownNameError
from alphapanda.operations.cluster_pin import check_pin
from commands.shell.context import Context
from commands.shell.reading import endpoints_of

if TYPE_CHECKING:
    from alphapanda.kafka.topic_admin import Cluster
    from topics.catalogue import TopicSpec
    from topics.live import LiveState


def topics_of(context: Context) -> tuple[TopicSpec, ...]:
    """Return every topic that the deployment's active brokers should have."""
    from alphapanda.settings.model import declared_topics

    return declared_topics(context.settings())


def names_of(declared: tuple[TopicSpec, ...]) -> list[str]:
    """Return the topics' names as text."""
    return [str(spec.name) for spec in declared]


@asynccontextmanager
async def connected(context: Context, *, changing: bool = False) -> AsyncIterator[Cluster]:
    """Stay connected to the deployment's cluster while the block runs.

    Args:
        context: whose.
        changing: whether the verb changes the cluster; the first that does pins an external one.

    Raises:
        CheckFailedError: it was never started.
        DependencyError: Kafka is not there.
        RefusedError: it is another cluster than this deployment's.
    """
    from alphapanda.kafka.topic_admin import Cluster

    settings = context.settings()
    servers = endpoints_of(context).bootstrap_servers
    async with Cluster.connect(servers, request_timeout_ms=settings.kafka.request_timeout_ms) as cluster:
        live = await cluster.read()
        check_pin(context.deployment, settings, live.cluster_id, changing=changing)
        yield cluster


def choose(names: list[str], declared: tuple[TopicSpec, ...], live: LiveState) -> list[str]:
    """Return `names` if each is declared or there; else raise with the nearest that is."""
    known = {*names_of(declared), *live.topics}
    for name in names:
        if name not in known:
            raise UnknownNameError("topic", name, known, hint="All of them: alphapanda topics list --all")
    return names


def spec_by_name(declared: tuple[TopicSpec, ...], name: str) -> TopicSpec | None:
    """Return the declaration of the topic called `name`, None if there is none."""
    return next((spec for spec in declared if str(spec.name) == name), None)
