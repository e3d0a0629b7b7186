"""Topics that are written as Avro, as the dashboard reads them: every event is shown as JSON.

The registry is asked on the screen's own loop and never waited for with the loop held. While it is away, events in
Avro are shown as they are; once it answers, they are read again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from alphapanda.errors import DecodeError
from alphapanda.model.records import Offsets, Record
from alphapanda.serialization.avro import MAGIC, AvroCodec, schema_id_of
from alphapanda.serialization.registry import SchemaRegistry
from alphapanda.serialization.transcoder import JsonTranscoder
from topics.catalogue import Catalogue
from topics.errors import DependencyError
from tui.sources.handle import SourceHandle

ASK_TIMEOUT_S: Final = 3.0
LOOK_S: Final = 30.0
"""How often the registry is asked when nothing is wanted of it."""
MOST_ABSENT: Final = 1_000
"""Ids that no schema has are remembered up to this many; later ones are taken for such unasked."""


class AvroTopics:
    """Makes JSON of Avro, and is the source that tells whether the schema registry answers.

    Args:
        url: the registry's.
        catalogue: knows what each topic carries.

    Raises DependencyError where Avro's packages are not installed.
    """

    name = "Registry"

    def __init__(self, url: str, catalogue: Catalogue) -> None:
        self._url = url
        self._schemas: dict[int, str] = {}
        self._absent: set[int] = set()
        self._missing: set[int] = set()
        self._wanted = asyncio.Event()
        self._asking = asyncio.Lock()
        self._passed: Offsets = {}
        self._again: Offsets = {}
        self._as_json = JsonTranscoder(AvroCodec({}, self._schemas.__getitem__), catalogue)

    async def run(self, handle: SourceHandle) -> None:
        """Ask for the schemas that are missing, until the registry does not answer."""
        while True:
            async with SchemaRegistry.connect(self._url, timeout_s=ASK_TIMEOUT_S) as registry:
                if self._missing:
                    await self._learn(registry, tuple(self._missing))
                else:
                    await registry.subjects()
            handle.up()
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def records(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return records with their events as JSON; those whose schema cannot be had now stay as they are."""
        found = [_schema_id(record) for record in records]
        if not any(found):
            return records
        await self._ask_once({one for one in found if one})
        return [
            record if not schema_id else self._readable(record, schema_id)
            for record, schema_id in zip(records, found, strict=True)
        ]

    def to_read_again(self) -> Offsets:
        """Return from where on events can be read that could not before; they are told once."""
        again, self._again = self._again, {}
        return again

    def _readable(self, record: Record, schema_id: int) -> Record:
        if schema_id not in self._schemas:
            if schema_id in self._missing:
                self._passed.setdefault(record.partition, record.offset)
            return record
        read = self._as_json.record(record)
        if read is record:
            return record
        note = ("(avro)", f"schema {schema_id}, {len(record.value or b'')} bytes in the log".encode())
        return msgspec.structs.replace(read, headers=(*read.headers, note))

    async def _ask_once(self, ids: Collection[int]) -> None:
        """Ask for schemas that were never asked for; a registry that is away is left to `run`."""
        async with self._asking:
            new = set(ids) - self._schemas.keys() - self._missing - self._absent
            if not new or len(self._absent) >= MOST_ABSENT:
                return
            if not self._missing:
                try:
                    async with SchemaRegistry.connect(self._url, timeout_s=ASK_TIMEOUT_S) as registry:
                        await self._learn(registry, new)
                except DependencyError:
                    pass  # `run` asks from now on, and says that nobody answers
                else:
                    return
            self._missing |= new - self._schemas.keys()
            self._wanted.set()

    async def _learn(self, registry: SchemaRegistry, ids: Collection[int]) -> None:
        """Ask for schemas; raises DependencyError."""
        for schema_id in ids:
            schema = await registry.schema(schema_id)
            if schema is None:
                self._absent.add(schema_id)
            else:
                self._schemas[schema_id] = schema
            self._missing.discard(schema_id)
        if not self._missing:
            self._wanted.clear()
            self._again, self._passed = self._passed | self._again, {}


def _schema_id(record: Record) -> int:
    """Return the id of the schema that a record was written with; 0 for what is no Avro."""
    value = record.value
    if not value or value[:1] != MAGIC:
        return 0
    try:
        return schema_id_of(value) or 0
    except DecodeError:
        return 0
