"""Topics that are there, written as declarations: where a new entry of the catalogue begins."""

from __future__ import annotations

import json
from collections.abc import Mapping

from topics.catalogue import Catalogue
from topics.declaration import BROKER_PLACE, DAY_MS
from topics.errors import TopicNameError
from topics.live import LiveTopic
from topics.names import TopicName

_HOUR_MS = 3_600_000
_WRITTEN = frozenset({"retention.ms", "cleanup.policy"})


def facts_of(topic: LiveTopic) -> Mapping[str, object]:
    """Return what the cluster tells of a topic, with the configs that were set on it."""
    return {
        "topic": topic.name,
        "partitions": topic.partitions,
        "copies": topic.replication_factor,
        "configs": topic.own_configs,
    }


def declaration_of(topic: LiveTopic, catalogue: Catalogue) -> str:
    """Return a `[[topics]]` entry with what the cluster tells, and what the catalogue says if it has the topic.

    What only people know is left to fill in.
    """
    name, comment = _declared_name(topic.name)
    entry = next((entry for entry in catalogue.declarations if entry.name == name), None)
    retention, policy = topic.configs.get("retention.ms"), topic.configs.get("cleanup.policy")
    others = sorted((key, value) for key, value in topic.own_configs.items() if key not in _WRITTEN)
    lines = [
        *([f"# {comment}"] if comment else []),
        *(f"# set on it: {key} = {value}" for key, value in others),
        f"# copies: {topic.replication_factor}",
        "[[topics]]",
        f"name = {_toml(name)}",
        _field("event_type", entry.event_type if entry else ""),
        _field("description", entry.description if entry else ""),
        f"partitions = {topic.partitions}",
        f"retention = {_toml(_retention(int(retention.value)) if retention else 'forever')}",
        f"cleanup_policy = {_toml(policy.value if policy else 'delete')}",
        _field("key", entry.key if entry else ""),
        _field("payload", entry.payload if entry else ""),
        *(["volume = true"] if entry and entry.volume else []),
    ]
    return "\n".join(lines) + "\n"


def _field(name: str, value: str | tuple[str, ...]) -> str:
    return f"{name} = {_toml(value)}{'' if value else '  # fill in'}"


def _declared_name(name: str) -> tuple[str, str]:
    """Return the name as the catalogue has it, and what is wrong with it."""
    try:
        parsed = TopicName.parse(name)
    except TopicNameError as error:
        return name, f"{error.message} It cannot be declared under this name."
    if parsed.dlq:
        return name, "Dead-letter topics are derived from their source, not declared."
    return (name if parsed.is_shared else name.replace(parsed.scope, BROKER_PLACE, 1)), ""


def _retention(milliseconds: int) -> str:
    if milliseconds < 0:
        return "forever"
    if milliseconds % DAY_MS == 0 and milliseconds:
        return f"{milliseconds // DAY_MS}d"
    return f"{max(1, round(milliseconds / _HOUR_MS))}h"


def _toml(value: str | tuple[str, ...]) -> str:
    """Return a TOML string, or an array of strings: both are written as in JSON."""
    return json.dumps(value, ensure_ascii=False)
