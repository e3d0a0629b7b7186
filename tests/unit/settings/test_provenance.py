"""Secrets stay secret where values are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.settings.provenance import masked

PASSWORDS = st.text(st.characters(codec="ascii", exclude_characters="@*", min_codepoint=33), min_size=1)


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("", ""),
        ("abcdef", "********"),
        ("redis://:pw@host:6379/0", "redis://:********@host:6379/0"),
        ("rediss://user:p:w/x@host/0", "rediss://user:********@host/0"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://host?password=pw", "********"),
        ("redis://justuser@host", "********"),
    ],
)
def test_what_is_shown_of_a_secret(secret: str, shown: str) -> None:
    assert masked(secret) == shown


@given(PASSWORDS)
def test_no_password_of_a_url_gets_through(password: str) -> None:
    assert masked(f"redis://:{password}@h/0") == "redis://:********@h/0"


@given(st.text(min_size=1).filter(lambda text: "://" not in text))
def test_a_secret_that_is_no_url_is_all_mask(secret: str) -> None:
    assert masked(secret) == "********"
