"""Options that verbs of `dlq` share."""

from __future__ import annotations

from typing import Annotated

import typer

TopicArgument = Annotated[
    str, typer.Argument(metavar="TOPIC", help="The topic whose dead letters are meant, or its .dlq topic.")
]
OptionalTopic = Annotated[
    str | None, typer.Argument(metavar="[TOPIC]", help="A topic or its .dlq topic; else all of this deployment.")
]
WhatArgument = Annotated[
    str, typer.Argument(metavar="TOPIC|ID", help="A topic, a dead letter's id (or its beginning), or its place.")
]
OneArgument = Annotated[
    str,
    typer.Argument(metavar="ID", help="A dead letter's id, its beginning, or its place topic:partition:offset."),
]
IdOption = Annotated[
    list[str] | None, typer.Option("--id", metavar="ID", help="Only this dead letter; more than once.")
]
CodeOption = Annotated[
    list[str] | None, typer.Option("--code", "-c", metavar="CODE", help="Only this error code; more than once.")
]
FailedGroupOption = Annotated[
    str, typer.Option("--failed-in", metavar="GROUP", help="Only what this consumer group could not process.")
]
SinceOption = Annotated[
    str,
    typer.Option("--since", metavar="TIME", help="Only what failed from then on: 09:15, -10m, 2026-03-02T09:15."),
]
UntilOption = Annotated[str, typer.Option("--until", metavar="TIME", help="Only what failed before then.")]
MessageOption = Annotated[
    str, typer.Option("--message", metavar="TEXT", help="Only those whose message contains this.")
]
WhereOption = Annotated[
    str, typer.Option("--where", metavar="EXPRESSION", help="Only those whose record passes: data.quantity > 100.")
]
ConfirmOption = Annotated[
    str,
    typer.Option("--confirm", metavar="NAME", help="The name that would be typed, where there is no terminal."),
]
