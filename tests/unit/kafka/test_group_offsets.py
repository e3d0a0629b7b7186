from __future__ import annotations

from typing import Any

import pytest
import stamina
from aiokafka.errors import CoordinatorLoadInProgressError, GroupAuthorizationFailedError
from aiokafka.protocol.commit import OffsetFetchResponse_v3

from alphapanda.kafka.group_offsets import committed_offsets
from alphapanda.model.records import Partition

LOADING, NOT_COORDINATOR, NOT_ALLOWED = 14, 16, 30
TICKS = [("market.ticks", [(0, 7, "6", 0)])]


class Admin:
    """Answers as Kafka does, one answer after the other; the last for ever."""

    def __init__(self, *answers: OffsetFetchResponse_v3) -> None:
        self._answers = list(answers)

    async def find_coordinator(self, _group: str) -> int:
        return 1

    async def _send_request(self, _request: Any, _node: int) -> OffsetFetchResponse_v3:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def answer(topics: Any = (), error: int = 0) -> OffsetFetchResponse_v3:
    return OffsetFetchResponse_v3(0, topics, error)


@pytest.fixture(autouse=True)
def _quick() -> Any:
    with stamina.set_testing(True, attempts=3):
        yield


async def test_a_coordinator_that_still_loads_is_waited_for() -> None:
    admin: Any = Admin(answer(error=NOT_COORDINATOR), answer(error=LOADING), answer(TICKS))
    found = await committed_offsets(admin, "group")
    assert found[Partition("market.ticks", 0)] == (7, "6")


async def test_one_that_never_gets_there_is_an_error_and_not_an_empty_answer() -> None:
    admin: Any = Admin(answer(error=LOADING))
    with pytest.raises(CoordinatorLoadInProgressError):
        await committed_offsets(admin, "group")


@pytest.mark.parametrize("refusal", [answer(error=NOT_ALLOWED), answer([("t", [(0, -1, "", NOT_ALLOWED)])])])
async def test_what_does_not_pass_is_raised_at_once(refusal: OffsetFetchResponse_v3) -> None:
    admin: Any = Admin(refusal, answer(TICKS))
    with pytest.raises(GroupAuthorizationFailedError):
        await committed_offsets(admin, "group")


async def test_a_group_that_has_committed_nothing_has_nothing() -> None:
    admin: Any = Admin(answer())
    assert await committed_offsets(admin, "group") == {}
