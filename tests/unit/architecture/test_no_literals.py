"""Names of services, consumer groups and topics are written in `topics/` alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("alphapanda", "daemons", "tui", "commands")
HELP = {"alphapanda/settings/reference.py"}
"""Examples of settings, as people would write them."""

_TOPIC = re.compile(
    r"(market\.ticks|system\.(audit|alerts|dlq-ledger))"
    r"|\{?\w*\}?\.?(signals\.(raw|validated|rejected)|pnl\.snapshots|control\.(commands|events)"
    r"|orders\.(submitted|accepted|filled|cancelled|rejected|modified|expired|unknown))(\.dlq)?"
)
_SERVICE = re.compile(
    r"(risk|trader)\.(\{\}|[a-z]\w*)|(\{\}|[a-z]\w*)\.(risk|trader)|alphapanda\.strategies|alphapanda\.feed\..*"
)


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give each string of a module with its line, docstrings left out; what an f-string fills in is `{}`."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values]
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (inside | docs):
            yield node.lineno, node.value


def test_no_service_group_or_topic_is_named_outside_topics() -> None:
    found = []
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            if name in HELP:
                continue
            for line, text in strings(ast.parse(path.read_text(encoding="utf-8"))):
                is_file = text.endswith((".toml", ".py", ".jsonl"))
                if not is_file and (_TOPIC.fullmatch(text) or _SERVICE.fullmatch(text)):
                    found.append(f"{name}:{line}: {text}")
    assert found == []
