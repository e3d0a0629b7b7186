"""Options that many verbs share, each declared once."""

from __future__ import annotations

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print versioned JSON with raw values.")]
WatchOption = Annotated[bool, typer.Option("--watch", "-w", help="Refresh until Ctrl-C.")]
IntervalOption = Annotated[
    float, typer.Option("--interval", min=0.1, help="Seconds between refreshes with --watch.")
]
BrokerOption = Annotated[
    str | None,
    typer.Option("--broker", "-b", metavar="BROKER", help="Only this broker; default: all active brokers."),
]
BrokerArgument = Annotated[str, typer.Argument(metavar="BROKER", help="A configured broker.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", "-r", metavar="TEXT", help="Why you do this, for the audit.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
ConfirmOption = Annotated[
    str,
    typer.Option(
        "--confirm",
        metavar="NAME",
        help="Confirm without a prompt: the name you would be asked to type (comma-separated).",
    ),
]
BreakGlassOption = Annotated[
    bool, typer.Option("--break-glass", help="Allow this on a live broker during market hours.")
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="How long to wait until it is done.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done and change nothing.")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="Show at most this many, newest first.")]
