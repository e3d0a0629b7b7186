"""The root command: global options, and verbs that are loaded when they are called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from alphapanda import __version__
from alphapanda.errors import UnknownNameError
from alphapanda.exit_codes import ExitCode, summary
from commands.shell.context import Context
from commands.shell.errors import report, report_usage, silence_closed_pipe
from commands.shell.verbs import load_verb, verbs


class LazyGroup(TyperGroup):
    """The root command: lists its verbs from a table, imports the one that is called, and reports errors."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs' names."""
        del ctx
        return list(verbs())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a verb, importing its module."""
        del ctx
        verb = verbs().get(cmd_name)
        return load_verb(verb) if verb else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the called verb; an unknown one is an error that suggests the nearest name."""
        if args and args[0] not in verbs():
            raise UnknownNameError("command", args[0], verbs(), hint="List them: alphapanda --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the verbs under their headings, from the table alone."""
        del ctx
        for panel, group in groupby(verbs().values(), key=lambda verb: verb.panel):
            with formatter.section(panel.value):
                formatter.write_dl([(verb.name, verb.help) for verb in group])

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; an error becomes one line and its exit code."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError):
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            silence_closed_pipe()
            raise typer.Exit(ExitCode.OK) from None
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except Exception as error:  # noqa: BLE001 - the one place where errors end
            context = Context.of(ctx)
            raise typer.Exit(report(error, context.output, debug=context.debug)) from None


def root_options() -> list[Any]:
    """Return the global options."""
    return [each for each in typer.main.get_command(app).params if each.param_type_name == "option"]


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    epilog=summary(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 115},
)


def _show_version(value: bool) -> None:
    if value:
        sys.stdout.write(f"alphapanda {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    call: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Trade strategies on several brokers from one stream of market data, on a durable log.

    A deployment is a folder: the current one, or ALPHAPANDA_HOME. Start with `alphapanda up`.
    """
    del version
    call.obj = call.obj or Context.of_process(debug=debug)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; raises KeyboardInterrupt outside of a verb."""
    words = _debug_first(list(sys.argv[1:] if arguments is None else arguments))
    try:
        code = app(args=words, prog_name="alphapanda", standalone_mode=False)
    except typer.TyperException as error:
        code = report_usage(error, Context.of_process().output)
    except typer.Abort:
        code = ExitCode.INTERRUPTED
    return int(code or ExitCode.OK)


def _debug_first(arguments: list[str]) -> list[str]:
    """Return the arguments with `--debug` before the verb, wherever it was typed before a `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    if "--debug" not in arguments[:end]:
        return arguments
    return ["--debug", *(word for word in arguments[:end] if word != "--debug"), *arguments[end:]]
