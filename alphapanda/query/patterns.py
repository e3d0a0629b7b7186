r"""Regular expressions that cannot take long: what an operator types runs over millions of records.

Python's `re` may take exponential time on a short text. This matcher reads each character once: the pattern
becomes a nondeterministic automaton (Thompson 1968) whose sets of states are remembered as they occur.

Known are literals, `.`, classes `[a-z]` `[^…]`, `\d \w \s \D \W \S`, escapes, groups, `|`, `* + ?`, `{m}` `{m,}`
`{m,n}`, `^`, `$` (the very end), and `(?i)` at the start.
"""

from __future__ import annotations

from collections.abc import Iterable

from alphapanda.query.pattern_program import Begin, Char, End, PatternMatch, Split, Step, compile_pattern

MAX_STATES = 2000
"""Remembered sets of states and their steps; beyond that they are forgotten and found again."""


class _State:
    """A set of places in the program, and where each character leads from it."""

    __slots__ = ("at_end", "matched", "next", "places")

    def __init__(self, places: frozenset[int], *, matched: bool, at_end: bool) -> None:
        self.places = places
        self.matched = matched
        self.at_end = at_end
        self.next: dict[str, _State] = {}


class Pattern:
    """One compiled pattern; `search` says whether a text has it anywhere.

    Raises TypedTextError on construction if the pattern cannot be understood or is too large.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._program = compile_pattern(text)
        self._ahead = self._closure([0], begin=False)
        self._states: dict[frozenset[int], _State] = {}
        self._first = self._made(self._closure([0], begin=True), begin=True)

    def search(self, text: str) -> bool:
        """Whether the pattern is found in `text`; each character costs one step."""
        state = self._first
        if state.matched:
            return True
        for char in text:
            following = state.next.get(char)
            state = following if following is not None else self._step(state, char)
            if state.matched:
                return True
        return state.at_end

    def _step(self, state: _State, char: str) -> _State:
        if len(self._states) > MAX_STATES or len(state.next) > MAX_STATES:
            self._states.clear()
            self._first.next.clear()
            state.next.clear()
        program = self._program
        reached = [place + 1 for place in state.places if _takes(program[place], char)]
        following = self._state(self._closure(reached, begin=False) | self._ahead)
        state.next[char] = following
        return following

    def _state(self, places: frozenset[int]) -> _State:
        known = self._states.get(places)
        if known is None:
            known = self._states[places] = self._made(places, begin=False)
        return known

    def _made(self, places: frozenset[int], *, begin: bool) -> _State:
        """Return the state of `places`, `begin` being whether nothing was read yet."""
        matched = self._matches(places)
        ends = [place + 1 for place in places if isinstance(self._program[place], End)]
        at_end = matched or self._matches(self._closure(ends, begin=begin, end=True))
        return _State(places, matched=matched, at_end=at_end)

    def _matches(self, places: frozenset[int]) -> bool:
        return any(isinstance(self._program[place], PatternMatch) for place in places)

    def _closure(self, places: Iterable[int], *, begin: bool = False, end: bool = False) -> frozenset[int]:
        """Return all places that are reached without reading a character."""
        found: set[int] = set()
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place in found:
                continue
            found.add(place)
            match self._program[place]:
                case Split(first, second):
                    waiting += [first, second]
                case Begin() if begin:
                    waiting.append(place + 1)
                case End() if end:
                    waiting.append(place + 1)
                case _:
                    pass
        return frozenset(found)


def _takes(step: Step, char: str) -> bool:
    return isinstance(step, Char) and step.accepts(char)
