"""The completion script for zsh."""

from __future__ import annotations

from collections.abc import Iterable

from commands.completions.tree import CommandNode, Value
from commands.shell.completion_names.offers import Offer

_HEAD = """\
#compdef alphapanda
# Completion of alphapanda for zsh. Made by: alphapanda completions zsh

_alphapanda_names() {
    local -a names
    names=(${(f)"$(alphapanda completions --names $1 2>/dev/null)"})
    compadd -a names
}

_alphapanda() {
    local verb="" longer
    local -a options verbs
    local -i i
    for ((i = 2; i < CURRENT; i++)); do
        longer="${verb:+$verb }${words[i]}"
        case "$longer" in
"""

_AFTER_VERB = """\
        esac
    done
    case "$verb:${words[CURRENT-1]}" in
"""

_AFTER_VALUES = """\
    esac
    case "$verb" in
"""

_TAIL = """\
    esac
    if [[ ${words[CURRENT]} == -* ]]; then
        _describe option options
    elif (( ${#verbs} )); then
        _describe command verbs
    fi
}

if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
    _alphapanda "$@"
else
    compdef _alphapanda alphapanda
fi
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
        text += f'        "{" ".join(verb.path)}")\n'
        described = [(name, option.help) for option in verb.options for name in option.names]
        text += _array("options", described)
        if verb.children:
            text += _array("verbs", [(child.path[-1], child.help) for child in verb.children])
        elif verb.arguments and _reply(verb.arguments[0]) != "true":
            text += f"            [[ ${{words[CURRENT]}} == -* ]] || {{ {_reply(verb.arguments[0])}; return; }}\n"
        text += "            ;;\n"
    return text + _TAIL


def _array(name: str, described: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"                {_quoted(f'{_escaped(word)}:{text}')}\n" for word, text in described)
    return f"            {name}=(\n{items}            )\n"


def _escaped(word: str) -> str:
    return word.replace(":", "\\:")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _reply(value: Value) -> str:
    if value.offer is Offer.FILES:
        return "_files"
    if value.offer.is_asked:
        return f"_alphapanda_names {value.offer}"
    return f"compadd {' '.join(value.words)}" if value.words else "true"
