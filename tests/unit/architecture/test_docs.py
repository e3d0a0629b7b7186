"""What the pages for engineers name is there, and every page of the docs is in their index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = ("docs/architecture.md", "docs/README.md", "CONTRIBUTING.md", "README.md")
TOP = ("alphapanda/", "daemons/", "tui/", "commands/", "topics/", "tests/", "docs/", "completions/")


@pytest.mark.parametrize("page", PAGES)
def test_paths_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = {word for word in re.findall(r"`([\w./{},-]+)`", text) if word.startswith(TOP) and "{" not in word}
    assert [word for word in sorted(named) if not (ROOT / word).exists()] == []


@pytest.mark.parametrize(
    "page", [str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")] + ["README.md"]
)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / page).read_text(encoding="utf-8"))
    inside = [target for target in targets if "://" not in target]
    assert [target for target in inside if not (folder / target).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


def test_the_rooms_of_the_core_are_all_described() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (ROOT / "alphapanda").glob("*/__init__.py")}
    named = set(re.findall(r"`alphapanda/(\w+)/", page)) | set(
        re.findall(r"\w+", "".join(re.findall(r"alphapanda/\{([\w,]+)\}", page)))
    )
    assert rooms - named == set()
