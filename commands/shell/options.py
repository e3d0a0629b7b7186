"""Options that many verbs share, each declared once."""

from __future__ import annotations

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON for programs: versioned, raw values.")]
WatchOption = Annotated[bool, typer.Option("--watch", "-w", help="Show it again and again until Ctrl-C.")]
IntervalOption = Annotated[
    float, typer.Option("--interval", min=0.1, help="Seconds between two looks of --watch.")
]
BrokerOption = Annotated[
    str | None, typer.Option("--broker", "-b", metavar="BROKER", help="Only this broker; else all active ones.")
]
BrokerArgument = Annotated[str, typer.Argument(metavar="BROKER", help="A configured broker.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", "-r", metavar="TEXT", help="Why; it is written to the audit.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ConfirmOption = Annotated[
    str,
    typer.Option(
        "--confirm", metavar="NAME", help="The name that would be typed, given ahead; several with commas."
    ),
]
BreakGlassOption = Annotated[
    bool, typer.Option("--break-glass", help="For a live broker, though the exchange trades now.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; do nothing.")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many, newest first.")]
