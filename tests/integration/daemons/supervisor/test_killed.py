"""What a SIGKILLed supervisor leaves, and what the next one and `down` make of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import pytest

from alphapanda.infra.control.client import NotRunningError, connect
from alphapanda.infra.control.run_records import RunRecords
from alphapanda.infra.identity import ProcessIdentity
from alphapanda.model.process_status import ProcessState
from daemons.supervisor.plan import remembered_state

System = Any

PLAN = (
    {"name": "kafka", "kind": "infra", "orphan": "survive"},
    {"name": "feed", "needs": ["kafka"]},
    {"name": "guard", "orphan": "survive"},
)


async def all_ready(system: System) -> dict[str, ProcessIdentity]:
    system.plan(*PLAN)
    (system.root / "kafka.ready").touch()
    await system.begin()
    await system.apply()
    now = await system.until_state(kafka="ready", feed="ready", guard="ready")
    found = {name: ProcessIdentity.of(process.pid) for name, process in now.items()}
    return {name: identity for name, identity in found.items() if identity is not None}


async def test_daemons_drain_and_end_with_it_and_servers_live_on(system: System) -> None:
    running = await all_ready(system)
    await system.kill_supervisor()
    await system.gone(running["feed"])
    assert "feed stopping" in system.journal()
    assert running["kafka"].alive
    assert running["guard"].alive


async def test_the_next_one_adopts_the_survivors_and_starts_the_others(system: System) -> None:
    running = await all_ready(system)
    await system.kill_supervisor()
    with pytest.raises(NotRunningError, match=r"is gone; kafka.* still run.*alphapanda up"):
        async with connect(system.places):
            pass
    await system.begin()
    await system.apply()
    now = await system.until_state(kafka="ready", feed="ready", guard="starting")
    assert now["kafka"].pid == running["kafka"].pid
    assert now["kafka"].adopted
    assert now["guard"].pid == running["guard"].pid
    assert now["guard"].adopted
    assert now["feed"].pid != running["feed"].pid
    assert not now["feed"].adopted
    # An adopted process is watched as any other: it is started again when it is killed.
    os.kill(running["kafka"].pid, signal.SIGKILL)
    now = await system.until(lambda now: now["kafka"].restarts == 1 and now["kafka"].state is ProcessState.READY)
    assert not now["kafka"].adopted
    assert await system.end() == 0
    assert not running["guard"].alive


async def test_a_survivor_of_another_plan_is_ended_before_its_successor_starts(system: System) -> None:
    running = await all_ready(system)
    await system.kill_supervisor()
    system.plan({"name": "kafka", "kind": "infra", "orphan": "survive", "digest": "other"})
    await system.begin()
    await system.apply()
    now = await system.until_state(kafka="ready")
    assert now["kafka"].pid != running["kafka"].pid
    assert not any(identity.alive for identity in running.values())


async def test_a_reused_pid_is_not_mistaken_for_ours(system: System) -> None:
    running = await all_ready(system)
    await system.kill_supervisor()
    ledger = system.places.run_records
    mine = ProcessIdentity.of(os.getpid())
    assert mine is not None
    text = ledger.read_text().replace(f'"pid":{running["kafka"].pid},', f'"pid":{os.getpid()},')
    ledger.write_text(text)
    assert "kafka" not in [entry.name for entry in RunRecords(ledger).survivors]
    os.kill(running["kafka"].pid, signal.SIGKILL)
    assert mine.alive


async def test_what_was_told_is_remembered_until_down(system: System) -> None:
    system.plan({"name": "feed"}, {"name": "risk", "needs": ["feed"]})
    await system.begin()
    await system.apply("feed")
    await system.until_state(feed="ready")
    await system.kill_supervisor()
    assert remembered_state(system.places.desired_state).selection == ("feed",)
    await system.begin()
    await system.end()
    assert remembered_state(system.places.desired_state).selection is None


async def test_down_leaves_no_process_of_a_killed_supervisor(system: System) -> None:
    running = await all_ready(system)
    await system.kill_supervisor()
    down = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "commands.main", "down", env=system.environ, stderr=asyncio.subprocess.PIPE
    )
    _, told = await down.communicate()
    assert down.returncode == 0
    assert not any(identity.alive for identity in running.values())
    assert b"kafka" in told
    assert RunRecords(system.places.run_records).entries == ()


async def test_down_of_a_running_system_tells_whom_it_stops_and_leaves_nothing(system: System) -> None:
    running = await all_ready(system)
    assert system.process is not None
    down = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "commands.main", "down", "--json", env=system.environ, stdout=-1, stderr=-1
    )
    said, told = await down.communicate()
    assert down.returncode == 0
    assert await system.process.wait() == 0
    assert not any(identity.alive for identity in running.values())
    assert b'"stopped"' in said
    assert b"feed stopped" in told


async def test_down_cuts_short_what_does_not_end(system: System) -> None:
    system.plan({"name": "feed", "behaviour": "deaf", "grace_s": 600})
    await system.begin()
    await system.apply()
    now = await system.until_state(feed="ready")
    identity = ProcessIdentity.of(now["feed"].pid)
    assert identity is not None
    down = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "commands.main", "down", "--timeout", "0.3", env=system.environ, stderr=-1
    )
    await down.communicate()
    assert down.returncode == 0
    assert not identity.alive


async def test_down_where_nothing_runs_is_well(system: System) -> None:
    down = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "commands.main", "down", env=system.environ, stderr=-1
    )
    _, told = await down.communicate()
    assert down.returncode == 0
    assert b"Nothing is running" in told


async def test_a_signal_stops_in_order_and_a_second_does_not_wait(system: System) -> None:
    system.plan({"name": "feed", "behaviour": "deaf", "grace_s": 600})
    await system.begin()
    await system.apply()
    await system.until_state(feed="ready")
    assert system.process is not None
    system.process.send_signal(signal.SIGTERM)
    await system.until_state(feed="stopping")
    system.process.send_signal(signal.SIGTERM)
    assert await system.process.wait() == 0
