"""The completion script for bash (4.4 or newer; needs no bash-completion package)."""

from __future__ import annotations

from commands.completions.tree import CommandNode, Value
from commands.shell.completion_names.offers import Offer

_HEAD = """\
# Completion of alphapanda for bash. Made by: alphapanda completions bash

_alphapanda_names() {
    alphapanda completions --names "$1" 2>/dev/null
}

_alphapanda() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
    local verb="" words="" options="" longer i
    for ((i = 1; i < COMP_CWORD; i++)); do
        longer="${verb:+$verb }${COMP_WORDS[i]}"
        case "$longer" in
"""

_AFTER_VERB = """\
        esac
    done
    case "$verb:$previous" in
"""

_AFTER_VALUES = """\
    esac
    case "$verb" in
"""

_TAIL = """\
    esac
    if [[ $current == -* ]]; then
        words="$options"
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _alphapanda alphapanda
"""


def render(root: CommandNode) -> str:
    """Return the script."""
    verbs = list(root.walk())
    lines = [f'            "{" ".join(verb.path)}") verb="$longer" ;;' for verb in verbs if verb.path]
    text = _HEAD + "".join(f"{line}\n" for line in lines) + _AFTER_VERB
    for verb in verbs:
        for option in verb.options:
            if option.value is not None:
                places = " | ".join(f'"{" ".join(verb.path)}:{name}"' for name in option.names)
                text += (
                    f"        {places})\n            {_reply(option.value)}\n            return\n            ;;\n"
                )
    text += _AFTER_VALUES
    for verb in verbs:
        options = " ".join(name for option in verb.options for name in option.names)
        text += f'        "{" ".join(verb.path)}")\n            options="{options}"\n'
        text += "".join(f"            {line}\n" for line in _words(verb)) + "            ;;\n"
    return text + _TAIL


def _words(verb: CommandNode) -> list[str]:
    if verb.children:
        return [f'words="{" ".join(child.path[-1] for child in verb.children)}"']
    if not verb.arguments:
        return []
    value = verb.arguments[0]
    if value.offer is Offer.FILES:
        return [f"[[ $current == -* ]] || {{ {_reply(value)}; return; }}"]
    return [f'words="{_source(value)}"'] if _source(value) else []


def _reply(value: Value) -> str:
    if value.offer is Offer.FILES:
        return 'mapfile -t COMPREPLY < <(compgen -f -- "$current")'
    return f'mapfile -t COMPREPLY < <(compgen -W "{_source(value)}" -- "$current")'


def _source(value: Value) -> str:
    return f"$(_alphapanda_names {value.offer})" if value.offer.is_asked else " ".join(value.words)
