from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topics.catalogue import Catalogue
from topics.declaration import Declaration
from topics.export import declaration_of, facts_of
from topics.live import LiveConfig, LiveTopic
from topics.reference import PAGE, topics_page
from topics.spec import CatalogueEnvironment

ROOT = Path(__file__).parents[3]


def test_the_committed_page_is_the_catalogue() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == topics_page(), "run: python -m topics.reference"


def test_the_page_names_every_topic() -> None:
    page = topics_page()
    assert all(page.count(f"`{entry.name}`") == 2 for entry in Catalogue.load().declarations)


def topic(name: str, retention: str = "86400000", **more: str) -> LiveTopic:
    configs = {key.replace("_", "."): LiveConfig(value, own=True) for key, value in more.items()}
    configs["retention.ms"] = LiveConfig(retention, own=True)
    return LiveTopic(name=name, replicas=((1,), (1,)), configs=configs)


def parsed(text: str) -> Declaration:
    return msgspec.toml.decode(text, type=dict[str, list[Declaration]])["topics"][0]


def test_a_declared_topic_is_written_with_what_is_known_of_it() -> None:
    catalogue = Catalogue.load()
    entry = parsed(declaration_of(topic("paper.orders.filled", "-1"), catalogue))
    declared = next(each for each in catalogue.declarations if each.name == "{b}.orders.filled")
    assert entry == msgspec.structs.replace(declared, partitions=2)


def test_a_stray_topic_is_written_with_gaps_and_its_own_configs() -> None:
    text = declaration_of(topic("market.depth", segment_bytes="1048576"), Catalogue.load())
    assert "# set on it: segment.bytes = 1048576" in text
    assert parsed(text).retention == "1d"
    assert text.count("# fill in") == 4


@pytest.mark.parametrize(("name", "says"), [("somebody's", "cannot be declared"), ("market.x.dlq", "derived")])
def test_what_cannot_be_declared_says_so(name: str, says: str) -> None:
    assert says in declaration_of(topic(name), Catalogue.load()).splitlines()[0]


@given(st.integers(-1, 10**13))
def test_any_retention_is_one_that_can_be_read(milliseconds: int) -> None:
    entry = parsed(declaration_of(topic("market.depth", str(milliseconds)), Catalogue.load()))
    assert entry.retention_in(CatalogueEnvironment.PRODUCTION) == -1 or milliseconds >= 0


def test_facts_for_programs() -> None:
    assert facts_of(topic("x")) == {
        "topic": "x",
        "partitions": 2,
        "copies": 1,
        "configs": {"retention.ms": "86400000"},
    }
