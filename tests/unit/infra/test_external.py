from __future__ import annotations

import pytest
from pydantic import SecretStr

from alphapanda.clock import SystemClock
from alphapanda.deployment import Deployment
from alphapanda.errors import ConfigError, KafkaUnreachableError, RedisUnreachableError
from alphapanda.infra.base import Tier
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.progress import NoProgress
from alphapanda.infra.server_status import ServerState, external_status
from alphapanda.infra.tiers import ExternalTier, running, tier_for
from alphapanda.settings import InfraSettings, InfraTier, KafkaSettings, RedisSettings, Settings


def settings(kafka: str, redis: str) -> Settings:
    return Settings(
        infra=InfraSettings(tier=InfraTier.EXTERNAL),
        kafka=KafkaSettings(bootstrap_servers=kafka),
        redis=RedisSettings(url=SecretStr(redis)),
    )


def test_the_settings_choose_the_tier(deployment: Deployment) -> None:
    external: Tier = tier_for(settings("k:1", "redis://r:1"), deployment, SystemClock())
    embedded: Tier = tier_for(Settings(), deployment, SystemClock(), environ={"HOME": str(deployment.root)})
    assert isinstance(external, ExternalTier)
    assert isinstance(embedded, EmbeddedTier)
    assert external.children() == ()
    assert external.endpoints().bootstrap_servers == "k:1"


@pytest.mark.parametrize(
    ("kafka", "redis", "message"),
    [
        ("", "redis://r:1", "KAFKA__BOOTSTRAP_SERVERS is empty"),
        ("k:1", "", "REDIS__URL is empty"),
        ("k", "redis://r:1", "not host:port"),
    ],
)
async def test_an_address_that_is_missing_is_named(kafka: str, redis: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        await ExternalTier(settings(kafka, redis)).prepare(NoProgress())


async def test_servers_that_are_down_are_one_error() -> None:
    tier = ExternalTier(settings("127.0.0.1:1", "redis://127.0.0.1:1/0"))
    with pytest.raises((KafkaUnreachableError, RedisUnreachableError)):
        async with running(tier):
            pass


async def test_the_survey_says_why() -> None:
    survey = await external_status(ExternalTier(settings("127.0.0.1:1", "redis://:s@127.0.0.1:1/0")).endpoints())
    assert [server.state for server in survey.servers] == [ServerState.UNREACHABLE] * 2
    assert not survey.all_ready
    assert all("nobody listens" in server.reason for server in survey.servers)
    assert "redis://:***@" in survey.servers[1].address
