from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.errors import IllegalTransitionError
from alphapanda.model.process_status import ProcessState
from daemons.supervisor.lifecycle import TRANSITIONS, ProcessTransition, after


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(ProcessState)


@given(st.sampled_from(ProcessState), st.sampled_from(ProcessTransition))
def test_a_step_leads_where_the_table_says_or_raises(state: ProcessState, step: ProcessTransition) -> None:
    if step in TRANSITIONS[state]:
        assert after(state, step) is TRANSITIONS[state][step]
    else:
        with pytest.raises(IllegalTransitionError, match=str(state)):
            after(state, step)


@given(st.lists(st.sampled_from(ProcessTransition), max_size=30))
def test_whatever_happened_an_operator_can_stop_it_and_start_it_again(steps: list[ProcessTransition]) -> None:
    state = ProcessState.STOPPED
    for step in steps:
        state = TRANSITIONS[state].get(step, state)
    if state is not ProcessState.STOPPED:
        state = state if state is ProcessState.STOPPING else after(state, ProcessTransition.STOP)
        state = after(state, ProcessTransition.GONE) if state is ProcessState.STOPPING else state
    assert state is ProcessState.STOPPED
    assert after(state, ProcessTransition.START) is ProcessState.STARTING


@pytest.mark.parametrize("state", [state for state in ProcessState if state.is_stuck])
def test_nothing_but_an_operator_moves_a_stuck_process(state: ProcessState) -> None:
    assert set(TRANSITIONS[state]) == {ProcessTransition.START, ProcessTransition.STOP}


def test_only_a_process_that_exists_can_end() -> None:
    endings = {
        ProcessTransition.RETRY,
        ProcessTransition.GIVE_UP,
        ProcessTransition.FAIL,
        ProcessTransition.FINISH,
        ProcessTransition.GONE,
    }
    for state in ProcessState:
        assert not (endings & set(TRANSITIONS[state])) or state.has_process


def test_what_is_up_lets_others_go_on_and_what_is_stuck_does_not() -> None:
    assert {state for state in ProcessState if state.is_up} == {
        ProcessState.READY,
        ProcessState.DEGRADED,
        ProcessState.DONE,
    }
    assert not any(state.is_up and state.is_stuck for state in ProcessState)
