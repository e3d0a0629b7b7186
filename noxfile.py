"""What is run before a change lands: `nox`. More: `nox --list`."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "tests", "wheel"]
nox.needs_version = ">=2025.5"

LOCK = "requirements.lock"
PACKAGES = ("alphapanda", "daemons", "tui", "commands", "topics")
PYTHONS = ("3.11", "3.12", "3.13")


def install_locked(session: nox.Session) -> None:
    """Install exactly what the lock names, every hash checked, and this project on top."""
    session.install("--require-hashes", "-r", LOCK)
    session.install("--no-deps", "-e", ".")


def run_tests(session: nox.Session) -> None:
    """Run all tests but those against foreign servers, two at a time: most of them wait for servers to start.

    A file stays together, for what its tests share.
    """
    together = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
    session.run("pytest", "-m", "not conformance", *together, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format, spelling, and who may import whom."""
    install_locked(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("typos")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Strict types over code and tests."""
    install_locked(session)
    session.run("mypy", *PACKAGES, "tests", "noxfile.py")


@nox.session
def tests(session: nox.Session) -> None:
    """Everything that needs no more than this machine, against a real Kafka and a real Valkey."""
    install_locked(session)
    run_tests(session)


@nox.session(name="tests-all", python=PYTHONS)
def tests_all(session: nox.Session) -> None:
    """The same tests on each Python that the project supports. Posargs choose: `-- tests/unit`."""
    install_locked(session)
    run_tests(session)


@nox.session
def lowest(session: nox.Session) -> None:
    """The unit tests on the lowest version of each dependency that pyproject.toml allows."""
    session.install("uv")
    session.run("uv", "pip", "install", "--quiet", "--resolution", "lowest-direct", "-e", ".[dev]")
    session.run("pytest", "-n", "2", "tests/unit", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build, install into a clean environment, start it, and see a trade."""
    session.install("build", "hatchling")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", silent=True)
    (built,) = Path("dist").glob("*.whl")
    session.install(f"{built}[embedded]")
    place = session.create_tmp()
    smoke = Path("tests/e2e/smoke.py").resolve()
    with session.chdir(place):  # not the checkout: the wheel is what is tested
        session.run("alphapanda", "--version")
        session.run("python", str(smoke))


@nox.session
def conformance(session: nox.Session) -> None:
    """Against servers and clients that the default run does not start."""
    install_locked(session)
    session.run("pytest", "-m", "conformance", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure; every figure stands beside the bare thing in the same run. Posargs choose: `-- feed`."""
    install_locked(session)
    chosen = set(session.posargs)
    for script in sorted(Path("tests/performance").glob("bench_*.py")):
        if not chosen or script.stem.removeprefix("bench_") in chosen:
            session.run("python", str(script))


@nox.session
def completions(session: nox.Session) -> None:
    """Write completions/ anew."""
    install_locked(session)
    for shell in ("bash", "zsh", "fish"):
        text = session.run("alphapanda", "completions", shell, silent=True)
        Path("completions", f"alphapanda.{shell}").write_text(str(text), encoding="utf-8")


@nox.session
def lock(session: nox.Session) -> None:
    """Resolve the test environment anew into requirements.lock."""
    session.install("uv")
    session.run(
        *("uv", "pip", "compile", "pyproject.toml", "--extra", "dev", "--universal", "--generate-hashes"),
        *("--no-emit-index-url", "--no-header", "--upgrade", "--quiet", "--output-file", LOCK),
    )
    path = Path(LOCK)
    head = "# The locked environment of the tests: `nox -s lock` makes it anew from pyproject.toml.\n"
    path.write_text(head + path.read_text(encoding="utf-8"), encoding="utf-8")


@nox.session
def lock_kafka(session: nox.Session) -> None:
    """Resolve Kafka's jars anew and write their lock file, every SHA-256 with it."""
    session.install("-e", ".[embedded]")
    session.run(
        "python",
        "-c",
        "from pathlib import Path; from alphapanda.infra.embedded.lock import make_lock;"
        "Path('alphapanda/infra/embedded/kafka.lock.toml').write_text(make_lock())",
    )
