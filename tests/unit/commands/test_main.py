"""The frame: help, unknown words, errors, and what is (not) loaded."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

import commands
from alphapanda import __version__
from alphapanda.errors import DependencyError, RefusedError, UnknownNameError
from commands.shell.verbs import Panel, Verb, load_verb, verbs

Call = Callable[..., Any]
HEAVY = {"aiohttp", "aiokafka", "asyncio", "kiteconnect", "msgspec", "psutil", "pydantic", "redis", "rich"}
HEAVY |= {"structlog", "textual", "prometheus_client", "uuid_utils"}


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["-h"], []])
def test_the_root_loads_no_heavy_package(words: list[str]) -> None:
    script = (
        "import sys\n"
        "from commands.main import main\n"
        "try:\n"
        f"    main({words!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        "print('loaded:', *sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    loaded = set(done.stdout.rpartition("loaded:")[2].split())
    assert "typer" in loaded
    assert loaded & HEAVY == set()


def test_help_lists_every_verb_with_its_line_under_its_heading(call: Call) -> None:
    ended = call("--help")
    assert ended.code == 0
    lines = [line.strip() for line in ended.out.splitlines()]
    for verb in verbs().values():
        assert any(line.startswith(f"{verb.name} ") and verb.help[:20] in line for line in lines)
        assert f"{verb.panel}:" in lines
    assert "Exit codes: 0 ok" in ended.out


@pytest.mark.parametrize("verb", verbs().values(), ids=lambda verb: verb.name)
def test_every_verb_of_the_table_registers_under_its_name_and_has_help(verb: Verb, call: Call) -> None:
    command = load_verb(verb)
    assert command.name == verb.name
    assert command.help
    assert call(verb.name, "--help").code == 0


def test_every_module_of_the_package_is_in_the_table() -> None:
    root = Path(commands.__file__).parent
    registers = re.compile(r"^def register\(app", re.MULTILINE)
    files = [path.relative_to(root) for path in root.rglob("*.py") if registers.search(path.read_text())]
    modules = {".".join(file.with_suffix("").parts).removesuffix(".__init__") for file in files}
    assert modules == {verb.module for verb in verbs().values()}


def test_the_version_is_data(call: Call) -> None:
    ended = call("--version")
    assert (ended.code, ended.out) == (0, f"alphapanda {__version__}\n")


def test_an_unknown_verb_suggests_the_nearest(call: Call) -> None:
    ended = call("confg", "show")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: There is no command 'confg'. Did you mean 'config'? List them: alphapanda --help\n"


def test_an_unknown_option_is_a_usage_error(call: Call) -> None:
    ended = call("config", "show", "--jsn")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: No such option: --jsn")
    assert ended.err.endswith(" See: alphapanda config show --help\n")


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("up", "--feed", "nope"),
        ("up", "--wait-timeout", "0"),
        ("up", "--speed", "fast"),
        ("pnl", "x"),
        ("topics", "dsecribe"),
        ("-x",),
    ],
)
def test_whatever_is_typed_wrongly_is_one_line(call: Call, words: tuple[str, ...]) -> None:
    ended = call(*words)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("error: ")
    assert "Value error" not in ended.err


def test_without_a_verb_the_help_is_shown(call: Call) -> None:
    ended = call("config")
    assert ended.code == 2
    assert "Usage: alphapanda config" in ended.err


def test_of_many_names_only_the_first_are_listed() -> None:
    error = UnknownNameError("topic", "zzz", [f"t{number:02}" for number in range(40)])
    assert error.hint.endswith("t22, t23 and 16 more.")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Make the verb `config` raise."""

    def fail_with(error: BaseException) -> None:
        def config() -> None:
            """Fail."""
            raise error

        def register(app: typer.Typer) -> None:
            app.command("config")(config)

        monkeypatch.setattr("commands.system.config.register", register)

    return fail_with


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (
            RefusedError("It is armed.", hint="alphapanda halt zerodha"),
            5,
            "error: It is armed. alphapanda halt zerodha",
        ),
        (
            ExceptionGroup("tasks", [ExceptionGroup("inner", [DependencyError("No Kafka.")])]),
            4,
            "error: No Kafka.",
        ),
        (
            ZeroDivisionError("oh"),
            1,
            "error: Unexpected ZeroDivisionError: oh. This is a defect; run again with --debug for the traceback.",
        ),
        (KeyboardInterrupt(), 130, ""),
        (EOFError(), 130, ""),
        (
            FileNotFoundError(2, "No such file or directory", "ticks.csv"),
            1,
            "error: ticks.csv: No such file or directory.",
        ),
        (OSError(28, "No space left on device"), 1, "error: No space left on device."),
    ],
)
def test_an_error_is_one_line_and_its_exit_code(
    error: BaseException, code: int, line: str, failing: Callable[[BaseException], None], call: Call
) -> None:
    failing(error)
    ended = call("config")
    assert (ended.code, ended.out, ended.err.rstrip("\n")) == (code, "", line)


@pytest.mark.parametrize("words", [("--debug", "config"), ("config", "--debug")])
def test_debug_shows_where_wherever_it_is_typed(
    words: tuple[str, ...], failing: Callable[[BaseException], None], call: Call
) -> None:
    failing(RefusedError("No."))
    ended = call(*words)
    assert ended.code == 5
    assert "Traceback" in ended.err
    assert ended.err.endswith("error: No.\n")


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m commands.main config show | true; echo ${{PIPESTATUS[0]}}"
    root = Path(__file__).parents[3]
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, cwd=root)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_ctrl_c_while_the_program_is_being_imported_is_told_by_the_exit_code_alone() -> None:
    script = (
        "import sys\n"
        "class Interrupts:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'typer':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupts())\n"
        "from commands.main import main\n"
        "main(['status'])\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=root)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_panel_stands_together() -> None:
    panels = [verb.panel for verb in verbs().values()]
    assert panels == sorted(panels, key=list(Panel).index)
