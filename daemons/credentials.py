"""Each process holds the credentials of its own broker and no others, wherever they were set."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, SecretStr

from alphapanda.infra.base import Endpoints
from alphapanda.settings import BrokerKind, Settings


def foreign_kinds(kind: str) -> tuple[str, ...]:
    """Return the kinds of broker whose credentials a process of a broker of `kind` must not hold."""
    return tuple(str(each) for each in BrokerKind if str(each) != kind)


def own_credentials(settings: Settings, kind: str) -> Settings:
    """Return `settings` with the credentials of other kinds of broker blanked."""
    prefixes = tuple(f"{each}_" for each in foreign_kinds(kind))
    foreign = {
        name: SecretStr("")
        for name in type(settings).model_fields
        if name.startswith(prefixes) and isinstance(getattr(settings, name), SecretStr)
    }
    return settings.model_copy(update=foreign)


def secret_texts(settings: Settings, endpoints: Endpoints) -> tuple[str, ...]:
    """Return every secret that a log line could show by accident."""
    password = endpoints.redis_url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    return tuple(text for text in (*_secrets_of(settings), password) if text)


def _secrets_of(model: BaseModel) -> Iterator[str]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from _secrets_of(value)
