"""Options that the verbs of `schemas` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Topics, or kinds of event (order_filled) in all their topics."),
]
AllOption = Annotated[bool, typer.Option("--all", "-a", help="Every topic of the deployment.")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Do not ask the registry.")]
LevelOption = Annotated[
    str | None,
    typer.Option(
        "--compatibility",
        metavar="LEVEL",
        help="BACKWARD, FORWARD, FULL, also with _TRANSITIVE, or NONE; else the subject's own, else BACKWARD.",
    ),
]
BaselineOption = Annotated[
    Path | None,
    typer.Option("--against", metavar="FOLDER", help="A folder of .avsc files instead of the committed ones."),
]
