"""The generated pages and starters are in step with the settings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from alphapanda.deployment import Deployment
from alphapanda.settings import BrokerKind, SourceKind, load
from alphapanda.settings.inventory import ANY, known_settings
from alphapanda.settings.reference import GENERATED, config_text, env_text
from alphapanda.settings.variables import read_env_file

Write = Callable[[str, str], Path]
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_file_is_what_its_generator_makes(name: str) -> None:
    hint = "Make it anew: python -m alphapanda.settings.reference"
    assert (ROOT / name).read_text(encoding="utf-8") == GENERATED[name](), hint


def test_every_setting_is_described() -> None:
    assert [setting.name for setting in known_settings() if not setting.description.endswith((".", ")"))] == []


def test_the_env_starter_has_every_setting_and_changes_nothing(deployment: Deployment, write: Write) -> None:
    write(".env", env_text())
    assert {source.kind for source in load(deployment, {}).provenance.values()} == {SourceKind.DEFAULT}

    write(".env", re.sub(r"(?m)^# (?=[A-Z_]+=)", "", env_text()))
    given = read_env_file(deployment.env_file).values
    # The credentials of [brokers.NAME] are there by their short form: a broker of their kind would be refused.
    names = {setting.variable.replace(ANY, "PAPER" if "BROKERS" in setting.variable else "API")
             for setting in known_settings() if setting.broker_kind is not BrokerKind.ZERODHA}  # fmt: skip
    assert set(given) == names
    assert load(deployment, {}).settings.feed.file == deployment.root / "ticks.csv"


def test_the_settings_starter_has_every_setting_but_secrets_and_changes_nothing(
    deployment: Deployment, write: Write
) -> None:
    write("alphapanda.toml", config_text())
    defaults = load(Deployment(deployment.root), {}).settings
    (deployment.root / "alphapanda.toml").unlink()
    assert defaults == load(deployment, {}).settings

    text = re.sub(r"(?m)^# (?=\w+ = )", "", config_text())
    write("alphapanda.toml", text)
    loaded = load(deployment, {})
    unset = {name for name, source in loaded.provenance.items() if source.kind is SourceKind.DEFAULT}
    assert unset == {setting.name for setting in known_settings() if setting.is_secret and ANY not in setting.path}
    assert tomllib.loads(text)["brokers"] == {"paper": {"kind": "paper", "latency_ms": 0}}
