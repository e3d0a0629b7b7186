"""The schemas that the code has now, beside those that are committed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.serialization.avro_types import event_type
from topics.catalogue import Catalogue
from topics.schemas import FOLDER, kept_types, read_schema, schema_file


@dataclass(frozen=True, slots=True)
class CommittedSchema:
    """The generated and the committed schema of one kind of event.

    Attributes:
        kind: of event.
        generated: the text of the file as it should be.
        committed: the text of the file; None when there is none.
    """

    kind: EventType
    generated: str
    committed: str | None

    @property
    def in_step(self) -> bool:
        """Whether the file is equal to the generated schema."""
        return self.generated == self.committed


def schema_text(kind: EventType) -> str:
    """Return the schema of events of `kind` as its file has it, from the structs and the catalogue's words."""
    schema = event_type(kind).schema
    if not isinstance(schema, dict):
        raise TypeError(f"{kind} is no record.")
    says = {entry.event_type: entry.description for entry in Catalogue.load().declarations}
    documented = {"type": schema["type"], "name": schema["name"], "doc": says[kind], "fields": schema["fields"]}
    return json.dumps(documented, indent=2, ensure_ascii=False) + "\n"


def read_schema_files(folder: Path = FOLDER) -> tuple[CommittedSchema, ...]:
    """Return every kind's schema beside the one in `folder`, in the order of the kinds."""
    return tuple(CommittedSchema(kind, schema_text(kind), read_schema(kind, folder)) for kind in PAYLOADS)


def orphaned_files(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the event types that have a file and no struct any more."""
    known = {kind.value for kind in PAYLOADS}
    return tuple(name for name in kept_types(folder) if name not in known)


def write_schema(kept: CommittedSchema, folder: Path = FOLDER) -> Path:
    """Write the generated schema and return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = schema_file(kept.kind, folder)
    file.write_text(kept.generated, encoding="utf-8")
    return file
