"""Checks across values: brokers without a table, values that need another one, and the refusals of production."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from alphapanda.deployment import Deployment
from alphapanda.errors import nearest
from alphapanda.settings.brokers import SHORT_FORM_BROKER, SHORT_FORMS, BrokerKind
from alphapanda.settings.inventory import known_settings, variable_of
from alphapanda.settings.problems import Problem
from alphapanda.settings.provenance import Loaded, SourceKind, value_at
from alphapanda.settings.sections import FeedSource, InfraTier, SerializationFormat
from alphapanda.settings.toml_file import TomlFile
from alphapanda.settings.variables import EnvFile
from topics.errors import TopicNameError
from topics.names import check_broker_name


def check(
    loaded: Loaded, deployment: Deployment, env_file: EnvFile, toml: TomlFile
) -> tuple[list[Problem], list[str]]:
    """Return the problems that make the settings unusable, and the warnings."""
    problems = [*_brokers(loaded), *_external(loaded), *_feed(loaded), *_serialization(loaded)]
    warnings: list[str] = []
    if env_file.readable_by_others:
        what, hint = "others on this machine can read it.", f"chmod 600 {deployment.env_file}"
        if loaded.settings.is_production:
            problems.append(Problem(".env", what, hint))
        else:
            warnings.append(f".env: {what} {hint}")
    if loaded.settings.is_production:
        problems.extend(_production(loaded, deployment, toml))
    warnings.extend(_without_effect(loaded))
    return problems, warnings


_LATER = ("tracing",)
"""Settings that are accepted already, for what comes with a later release."""


_OTHERS_SERVERS = ("kafka.bootstrap_servers", "redis.url")
"""Settings of the tier `external` alone."""


def _without_effect(loaded: Loaded) -> Iterator[str]:
    for setting in known_settings():
        if setting.path[0] in _LATER and value_at(loaded.settings, setting.path) != setting.default:
            yield f"{_place(loaded, setting.name)}: {setting.name} has no effect in this release."
    if SHORT_FORM_BROKER not in loaded.settings.brokers:
        for name in SHORT_FORMS:
            if loaded.provenance[name].kind is not SourceKind.DEFAULT:
                what = f"{name} has no effect: there is no broker {SHORT_FORM_BROKER}."
                yield f"{_place(loaded, name)}: {what}"
    if loaded.settings.infra.tier is InfraTier.EMBEDDED:
        for name in _OTHERS_SERVERS:
            if loaded.provenance[name].kind is not SourceKind.DEFAULT:
                yield (
                    f"{_place(loaded, name)}: {name} has no effect with servers of our own. "
                    "To use those there: INFRA__TIER=external."
                )


def _brokers(loaded: Loaded) -> Iterator[Problem]:
    settings, named_in = loaded.settings, _place(loaded, "active_brokers")
    for name, broker in settings.brokers.items():
        where = _place(loaded, f"brokers.{name}.kind")
        try:
            check_broker_name(name)
        except TopicNameError as error:
            yield Problem(where, error.message, error.hint)
        if broker.kind is BrokerKind.ZERODHA:
            yield Problem(where, "brokers of kind zerodha come with a later release.", "Use paper.")
    if not settings.active_brokers:
        yield Problem(named_in, "active_brokers names no broker.", "Set ACTIVE_BROKERS=paper.")
    for name in settings.active_brokers:
        if settings.active_brokers.count(name) > 1:
            yield Problem(named_in, f"active_brokers names {name} twice.")
            break
        if name not in settings.brokers:
            yield _unconfigured(name, named_in, tuple(settings.brokers))


def _unconfigured(name: str, where: str, known: tuple[str, ...]) -> Problem:
    if name == BrokerKind.ZERODHA.value:
        return Problem(where, "brokers of kind zerodha come with a later release.", "Use paper.")
    near = nearest(name, known)
    meant = f"Did you mean {near}? Or add" if near and near[0] == name[0] and not name.startswith(near) else "Add"
    hint = f'{meant} [brokers.{name}] kind = "paper" to alphapanda.toml.'
    return Problem(where, f"there is no broker {name}.", hint)


def _external(loaded: Loaded) -> Iterator[Problem]:
    settings = loaded.settings
    if settings.infra.tier is not InfraTier.EXTERNAL:
        return
    where = _place(loaded, "infra.tier")
    if not settings.kafka.bootstrap_servers:
        yield Problem(where, "the external tier needs Kafka's address.", "Set KAFKA__BOOTSTRAP_SERVERS=host:9092.")
    url = settings.redis.url.get_secret_value()
    if not url:
        yield Problem(
            where, "the external tier needs Redis' address.", "Set REDIS__URL=redis://:password@host:6379/0."
        )
    elif urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        yield Problem(_place(loaded, "redis.url"), "redis.url must start with redis://, rediss:// or unix://.")


def _feed(loaded: Loaded) -> Iterator[Problem]:
    feed = loaded.settings.feed
    if feed.source is FeedSource.RECORDED and feed.file is None:
        yield Problem(
            _place(loaded, "feed.source"), "a recorded feed needs its file.", "Set FEED__FILE=ticks.csv."
        )
    if isinstance(feed.speed, float) and feed.speed <= 0:
        yield Problem(_place(loaded, "feed.speed"), "feed.speed must be above 0, or max.")


def _serialization(loaded: Loaded) -> Iterator[Problem]:
    settings = loaded.settings
    url = settings.schema_registry_url.get_secret_value()
    if settings.serialization.format is SerializationFormat.AVRO and not url:
        where = _place(loaded, "serialization.format")
        yield Problem(where, "avro needs a schema registry.", "Set SCHEMA_REGISTRY_URL=http://host:8081.")
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        where = _place(loaded, "schema_registry_url")
        yield Problem(where, "schema_registry_url must be http://host:port or https://host:port.")
    if url and importlib.util.find_spec("fastavro") is None:
        where = _place(loaded, "schema_registry_url")
        yield Problem(where, "Avro needs packages that are not installed.", "Install alphapanda[avro].")


def _production(loaded: Loaded, deployment: Deployment, toml: TomlFile) -> Iterator[Problem]:
    settings = loaded.settings
    if "*" in settings.api.cors_origins or any("*" in origin for origin in settings.api.cors_origins):
        yield Problem(
            _place(loaded, "api.cors_origins"),
            "production allows no wildcard among CORS origins.",
            "Name each origin: API__CORS_ORIGINS=https://desk.example.com.",
        )
    url = settings.redis.url.get_secret_value()
    if url and urlsplit(url).scheme != "unix" and not _is_strong(urlsplit(url).password or ""):
        yield Problem(
            _place(loaded, "redis.url"),
            "production needs a password of its own in redis.url.",
            "Set REDIS__URL=rediss://:password@host:6379/0.",
        )
    files = {SourceKind.ENV_FILE: deployment.env_file, SourceKind.CONFIG_FILE: deployment.root / toml.name}
    for name, source in loaded.provenance.items():
        secret = value_at(settings, tuple(name.split(".")))
        if not isinstance(secret, SecretStr) or source.kind is SourceKind.DEFAULT:
            continue
        if name in SHORT_FORMS and SHORT_FORM_BROKER in settings.brokers:
            continue  # judged as the broker's own
        if name != "redis.url" and not _is_strong(secret.get_secret_value()):
            yield Problem(str(source), f"{name} is empty or a placeholder.", "Production needs the real one.")
        file = files.get(source.kind)
        if file is not None and is_tracked_by_git(file):
            yield Problem(
                str(source),
                f"production reads no secret ({name}) from a file that git tracks.",
                f"git rm --cached {file.name}, or set {variable_of(tuple(name.split('.')))} in the environment.",
            )


_PLACEHOLDERS = frozenset({"", "changeme", "change-me", "secret", "password", "default", "example", "xxx", "todo"})


def _is_strong(secret: str) -> bool:
    text = secret.strip().lower()
    return text not in _PLACEHOLDERS and not text.startswith(("your", "<"))


def is_tracked_by_git(file: Path) -> bool:
    """Whether git tracks `file`; in a work tree without git to ask, it counts as tracked."""
    if not any((folder / ".git").exists() for folder in file.parents):
        return False
    git = shutil.which("git")
    if git is None:
        return True
    command = [git, "-C", str(file.parent), "ls-files", "--error-unmatch", "--", file.name]
    return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0  # noqa: S603


def _place(loaded: Loaded, name: str) -> str:
    source = loaded.provenance.get(name)
    return name if source is None or source.kind is SourceKind.DEFAULT else str(source)
