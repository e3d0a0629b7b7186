from __future__ import annotations

from pathlib import Path

from alphapanda.deployment import Deployment
from alphapanda.settings import Settings
from daemons.supervisor.environment import child_environment

SHELL = {
    "PATH": "/bin",
    "HOME": "/home/me",
    "LC_ALL": "C.UTF-8",
    "https_proxy": "http://proxy",
    "AWS_SECRET_ACCESS_KEY": "not ours",
    "LD_PRELOAD": "evil.so",
    "ACTIVE_BROKERS": "paper,paper2",
    "BROKERS__PAPER__LATENCY_MS": "5",
    "BROKERS__PAPER2__KIND": "paper",
    "KAFKA__BOOTSTRAP_SERVERS": "k:9092",
    "feed__seed": "7",
    "ZERODHA_API_KEY": "key",
    "ZERODHA_API_SECRET": "secret",
    "ZERODHA_ACCESS_TOKEN": "token",
    "BROKERS__KITE2__KIND": "zerodha",
    "BROKERS__KITE2__ACCESS_TOKEN": "token2",
    "NOTIFY_SOCKET": "/run/systemd/notify",
}


def made(broker: str | None) -> dict[str, str]:
    return child_environment(
        Deployment(Path("/d")),
        SHELL,
        setting_names=tuple(Settings.model_fields),
        broker=broker,
    )


def test_a_paper_process_has_no_others_credentials() -> None:
    assert not [name for name in made("paper") if "ZERODHA" in name.upper()]
    assert not {"key", "secret", "token"} & set(made("paper").values())


def test_a_process_of_no_broker_has_none_at_all() -> None:
    assert not [name for name in made(None) if "ZERODHA" in name.upper()]


def test_a_process_of_the_broker_has_its_own() -> None:
    assert made("zerodha")["ZERODHA_ACCESS_TOKEN"] == "token"


def test_two_brokers_of_one_kind_do_not_share_credentials() -> None:
    assert made("kite2")["BROKERS__KITE2__ACCESS_TOKEN"] == "token2"
    assert not {"key", "secret", "token"} & set(made("kite2").values())
    assert "token2" not in made("zerodha").values()
    assert made(None)["BROKERS__KITE2__KIND"] == "zerodha"
    assert "token2" not in made(None).values()


def test_a_brokers_process_is_told_of_no_other() -> None:
    environment = made("paper")
    assert environment["ACTIVE_BROKERS"] == "paper"
    assert environment["BROKERS__PAPER__LATENCY_MS"] == "5"
    assert not [name for name, value in environment.items() if "paper2" in f"{name}{value}".lower()]


def test_what_serves_all_is_told_of_all() -> None:
    assert made(None)["ACTIVE_BROKERS"] == "paper,paper2"
    assert made(None)["BROKERS__PAPER2__KIND"] == "paper"


def test_nothing_is_inherited_by_accident() -> None:
    environment = made(None)
    assert not {"AWS_SECRET_ACCESS_KEY", "LD_PRELOAD", "NOTIFY_SOCKET"} & set(environment)


def test_settings_and_the_machine_are_passed_on() -> None:
    environment = made(None)
    for name in (
        "PATH",
        "HOME",
        "LC_ALL",
        "https_proxy",
        "ACTIVE_BROKERS",
        "KAFKA__BOOTSTRAP_SERVERS",
        "feed__seed",
    ):
        assert environment[name] == SHELL[name]
    assert environment["ALPHAPANDA_HOME"] == "/d"
    assert environment["PYTHONUNBUFFERED"] == "1"
