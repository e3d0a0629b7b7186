"""A client of Confluent-compatible schema registries (Redpanda's, Apicurio's ccompat, Confluent's, Karapace).

Only requests that all of them know are used. Library errors end here: raised errors are of `topics.errors`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
import msgspec

from topics.errors import AlphaPandaError, DependencyError, UsageError

T = TypeVar("T")

TIMEOUT_S = 10.0
"""For one request, from connecting to its last byte."""
CONNECT_TIMEOUT_S = 3.0
CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
AVRO = "AVRO"

_HINT = "Check SCHEMA_REGISTRY_URL; Redpanda's listens on port 8081, Apicurio's API is under /apis/ccompat/v7."
_NOT_THERE = frozenset({40401, 40402, 40403, 40408})
"""Error codes for a subject, a version, a schema, a subject's level that is not there."""
_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _UNPROCESSABLE = 401, 403, 404, 409, 422


class RegistryUnreachableError(DependencyError):
    """No registry answers, it refuses the credentials, or the server is not a registry."""


class RejectedSchemaError(AlphaPandaError):
    """The registry does not take a schema: it is incompatible with a version that it has."""


class Registered(msgspec.Struct, frozen=True):
    """One version of a subject.

    Attributes:
        subject: its name.
        version: from 1.
        id: of the schema, in the whole registry.
        schema: as JSON.
        schemaType: AVRO, JSON or PROTOBUF; registries leave AVRO out.
    """

    subject: str
    version: int
    id: int
    schema: str
    schemaType: str = AVRO  # noqa: N815 - the registry's own spelling


class CompatibilityVerdict(msgspec.Struct, frozen=True):
    """A registry's answer about a schema that is not registered yet.

    Attributes:
        is_compatible: whether it would take it.
        messages: the reasons; some registries give none.
    """

    is_compatible: bool
    messages: tuple[str, ...] = ()


class _Level(msgspec.Struct, frozen=True):
    compatibilityLevel: str  # noqa: N815 - the registry's own spelling


class _Id(msgspec.Struct, frozen=True):
    id: int


class _Text(msgspec.Struct, frozen=True):
    schema: str
    schemaType: str = AVRO  # noqa: N815


class _Refusal(msgspec.Struct, frozen=True):
    error_code: int
    message: str = ""


class SchemaRegistry:
    """Asks a registry and changes it. Made by `SchemaRegistry.connect`.

    Every method raises RegistryUnreachableError.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self.name = without_credentials(self._url)

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, *, timeout_s: float = TIMEOUT_S) -> AsyncIterator[SchemaRegistry]:
        """Keep connections to the registry at `url` while the block runs; nothing is asked yet."""
        timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s))
        headers = {"Accept": f"{CONTENT_TYPE}, application/json", "Content-Type": CONTENT_TYPE}
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            yield cls(session, url)

    async def subjects(self) -> tuple[str, ...]:
        """Return the names of all subjects, sorted."""
        found = await self._ask("GET", "/subjects", tuple[str, ...])
        return tuple(sorted(found or ()))

    async def versions(self, subject: str) -> tuple[int, ...]:
        """Return the versions of a subject, oldest first; none when it is not there."""
        found = await self._ask("GET", f"/subjects/{_part(subject)}/versions", tuple[int, ...])
        return tuple(sorted(found or ()))

    async def version(self, subject: str, version: int | None = None) -> Registered | None:
        """Return one version of a subject, the latest when none is named; None when it is not there."""
        which = "latest" if version is None else str(version)
        return await self._ask("GET", f"/subjects/{_part(subject)}/versions/{which}", Registered)

    async def schema(self, schema_id: int) -> str | None:
        """Return the Avro schema with that id; None when there is none, or one of another format."""
        found = await self._ask("GET", f"/schemas/ids/{schema_id}", _Text)
        return found.schema if found is not None and found.schemaType == AVRO else None

    async def level(self, subject: str) -> str:
        """Return the compatibility level in force for a subject: its own, or the registry's."""
        own = await self._ask("GET", f"/config/{_part(subject)}?defaultToGlobal=true", _Level)
        found = own or await self._ask("GET", "/config", _Level)
        if found is None:
            raise self._foreign("it has no compatibility level")
        return found.compatibilityLevel

    async def set_level(self, subject: str, level: str) -> None:
        """Give a subject a compatibility level of its own."""
        await self._ask("PUT", f"/config/{_part(subject)}", Any, {"compatibility": level})

    async def check(self, subject: str, schema: str) -> CompatibilityVerdict:
        """Return what the registry says of `schema` as the next version of a subject that is there."""
        path = f"/compatibility/subjects/{_part(subject)}/versions/latest?verbose=true"
        # A subject without a version is compatible with anything.
        return await self._ask("POST", path, CompatibilityVerdict, {"schema": schema}) or CompatibilityVerdict(
            is_compatible=True
        )

    async def look_up(self, subject: str, schema: str) -> Registered | None:
        """Return the version of a subject that is `schema`; None when none is."""
        return await self._ask("POST", f"/subjects/{_part(subject)}", Registered, {"schema": schema})

    async def register(self, subject: str, schema: str) -> int:
        """Make `schema` a version of a subject, unless it is one already, and return its id.

        Raises RejectedSchemaError when the registry holds it to be incompatible or no schema.
        """
        found = await self._ask("POST", f"/subjects/{_part(subject)}/versions", _Id, {"schema": schema})
        if found is None:
            raise self._foreign("it has no place for subjects")
        return found.id

    async def _ask(self, method: str, path: str, kind: type[T], body: dict[str, str] | None = None) -> T | None:
        """Return the answer as `kind`; None for an unknown subject, version or schema."""
        data = msgspec.json.encode(body) if body is not None else None
        try:
            async with self._session.request(method, self._url + path, data=data) as response:
                status, answer = response.status, await response.read()
        except TimeoutError as error:
            raise RegistryUnreachableError(
                f"The schema registry at {self.name} does not answer in time.", hint=_HINT
            ) from error
        except (aiohttp.ClientError, ValueError, OSError) as error:
            raise RegistryUnreachableError(
                f"No schema registry answers at {self.name}: {_words(error)}.", hint=_HINT
            ) from error
        if status >= 400:
            self._check_refusal(status, answer)
            return None
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.MsgspecError as error:
            raise self._foreign(f"{method} {path} gives {_words(error)}") from error

    def _check_refusal(self, status: int, answer: bytes) -> None:
        """Raise for an answer that is an error; return for an unknown subject, version or schema."""
        try:
            refusal = msgspec.json.decode(answer, type=_Refusal)
        except msgspec.MsgspecError:
            refusal = _Refusal(0)
        message = " ".join(refusal.message.split())
        if status in {_UNAUTHORISED, _FORBIDDEN}:
            raise RegistryUnreachableError(
                f"The schema registry at {self.name} refuses the credentials.",
                hint="Put a user and a password into SCHEMA_REGISTRY_URL: http://user:password@host:8081.",
            )
        if status == _NOT_FOUND and refusal.error_code in _NOT_THERE:
            return
        if status == _NOT_FOUND:
            raise self._foreign("it does not know the paths of one")
        if status in {_CONFLICT, _UNPROCESSABLE}:
            if 42202 <= refusal.error_code <= 42203:  # a version or a level that cannot be
                raise UsageError(f"The schema registry says: {message}.")
            raise RejectedSchemaError(message or f"The schema registry at {self.name} gives no reason")
        raise RegistryUnreachableError(
            f"The schema registry at {self.name} fails: {status} {message}".rstrip() + ".",
            hint="Look at its own log, then try again.",
        )

    def _foreign(self, why: str) -> RegistryUnreachableError:
        return RegistryUnreachableError(f"The server at {self.name} is not a schema registry: {why}.", hint=_HINT)


def without_credentials(url: str) -> str:
    """Return `url` as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _part(name: str) -> str:
    return quote(name, safe="")


def _words(error: Exception) -> str:
    """Return one short clause, without an address that may hold a password."""
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return os.strerror(number) if number and number > 0 else str(error.os_error.strerror or error.os_error)
    if isinstance(error, aiohttp.InvalidURL):
        return "that is not an address of the web"
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
