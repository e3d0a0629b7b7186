"""Ticks by number: found in any log of one source in few looks, and among other sources, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.ids import SequenceIds
from alphapanda.model.records import Header, Partition, Record
from alphapanda.operations.trace.search import LogSearch
from alphapanda.operations.trace.ticks import MAX_LOOKS, find_tick

PLACE = Partition("market.ticks", 0)
BATCH = 50


class FakeSearch:
    """A partition in batches of fifty records."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.records = [
            Record(PLACE, n, n, b"k", b"{}", ((Header.CORRELATION_ID.value, one.encode()),))
            for n, one in enumerate(ids)
        ]
        self.looks = 0

    async def some_at(self, partition: Partition, offset: int) -> Sequence[Record]:
        assert partition == PLACE
        self.looks += 1
        return self.records[offset : (offset // BATCH + 1) * BATCH]


async def found(search: FakeSearch, tick_id: str) -> int | None:
    record = await find_tick(cast("LogSearch", search), tick_id, {PLACE: (0, len(search.records))})
    return None if record is None else record.offset


@given(st.integers(1, 5_000), st.data())
async def test_every_tick_of_a_source_is_found(count: int, data: st.DataObject) -> None:
    ids = SequenceIds("one")
    search = FakeSearch([ids.at(3 * n) for n in range(count)])  # the partition has every third tick
    wanted = data.draw(st.integers(0, count - 1))
    assert await found(search, ids.at(3 * wanted)) == wanted
    assert await found(search, ids.at(3 * wanted + 1)) is None


async def test_a_long_log_takes_few_looks() -> None:
    ids = SequenceIds("one")
    search = FakeSearch([ids.at(n) for n in range(200_000)])
    assert await found(search, ids.at(123_456)) == 123_456
    assert search.looks <= 14


async def test_ticks_of_several_sources_are_found_among_each_other() -> None:
    sources = [SequenceIds(name) for name in ("one", "two", "three")]
    search = FakeSearch([ids.at(n) for ids in sources for n in range(1_000)])
    for place, ids in enumerate(sources):
        assert await found(search, ids.at(777)) == 1_000 * place + 777


async def test_a_search_that_leads_nowhere_ends() -> None:
    ids = SequenceIds("one")
    search = FakeSearch([ids.at(n) for n in range(100_000)])
    assert await found(search, SequenceIds("other").at(5)) is None
    assert search.looks <= MAX_LOOKS


@pytest.mark.parametrize("asked", ["", "short", "57612967-efb6-8609-804c-00000000zzzz"])
async def test_what_has_no_number_is_not_looked_for(asked: str) -> None:
    search = FakeSearch([SequenceIds("one").at(0)])
    assert await found(search, asked) is None
    assert search.looks == 0
