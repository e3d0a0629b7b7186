"""What production refuses, and what only warns elsewhere."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from alphapanda.deployment import Deployment
from alphapanda.settings import load

Write = Callable[[str, str], Path]
Problems = Callable[..., list[str]]

PRODUCTION = {"SETTINGS__ENVIRONMENT": "production"}


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_an_env_file_that_others_can_read_warns(deployment: Deployment, write: Write) -> None:
    write(".env", "FEED__SEED=1\n").chmod(0o640)
    assert load(deployment, {}).warnings == (
        f".env: others on this machine can read it. chmod 600 {deployment.env_file}",
    )


def test_in_production_it_is_refused(write: Write, problems: Problems) -> None:
    write(".env", "FEED__SEED=1\n").chmod(0o604)
    assert [line.split(" chmod")[0] for line in problems(**PRODUCTION)] == [
        ".env: others on this machine can read it."
    ]


@pytest.mark.parametrize("origins", ["*", "https://a.example,*", "https://*.example.com"])
def test_wildcard_origins_are_refused(origins: str, problems: Problems, deployment: Deployment) -> None:
    assert problems(API__CORS_ORIGINS=origins, **PRODUCTION) == [
        (
            "environment API__CORS_ORIGINS: production allows no wildcard among CORS origins. "
            "Name each origin: API__CORS_ORIGINS=https://desk.example.com."
        )
    ]
    assert load(deployment, {"API__CORS_ORIGINS": origins}).settings.api.cors_origins


@pytest.mark.parametrize("url", ["redis://cache:6379/0", "redis://:changeme@cache/0", "redis://:password@cache/0"])
def test_redis_needs_a_password_of_its_own(url: str, problems: Problems) -> None:
    assert problems(REDIS__URL=url, **PRODUCTION) == [
        (
            "environment REDIS__URL: production needs a password of its own in redis.url. "
            "Set REDIS__URL=rediss://:password@host:6379/0."
        )
    ]


@pytest.mark.parametrize("secret", ["changeme", "<key>", "your-api-key"])
def test_placeholders_are_no_secrets(secret: str, problems: Problems, deployment: Deployment) -> None:
    assert problems(ZERODHA_API_KEY=secret, **PRODUCTION) == [
        "environment ZERODHA_API_KEY: zerodha_api_key is empty or a placeholder. Production needs the real one."
    ]
    assert load(deployment, {"ZERODHA_API_KEY": secret}).settings.zerodha_api_key.get_secret_value() == secret


def test_secrets_from_a_file_that_git_tracks_are_refused(
    deployment: Deployment, write: Write, problems: Problems
) -> None:
    git(deployment.root, "init", "-q")
    write(".env", "REDIS__URL=redis://:long-and-own@cache/0\n")
    assert load(deployment, PRODUCTION).settings.is_production

    git(deployment.root, "add", ".env")

    assert problems(**PRODUCTION) == [
        (
            ".env:1: production reads no secret (redis.url) from a file that git tracks. "
            "git rm --cached .env, or set REDIS__URL in the environment."
        )
    ]
    assert not load(deployment, {}).settings.is_production
    assert load(deployment, {**PRODUCTION, "REDIS__URL": "redis://:another-own@cache/0"}).settings.is_production


def test_secrets_in_a_tracked_settings_file_are_refused(
    deployment: Deployment, write: Write, problems: Problems
) -> None:
    git(deployment.root, "init", "-q")
    write("alphapanda.toml", '[redis]\nurl = "redis://:long-and-own@cache/0"\n')
    git(deployment.root, "add", "alphapanda.toml")
    assert problems(**PRODUCTION)[0].startswith("alphapanda.toml:2: production reads no secret (redis.url)")


def test_the_short_form_of_credentials_is_the_brokers_own_where_there_is_one(problems: Problems) -> None:
    """A broker of kind zerodha is refused in this release; its credentials are judged all the same."""
    given = {"ACTIVE_BROKERS": "paper", "BROKERS__ZERODHA__KIND": "zerodha", "ZERODHA_API_KEY": "changeme"}
    refused = "environment BROKERS__ZERODHA__KIND: brokers of kind zerodha come with a later release. Use paper."
    placeholder = "brokers.zerodha.{} is empty or a placeholder. Production needs the real one."
    assert problems(**given, **PRODUCTION) == [
        refused,
        f"environment ZERODHA_API_KEY: {placeholder.format('api_key')}",
    ]
    assert problems(**given, BROKERS__ZERODHA__API_KEY="the-real-one", **PRODUCTION) == [refused]
