"""From what an operator typed to a dead-letter topic: its own name or its source's."""

from __future__ import annotations

from collections.abc import Iterable

from alphapanda.errors import UnknownNameError, nearest
from topics.dead_letter_families import source_name_of
from topics.errors import TopicNameError
from topics.names import TopicName


def dead_letter_topics(there: Iterable[str]) -> tuple[str, ...]:
    """Return those of the topics that hold dead letters, by their names, whoever named them."""
    names = set(there)
    return tuple(sorted(name for name in names if source_name_of(name) != name))


def resolve(typed: str, there: Iterable[str]) -> str:
    """Return the dead-letter topic that `typed` names.

    Args:
        typed: the dead-letter topic, or the topic whose dead letters are meant; that one may be gone.
        there: all topics of the cluster.

    Raises:
        UnknownNameError: there is none; the message has the nearest that is there.
    """
    known = dead_letter_topics(there)
    if typed in known:
        return typed
    of_source = [name for name in known if source_name_of(name) == typed]
    if of_source:
        return next((name for name in of_source if name == f"{typed}.dlq"), of_source[0])
    names = {name for topic in known for name in (topic, source_name_of(topic))}
    hint = "All of them: alphapanda dlq list --all"
    if nearest(typed, names) is None and len(names) > 12:
        raise UnknownNameError("dead-letter topic", typed, (), hint=hint)
    raise UnknownNameError("dead-letter topic", typed, names, hint=hint)


def own_name(topic: str) -> TopicName | None:
    """Return the name of a topic of ours; None for anybody else's."""
    try:
        return TopicName.parse(topic)
    except TopicNameError:
        return None
