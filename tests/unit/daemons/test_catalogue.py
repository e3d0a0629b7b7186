from __future__ import annotations

import pytest
from pydantic import SecretStr

from alphapanda.errors import ConfigError, UnknownNameError
from alphapanda.infra.base import Endpoints
from alphapanda.settings import BrokerKind, Settings
from alphapanda.settings.sections import ProcessLayout
from daemons.catalogue import find, services
from daemons.credentials import own_credentials, secret_texts
from daemons.supervisor.unit_builder import selected_units


def settings_of(*brokers: str, kind: BrokerKind = BrokerKind.PAPER) -> Settings:
    return Settings.model_validate(
        {"active_brokers": brokers, "brokers": {name: {"kind": kind} for name in brokers}}
    )


def test_one_feed_one_set_of_strategies_and_a_pair_for_each_broker() -> None:
    names = [spec.name for spec in services(settings_of("paper", "paper2"))]
    assert names == ["feed", "strategies", "risk.paper", "trader.paper", "risk.paper2", "trader.paper2", "monitor"]


def test_a_brokers_daemons_need_nothing_of_another_broker() -> None:
    for spec in services(settings_of("paper", "paper2")):
        assert all(not need.endswith(".paper") or spec.name.endswith(".paper") for need in spec.needs)


def test_a_misspelt_daemon_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'trader\.paper'"):
        find(services(settings_of("paper")), "trader.papr")


def test_a_broker_that_cannot_be_traded_with_yet_says_so() -> None:
    with pytest.raises(ConfigError, match="zerodha"):
        services(settings_of("live", kind=BrokerKind.ZERODHA))


def test_foreign_credentials_are_blanked_wherever_they_came_from() -> None:
    settings = Settings(zerodha_api_key=SecretStr("k"), zerodha_access_token=SecretStr("t"))
    assert own_credentials(settings, "paper").zerodha_access_token.get_secret_value() == ""
    assert own_credentials(settings, "zerodha").zerodha_access_token.get_secret_value() == "t"


def test_two_brokers_of_one_kind_hold_their_own_credentials_alone() -> None:
    tables = {name: {"kind": "zerodha", "access_token": f"of {name}"} for name in ("zerodha", "zerodha2")}
    settings = Settings.model_validate({"brokers": tables, "zerodha_access_token": "of zerodha"})

    def tokens(broker: str | None) -> set[str]:
        return set(secret_texts(own_credentials(settings, broker), Endpoints("k:9092", "redis://r/0")))

    assert tokens("zerodha") == {"of zerodha"}
    assert tokens("zerodha2") == {"of zerodha2"}
    assert tokens("paper") == tokens(None) == set()


def test_an_outline_has_what_is_needed_in_order() -> None:
    lines = selected_units(settings_of("paper", "paper2"), ["risk.paper2"], only=False)
    assert [line.name for line in lines] == ["kafka", "valkey", "topics", "feed", "strategies", "risk.paper2"]
    only = selected_units(settings_of("paper"), ["trader.paper"], only=True)
    assert [line.name for line in only] == ["kafka", "valkey", "topics", "trader.paper"]


def test_a_compact_broker_is_one_process_that_needs_and_reads_what_its_parts_do() -> None:
    split = services(settings_of("paper", "paper2"))
    compact = services(settings_of("paper", "paper2").model_copy(update={"process_layout": ProcessLayout.COMPACT}))
    assert [spec.name for spec in compact] == ["feed", "strategies", "broker.paper", "broker.paper2", "monitor"]
    one, parts = compact[2], split[2:4]
    assert one.needs == ("strategies",)
    assert (one.broker, one.broker_kind) == ("paper", "paper")
    assert set(one.reads) == {name for part in parts for name in part.reads}
    assert set(one.files) == {name for part in parts for name in part.files}
