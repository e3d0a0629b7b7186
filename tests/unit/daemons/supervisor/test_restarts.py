from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemons.supervisor.lifecycle import RestartDecision, RestartHistory, RestartPolicy, RunSummary

POLICY = RestartPolicy()
SHORT = RunSummary(uptime_s=2.0, ready_s=1.0, exit_code=1)
NEVER_READY = RunSummary(uptime_s=500.0, ready_s=None, exit_code=1)
MEDIUM = RunSummary(uptime_s=40.0, ready_s=30.0, exit_code=1)
HEALTHY = RunSummary(uptime_s=90.0, ready_s=60.0, exit_code=1)

runs = st.builds(
    RunSummary,
    uptime_s=st.floats(0, 1e6),
    ready_s=st.none() | st.floats(0, 1e6),
    exit_code=st.none() | st.sampled_from([0, 1, -9, -15, 4]),
)


def live(*many: RunSummary, policy: RestartPolicy = POLICY) -> tuple[RestartHistory, list[RestartDecision]]:
    tally, verdicts = RestartHistory(), []
    for run in many:
        tally, verdict = tally.after(run, policy)
        verdicts.append(verdict)
    return tally, verdicts


@pytest.mark.parametrize("bad", [SHORT, NEVER_READY])
def test_five_bad_runs_in_a_row_are_a_crash_loop(bad: RunSummary) -> None:
    _, verdicts = live(*[bad] * 5)
    assert verdicts == [RestartDecision.RETRY] * 4 + [RestartDecision.GIVE_UP]


def test_short_and_never_ready_runs_count_together() -> None:
    _, verdicts = live(SHORT, NEVER_READY, SHORT, NEVER_READY, SHORT)
    assert verdicts[-1] is RestartDecision.GIVE_UP


def test_a_run_that_was_not_short_breaks_the_row() -> None:
    _, verdicts = live(SHORT, SHORT, SHORT, SHORT, MEDIUM, SHORT, SHORT, SHORT, SHORT)
    assert RestartDecision.GIVE_UP not in verdicts


def test_delays_double_to_the_cap_and_a_healthy_run_clears_them() -> None:
    tally, delays = RestartHistory(), []
    for _ in range(10):
        tally, _verdict = tally.after(MEDIUM, POLICY)
        delays.append(tally.delay_s(POLICY, 0.5))
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    tally, _verdict = tally.after(HEALTHY, POLICY)
    assert tally.delay_s(POLICY, 0.5) == 1


@pytest.mark.parametrize("code", [78, 5])
def test_what_no_restart_heals_is_never_tried_again(code: int) -> None:
    _, verdicts = live(RunSummary(uptime_s=900, ready_s=800, exit_code=code))
    assert verdicts == [RestartDecision.FAIL]


@given(st.lists(runs, max_size=40), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_never_shorter_or_longer_than_the_jitter_allows(many: list[RunSummary], chance: float) -> None:
    tally, _ = live(*many)
    delay = tally.delay_s(POLICY, chance)
    assert POLICY.base_s * 0.8 <= delay <= POLICY.cap_s * 1.2


@given(st.integers(0, 10_000))
def test_any_number_of_restarts_gives_a_delay(count: int) -> None:
    assert RestartHistory(delays=count).delay_s(POLICY, 0.5) <= POLICY.cap_s


@given(st.lists(runs, min_size=1, max_size=40))
def test_giving_up_follows_exactly_from_the_last_five_runs(many: list[RunSummary]) -> None:
    _, verdicts = live(*many)
    bad = [run.ready_s is None or run.uptime_s < POLICY.short_run_s for run in many]
    for index, verdict in enumerate(verdicts):
        row = next((n for n, was_bad in enumerate(reversed(bad[: index + 1])) if not was_bad), index + 1)
        assert (verdict is RestartDecision.GIVE_UP) == (row >= POLICY.max_shorts)


def test_an_operator_forgives() -> None:
    tally, _ = live(*[SHORT] * 5)
    assert tally.forgiven() == RestartHistory()


def test_no_policy_lets_delays_shrink_while_it_fails() -> None:
    tally, delays = RestartHistory(), []
    for _ in range(20):
        tally, _verdict = tally.after(NEVER_READY, RestartPolicy(base_s=0.2, cap_s=7, max_shorts=100))
        delays.append(tally.delay_s(RestartPolicy(base_s=0.2, cap_s=7), 0.5))
    assert all(before <= later for before, later in pairwise(delays))
