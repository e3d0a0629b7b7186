"""`alphapanda logs` as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from alphapanda.deployment import Deployment
from alphapanda.telemetry.record import encode_line
from alphapanda.telemetry.rotation import RotatingFile

COMMAND = [sys.executable, "-m", "commands.main", "logs"]
PATIENCE_S = 60.0


def environment(deployment: Deployment) -> dict[str, str]:
    root = str(Path(__file__).parents[3])
    return {"PATH": os.environ["PATH"], "ALPHAPANDA_HOME": str(deployment.root), "PYTHONPATH": root}


def run(deployment: Deployment, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        env=environment(deployment),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def write(deployment: Deployment, service: str, *seconds: int, **fields: object) -> None:
    file = RotatingFile(deployment.logs, service, max_bytes=250, backups=100)
    for second in seconds:
        ts = f"2025-11-17T04:00:{second:02d}.000000Z"
        line = {"ts": ts, "level": "info", "channel": "app", "service": service, "event": f"line {second}"}
        file.write([encode_line(line | fields)])
    file.close()


@pytest.fixture
def written(deployment: Deployment) -> Deployment:
    write(deployment, "feed", 1, 3, 5)
    write(deployment, "risk.paper", 2, 4, kind="order")
    return deployment


def test_all_daemons_are_shown_in_the_order_of_time(written: Deployment) -> None:
    done = run(written)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "17 Nov 09:30:01.000 feed       INFO  line 1",
        "17 Nov 09:30:02.000 risk.paper INFO  line 2  kind=order",
        "17 Nov 09:30:03.000 feed       INFO  line 3",
        "17 Nov 09:30:04.000 risk.paper INFO  line 4  kind=order",
        "17 Nov 09:30:05.000 feed       INFO  line 5",
    ]
    assert done.stderr == ""


def test_options_choose_lines(written: Deployment) -> None:
    assert (
        run(written, "risk", "-n", "1", "--no-prefix").stdout == "17 Nov 09:30:04.000 INFO  line 4  kind=order\n"
    )
    since = run(written, "--since", "2025-11-17T09:30:03", "--until", "2025-11-17T09:30:04").stdout
    assert [line.split()[-2:] for line in since.splitlines()] == [["line", "3"], ["4", "kind=order"]]
    assert run(written, "--grep", "kind=ord", "-n", "all").stdout.count("\n") == 2
    nothing = run(written, "--level", "error")
    assert (nothing.stdout, nothing.returncode) == ("", 0)
    assert "No line matches" in nothing.stderr


def test_json_is_the_line_as_written_with_the_forms_version(written: Deployment) -> None:
    written.infra_logs.mkdir(parents=True)
    (written.infra_logs / "kafka.log").write_text("2025-11-17T04:00:09.000Z [main] WARN kafka.Server - late\n")
    ours, theirs = map(json.loads, run(written, "risk.paper", "kafka", "--json", "-n", "2").stdout.splitlines())
    assert ours == {
        "schema_version": 1,
        "ts": "2025-11-17T04:00:04.000000Z",
        "level": "info",
        "channel": "app",
        "service": "risk.paper",
        "event": "line 4",
        "kind": "order",
    }
    assert (theirs["service"], theirs["level"], theirs["event"]) == ("kafka", "warning", "kafka.Server - late")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["fed"], "Did you mean 'feed'"),
        (["--since", "soon"], "is not a time"),
        (["--level", "loud"], "log level 'loud'"),
        (["--grep", "("], "not a regular expression"),
        (["--channel", "trade"], "Did you mean 'trading'"),
        (["-n", "few"], "not a number of lines"),
    ],
)
def test_wrong_words_are_one_line_and_exit_2(written: Deployment, words: list[str], says: str) -> None:
    done = run(written, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_daemon_of_the_settings_that_wrote_nothing_is_no_mistake(written: Deployment) -> None:
    done = run(written, "trader.paper")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no logs of trader.paper" in done.stderr


def test_an_empty_deployment_says_how_logs_begin(deployment: Deployment) -> None:
    done = run(deployment)
    assert (done.returncode, done.stdout) == (0, "")
    assert "alphapanda up" in done.stderr


def test_following_sees_rotations_restarts_and_new_daemons_until_ctrl_c(written: Deployment) -> None:
    with subprocess.Popen(
        [*COMMAND, "-f", "-n", "1", "--no-prefix"], env=environment(written), stdout=subprocess.PIPE, text=True
    ) as process:
        guard = threading.Timer(PATIENCE_S, process.kill)
        guard.start()
        assert process.stdout is not None
        shown = [process.stdout.readline()]
        for second in range(10, 20):
            write(written, "feed", second)  # each time a new process, and mostly a new file
            shown.append(process.stdout.readline())
        write(written, "trader.paper", 30)
        shown.append(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        guard.cancel()
    assert [line.split()[-1] for line in shown] == ["5", *map(str, range(10, 20)), "30"]


def test_a_reader_that_goes_away_is_no_error(deployment: Deployment) -> None:
    write(deployment, "feed", *[1] * 5000)
    line = f"{' '.join(COMMAND)} -n all | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        env=environment(deployment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
