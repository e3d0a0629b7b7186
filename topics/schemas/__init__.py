"""The committed Avro schemas, one file for each kind of event, and the subject that each belongs to.

The files are generated from the event structs (`alphapanda schemas generate`); a test keeps them in step.
They are the baseline: what is checked for compatibility, and what is registered.
"""

from __future__ import annotations

from pathlib import Path

from topics.errors import TopicNameError
from topics.names import TopicName

FOLDER = Path(__file__).parent
SUFFIX = ".avsc"
_VALUE = "-value"


def schema_file(event_type: str, folder: Path = FOLDER) -> Path:
    """Return where the schema of events of `event_type` is kept."""
    return folder / f"{event_type}{SUFFIX}"


def read_schema(event_type: str, folder: Path = FOLDER) -> str | None:
    """Return the committed schema of events of `event_type` as JSON text; None when there is none."""
    try:
        return schema_file(event_type, folder).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def kept_types(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the event types that have a committed schema, sorted."""
    return tuple(sorted(file.name.removesuffix(SUFFIX) for file in folder.glob(f"*{SUFFIX}")))


def subject_of(topic: TopicName) -> str:
    """Return the subject of a topic's values in a registry (Confluent's TopicNameStrategy).

    A dead letter is the original's bytes, so its schema is the source's.
    """
    return f"{topic.source}{_VALUE}"


def topic_of(subject: str) -> TopicName | None:
    """Return the topic whose values `subject` describes; None when it is no topic's of ours."""
    if not subject.endswith(_VALUE):
        return None
    try:
        return TopicName.parse(subject.removesuffix(_VALUE))
    except TopicNameError:
        return None
