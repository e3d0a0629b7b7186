from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.telemetry.redaction import HIDDEN, Redactor, is_secret_key

SECRET = "s3cr3t-Value/9"
tokens = st.text("abcdefghijkmnopqrstuvwxyz0123456789", min_size=16, max_size=40)


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "api_key",
        "apiKey",
        "ZERODHA_API_SECRET",
        "access_token",
        "authorization",
        "redis.password",
        "token",
    ],
)
def test_names_of_secrets(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize(
    "key", ["instrument_token", "exchange_token", "tokens", "key", "broker", "secretary", "monkey"]
)
def test_names_that_only_look_like_secrets(key: str) -> None:
    assert not is_secret_key(key)


@pytest.mark.parametrize(
    "text",
    [
        f"redis://:{SECRET}@127.0.0.1:6379/0",
        f"redis://user:p@ss{SECRET}@host/0",
        f"GET https://api.kite.trade/session?api_key={SECRET}&v=3",
        f"wss://ws.kite.trade?api_key=a&access_token={SECRET}",
        f"{{'access_token': '{SECRET}'}}",
        f'{{"enctoken":"{SECRET}"}}',
        f"Authorization: token key:{SECRET}",
        f"authorization='Bearer {SECRET}'",
        f"sent Bearer {SECRET} to host",
        f"password = {SECRET}",
    ],
)
def test_secrets_are_hidden_by_what_they_look_like(text: str) -> None:
    shown = Redactor().text(text)
    assert SECRET not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "GET https://api.kite.trade/instruments?exchange=NSE",
        "mailto user@example.com at redis://127.0.0.1:6379/0",
        "instrument_token=408065 of NSE:INFY",
        "the basic token of trust",
        "GET http://localhost:9092/users/me@host",
        "see http://localhost:9092/a:b and mail me@host",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_a_known_secret_is_hidden_anywhere_and_the_longest_first() -> None:
    redactor = Redactor(["abcdef", "abcdefghi", "x"])
    assert redactor.text("got abcdefghi and abcdef, x") == f"got {HIDDEN} and {HIDDEN}, x"


def test_values_are_searched_to_any_depth() -> None:
    shown = Redactor().mapping(
        {"request": {"headers": [{"Authorization": SECRET}, f"api_key={SECRET}"]}, "instrument_token": 408065}
    )
    assert SECRET not in repr(shown)
    assert shown["instrument_token"] == 408065


def test_an_empty_secret_is_shown_to_be_empty() -> None:
    assert Redactor().mapping({"password": "", "token": None}) == {"password": "", "token": None}


@given(secret=tokens, before=st.text(max_size=30), after=st.text(max_size=30))
def test_no_text_around_a_known_secret_lets_it_through(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret]).text(before + secret + after)


@given(secret=tokens, parameter=st.sampled_from(["api_key", "access_token", "request_token", "checksum"]))
def test_no_query_parameter_lets_a_token_through(secret: str, parameter: str) -> None:
    assert secret not in Redactor().text(f"https://kite.zerodha.com/connect?v=3&{parameter}={secret}&x=1")
