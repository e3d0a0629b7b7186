"""The policy file: which rule speaks of what, and the place of each fault."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alphapanda.errors import ConfigError
from alphapanda.operations.dead_letters.backlog import FailedRecord, failed_records
from alphapanda.operations.dead_letters.policy import NO_POLICY, POLICY_FILE, Ruling, load_policy, read_policy
from alphapanda.settings.starters import starter_text

RULE = '\n[[rules]]\nname = "{name}"\nverdict = "{verdict}"\nreason = "tested"\n{more}\n'


def item(letter: Any) -> FailedRecord:
    return failed_records([letter], {})[letter.id]


def written(folder: Path, *rules: str, version: str = "version = 1\n") -> Path:
    (folder / POLICY_FILE).write_text(version + "".join(rules))
    return folder


def rule(more: str = "", *, name: str = "one", verdict: str = "never") -> str:
    return RULE.format(name=name, verdict=verdict, more=more)


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ("", True),
        ('code = "permanent"', True),
        ('code = ["decode", "permanent"]', True),
        ('code = "decode"', False),
        ('topic = "paper.signals.raw"', True),
        ('topic = "paper.signals.raw.dlq"', True),
        ('topic = "{b}.signals.raw"', True),
        ('topic = "zerodha.signals.raw"', False),
        ('topic = ["market.ticks", "{b}.orders.filled"]', False),
        ('type = "signal_raw"', True),
        ('type = "order_filled"', False),
        ('message = "^no instrument"', True),
        ('message = "<n>$"', True),
        ('message = "17"', True),
        ('message = "^instrument"', False),
        ("where = 'data.quantity >= 1 and key == \"s\"'", True),
        ("where = 'data.quantity > 1'", False),
        ('code = "permanent"\ntype = "order_filled"', False),
    ],
)
def test_a_rule_fits_what_meets_all_its_conditions(
    make_letter: Any, now: datetime, tmp_path: Path, condition: str, fits: bool
) -> None:
    policy = load_policy(written(tmp_path, rule(condition)), now)
    found = policy.rule_for(item(make_letter(message="no instrument 17")))
    assert (found is not None) is fits


def test_the_first_that_fits_counts(make_letter: Any, now: datetime, tmp_path: Path) -> None:
    first = rule('message = "special"', name="first", verdict="replay")
    policy = load_policy(written(tmp_path, first, rule(name="rest", verdict="fix")), now)
    special, other = item(make_letter(message="special")), item(make_letter(offset=2))
    assert [policy.rule_for(one).ruling for one in (special, other)] == [Ruling.REPLAY, Ruling.FIX]  # type: ignore[union-attr]
    assert policy.said_of([special]) == "replay"
    assert policy.said_of([special, other]) == "mixed"
    assert policy.said_of([]) == NO_POLICY.said_of([special]) == ""
    assert str(policy.rule_for(other)) == "the policy says fix (rest): tested"


def test_what_is_no_event_has_no_fields(make_letter: Any, now: datetime, tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, rule("where = 'data.quantity > 0'")), now)
    assert policy.rule_for(item(make_letter(b"\xff garbage"))) is None


def test_no_file_has_no_rules(now: datetime, tmp_path: Path) -> None:
    assert load_policy(tmp_path, now) == NO_POLICY


def test_the_starter_is_right_with_and_without_its_comments(now: datetime, tmp_path: Path) -> None:
    text = starter_text(POLICY_FILE)
    file = tmp_path / POLICY_FILE
    file.write_text(text)
    assert read_policy(tmp_path, now) == (NO_POLICY, [])
    head, _, examples = text.partition("version = 1\n")
    assert head
    file.write_text("version = 1\n" + examples.replace("# ", "").replace("#\n", "\n"))
    policy, problems = read_policy(tmp_path, now)
    assert problems == []
    assert {one.ruling for one in policy.rules} == set(Ruling)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", ":0", "the version is missing"),
        ("version = 2\n", ":1", "version 2 is not known"),
        ("version = true\n", ":1", "version True is not known"),
        ("version = 1\nrule = 1\n", ":2", "unknown key rule"),
        ("version = 1\nrules = 1\n", ":2", "rules are tables"),
        ("version = 1\n[rules]\nname = 1\n", ":2", "rules are tables"),
        ("version = 1\nnonsense\n", ":2", "not TOML"),
        ("version = 1\n" + rule(verdict="later"), ":5", "'later' is not a verdict"),
        ("version = 1\n" + rule(name=""), ":4", "needs a name"),
        ("version = 1\n" + rule().replace('reason = "tested"\n', ""), ":3", "needs a reason"),
        ("version = 1\n" + rule("code = 5"), ":7", "code is a text"),
        ("version = 1\n" + rule('code = [""]'), ":7", "code is a text"),
        ("version = 1\n" + rule('topic = "signals"'), ":7", "not an AlphaPanda topic"),
        (
            "version = 1\n" + rule('type = "order_filed"'),
            ":7",
            "no event 'order_filed'. Did you mean order_filled?",
        ),
        ("version = 1\n" + rule('message = "("'), ":7", "column"),
        ("version = 1\n" + rule('message = ""'), ":7", "message is empty"),
        ("version = 1\n" + rule("where = 'data.quantity >'"), ":7", "column"),
        ("version = 1\n" + rule("wher = 'x'"), ":7", "Did you mean where?"),
        ("version = 1\n" + rule('code = "a"') + rule('code = "b"'), ":10", "two rules called 'one'"),
        ("version = 1\n" + rule() + rule('code = "b"', name="two", verdict="fix"), ":10", "never reached"),
    ],
)
def test_each_fault_has_its_place(now: datetime, tmp_path: Path, text: str, where: str, what: str) -> None:
    (tmp_path / POLICY_FILE).write_text(text)
    _, problems = read_policy(tmp_path, now)
    (problem,) = problems
    assert problem.where == POLICY_FILE + (where if where != ":0" else "")
    assert what in str(problem)
    with pytest.raises(ConfigError):
        load_policy(tmp_path, now)


def test_all_faults_are_told(now: datetime, tmp_path: Path) -> None:
    written(tmp_path, rule(verdict="x"), rule("where = '('", name="two"), version="version = 7\n")
    _, problems = read_policy(tmp_path, now)
    assert [problem.where for problem in problems] == [f"{POLICY_FILE}:{line}" for line in (1, 5, 13)]
