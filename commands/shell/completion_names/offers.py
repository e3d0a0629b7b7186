"""What can stand in a place of the command line, beside fixed words."""

from __future__ import annotations

from enum import StrEnum

SERVERS = "servers"
"""Beside the names it is remembered whom to ask for consumer groups."""


class Offer(StrEnum):
    """A kind of names."""

    NOTHING = ""
    FILES = "files"
    BROKERS = "brokers"
    DAEMONS = "daemons"
    TOPICS = "topics"
    DEAD_LETTERS = "dead-letters"
    """Dead-letter topics, each by its own name and by its source's."""
    GROUPS = "groups"
    SUBJECTS = "subjects"
    STRATEGIES = "strategies"

    @property
    def is_asked(self) -> bool:
        """Whether the script asks `alphapanda completions --names` for it."""
        return self not in {Offer.NOTHING, Offer.FILES}
