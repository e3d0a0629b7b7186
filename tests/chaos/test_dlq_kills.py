"""SIGKILL to a replay at random points: run again, it has sent each record once in effect; the ledger agrees."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from alphapanda.model.dead_letter import LedgerState
from alphapanda.model.kinds import EventType
from alphapanda.model.records import Header
from alphapanda.serialization.codec import decode

KIT = Path(__file__).parents[1] / "integration" / "dlq" / "conftest.py"


def _kit() -> Any:
    spec = importlib.util.spec_from_file_location("dlq_kit", KIT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


world = _kit().world
"""The fixture of the DLQ's integration tests: a broker of its own, a group that fails, the command line."""

pytestmark = [pytest.mark.chaos, pytest.mark.kafka]


@pytest.mark.timeout(240)
def test_a_replay_that_is_killed_five_times(world: Any) -> None:
    killed_and_run_again(world, records=300, kills=5, rate=300)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_replay_that_is_interrupted_goes_on(world: Any, how: signal.Signals) -> None:
    words = ("replay", world.signals, "--valid-for", "1d", "--json")
    with world.group_at_work() as risk:
        signals = world.failing(40)
        process = subprocess.Popen(
            [sys.executable, "-m", "commands.main", "dlq", *words, "--rate", "20"],
            env={**os.environ, **world.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        world.until(lambda: _sent(world) >= 5)
        process.send_signal(how)
        out, said = process.communicate(timeout=60)
        assert process.returncode == 130, said
        first = json.loads(out)
        assert first["report"]["unsent"] == 40 - first["report"]["sent"] > 0
        assert f"--run {first['run_id']}" in said
        states = Counter(item["state"] for item in world.items(world.signals))
        assert states["planned"] == first["report"]["unsent"]
        again = world.run(*words, "--run", first["run_id"])
        assert again.code == 0, again.err
        assert again.document["resumes"]
        assert dict(risk.folded) == {one.id: 1 for one in signals}
    assert {entry.moved.run_id for entry in world.ledger().values()} == {first["run_id"]}
    unknown = world.run(*words, "--run", first["run_id"])
    assert (unknown.code, "no unfinished run" in unknown.err) == (2, True)


@pytest.mark.conformance
@pytest.mark.timeout(1200)
def test_a_replay_of_ten_thousand_that_is_killed_twenty_times(world: Any) -> None:
    killed_and_run_again(world, records=10_000, kills=20, rate=4_000)


def killed_and_run_again(world: Any, *, records: int, kills: int, rate: int) -> None:
    dice = random.Random(os.environ.get("CHAOS_SEED", "dlq"))
    words = ("replay", world.signals, "--valid-for", "1d", "--rate", str(rate), "--json", "--patience", "60")
    with world.group_at_work() as risk:
        signals = world.failing(records)
        landed = [_killed(world, words, dice, records) for _ in range(kills)]
        last = world.run(*words)
        assert last.code == 0, last.err
        world.until(lambda: len(risk.folded) == records)
    assert sum(landed) >= kills // 2, "hardly any kill struck while the replay was at work"

    # Exactly once in effect: each signal folded once, one decision on each, the position as without faults.
    assert dict(risk.folded) == {one.id: 1 for one in signals}
    assert risk.position == sum(one.data.quantity for one in signals)
    verdicts = [
        decode(EventType.SIGNAL_VALIDATED, one.value) for one in world.read(f"{world.broker}.signals.validated")
    ]
    assert Counter(one.causation_id for one in verdicts) == {one.id: 1 for one in signals}

    # Once in the log, too: no dead letter was sent twice.
    copies = Counter(
        one.header(Header.REPLAY_OF) for one in world.read(world.signals) if one.header(Header.REPLAY_OF)
    )
    assert len(copies) == records
    assert set(copies.values()) == {1}

    # The ledger agrees.
    entries = world.ledger()
    assert len(entries) == records
    assert {entry.state for entry in entries.values()} == {LedgerState.CONFIRMED}
    assert {entry.moved.replays for entry in entries.values()} == {1}
    assert len({entry.moved.run_id for entry in entries.values()}) == 1, (
        "a run that was cut short goes on as itself"
    )
    places = {str(one.position) for one in world.read(world.signals) if one.header(Header.REPLAY_OF)}
    assert {str(entry.moved.sent) for entry in entries.values()} == places


def _killed(world: Any, words: tuple[str, ...], dice: random.Random, records: int) -> bool:
    """Start a replay, kill it once a random number of records is sent; return whether it was still at work."""
    sent = _sent(world)
    goal = dice.randint(sent, records)
    process = subprocess.Popen(
        [sys.executable, "-m", "commands.main", "dlq", *words],
        env={**os.environ, **world.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pause = Event()
    while process.poll() is None and _sent(world) <= min(goal, records - 1):
        pause.wait(0.005)
    pause.wait(dice.random() * 0.05)
    at_work = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return at_work


def _sent(world: Any) -> int:
    """Return how many records the source topic has beyond those that failed."""
    return max(0, int(world.end(world.signals)) - int(world.end(f"{world.signals}.dlq")))
