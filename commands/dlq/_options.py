"""Arguments and options that verbs of `dlq` share, each declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, get_type_hints

import typer

from alphapanda.operations.dead_letters.plan import ReplayOptions
from alphapanda.operations.dead_letters.replay import ReplayRequest
from alphapanda.operations.dead_letters.selection import DeadLetterFilter
from alphapanda.operations.policy import Confirmation
from alphapanda.query.compiler import compile_expression
from alphapanda.query.times import parse_duration, parse_time
from commands.shell.context import Context
from commands.shell.options import BreakGlassOption, ConfirmOption, DryRunOption, ReasonOption, YesOption

TopicArgument = Annotated[
    str, typer.Argument(metavar="TOPIC", help="A topic, or its dead-letter topic TOPIC.dlq.")
]
OptionalTopic = Annotated[
    str | None,
    typer.Argument(metavar="[TOPIC]", help="A topic or its .dlq topic. Default: all topics of this deployment."),
]
WhatArgument = Annotated[
    str, typer.Argument(metavar="TOPIC|ID", help="A topic, a dead letter's id (or its beginning), or its place.")
]
OneArgument = Annotated[
    str,
    typer.Argument(metavar="ID", help="A dead letter's id, its beginning, or its place topic:partition:offset."),
]
GroupOption = Annotated[
    str,
    typer.Option("--group", metavar="GROUP", help="Consumer group to use when a dead letter names none."),
]
PatienceOption = Annotated[
    float,
    typer.Option(
        "--patience", min=0.1, metavar="SECONDS", help="Stop when no record was confirmed for this many seconds."
    ),
]


def with_option_groups(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb whose parameters include dataclasses of options one option for each of their fields."""
    hints = get_type_hints(verb, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(verb).parameters.items():
        if name not in groups:
            annotated = parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            parameters.append(annotated)
            continue
        field_hints = get_type_hints(groups[name], include_extras=True)
        parameters += [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.default is MISSING else field.default,
                annotation=field_hints[field.name],
            )
            for field in fields(groups[name])
        ]

    @functools.wraps(verb)
    def expanded(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field.name: given.pop(field.name) for field in fields(group)})
        verb(**given)

    expanded.__dict__["__signature__"] = inspect.Signature(parameters)
    expanded.__annotations__ = {each.name: each.annotation for each in parameters}
    return expanded


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """The options that choose dead letters."""

    code: Annotated[
        list[str] | None,
        typer.Option("--code", "-c", metavar="CODE", help="Only this error code; repeat for several."),
    ] = None
    failed_in: Annotated[
        str, typer.Option("--failed-in", metavar="GROUP", help="Only failures of this consumer group.")
    ] = ""
    since: Annotated[
        str,
        typer.Option("--since", metavar="TIME", help="Only failures since then: 09:15, -10m, 2026-03-02T09:15."),
    ] = ""
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Only failures before then.")] = ""
    message: Annotated[
        str, typer.Option("--message", metavar="TEXT", help="Only failures whose message contains this text.")
    ] = ""
    where: Annotated[
        str,
        typer.Option("--where", metavar="EXPRESSION", help="Only records that match: data.quantity > 100."),
    ] = ""

    def filter(self, context: Context) -> DeadLetterFilter:
        """Return them as a filter; raises UsageError."""
        now = context.clock.now()
        return DeadLetterFilter(
            codes=frozenset(self.code or ()),
            group=self.failed_in,
            since=_time(self.since, now),
            until=_time(self.until, now),
            message=self.message,
            where=compile_expression(self.where, now) if self.where else None,
        )


@dataclass(frozen=True, slots=True)
class PlanOptions(FilterOptions):
    """The options of `dlq plan` and `dlq replay`: the dead letters, and the exceptions from the safe default."""

    ids: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="ID", help="Only this dead letter; repeat for several."),
    ] = None
    reason_id: Annotated[
        list[str] | None,
        typer.Option("--reason-id", metavar="REASON", help="Only this REASON of `dlq reasons`; repeatable."),
    ] = None
    limit: Annotated[int | None, typer.Option("--max", min=1, help="Send at most this many records.")] = None
    run: Annotated[str, typer.Option("--run", metavar="RUN", help="Resume this run, and send nothing else.")] = ""
    group: GroupOption = ""
    max_replays: Annotated[
        int, typer.Option("--max-replays", min=1, help="Quarantine a record after this many failed replays.")
    ] = 3
    valid_for: Annotated[
        str,
        typer.Option("--valid-for", metavar="DURATION", help="Treat records as stale after this time: 10m, 2h."),
    ] = ""
    include_stale: Annotated[bool, typer.Option("--include-stale", help="Send stale records too.")] = False
    include_unreadable: Annotated[
        bool, typer.Option("--include-unreadable", help="Send records too that this version cannot decode.")
    ] = False
    force_one: Annotated[
        str, typer.Option("--force-one", metavar="ID", help="Send this record even if it is in doubt or stale.")
    ] = ""

    def request(self, context: Context, topic: str) -> ReplayRequest:
        """Return them as a request; raises UsageError."""
        return ReplayRequest(
            topic=topic,
            choose=self.filter(context).matches,
            options=ReplayOptions(
                max_replays=self.max_replays,
                group=self.group,
                include_stale=self.include_stale,
                include_unreadable=self.include_unreadable,
                force_one=self.force_one,
                valid_for=self._valid_for(),
                limit=self.limit,
            ),
            ids=tuple(self.ids or ()),
            reasons=frozenset(self.reason_id or ()),
            run=self.run,
        )

    def _valid_for(self) -> timedelta | None:
        return parse_duration(self.valid_for) if self.valid_for else None


@dataclass(frozen=True, slots=True)
class ActOptions:
    """The options of a verb that changes something."""

    reason: ReasonOption = ""
    yes: YesOption = False
    confirm: ConfirmOption = ""
    dry_run: DryRunOption = False

    @property
    def confirmation(self) -> Confirmation:
        """What was confirmed ahead."""
        return Confirmation.given(yes=self.yes, confirm=self.confirm, reason=self.reason)


@dataclass(frozen=True, slots=True)
class SendOptions(ActOptions):
    """The options of a verb that sends or removes records."""

    break_glass: BreakGlassOption = False

    @property
    def confirmation(self) -> Confirmation:
        """What was confirmed ahead."""
        return Confirmation.given(
            yes=self.yes, confirm=self.confirm, reason=self.reason, break_glass=self.break_glass
        )


def _time(typed: str, now: datetime) -> datetime | None:
    return parse_time(typed, now) if typed else None
