"""TOML files, and the lines that messages name."""

from __future__ import annotations

from pathlib import Path

import pytest

from alphapanda.settings import InvalidSettingsError
from alphapanda.settings.toml_file import read_toml

TEXT = """\
top = 1
# comment = 2
[one]            # a table
a = 1
"b" = 2
c.d = 3
[one.two]
e = [
  1,
]
[[many]]
f = 1
[many.inner]
g = 1
[[many]]
f = 2
"""


def read(folder: Path, text: str) -> str:
    (folder / "x.toml").write_text(text)
    with pytest.raises(InvalidSettingsError) as caught:
        read_toml(folder / "x.toml")
    return str(caught.value.problems[0])


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 1),
        (("one",), 3),
        (("one", "a"), 4),
        (("one", "b"), 5),
        (("one", "c", "d"), 6),
        (("one", "two", "e"), 8),
        (("many", "0", "f"), 12),
        (("many", "0", "inner", "g"), 14),
        (("many", "1", "f"), 16),
        (("one", "two", "absent"), 7),
    ],
)
def test_a_value_is_found_on_its_line_else_its_table_is(path: tuple[str, ...], line: int, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(TEXT)
    assert read_toml(tmp_path / "x.toml").place(path) == f"x.toml:{line}"


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    file = read_toml(tmp_path / "x.toml")
    assert (file.exists, file.values, file.place(("a",))) == (False, {}, "x.toml")


def test_what_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    assert read(tmp_path, "a = 1\nb = \n").startswith("x.toml:2: this is not TOML:")
    assert read(tmp_path, "a = 1\n[b\n").startswith("x.toml:2: this is not TOML:")
    assert read(tmp_path, 'a = """\n').startswith("x.toml:1: this is not TOML:")


def test_what_is_no_text_or_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidSettingsError, match=r"x\.toml: is not UTF-8 text"):
        read_toml(tmp_path / "x.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InvalidSettingsError, match=r"folder\.toml: cannot be read"):
        read_toml(tmp_path / "folder.toml")
