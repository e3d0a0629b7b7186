"""The partition of a key: apart from the protocols, since it loads the Kafka client."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2

_POSITIVE = 0x7FFFFFFF


@lru_cache(maxsize=65_536)
def partition_of(key: bytes | None, count: int) -> int:
    """Return the partition of `key` among `count`, as Kafka's Java client does it; without a key, the first.

    aiokafka's murmur2 is pure Python: the cache makes a tick's partition free after its first.
    """
    if key is None:
        return 0
    return int((murmur2(key) & _POSITIVE) % count)
