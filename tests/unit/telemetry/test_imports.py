"""What each process does not load: the command line no structlog, the daemons no rich and no Twisted."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded(program: str, *names: str) -> set[str]:
    script = f"import sys\n{program}\nprint(*(name for name in {names!r} if name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_logging_needs_neither_rich_nor_twisted() -> None:
    program = (
        "import pathlib, tempfile, types\n"
        "from alphapanda.deployment import Deployment\n"
        "from alphapanda.telemetry.logs import configure_logging\n"
        "config = types.SimpleNamespace(level='info', format='auto', channels={}, max_bytes=10000, backups=1)\n"
        "with tempfile.TemporaryDirectory() as name:\n"
        "    with configure_logging(config, Deployment(pathlib.Path(name)), 'feed', console=False) as logs:\n"
        "        logs.log.info('hello')"
    )
    assert loaded(program, "structlog", "rich", "twisted") == {"structlog"}


def test_rich_can_still_be_imported_afterwards() -> None:
    program = "from alphapanda.telemetry.logs import import_structlog\nimport_structlog()\nimport rich"
    assert loaded(program, "structlog", "rich") == {"structlog", "rich"}


@pytest.mark.parametrize(
    "module",
    [
        "telemetry.log",
        "operations.logs.reader",
        "query.times",
        "telemetry.health",
        "telemetry.metric_specs",
    ],
)
def test_what_only_reads_or_names_loads_no_library_of_the_daemons(module: str) -> None:
    heavy = ("structlog", "prometheus_client", "aiohttp", "rich", "pydantic", "asyncio.runners")
    assert loaded(f"import alphapanda.{module}", *heavy[:5]) == set()
