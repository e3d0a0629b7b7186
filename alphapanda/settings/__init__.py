"""Settings: their values, the source of each value, and the problems found in them.

A value comes from the environment, else `.env`, else `alphapanda.toml`, else its default. One rule names
them all: `[kafka] request_timeout_ms` in the file is `KAFKA__REQUEST_TIMEOUT_MS` in the environment.
"""

from alphapanda.settings.brokers import BrokerKind, BrokerSettings, PaperBrokerSettings, ZerodhaBrokerSettings
from alphapanda.settings.loading import load
from alphapanda.settings.model import Settings
from alphapanda.settings.problems import InvalidSettingsError, Problem
from alphapanda.settings.provenance import Loaded, SettingSource, SourceKind
from alphapanda.settings.sections import (
    ApiSettings,
    DeploymentEnvironment,
    EmbeddedSettings,
    FeedPolicy,
    FeedSettings,
    FeedSource,
    Fsync,
    InfraSettings,
    InfraTier,
    KafkaSettings,
    LogFormat,
    LoggingSettings,
    ProcessLayout,
    RedisSettings,
    SerializationFormat,
    SerializationSettings,
    SupervisorSettings,
    TickCompression,
    TracingSettings,
)

__all__ = [
    "ApiSettings",
    "BrokerKind",
    "BrokerSettings",
    "DeploymentEnvironment",
    "EmbeddedSettings",
    "FeedPolicy",
    "FeedSettings",
    "FeedSource",
    "Fsync",
    "InfraSettings",
    "InfraTier",
    "InvalidSettingsError",
    "KafkaSettings",
    "Loaded",
    "LogFormat",
    "LoggingSettings",
    "PaperBrokerSettings",
    "Problem",
    "ProcessLayout",
    "RedisSettings",
    "SerializationFormat",
    "SerializationSettings",
    "SettingSource",
    "Settings",
    "SourceKind",
    "SupervisorSettings",
    "TickCompression",
    "TracingSettings",
    "ZerodhaBrokerSettings",
    "load",
]
