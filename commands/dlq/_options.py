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
ReasonIdOption = Annotated[
    list[str] | None,
    typer.Option(
        "--reason-id", metavar="REASON", help="Only what failed for it, by `dlq reasons`; more than once."
    ),
]
WhereOption = Annotated[
    str, typer.Option("--where", metavar="EXPRESSION", help="Only those whose record passes: data.quantity > 100.")
]
LimitOfPlan = Annotated[int | None, typer.Option("--max", min=1, help="Send at most so many.")]
RunOption = Annotated[str, typer.Option("--run", metavar="RUN", help="Go on with this run, and nothing else.")]
AddresseeOption = Annotated[
    str, typer.Option("--group", metavar="GROUP", help="Who is to process what names no group itself.")
]
MaxReplaysOption = Annotated[int, typer.Option("--max-replays", min=1, help="Quarantine what came back so often.")]
ValidForOption = Annotated[
    str, typer.Option("--valid-for", metavar="DURATION", help="How long records are good for: 10m, 2h.")
]
IncludeStaleOption = Annotated[bool, typer.Option("--include-stale", help="Send what is stale, too.")]
IncludeUnreadableOption = Annotated[
    bool, typer.Option("--include-unreadable", help="Send what this version cannot decode, too.")
]
ForceOneOption = Annotated[
    str, typer.Option("--force-one", metavar="ID", help="Send this one, though it is in doubt or stale.")
]
