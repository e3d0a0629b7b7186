"""Each process holds the credentials of its own broker and no others, wherever they were set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, SecretStr

from alphapanda.infra.base import Endpoints
from alphapanda.settings import Settings, ZerodhaBrokerSettings
from alphapanda.settings.brokers import CREDENTIALS, SHORT_FORM_BROKER, SHORT_FORMS


def credential_owner(variable: str) -> str | None:
    """Return the broker of a credential: `ZERODHA_API_KEY`, `BROKERS__KITE2__API_KEY`; None for any other."""
    name = variable.lower()
    if name.startswith(f"{SHORT_FORM_BROKER}_"):
        return SHORT_FORM_BROKER
    table, _, rest = name.partition("__")
    broker, _, key = rest.partition("__")
    return broker if table == "brokers" and key in CREDENTIALS else None


def own_credentials(settings: Settings, broker: str | None) -> Settings:
    """Return `settings` with the credentials of all brokers but `broker` blanked; None blanks all."""
    blank = dict.fromkeys(CREDENTIALS, SecretStr(""))
    brokers = {
        name: each.model_copy(update=blank) if isinstance(each, ZerodhaBrokerSettings) and name != broker else each
        for name, each in settings.brokers.items()
    }
    short = {} if broker == SHORT_FORM_BROKER else dict.fromkeys(SHORT_FORMS, SecretStr(""))
    return settings.model_copy(update={"brokers": brokers, **short})


def secret_texts(settings: Settings, endpoints: Endpoints) -> tuple[str, ...]:
    """Return every secret that a log line could show by accident."""
    password = endpoints.redis_url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    return tuple(text for text in (*_secrets_of(settings), password) if text)


def _secrets_of(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_of(getattr(value, name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _secrets_of(each)
