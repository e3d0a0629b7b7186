"""Values, where they come from, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from alphapanda.deployment import Deployment
from alphapanda.settings import (
    BrokerKind,
    DeploymentEnvironment,
    InvalidSettingsError,
    SourceKind,
    TickCompression,
    load,
)
from alphapanda.telemetry.log import LogLevel

Write = Callable[[str, str], Path]
Problems = Callable[..., list[str]]


def test_without_files_everything_has_a_default_and_paper_trades_on_the_simulated_feed(
    deployment: Deployment,
) -> None:
    loaded = load(deployment, {})

    assert list(loaded.settings.active) == ["paper"]
    assert loaded.settings.active_brokers == ("paper",)
    assert loaded.settings.feed.source == "simulated"
    assert loaded.settings.environment is DeploymentEnvironment.DEVELOPMENT
    assert {source.kind for source in loaded.provenance.values()} == {SourceKind.DEFAULT}
    assert loaded.warnings == ()


def test_environment_wins_over_env_file_over_toml_over_default(deployment: Deployment, write: Write) -> None:
    write("alphapanda.toml", "[kafka]\nrequest_timeout_ms = 2000\nfetch_max_wait_ms = 2000\n\n[feed]\nseed = 2\n")
    write(".env", "# mine\nKAFKA__REQUEST_TIMEOUT_MS=3000\nexport KAFKA__FETCH_MAX_WAIT_MS='3000'  # quoted\n")

    loaded = load(deployment, {"KAFKA__REQUEST_TIMEOUT_MS": "4000"})

    kafka = loaded.settings.kafka
    assert (kafka.request_timeout_ms, kafka.fetch_max_wait_ms, loaded.settings.feed.seed) == (4000, 3000, 2)
    origins = {
        name: str(source) for name, source in loaded.provenance.items() if source.kind != SourceKind.DEFAULT
    }
    assert origins == {
        "kafka.request_timeout_ms": "environment KAFKA__REQUEST_TIMEOUT_MS",
        "kafka.fetch_max_wait_ms": ".env:3",
        "feed.seed": "alphapanda.toml:6",
    }


def test_every_name_of_the_contract_is_honoured(deployment: Deployment) -> None:
    settings = load(
        deployment,
        {
            "SETTINGS__ENVIRONMENT": "testing",
            "ACTIVE_BROKERS": "paper2, paper",
            "BROKERS__PAPER2__KIND": "paper",
            "BROKERS__PAPER2__LATENCY_MS": "7",
            "KAFKA__BOOTSTRAP_SERVERS": "a:9092,b:9092",
            "KAFKA__TICK_COMPRESSION": "zstd",
            "REDIS__URL": "redis://:pw@cache:6379/0",
            "REDPANDA_BROKER_COUNT": "3",
            "TOPIC_PARTITIONS_MULTIPLIER": "2",
            "CREATE_DLQ_FOR_ALL": "false",
            "ZERODHA_API_KEY": "key",
            "ZERODHA_API_SECRET": "secret",
            "ZERODHA_ACCESS_TOKEN": "token",
            "SCHEMA_REGISTRY_URL": "http://registry:8081",
            "LOGGING__LEVEL": "debug",
            "LOGGING__CHANNELS__API": "error",
            "TRACING__ENABLED": "true",
            "API__CORS_ORIGINS": "http://one,http://two",
            "FEED__QUEUE_MAXSIZE": "5",
            "FEED__ENQUEUE_TIMEOUT_MS": "6",
            "FEED__SPEED": "max",
            "FEED__START": "2026-02-02",
            "PROCESS_LAYOUT": "compact",
        },
    ).settings

    assert settings.environment is DeploymentEnvironment.TESTING
    assert list(settings.active) == ["paper2", "paper"]
    assert settings.paper_broker("paper2").latency_ms == 7
    assert settings.brokers["paper2"].kind is BrokerKind.PAPER
    assert settings.kafka.bootstrap_servers == "a:9092,b:9092"
    assert settings.kafka.tick_compression is TickCompression.ZSTD
    assert settings.redis.url.get_secret_value() == "redis://:pw@cache:6379/0"
    assert (settings.redpanda_broker_count, settings.topic_partitions_multiplier) == (3, 2)
    assert settings.create_dlq_for_all is False
    assert settings.zerodha_access_token.get_secret_value() == "token"
    assert settings.schema_registry_url.get_secret_value() == "http://registry:8081"
    assert settings.logging.channels == {"api": LogLevel.ERROR}
    assert settings.tracing.enabled
    assert settings.api.cors_origins == ("http://one", "http://two")
    assert (settings.feed.speed, settings.feed.start) == ("max", date(2026, 2, 2))
    assert settings.process_layout == "compact"


def test_a_variable_reaches_any_broker_and_any_number_of_them(deployment: Deployment, write: Write) -> None:
    write("alphapanda.toml", 'active_brokers = ["paper2", "paper3"]\n[brokers.paper2]\nkind = "paper"\n')

    settings = load(deployment, {"BROKERS__PAPER3__KIND": "paper", "BROKERS__PAPER__LATENCY_MS": "9"}).settings

    assert list(settings.active) == ["paper2", "paper3"]
    assert settings.paper_broker("paper").latency_ms == 9


def test_an_empty_variable_counts_as_not_set(deployment: Deployment) -> None:
    loaded = load(deployment, {"KAFKA__REQUEST_TIMEOUT_MS": ""})
    assert loaded.provenance["kafka.request_timeout_ms"].kind is SourceKind.DEFAULT


def test_a_relative_path_starts_at_the_deployment(deployment: Deployment, write: Write) -> None:
    write("alphapanda.toml", '[feed]\nfile = "data/ticks.csv"\ninstruments_file = "/else/where.csv"\n')

    feed = load(deployment, {}).settings.feed

    assert feed.file == deployment.root / "data/ticks.csv"
    assert feed.instruments_file == Path("/else/where.csv")


def test_secrets_do_not_show_in_a_repr(deployment: Deployment) -> None:
    settings = load(deployment, {"REDIS__URL": "redis://:hunter2@h/0", "ZERODHA_API_SECRET": "hunter3"}).settings
    assert "hunter" not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "where", "what"),
    [
        (
            {"ACTIVE_BROKER": "paper"},
            "ACTIVE_BROKER",
            "ACTIVE_BROKER is not a setting. Did you mean ACTIVE_BROKERS?",
        ),
        (
            {"KAFKA__BOOTSTRAP_SERVER": "x"},
            "KAFKA__BOOTSTRAP_SERVER",
            "KAFKA__BOOTSTRAP_SERVER is not a setting. Did you mean KAFKA__BOOTSTRAP_SERVERS?",
        ),
        (
            {"KAFAK__BOOTSTRAP_SERVERS": "x"},
            "KAFAK__BOOTSTRAP_SERVERS",
            "KAFAK__BOOTSTRAP_SERVERS is not a setting. Did you mean KAFKA__BOOTSTRAP_SERVERS?",
        ),
        (
            {"ALPHAPANDA_HOMES": "x"},
            "ALPHAPANDA_HOMES",
            "ALPHAPANDA_HOMES is not a setting. Did you mean ALPHAPANDA_HOME?",
        ),
        (
            {"ALPHAPANDA_FEED__SPEED": "2"},
            "ALPHAPANDA_FEED__SPEED",
            "ALPHAPANDA_FEED__SPEED is not a setting. Did you mean FEED__SPEED?",
        ),
        (
            {"ZERODHA_APIKEY": "x"},
            "ZERODHA_APIKEY",
            "ZERODHA_APIKEY is not a setting. Did you mean ZERODHA_API_KEY?",
        ),
        (
            {"LOGGING__CHANNELS__APII": "debug"},
            "LOGGING__CHANNELS__APII",
            "LOGGING__CHANNELS__APII is not a setting. Did you mean LOGGING__CHANNELS__API?",
        ),
        (
            {"BROKERS__PAPER2__KIND": "papier"},
            "BROKERS__PAPER2__KIND",
            "brokers.paper2.kind must be one of paper, zerodha: should be 'paper' or 'zerodha'.",
        ),
        (
            {"BROKERS__PAPER__API_KEY": "k"},
            "BROKERS__PAPER__API_KEY",
            "brokers.paper.api_key is not a setting of a broker of kind paper.",
        ),
        (
            {"BROKER_NAMESPACE": "paper"},
            "BROKER_NAMESPACE",
            (
                "BROKER_NAMESPACE is gone. One system now serves all brokers: remove it and list them in "
                "ACTIVE_BROKERS."
            ),
        ),
        (
            {"EMBEDDED__HEAP_MB": "1"},
            "EMBEDDED__HEAP_MB",
            "embedded.heap_mb must be a whole number: should be greater than or equal to 128.",
        ),
        (
            {"SETTINGS__ENVIRONMENT": "prod"},
            "SETTINGS__ENVIRONMENT",
            (
                "settings.environment must be one of development, testing, production: should be 'development', "
                "'testing' or 'production'."
            ),
        ),
        (
            {"ACTIVE_BROKERS": "papper"},
            "ACTIVE_BROKERS",
            (
                'there is no broker papper. Did you mean paper? Or add [brokers.papper] kind = "paper" to '
                "alphapanda.toml."
            ),
        ),
        (
            {"ACTIVE_BROKERS": "paper2"},
            "ACTIVE_BROKERS",
            'there is no broker paper2. Add [brokers.paper2] kind = "paper" to alphapanda.toml.',
        ),
        ({"ACTIVE_BROKERS": "paper,paper"}, "ACTIVE_BROKERS", "active_brokers names paper twice."),
        ({"ACTIVE_BROKERS": ","}, "ACTIVE_BROKERS", "active_brokers names no broker. Set ACTIVE_BROKERS=paper."),
        (
            {"ACTIVE_BROKERS": "paper,zerodha"},
            "ACTIVE_BROKERS",
            "brokers of kind zerodha come with a later release. Use paper.",
        ),
        (
            {"BROKERS__Z__KIND": "zerodha"},
            "BROKERS__Z__KIND",
            "brokers of kind zerodha come with a later release. Use paper.",
        ),
        (
            {"BROKERS__MARKET__KIND": "paper"},
            "BROKERS__MARKET__KIND",
            (
                "'market' cannot be a broker's name. Use lower-case letters, digits, - and _, starting with a "
                "letter; not market, system or dlq."
            ),
        ),
        (
            {"BROKERS__PAPER2__LATENCY_MS": "1"},
            "BROKERS__PAPER2__LATENCY_MS",
            "brokers.paper2.kind is missing. Set it in alphapanda.toml, or BROKERS__PAPER2__KIND.",
        ),
        (
            {"FEED__SOURCE": "recorded"},
            "FEED__SOURCE",
            "a recorded feed needs its file. Set FEED__FILE=ticks.csv.",
        ),
        ({"FEED__SPEED": "0"}, "FEED__SPEED", "feed.speed must be above 0, or max."),
        (
            {"INFRA__TIER": "external", "REDIS__URL": "redis://h"},
            "INFRA__TIER",
            "the external tier needs Kafka's address. Set KAFKA__BOOTSTRAP_SERVERS=host:9092.",
        ),
        (
            {"INFRA__TIER": "external", "KAFKA__BOOTSTRAP_SERVERS": "h:1", "REDIS__URL": "h:6379"},
            "REDIS__URL",
            "redis.url must start with redis://, rediss:// or unix://.",
        ),
    ],
)
def test_a_wrong_variable_is_one_line_of_what_where_and_what_to_do(
    environ: dict[str, str], where: str, what: str, problems: Problems
) -> None:
    assert problems(**environ) == [f"environment {where}: {what}"]


def test_variables_of_other_programs_are_left_alone(deployment: Deployment) -> None:
    others = {
        "PATH": "/bin",
        "FOO__BAR": "1",
        "REDIS_HOST": "x",
        "KAFKA_HOME": "/opt",
        "API": "x",
        "FEED": "1",
        "XDG_RUNTIME_DIR": "/run",
    }
    loaded = load(deployment, others)
    assert loaded.warnings == ()


def test_what_has_no_effect_yet_is_said(deployment: Deployment) -> None:
    warnings = load(deployment, {"TRACING__ENABLED": "true", "PROCESS_LAYOUT": "split"}).warnings
    assert warnings == ("environment TRACING__ENABLED: tracing.enabled has no effect in this release.",)


def test_credentials_that_no_broker_uses_are_pointed_out(deployment: Deployment) -> None:
    warnings = load(deployment, {"ZERODHA_API_KEY": "key", "ZERODHA_API_SECRET": ""}).warnings
    assert warnings == ("environment ZERODHA_API_KEY: zerodha_api_key has no effect: there is no broker zerodha.",)


def test_servers_that_are_named_and_not_used_are_pointed_out(deployment: Deployment) -> None:
    named = {"KAFKA__BOOTSTRAP_SERVERS": "kafka:9092", "REDIS__URL": "redis://:secret@redis:6379/0"}
    warnings = load(deployment, named).warnings
    assert [warning.partition(":")[0] for warning in warnings] == [
        "environment KAFKA__BOOTSTRAP_SERVERS",
        "environment REDIS__URL",
    ]
    assert all("INFRA__TIER=external" in warning for warning in warnings)
    assert "secret" not in "".join(warnings)
    assert load(deployment, named | {"INFRA__TIER": "external"}).warnings == ()


def test_a_single_underscore_is_pointed_out_but_accepted(deployment: Deployment) -> None:
    assert load(deployment, {"REDIS_URL": "redis://x"}).warnings == (
        "environment REDIS_URL: not read here; ours is REDIS__URL.",
    )
    ours = {"REDIS__URL": "redis://y", "INFRA__TIER": "external", "KAFKA__BOOTSTRAP_SERVERS": "k:9092"}
    assert load(deployment, {"REDIS_URL": "redis://x"} | ours).warnings == ()


def test_an_unknown_key_names_its_line_and_its_neighbour(write: Write, problems: Problems) -> None:
    write(
        "alphapanda.toml",
        'activ_brokers = ["paper"]\n[kafka]\nfetch_max_wait = 5\n[kafkaa]\nx = 1\n[brokers.paper]\nlatency = 1\n'
        "[fed]\n[api]\n",
    )
    assert problems() == [
        "alphapanda.toml:1: activ_brokers is not a setting. Did you mean active_brokers?",
        "alphapanda.toml:3: kafka.fetch_max_wait is not a setting. Did you mean fetch_max_wait_ms?",
        "alphapanda.toml:5: kafkaa is not a setting. Did you mean kafka?",
        "alphapanda.toml:7: brokers.paper.latency is not a setting. Did you mean latency_ms?",
        "alphapanda.toml:8: fed is not a setting. Did you mean feed?",
    ]


def test_every_unknown_line_of_the_env_file_is_an_error(write: Write, problems: Problems) -> None:
    write(".env", "FEED__SPED=2\nSOMETHING=else\nnot a line\n")
    assert problems() == [
        ".env:3: this is no NAME=value line.",
        ".env:1: FEED__SPED is not a setting. Did you mean FEED__SPEED?",
        ".env:2: SOMETHING is not a setting. All settings: alphapanda config show",
    ]


def test_a_misspelt_channel_names_its_line_and_its_neighbour(write: Write, problems: Problems) -> None:
    write("alphapanda.toml", '[logging.channels]\napi = "debug"\nmarketdata = "debug"\n')
    write(".env", "LOGGING__CHANNELS__TRADNG=debug\n")
    assert problems() == [
        ".env:1: LOGGING__CHANNELS__TRADNG is not a setting. Did you mean LOGGING__CHANNELS__TRADING?",
        "alphapanda.toml:3: logging.channels.marketdata is not a setting. Did you mean market_data?",
    ]


def test_an_env_file_is_read_as_dotenv_reads_it(deployment: Deployment, write: Write) -> None:
    write(
        ".env",
        "\ufeff# begun by an editor on Windows\r\n\r\n"
        "FEED__SEED=7\t# a tab before the comment\r\n"
        "\texport\tFEED__SPEED = 2 \r\n\r\n"
        'REDIS__URL="redis://:p#\\"w ${HOME}@h/0"  # quoted\r\n'
        "API__HOST='::1'\r\n"
        "KAFKA__BOOTSTRAP_SERVERS=\r\n",
    )
    loaded = load(deployment, {})
    settings = loaded.settings
    assert (settings.feed.seed, settings.feed.speed, settings.api.host) == (7, 2.0, "::1")
    assert settings.redis.url.get_secret_value() == 'redis://:p#"w ${HOME}@h/0'
    origins = {name: str(at) for name, at in loaded.provenance.items() if at.kind is SourceKind.ENV_FILE}
    assert origins == {"feed.seed": ".env:3", "feed.speed": ".env:4", "redis.url": ".env:6", "api.host": ".env:7"}


def test_a_name_without_a_value_is_no_line_of_an_env_file(write: Write, problems: Problems) -> None:
    write(".env", "FEED__SEED\nFEED__SPEED: 2\n")
    assert problems() == [
        ".env:1: this is no NAME=value line.",
        ".env:2: this is no NAME=value line.",
    ]


def test_a_value_that_is_a_table_is_refused(write: Write, problems: Problems) -> None:
    write("alphapanda.toml", "kafka = 5\n")
    assert problems() == ["alphapanda.toml:1: kafka is a table, not a value. Write [kafka]."]


def test_a_table_where_a_value_belongs_is_refused(write: Write, problems: Problems) -> None:
    write("alphapanda.toml", "[kafka.request_timeout_ms]\nx = 1\n")
    assert (
        problems() == ["alphapanda.toml:2: kafka.request_timeout_ms.x is not a setting."] or "x" in problems()[0]
    )


def test_the_error_shows_the_first_problem_and_counts_the_others(
    deployment: Deployment,
) -> None:
    from alphapanda.errors import ConfigError

    with pytest.raises(ConfigError, match=r"2 more: alphapanda config check"):
        load(deployment, {"EMBEDDED__HEAP_MB": "1", "FEED__SPEED": "x", "FEED__SEED": "-1"})


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingsError, match="there is no folder"):
        load(Deployment(tmp_path / "misspelt"), {})


def test_avro_needs_a_registry(deployment: Deployment) -> None:
    with pytest.raises(InvalidSettingsError) as found:
        load(deployment, {"SERIALIZATION__FORMAT": "avro"})
    assert "avro needs a schema registry" in str(found.value)
    with pytest.raises(InvalidSettingsError) as found:
        load(deployment, {"SCHEMA_REGISTRY_URL": "registry:8081"})
    assert "schema_registry_url must be http" in str(found.value)

    environ = {"SERIALIZATION__FORMAT": "avro", "SCHEMA_REGISTRY_URL": "http://me:pw@registry:8081"}
    loaded = load(deployment, {**environ, "SERIALIZATION__TOPICS": "market.ticks, paper.orders.filled"})
    assert loaded.settings.serialization.topics == ("market.ticks", "paper.orders.filled")
    assert "pw" not in repr(loaded.settings)


def test_a_registry_without_avros_packages_is_refused_ahead(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib.util import find_spec

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "fastavro" else find_spec(name))
    with pytest.raises(InvalidSettingsError, match=r"alphapanda\[avro\]"):
        load(deployment, {"SCHEMA_REGISTRY_URL": "http://127.0.0.1:8081"})
