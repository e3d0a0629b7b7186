"""The topics of a cluster as values, and where copies go when their number changes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from topics.errors import UsageError

Placement = tuple[tuple[int, ...], ...]
"""The nodes of each partition of a topic."""


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


def place_replicas(now: Placement, nodes: Sequence[int], copies: int) -> Placement:
    """Return the nodes of each partition with `copies` each, moving as little as possible.

    Copies that are there stay, the preferred leader first; new ones go to the nodes that hold the fewest.

    Args:
        now: the nodes of each partition.
        nodes: all nodes of the cluster.
        copies: how many each partition shall have; at most as many as there are nodes.
    """
    if not 1 <= copies <= len(nodes):
        raise UsageError(f"{copies} copies cannot be placed on {len(nodes)} nodes.")
    load = Counter(node for holders in now for node in holders[:copies])
    placed = []
    for holders in now:
        kept = list(holders[:copies])
        for _ in range(copies - len(kept)):
            chosen = min((node for node in nodes if node not in kept), key=lambda node: (load[node], node))
            load[chosen] += 1
            kept.append(chosen)
        placed.append(tuple(kept))
    return tuple(placed)
