"""The completion script for fish (3 or newer)."""

from __future__ import annotations

from collections.abc import Iterator

from commands.completions.tree import CommandNode, Value
from commands.shell.completion_names.offers import Offer

_HEAD = """\
# Completion of alphapanda for fish. Made by: alphapanda completions fish

function __alphapanda_names
    alphapanda completions --names $argv[1] 2>/dev/null
end

function __alphapanda_at
    set -l verb ""
    for word in (commandline -opc)[2..]
        set -l longer (string trim "$verb $word")
        if contains -- "$longer" $__alphapanda_verbs
            set verb $longer
        end
    end
    test "$verb" = "$argv[1]"
end

complete -c alphapanda -f
"""


def render(root: CommandNode) -> str:
    """Return the script."""
    verbs = list(root.walk())
    names = " ".join(_quoted(" ".join(verb.path)) for verb in verbs if verb.path)
    lines = [f"set -g __alphapanda_verbs {names}"]
    for verb in verbs:
        start = f"complete -c alphapanda -n '__alphapanda_at \"{' '.join(verb.path)}\"'"
        lines.extend(f"{start} {what}" for what in _completions(verb))
    return _HEAD + "".join(f"{line}\n" for line in lines)


def _completions(verb: CommandNode) -> Iterator[str]:
    for child in verb.children:
        yield f"-a {child.path[-1]} -d {_quoted(child.help)}"
    for value in verb.arguments[:1]:
        if (source := _source(value)) is not None:
            yield source
    for option in verb.options:
        flags = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
        takes = "" if option.value is None else f" {_source(option.value) or '-x'}"
        yield f"{flags}{takes} -d {_quoted(option.help)}"


def _source(value: Value) -> str | None:
    if value.offer is Offer.FILES:
        return "-r -F"
    if value.offer.is_asked:
        return f'-x -a "(__alphapanda_names {value.offer})"'
    return f"-x -a {_quoted(' '.join(value.words))}" if value.words else None


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
