"""Ids: new ones are ordered and unique, derived ones are the same for ever."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from alphapanda.ids import SequenceIds, derive_event_id, generate_event_id

names = st.text(max_size=20)


def test_new_ids_are_version_7_and_in_order() -> None:
    ids = [generate_event_id() for _ in range(1_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1_000
    assert UUID(ids[0]).version == 7


@given(names, names, st.integers(0, 2**31))
def test_derived_ids_are_uuids_of_version_8(parent: str, name: str, n: int) -> None:
    found = UUID(derive_event_id(parent, name, n))
    assert (found.version, found.variant) == (8, "specified in RFC 4122")
    assert derive_event_id(parent, name, n) == str(found)


def test_derived_ids_never_change() -> None:
    """Kept for ever: a change of the derivation would decide the whole log again."""
    assert derive_event_id("parent", "name", 3) == "f8e67d49-b2f0-84f6-b48b-7bdf93f26809"
    assert SequenceIds("source").at(255) == "0c4464ec-b6ef-8788-8de1-0000000000ff"


@given(st.tuples(names, names, st.integers(0, 99)), st.tuples(names, names, st.integers(0, 99)))
def test_other_inputs_give_other_ids(one: tuple[str, str, int], other: tuple[str, str, int]) -> None:
    assert (derive_event_id(*one) == derive_event_id(*other)) == (one == other)


@given(names, st.integers(0, 2**48 - 1))
def test_sequence_ids_end_in_their_number(source: str, number: int) -> None:
    found = SequenceIds(source).at(number)
    assert UUID(found).version == 8
    assert int(found[24:], 16) == number
