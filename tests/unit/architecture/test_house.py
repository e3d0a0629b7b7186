"""Rules of the source tree that no linter checks: no import circle, no class name twice, no file too long."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("alphapanda", "daemons", "tui", "commands", "topics")
LONGEST = 500
"""Lines. A file that needs more has two ideas."""


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (ROOT / package).rglob("*.py")


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Return which modules each module imports when it runs, now or later."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def test_no_files_import_each_other_in_a_circle(imports: dict[str, set[str]]) -> None:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        pytest.fail(f"These files import each other: {circle}")


def test_no_class_name_stands_twice() -> None:
    places = defaultdict(list)
    for path in sources():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(ROOT)))
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert twice == {}


def test_no_file_is_too_long() -> None:
    lengths = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in sources()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_no_private_attribute_of_another_module_is_used_but_the_kafka_clients_own() -> None:
    excused = {
        str(path.relative_to(ROOT)) for path in sources() if "noqa: SLF001" in path.read_text(encoding="utf-8")
    }
    assert all(path.startswith("alphapanda/kafka/") for path in excused), excused
