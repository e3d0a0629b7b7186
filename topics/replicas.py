"""Which nodes hold a partition when the number of its copies changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from topics.errors import UsageError

Placement = tuple[tuple[int, ...], ...]


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
