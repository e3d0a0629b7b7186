"""The way to a deployment's servers, and the pin of its cluster, for the command line and the dashboard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext

import msgspec

from alphapanda.clock import Clock
from alphapanda.deployment import Deployment
from alphapanda.errors import CheckFailedError, ConfigError, RefusedError
from alphapanda.infra.base import Endpoints
from alphapanda.infra.embedded.storage import Storage
from alphapanda.infra.tiers import tier_for
from alphapanda.kafka.client import KafkaOptions, open_log
from alphapanda.operations.audit import Audit, AuditSource
from alphapanda.operations.control.session import ControlSession
from alphapanda.operations.policy import Permit
from alphapanda.serialization.codec_factory import reading_codec
from alphapanda.settings import InfraTier, Settings


def endpoints_of(deployment: Deployment, settings: Settings, clock: Clock) -> Endpoints:
    """Return the servers' addresses; raises CheckFailedError for a deployment that was never started."""
    if settings.infra.tier is InfraTier.EMBEDDED and not deployment.kafka_data.exists():
        raise CheckFailedError(f"Nothing was ever started in {deployment.root}.", hint="Run: alphapanda up")
    return tier_for(settings, deployment, clock).endpoints()


def kafka_options(deployment: Deployment, settings: Settings, clock: Clock, client: str) -> KafkaOptions:
    """Return how to connect to Kafka as `alphapanda.{client}`; raises as `endpoints_of`."""
    servers = endpoints_of(deployment, settings, clock).bootstrap_servers
    return KafkaOptions.from_settings(settings.kafka, servers, client)


@asynccontextmanager
async def open_control_session(
    deployment: Deployment,
    settings: Settings,
    clock: Clock,
    permit: Permit,
    *,
    source: AuditSource,
    on_unwritten: Callable[[str], None],
) -> AsyncIterator[ControlSession]:
    """Connect to a deployment's log to act on its brokers; raises CheckFailedError, DependencyError.

    Args:
        deployment: the folder.
        settings: its settings.
        clock: the time.
        permit: lets an act through the policy.
        source: the face, for the audit.
        on_unwritten: told why an act could not be recorded.
    """
    async with open_log(kafka_options(deployment, settings, clock, "control")) as log:
        yield ControlSession(
            log=log,
            clock=clock,
            audit=Audit(lambda: nullcontext(log), clock, source=source, on_unwritten=on_unwritten),
            permit=permit,
            modes={name: broker.kind.mode for name, broker in settings.brokers.items()},
            codec=reading_codec(settings),
        )


def check_pin(deployment: Deployment, settings: Settings, cluster_id: str, *, changing: bool) -> None:
    """Refuse a cluster that is not the deployment's.

    The embedded tier knows its own from the day its data was made. An external cluster is pinned by the
    first verb that changes it (`.alphapanda/external-cluster.json`).

    Raises:
        RefusedError: it is another cluster.
        ConfigError: the pin cannot be read.
    """
    if settings.infra.tier is InfraTier.EMBEDDED:
        file = deployment.state / "kafka.cluster.json"
        known = Storage(file).cluster()
        expected = known.cluster_id if known else None
    else:
        file = deployment.state / "external-cluster.json"
        try:
            expected = msgspec.json.decode(file.read_bytes(), type=dict[str, str]).get("cluster_id")
        except FileNotFoundError:
            expected = None
        except msgspec.MsgspecError as error:
            raise ConfigError(
                f"{file} cannot be read: {error}.", hint="Delete it to pin the cluster anew."
            ) from error
        if expected is None and changing:
            deployment.prepare()
            file.write_bytes(msgspec.json.encode({"cluster_id": cluster_id}))
            return
    if expected is not None and expected != cluster_id:
        raise RefusedError(
            f"This is cluster {cluster_id}; {deployment.root} belongs to cluster {expected}.",
            hint=f"Correct KAFKA__BOOTSTRAP_SERVERS; if the cluster was really replaced, delete {file}.",
        )
