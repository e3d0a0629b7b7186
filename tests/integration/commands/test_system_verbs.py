"""`up`, `status`, `restart`, `run`, `doctor` where nothing runs: words and exit codes, without any server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alphapanda.deployment import Deployment
from alphapanda.infra.control.run_paths import RunPaths
from alphapanda.infra.control.run_records import RunRecords

Done = subprocess.CompletedProcess[str]
Call = Callable[..., Done]
SOURCE = str(Path(__file__).resolve().parents[3])


@pytest.fixture
def call(tmp_path: Path) -> Call:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_CACHE_HOME") if name in os.environ}

    def call(*words: str, **environ: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "commands.main", *words],
            env={**kept, "PYTHONPATH": SOURCE, "ALPHAPANDA_HOME": str(tmp_path), **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return call


def assert_one_line(done: Done, code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


def assert_nothing_left(root: Path) -> None:
    places = RunPaths(Deployment(root))
    with places.hold():
        pass  # nobody holds the lock
    assert RunRecords(places.run_records).survivors == ()


def test_status_of_nothing_is_3(call: Call) -> None:
    assert_one_line(call("status"), 3, "Nothing is running", "alphapanda up")
    done = call("status", "--json")
    assert (done.returncode, json.loads(done.stdout)["running"]) == (3, False)


def test_restart_of_nothing_is_3(call: Call) -> None:
    assert_one_line(call("restart", "feed"), 3, "Nothing is running")


def test_a_dry_run_shows_the_plan_and_makes_nothing(call: Call, tmp_path: Path) -> None:
    done = call("up", "--dry-run", "--json", ACTIVE_BROKERS="paper,b2", BROKERS__B2__KIND="paper")
    items = json.loads(done.stdout)["items"]
    names = [item["name"] for item in items]
    assert names[:3] == ["kafka", "valkey", "topics"]
    assert names[3:] == ["feed", "strategies", "risk.paper", "trader.paper", "risk.b2", "trader.b2", "monitor"]
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_of_names_shows_what_they_need(call: Call) -> None:
    items = json.loads(call("up", "strategies", "--dry-run", "--json").stdout)["items"]
    assert [item["name"] for item in items] == ["kafka", "valkey", "topics", "feed", "strategies"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("up", "strategy"), 2, "'strategies'"),
        (("up", "--only"), 2, "--only needs names"),
        (("up", "--feed", "recorded"), 78, "file"),
        (("up", "--speed", "warp"), 2, "--speed warp"),
        (("run", "trader.papr"), 2, "'trader.paper'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    call: Call, tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    assert_one_line(call(*words), code, told)
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("words", [("up",), ("up", "--foreground"), ("up", "--dry-run"), ("run", "feed")])
def test_an_unusable_file_is_78_and_nothing_is_started(call: Call, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "alphapanda.toml").write_text("[feed]\nsped = 1\n")
    assert_one_line(call(*words), 78, "alphapanda.toml:2", "speed")
    assert_nothing_left(tmp_path)


def test_servers_of_others_that_do_not_answer_are_4_and_nothing_is_started(call: Call, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environ = {
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": address,
        "REDIS__URL": f"redis://{address}/0",
    }
    assert_one_line(call("up", **environ), 4, address)
    assert_nothing_left(tmp_path)


def test_the_doctor_finds_a_healthy_machine_well(call: Call) -> None:
    done = call("doctor", "--json")
    items = json.loads(done.stdout)["items"]
    assert done.returncode == 0, done.stdout
    checks = {item["check"] for item in items}
    assert {"platform", "python", "disk", "ports", "settings", "kafka server", "redis server", "clock"} <= checks
    assert all(item["hint"] for item in items if item["verdict"] != "ok")


def test_the_doctor_ends_with_3_and_says_what_to_do(call: Call, tmp_path: Path) -> None:
    (tmp_path / "alphapanda.toml").write_text("[feed]\nsped = 1\n")
    (tmp_path / ".env").write_text("")
    (tmp_path / ".env").chmod(0o644)
    done = call("doctor", "--json")
    items = {item["check"]: item for item in json.loads(done.stdout)["items"]}
    assert done.returncode == 3
    assert items["settings"]["verdict"] == "fail"
    assert "sped" in items["settings"]["detail"]
    assert items[".env"]["verdict"] == "warn"
    assert items[".env"]["hint"].startswith("chmod 600")


def test_the_doctor_sees_who_has_taken_a_port(call: Call, tmp_path: Path) -> None:
    run = Deployment(tmp_path).run
    run.mkdir(parents=True, mode=0o700)
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        port = taker.getsockname()[1]
        (run / "ports.json").write_text(json.dumps({"feed": port}))
        done = call("doctor")
    assert done.returncode == 3
    assert f"{port} of feed is taken by" in done.stdout


def test_the_doctor_asks_servers_of_others(call: Call) -> None:
    environ = {
        "INFRA__TIER": "external",
        "KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "REDIS__URL": "redis://127.0.0.1:1/0",
    }
    done = call("doctor", "--json", **environ)
    items = {item["check"]: item for item in json.loads(done.stdout)["items"]}
    assert done.returncode == 3
    assert items["kafka server"]["verdict"] == items["redis server"]["verdict"] == "fail"
