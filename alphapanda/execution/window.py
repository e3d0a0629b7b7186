"""Ids seen last, bounded, and small in a snapshot."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

DIGEST_BYTES = 12
"""96 bits: among 10,000 ids, two that are taken for one are less likely than 1 in 10^20."""


class RecentDigests:
    """Whether an id was seen among the last `capacity`.

    What comes twice comes from a batch that was written in part before a crash, so a bound of many
    batches is safe.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, item: str) -> bool:
        return _digest(item) in self._known

    def __len__(self) -> int:
        return len(self._known)

    def add(self, item: str) -> bool:
        """Remember an id and forget the oldest past the bound; return whether it was new."""
        digest = _digest(item)
        if digest in self._known:
            return False
        self._known[digest] = None
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return True

    def dump(self) -> bytes:
        """Return them for a snapshot, oldest first."""
        return b"".join(self._known)

    def load(self, data: bytes) -> None:
        """Take what `dump` returned."""
        step = DIGEST_BYTES
        self._known = OrderedDict.fromkeys(data[i : i + step] for i in range(0, len(data), step))


def _digest(item: str) -> bytes:
    return hashlib.blake2b(item.encode(), digest_size=DIGEST_BYTES).digest()
