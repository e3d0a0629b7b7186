"""`alphapanda tui`: the dashboard."""

from __future__ import annotations

import asyncio
import atexit
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import ConfigError, UsageError
from commands.shell.context import Context

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from alphapanda.market.calendar import TradingCalendar
    from tui.app import Dashboard
    from tui.sources.connection import Connect, Connection
    from tui.sources.control import Disposition, PreparedAction, Selection
    from tui.sources.deployment import ConnectDeployment

ControlOption = Annotated[
    bool, typer.Option("--control", help="Enable actions: halt, resume, cancel, flatten, restart, replay.")
]
ServeOption = Annotated[bool, typer.Option("--serve", help="Serve it read-only to a browser on this machine.")]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65_535, help="The loopback port of --serve.")]
ThemeOption = Annotated[
    str, typer.Option("--theme", metavar="NAME", help="panda-dark, panda-light, panda-cvd or panda-ansi.")
]
AsciiOption = Annotated[bool, typer.Option("--ascii", help="Use only ASCII characters.")]
ResetOption = Annotated[bool, typer.Option("--reset-layout", help="Discard saved sorting, filters and columns.")]

LAYOUT_FILE = "tui.json"


def register(app: typer.Typer) -> None:
    """Add `tui`."""
    app.command("tui")(tui)


def tui(
    call: typer.Context,
    control: ControlOption = False,
    serve: ServeOption = False,
    port: PortOption = 8765,
    theme: ThemeOption = "",
    ascii_only: AsciiOption = False,
    reset_layout: ResetOption = False,
) -> None:
    """Open the dashboard. It is read-only unless opened with --control.

    It opens even if nothing is running, shows what is missing, and connects as daemons start.

    Example: alphapanda tui --control
    """
    context = Context.of(call)
    _check_theme(theme)
    if serve:
        if control:
            raise UsageError("A dashboard in a browser is read-only.", hint="Leave out --control, or --serve.")
        _serve(context, port, theme=theme)
        return
    _check_terminal()
    if control and _is_served():
        raise UsageError("A dashboard in a browser is read-only.", hint="Leave out --control.")
    names: frozenset[str] = frozenset()
    if control:
        from commands.shell.prompts import confirm_control

        names = confirm_control(context)
    connect = _connect(context, names, control=control)
    app = _dashboard(context, connect, control=control, theme=theme, ascii_only=ascii_only, reset=reset_layout)
    from tui.terminal import leave

    atexit.register(leave)
    code = app.run(mouse=True)
    if code is None or app.return_code:
        raise typer.Exit(app.return_code or 0)
    context.output.say("The daemons keep running. Stop them with: alphapanda down")


def _check_theme(theme: str) -> None:
    from tui.theme.themes import HUES

    if theme and theme not in HUES:
        raise UsageError(f"There is no theme {theme!r}.", hint=f"Themes: {', '.join(HUES)}.")


def _check_terminal() -> None:
    if not sys.stdout.isatty() and not _is_served():
        raise UsageError("The dashboard needs a terminal.", hint="For programs: alphapanda status --json")


def _is_served() -> bool:
    """Return whether textual-serve runs us: it talks to us over pipes."""
    import os

    return "TEXTUAL_DRIVER" in os.environ


def _dashboard(
    context: Context, connect: Connect, *, control: bool, theme: str, ascii_only: bool, reset: bool
) -> Dashboard:
    import logging
    from pathlib import Path

    from commands.shell.running import silence_retries
    from tui.app import Dashboard
    from tui.appearance import Options
    from tui.session import LayoutFile
    from tui.theme.glyphs import ASCII, UNICODE

    # Libraries' complaints belong to their banner; Python would write them over the screen.
    logging.getLogger().addHandler(logging.NullHandler())
    silence_retries()
    encoding = (sys.stdout.encoding or "").lower()
    plain = ascii_only or not encoding.startswith("utf")
    options = Options(
        theme=_theme(context, theme),
        glyphs=ASCII if plain else UNICODE,
        control=control,
        folder=Path.cwd(),
        calendar=_calendar(context),
    )
    file = context.deployment.state / LAYOUT_FILE
    if reset:
        file.unlink(missing_ok=True)
    layout = LayoutFile(file)
    return Dashboard(connect, context.clock, layout, options)


def _calendar(context: Context) -> TradingCalendar:
    """Return the sessions of the deployment's market; the dashboard itself shows settings that cannot be used."""
    from alphapanda.market.calendar import TradingCalendar
    from alphapanda.settings.calendar_file import market_calendar

    try:
        return market_calendar(context.settings(), context.deployment)
    except ConfigError:
        return TradingCalendar()


def _theme(context: Context, theme: str) -> str:
    """Return the theme: the one asked for, or the terminal's own colours where it has few."""
    few = context.environ.get("TERM", "") in {"linux", "vt100", "ansi", "dumb"}
    return theme or ("panda-ansi" if few else "")


def _connect(context: Context, names: frozenset[str], *, control: bool) -> Connect:
    def letters(letters: Selection, disposition: Disposition) -> AbstractAsyncContextManager[PreparedAction]:
        from tui.sources.deployment_letters import DeadLetterActs
        from tui.sources.thread_bridge import in_thread

        acts = DeadLetterActs(context.deployment, context.settings(), context.clock, names)
        return in_thread(lambda: acts.prepare(letters, disposition))

    def prepare_wire() -> ConnectDeployment:
        from tui.sources.deployment import ConnectDeployment

        return ConnectDeployment(
            context.deployment, context.settings, context.clock, letters if control else None, names
        )

    async def connect() -> Connection:
        # After the first paint, in a thread: the imports take a second.
        return await (await asyncio.to_thread(prepare_wire))()

    return connect


def _serve(context: Context, port: int, *, theme: str) -> None:
    try:
        from tui.serving.server import HOST, LoopbackServer
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("textual_serve"):
            raise
        raise UsageError(
            "Serving to a browser needs the package textual-serve.", hint="Run: pip install 'alphapanda[serve]'"
        ) from None

    words = [sys.executable, "-m", "commands.main", "tui"]
    words += ["--theme", theme] if theme else []

    def ready() -> None:
        context.output.say(f"The dashboard is at http://{HOST}:{port} until Ctrl-C, read-only.")

    LoopbackServer(words, port, ready).serve_until_told()
