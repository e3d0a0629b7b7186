"""The real supervisor, in a process of its own, over tiny real children."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from typing import Any

import psutil
import pytest

from alphapanda.errors import ConfigError, UnknownNameError, UsageError
from alphapanda.infra.control.client import NotRunningError, connect
from alphapanda.infra.identity import ProcessIdentity
from alphapanda.model.process_status import ProcessState

System = Any


def identity_of(pid: int | None) -> ProcessIdentity:
    assert pid is not None
    identity = ProcessIdentity.of(pid)
    assert identity is not None
    return identity


async def test_each_goes_on_when_what_it_needs_is_ready_and_stops_before_it(system: System) -> None:
    system.plan(
        {"name": "trader", "needs": ["risk"]}, {"name": "risk", "needs": ["feed"]}, {"name": "feed", "needs": []}
    )
    await system.begin()
    applied = await system.apply()
    assert applied.start == ("feed", "risk", "trader")
    await system.until_state(feed="ready", risk="ready", trader="ready")
    assert await system.end() == 0
    journal = [line for line in system.journal() if not line.endswith("born")]
    assert journal == [
        "feed let on",
        "risk let on",
        "trader let on",
        "trader stopping",
        "risk stopping",
        "feed stopping",
    ]


async def test_all_are_born_at_once_and_only_wait_for_the_word(system: System) -> None:
    system.plan({"name": "feed", "behaviour": "never"}, {"name": "risk", "needs": ["feed"]})
    await system.begin()
    await system.apply()
    now = await system.until(lambda now: "risk" in now and "feed" in now["risk"].reason)
    assert now["risk"].state is ProcessState.STARTING
    assert now["risk"].reason == "waits for feed (starting)"
    assert "risk let on" not in system.journal()


async def test_a_killed_process_is_back_by_itself(system: System) -> None:
    system.plan({"name": "feed"})
    await system.begin()
    await system.apply()
    before = (await system.until_state(feed="ready"))["feed"]
    os.kill(before.pid, signal.SIGKILL)
    after = (
        await system.until(lambda now: now["feed"].restarts == 1 and now["feed"].state is ProcessState.READY)
    )["feed"]
    assert after.pid != before.pid
    assert after.last_exit == "killed by SIGKILL"


async def test_five_short_runs_are_a_crash_loop_that_stays(system: System) -> None:
    system.plan({"name": "feed", "behaviour": "crash"}, {"name": "risk", "needs": ["feed"]})
    await system.begin()
    await system.apply()
    now = await system.until_state(feed="crashloop")
    assert now["feed"].reason == "last words"
    assert system.journal().count("feed let on") == 5
    now = await system.until(lambda now: "crashloop" in now["risk"].reason)
    # An operator may try again, and then it is counted anew.
    applied = await system.apply()
    assert applied.start == ("feed",)
    await system.until(lambda now: now["feed"].state is ProcessState.CRASHLOOP and now["feed"].restarts == 9)
    assert system.journal().count("feed let on") == 10


async def test_a_bad_configuration_is_not_tried_again(system: System) -> None:
    system.plan({"name": "feed", "behaviour": "config"})
    await system.begin()
    await system.apply()
    now = await system.until_state(feed="failed")
    assert now["feed"].reason == "feed.speed is wrong"
    assert now["feed"].last_exit == "exit code 78"
    assert system.journal().count("feed let on") == 1


async def test_a_job_ends_well_and_lets_others_go_on(system: System) -> None:
    system.plan({"name": "topics", "kind": "job", "behaviour": "job"}, {"name": "feed", "needs": ["topics"]})
    await system.begin()
    await system.apply()
    now = await system.until_state(topics="done", feed="ready")
    assert now["topics"].reason == "job done well"
    assert (await system.apply()).is_empty


async def test_servers_are_asked_for_their_readiness_and_killed_when_it_does_not_come(system: System) -> None:
    system.plan({"name": "kafka", "kind": "infra", "orphan": "survive"}, {"name": "feed", "needs": ["kafka"]})
    await system.begin()
    await system.apply()
    (system.root / "kafka.ready").touch()
    await system.until_state(kafka="ready", feed="ready")
    system.plan({"name": "kafka", "kind": "infra", "ready_deadline_s": 0.2, "digest": "new"})
    (system.root / "kafka.ready").unlink()
    assert (await system.apply()).restart == ("kafka",)
    now = await system.until_state(kafka="crashloop")
    assert now["kafka"].reason == "not ready after 0.2 s"


async def test_who_says_it_is_not_ready_is_degraded(system: System) -> None:
    system.plan({"name": "feed", "behaviour": "degrade"})
    await system.begin()
    await system.apply()
    now = await system.until_state(feed="ready")
    os.kill(now["feed"].pid, signal.SIGUSR2)
    now = await system.until_state(feed="degraded")
    assert now["feed"].reason == "lost Kafka"
    assert now["feed"].restarts == 0


@pytest.mark.parametrize("behaviour", ["deaf", "family"])
async def test_who_does_not_drain_in_time_is_killed_with_all_it_started(system: System, behaviour: str) -> None:
    system.plan({"name": "feed", "behaviour": behaviour, "grace_s": 0.3})
    await system.begin()
    await system.apply()
    pid = (await system.until_state(feed="ready"))["feed"].pid
    family = [identity_of(each.pid) for each in psutil.Process(pid).children(recursive=True)]
    assert bool(family) is (behaviour == "family")
    assert await system.end() == 0
    for member in family:
        await system.gone(member)


async def test_apply_changes_what_differs_and_nothing_else(system: System) -> None:
    system.plan({"name": "kept"}, {"name": "changed"}, {"name": "gone", "needs": ["kept"]})
    await system.begin()
    await system.apply()
    before = await system.until_state(kept="ready", changed="ready", gone="ready")
    system.plan({"name": "kept"}, {"name": "changed", "digest": "new"}, {"name": "fresh", "needs": ["changed"]})
    applied = await system.apply()
    assert (applied.start, applied.restart, applied.stop, applied.keep) == (
        ("fresh",),
        ("changed",),
        ("gone",),
        ("kept",),
    )
    after = await system.until_state(kept="ready", changed="ready", fresh="ready")
    assert after["kept"].pid == before["kept"].pid
    assert after["changed"].pid != before["changed"].pid
    assert "gone" not in after
    assert (await system.apply()).is_empty


async def test_what_cannot_be_planned_changes_nothing(system: System) -> None:
    system.plan({"name": "feed"})
    await system.begin()
    await system.apply()
    before = await system.until_state(feed="ready")
    (system.root / "plan.json").write_text('"broken"')
    with pytest.raises(ConfigError, match="the plan is broken"):
        await system.apply()
    assert (await system.status())["feed"].pid == before["feed"].pid


async def test_names_start_with_what_they_need_and_only_without(system: System) -> None:
    system.plan({"name": "feed"}, {"name": "risk", "needs": ["feed"]}, {"name": "trader", "needs": ["risk"]})
    await system.begin()
    assert (await system.apply("risk")).start == ("feed", "risk")
    await system.until_state(feed="ready", risk="ready")
    # What runs is kept, what is named is added.
    assert (await system.apply("trader")).start == ("trader",)
    await system.until_state(trader="ready")
    with pytest.raises(UsageError, match="'trader'"):
        await system.apply("tradre")


async def test_only_starts_a_daemon_without_those_it_needs(system: System) -> None:
    system.plan({"name": "feed"}, {"name": "risk", "needs": ["feed"]})
    await system.begin()
    assert (await system.apply("risk", only=True)).start == ("risk",)
    await system.until_state(risk="ready")


async def test_a_word_for_one_start_is_not_said_at_the_next(system: System) -> None:
    system.plan({"name": "feed"})
    await system.begin()
    await system.apply(accept_log_reset=True)
    now = await system.until_state(feed="ready")
    os.kill(now["feed"].pid, signal.SIGKILL)
    await system.until(lambda now: now["feed"].restarts == 1 and now["feed"].state is ProcessState.READY)
    births = [line for line in system.journal() if "born" in line]
    assert births == ["feed born accepting", "feed born"]


async def test_restart_stops_and_starts_in_order(system: System) -> None:
    system.plan({"name": "feed"}, {"name": "risk", "needs": ["feed"]})
    await system.begin()
    await system.apply()
    before = await system.until_state(feed="ready", risk="ready")
    async with connect(system.places) as client:
        await client.restart(("feed", "risk"))
    after = await system.until_state(feed="ready", risk="ready")
    assert {before[name].pid for name in before}.isdisjoint(after[name].pid for name in after)
    journal = [line for line in system.journal() if not line.endswith("born")][2:]
    assert journal == ["risk stopping", "feed stopping", "feed let on", "risk let on"]


async def test_a_second_supervisor_is_refused(system: System) -> None:
    system.plan({"name": "feed"})
    await system.begin()
    first = system.process
    with pytest.raises(AssertionError):
        await system.begin()
    assert await system.process.wait() == 5
    system.process = first


async def test_the_socket_is_its_owners_and_bears_nonsense(system: System) -> None:
    system.plan({"name": "feed"})
    await system.begin()
    path = system.places.control_socket
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    reader, writer = await asyncio.open_unix_connection(path)
    await reader.readline()
    writer.write(b"nonsense\n" + b'{"type":"fly"}\n')
    answers = [await reader.readline(), await reader.readline()]
    writer.close()
    await writer.wait_closed()
    assert all(b"failure" in answer for answer in answers)
    await system.apply()
    await system.until_state(feed="ready")


async def test_the_sockets_and_files_of_a_stopped_system_are_gone(system: System) -> None:
    system.plan({"name": "feed"})
    await system.begin()
    await system.apply()
    await system.until_state(feed="ready")
    await system.end()
    for path in (system.places.control_socket, system.places.notify_socket, system.places.identity):
        assert not path.exists()
    with pytest.raises(NotRunningError):
        await system.status()


async def test_an_unknown_name_is_refused_with_the_nearest(system: System) -> None:
    system.plan({"name": "strategies"})
    await system.begin()
    await system.apply()
    async with connect(system.places) as client:
        with pytest.raises(UsageError, match="'strategies'"):
            await client.restart(("strategy",))
    assert issubclass(UnknownNameError, UsageError)
