from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alphapanda.errors import ConfigError
from alphapanda.infra.embedded.lock import LOCK_FILE, load_lock, make_lock, parse_lock, resolve

if TYPE_CHECKING:
    from tests.unit.infra.conftest import Repository

POM = """<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId>
<artifactId>{artifact}</artifactId><version>1.0</version><dependencies>{dependencies}</dependencies></project>"""
DEPENDENCY = (
    "<dependency><groupId>org.example</groupId><artifactId>{artifact}</artifactId>"
    "<version>1.0</version><scope>{scope}</scope></dependency>"
)


def test_the_committed_lock_is_whole() -> None:
    lock = load_lock()
    assert lock.kafka == "4.3.1"
    assert len(lock.jar) == 46
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in lock.jar)
    assert len({jar.sha256 for jar in lock.jar}) == 46
    assert {"kafka_2.13-4.3.1.jar", "kafka-clients-4.3.1.jar", "slf4j-simple-1.7.36.jar"} <= {
        jar.file_name for jar in lock.jar
    }
    assert 40_000_000 < sum(jar.size for jar in lock.jar) < 60_000_000


def test_the_lock_names_no_repository() -> None:
    text = files("alphapanda.infra.embedded").joinpath(LOCK_FILE).read_text()
    assert "://" not in text


def offer(repository: Repository) -> None:
    """A root that needs one jar at run time and another for its tests only."""
    needs = {"kafka_2.13": [("clients", "runtime"), ("junit", "test")], "clients": [], "junit": []}
    for artifact, dependencies in needs.items():
        repository.add(artifact, artifact.encode() * 100)
        text = "".join(DEPENDENCY.format(artifact=name, scope=scope) for name, scope in dependencies)
        repository.files[f"org/example/{artifact}/1.0/{artifact}-1.0.pom"] = POM.format(
            artifact=artifact, dependencies=text
        ).encode()


def test_what_is_needed_at_run_time_is_resolved(repository: Repository, tmp_path: Path) -> None:
    offer(repository)
    found = resolve(("org.example:kafka_2.13:1.0",), tmp_path, repository.url)
    assert found == (("org.example", "clients", "1.0"), ("org.example", "kafka_2.13", "1.0"))


def test_a_lock_that_was_made_can_be_read_and_is_made_the_same_again(repository: Repository) -> None:
    offer(repository)
    text = make_lock(("org.example:kafka_2.13:1.0",), repository.url)
    lock = parse_lock(text.encode())
    assert lock.kafka == "1.0"
    assert [jar.coordinates for jar in lock.jar] == ["org.example:clients:1.0", "org.example:kafka_2.13:1.0"]
    assert [jar.size for jar in lock.jar] == [700, 1_000]
    assert make_lock(("org.example:kafka_2.13:1.0",), repository.url) == text


@pytest.mark.parametrize("text", [b"kafka = 4", b"not toml", b'kafka = "1"\n[[jar]]\ngroup = "g"'])
def test_a_spoilt_lock_is_an_error(text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"kafka\.lock\.toml cannot be read"):
        parse_lock(text)


def test_two_jars_of_one_file_name_are_an_error() -> None:
    jar = '[[jar]]\ngroup = "{g}"\nartifact = "a"\nversion = "1"\nsize = 1\nsha256 = "x"\n'
    with pytest.raises(ConfigError, match="names a file twice"):
        parse_lock(f'kafka = "1"\n{jar.format(g="g")}{jar.format(g="h")}'.encode())
