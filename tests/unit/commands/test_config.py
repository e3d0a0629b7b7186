"""`config show` and `config check`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alphapanda.settings.inventory import known_settings

Call = Callable[..., Any]


def test_show_has_every_setting_with_its_origin_and_no_secret(
    home: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "alphapanda.toml").write_text("[feed]\nseed = 7\n")
    monkeypatch.setenv("REDIS__URL", "redis://:hunter2@cache/0")
    monkeypatch.setenv("ZERODHA_API_KEY", "hunter3")

    ended = call("config", "show")

    lines = {line.split()[0]: line.split(maxsplit=2)[1:] for line in ended.out.splitlines()[1:]}
    assert lines["feed.seed"] == ["7", "alphapanda.toml:2"]
    assert lines["redis.url"] == ["redis://:********@cache/0", "environment REDIS__URL"]
    assert lines["zerodha_api_key"] == ["********", "environment ZERODHA_API_KEY"]
    fixed = {setting.name for setting in known_settings() if "NAME" not in setting.name}
    assert fixed <= set(lines)
    assert "hunter" not in ended.out + ended.err


def test_show_as_json(call: Call) -> None:
    document = call("config", "show", "--json").json()
    assert (document["schema_version"], document["kind"]) == (1, "settings")
    by_name = {item["setting"]: item for item in document["items"]}
    assert by_name["active_brokers"] == {
        "setting": "active_brokers",
        "value": ["paper"],
        "source": "default",
        "kind": "default",
        "place": "",
        "variable": "ACTIVE_BROKERS",
    }


def test_check_lists_every_problem_of_every_file_and_ends_with_78(home: Path, call: Call) -> None:
    (home / "strategies.toml").write_text("[strategies.a]\nclas = 1\n")
    (home / "risk.toml").write_text("[limits]\nmax_open_position = 1\n")
    ended = call("config", "check")
    assert (ended.code, ended.out) == (78, "")
    assert [line.split(": ")[1] for line in ended.err.splitlines()] == ["strategies.toml:2", "risk.toml:2"]


def test_check_as_json_is_a_document_either_way(home: Path, call: Call) -> None:
    fine = call("config", "check", "--json")
    assert (fine.code, fine.json()["items"]) == (0, [])
    (home / "alphapanda.toml").write_text("[fed]\nx = 1\n")
    bad = call("config", "check", "--json")
    assert bad.code == 78
    assert bad.json()["items"] == [
        {"where": "alphapanda.toml:2", "what": "fed is not a setting.", "hint": "Did you mean feed?"}
    ]


def test_warnings_go_to_stderr_and_change_no_exit_code(home: Path, call: Call) -> None:
    (home / ".env").write_text("FEED__SEED=3\n")
    (home / ".env").chmod(0o644)
    ended = call("config", "check")
    assert ended.code == 0
    assert "warning: .env: others on this machine can read it." in ended.err
