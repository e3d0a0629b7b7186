from __future__ import annotations

import asyncio

from alphapanda.clock import ManualClock
from alphapanda.telemetry.health import Health, HealthReport


def test_it_begins_not_ready_and_is_ready_when_no_reason_is_left(clock: ManualClock) -> None:
    health = Health("risk.paper", clock)
    assert health.report().reasons == ("starting",)
    health.not_ready("recovers")
    health.not_ready("no connection", part="redis")
    assert health.report().reasons == health.reasons == ("recovers", "no connection")
    health.ready()
    assert not health.report().ready
    health.ready("redis")
    assert health.report().ready
    assert health.is_ready


def test_since_is_when_it_turned_not_when_a_reason_changed(clock: ManualClock) -> None:
    health = Health("feed", clock)
    started = clock.now()
    clock.advance(1)
    health.not_ready("recovers")
    assert health.report().since == started
    health.ready()
    clock.advance(5)
    health.ready()
    report = health.report()
    assert (report.ready, report.since, report.started) == (True, clock.now().replace(second=1), started)


def test_listeners_hear_each_change_once(clock: ManualClock) -> None:
    heard: list[HealthReport] = []
    health = Health("feed", clock)
    health.subscribe(heard.append)
    health.not_ready("starting")
    health.not_ready("recovers")
    health.ready()
    health.ready()
    assert [(report.ready, report.reasons) for report in heard] == [(False, ("recovers",)), (True, ())]


async def test_readiness_can_be_awaited_and_lost(clock: ManualClock) -> None:
    health = Health("feed", clock)
    waiting = asyncio.create_task(health.wait_ready())
    await asyncio.sleep(0)
    assert not waiting.done()
    health.ready()
    await asyncio.wait_for(waiting, 10)
    health.not_ready("drains")
    again = asyncio.create_task(health.wait_ready())
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()


def test_a_status_is_told_and_bears_not_on_readiness(clock: ManualClock) -> None:
    heard: list[HealthReport] = []
    health = Health("feed", clock)
    health.ready()
    health.subscribe(heard.append)
    health.set_status("the recording is in the log")
    health.set_status("the recording is in the log")
    health.not_ready("drains")
    assert [(report.ready, report.status) for report in heard] == [
        (True, "the recording is in the log"),
        (False, "the recording is in the log"),
    ]
