from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapanda.query.errors import QuerySyntaxError
from alphapanda.query.patterns import Pattern

ATOMS = st.sampled_from(
    ["a", "b", "ab", ".", "[ab]", "[^a]", "[a-c]", r"\d", r"\w", r"\.", "^", "$", "c", "1", "[]a]", "[a-]"]
)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({}|{})".format, inner, inner),
        st.builds("{}{}".format, inner, inner),
        st.builds("({}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}", "{2,3}"])),
        st.builds("(?:{})".format, inner),
    )


PATTERNS = st.recursive(ATOMS, grown, max_leaves=5)


@given(PATTERNS, st.text("abc1.\n_-]", max_size=8))
def test_it_finds_what_re_finds(pattern: str, text: str) -> None:
    # `$` of `re` also matches before a last newline; ours is the end.
    expected = re.search(pattern.replace("$", r"\Z"), text) is not None
    assert Pattern(pattern).search(text) is expected


@pytest.mark.parametrize("pattern", ["$^", "^$", "(^|a)$", "^($|b)", "(^)*$"])
@pytest.mark.parametrize("text", ["", "a", "b"])
def test_beginnings_and_ends(pattern: str, text: str) -> None:
    assert Pattern(pattern).search(text) is (re.search(pattern, text) is not None)


@given(PATTERNS, st.text("abcABC", max_size=6))
def test_case_is_folded_on_demand(pattern: str, text: str) -> None:
    expected = re.search(pattern.replace("$", r"\Z"), text, re.IGNORECASE) is not None
    assert Pattern(f"(?i){pattern}").search(text) is expected


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*)*x", "a{100}(a?){100}b", "(a*)*(a*)*c"])
def test_what_ruins_re_is_a_walk(pattern: str) -> None:
    assert Pattern(pattern).search("a" * 5000 + "!") is False


def test_many_different_letters_change_nothing() -> None:
    pattern = Pattern("[^x]y$")
    text = "".join(chr(1000 + n) for n in range(2010))
    assert pattern.search(text + "y")
    assert not pattern.search(text + "xy")
    assert pattern.search("ay")


@pytest.mark.parametrize(
    ("pattern", "position", "says"),
    [
        ("*a", 0, "Nothing to repeat"),
        ("a(b", 1, "not closed"),
        ("a)b", 1, "No group is open"),
        ("[ab", 0, "class is not closed"),
        ("a{2,1}", 1, "counts up"),
        ("a{1001}", 1, "at most 1000"),
        ("a**", 1, "repeats a repetition"),
        ("(?=a)", 0, "not known"),
        (r"a\y", 1, r"\\y is not known"),
        (r"(a)\1", 3, r"\\1 is not known"),
        ("a\\", 1, "Nothing is escaped"),
        ("[z-a]", 1, "z-a is not a range"),
        ("((a{100}){100}){100}", 9, "at most 1000 in all"),
        ("[)(]a)(", 5, "No group is open"),
        ("(a[)](b)", 0, "not closed"),
        (r"\((x", 2, "not closed"),
        ("a" * 201, 200, "at most 200 characters"),
    ],
)
def test_what_it_does_not_know_is_pointed_at(pattern: str, position: int, says: str) -> None:
    with pytest.raises(QuerySyntaxError, match=says) as caught:
        Pattern(pattern)
    assert caught.value.position == position


@given(st.text(string.printable, max_size=20))
def test_any_text_is_a_pattern_or_a_fault(text: str) -> None:
    try:
        found = Pattern(text).search("some text")
    except QuerySyntaxError as error:
        found = error.position > len(text)
    assert found in {True, False}
