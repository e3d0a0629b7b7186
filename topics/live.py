"""What topics a cluster has, as values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec


class LiveConfig(msgspec.Struct, frozen=True):
    """One config of one topic.

    Attributes:
        value: what holds.
        own: whether it was set on this topic; otherwise it is the cluster's.
    """

    value: str
    own: bool


class LiveTopic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic as it is.

    Attributes:
        name: its name, ours or not.
        replicas: the nodes that hold each partition, by partition.
        configs: every config the cluster tells of; empty where it was not asked.
        leaderless: partitions that nobody leads now.
    """

    name: str
    replicas: tuple[tuple[int, ...], ...]
    configs: Mapping[str, LiveConfig] = {}
    leaderless: tuple[int, ...] = ()

    @property
    def partitions(self) -> int:
        """How many partitions it has."""
        return len(self.replicas)

    @property
    def replication_factor(self) -> int:
        """The fewest copies that any of its partitions has."""
        return min((len(nodes) for nodes in self.replicas), default=0)

    @property
    def own_configs(self) -> dict[str, str]:
        """The configs that were set on this topic."""
        return {key: config.value for key, config in self.configs.items() if config.own}


class LiveState(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster as it is, without its internal topics.

    Attributes:
        cluster_id: which cluster it is.
        nodes: the ids of its nodes.
        topics: by name.
    """

    cluster_id: str
    nodes: tuple[int, ...]
    topics: Mapping[str, LiveTopic]

    def fingerprint(self, names: Iterable[str]) -> str:
        """Return the SHA-256 of all that a plan about the topics `names` was made from.

        Which nodes lead or follow is left out: that moves by itself.
        """
        facts: list[object] = [self.cluster_id, len(self.nodes)]
        for name in sorted(set(names)):
            topic = self.topics.get(name)
            if topic is None:
                facts.append([name])
            else:
                configs = {key: [config.value, config.own] for key, config in topic.configs.items()}
                facts.append([name, topic.partitions, topic.replication_factor, configs])
        return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).hexdigest()
