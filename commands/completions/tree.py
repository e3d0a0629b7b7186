"""All verbs with their options and arguments, as completion scripts need them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from commands.shell.completion_names.offers import Offer
from commands.shell.root import root_options
from commands.shell.verbs import load_verb, verbs

_BY_NAME = {
    Offer.BROKERS: {"broker", "brokers"},
    Offer.DAEMONS: {"daemon", "daemons", "name", "names", "only"},
    Offer.TOPICS: {"topic", "topics"},
    Offer.GROUPS: {"group", "groups"},
    Offer.STRATEGIES: {"strategy", "strategies"},
}
"""Which parameters take which names, by the parameter's name or metavar without its brackets."""

_INSTEAD = {
    ("dlq", Offer.TOPICS): Offer.DEAD_LETTERS,
    ("schemas", Offer.DAEMONS): Offer.SUBJECTS,
}
"""What a noun's verbs take instead."""

_WORD = re.compile(r"[a-z]+")
_NAMELESS = frozenset({"confirm", "theme"})
"""Parameters that take a name of no kind."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a place takes: fixed words, or what is offered."""

    words: tuple[str, ...] = ()
    offer: Offer = Offer.NOTHING


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        names: `--broker`, `-b`.
        help: one line.
        value: what it takes; None for a flag.
    """

    names: tuple[str, ...]
    help: str
    value: Value | None


@dataclass(frozen=True, slots=True)
class CommandNode:
    """One command or group.

    Attributes:
        path: the words to it: (), ("config",), ("config", "show").
        help: one line.
        options: in the order of its help.
        arguments: what stands after it.
        children: the words that may follow it.
    """

    path: tuple[str, ...]
    help: str
    options: tuple[Option, ...]
    arguments: tuple[Value, ...] = ()
    children: tuple[CommandNode, ...] = field(default=())

    def walk(self) -> Iterator[CommandNode]:
        """Return this verb and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


_HELP = Option(("--help", "-h"), "Show this message and exit.", None)


def command_tree() -> CommandNode:
    """Return the root of all verbs; imports every verb's module."""
    children = tuple(_verb((verb.name,), load_verb(verb), verb.help) for verb in verbs().values())
    return CommandNode((), "", (*map(_option, root_options()), _HELP), (), children)


def _verb(path: tuple[str, ...], command: Any, help_line: str) -> CommandNode:
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    inner = getattr(command, "commands", {})
    return CommandNode(
        path=path,
        help=help_line,
        options=(
            *(_option(each, path) for each in shown if each.param_type_name == "option"),
            _HELP,
        ),
        arguments=tuple(_value(each, path) for each in shown if each.param_type_name == "argument"),
        children=tuple(
            _verb((*path, name), child, _first_line(child.help))
            for name, child in inner.items()
            if not child.hidden
        ),
    )


def _option(parameter: Any, path: tuple[str, ...] = ()) -> Option:
    names = sorted((*parameter.opts, *parameter.secondary_opts), key=len, reverse=True)
    value = None if getattr(parameter, "is_flag", False) else _value(parameter, path)
    return Option(tuple(names), _first_line(parameter.help), value)


def _value(parameter: Any, path: tuple[str, ...]) -> Value:
    descriptor = parameter.type_descriptor
    words = tuple(str(getattr(choice, "value", choice)) for choice in descriptor.choices or ())
    if words:
        return Value(words)
    if descriptor.is_path or descriptor.is_file:
        return Value(offer=Offer.FILES)
    return Value(offer=_offer(str(parameter.name).lower(), str(parameter.metavar or "").lower(), path))


def _offer(name: str, metavar: str, path: tuple[str, ...]) -> Offer:
    if name in _NAMELESS:
        return Offer.NOTHING
    called = {name, *_WORD.findall(metavar)}
    found = next((offer for offer, names in _BY_NAME.items() if called & names), Offer.NOTHING)
    return _INSTEAD.get((path[0] if path else "", found), found)


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n", 1)[0]
