"""Every exit code is explained, in `--help` and on its page."""

from __future__ import annotations

from pathlib import Path

from alphapanda.exit_codes import MEANINGS, ExitCode, page, summary


def test_every_code_is_explained() -> None:
    assert set(MEANINGS) == set(ExitCode)
    assert all(f"{code.value} {MEANINGS[code][0]}" in summary() for code in ExitCode)


def test_the_page_is_in_step() -> None:
    file = Path(__file__).parents[3] / "docs/exit-codes.md"
    assert file.read_text(encoding="utf-8") == page()
