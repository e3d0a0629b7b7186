"""Which cluster a deployment belongs to: a mistyped address must not change another's topics."""

from __future__ import annotations

import msgspec

from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError, RefusedError
from alphapanda.infra.embedded.storage import Storage
from alphapanda.settings import InfraTier, Settings


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
