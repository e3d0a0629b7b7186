"""`alphapanda why` (and `trace`): the whole chain behind an order or an event, as a timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from alphapanda.clock import to_ist
from alphapanda.exit_codes import ExitCode
from alphapanda.ids import BrokerId
from alphapanda.kafka.batch_reader import open_batch_reader
from alphapanda.kafka.client import KafkaOptions, open_read_log
from alphapanda.kafka.group_admin import open_groups
from alphapanda.operations.tail.formats import printable
from alphapanda.operations.trace.missing import GroupPositions
from alphapanda.operations.trace.report import DecisionTrace, MissingEvent, TraceReport, TraceSpan
from alphapanda.operations.trace.search import LogSearch
from alphapanda.operations.trace.trace import Tracer
from alphapanda.pipeline.topic_routing import Routes
from alphapanda.query.times import milliseconds, parse_time
from alphapanda.serialization.codec_factory import reading_codec
from alphapanda.settings.model import catalogue_of
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Output, Style
from commands.shell.reading import kafka_options
from topics.services import SIGNALS_RAW, groups_of

_INDENT = " " * 48
_PASSED, _FAILED = "✓", "✗"


def register(app: typer.Typer) -> None:
    """Add `why` and its other name, `trace`."""
    app.command("why")(why)
    app.command("trace", help=(why.__doc__ or "").replace("alphapanda why", "alphapanda trace"))(why)


def why(
    call: typer.Context,
    id_: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The id of an event, an order (client or venue), a trade or a decision."
        ),
    ],
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Search from this time on: 10m, 09:15 (IST).")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Search up to this time.")] = None,
    json: JsonOption = False,
) -> None:
    """Show the whole chain with times: tick, signal, each risk check, order, reports, fills, profit.

    Names each missing step with the likely reason. Ends with 3 if a step is missing that should be there.

    Example: alphapanda why 9d91d808-3b60-8096-a484-2ba9c92eb28d
    """
    context = Context.of(call, json=json)
    began = context.clock.monotonic()
    story = context.run(_report(context, id_.strip(), _ms(context, since), _ms(context, until)))
    seconds = context.clock.monotonic() - began
    if context.output.as_json:
        context.output.document("why", _document(story, seconds))
    else:
        _show(context.output, story)
        context.output.say(f"Found in {seconds:.2f} s.")
    if not story.is_whole:
        raise typer.Exit(ExitCode.FOUND)


def _ms(context: Context, text: str | None) -> int | None:

    return None if text is None else milliseconds(parse_time(text, context.clock.now()))


async def _report(context: Context, asked: str, since_ms: int | None, until_ms: int | None) -> TraceReport:

    settings = context.settings()
    catalogue = catalogue_of(settings)
    brokers = tuple(BrokerId(name) for name in settings.brokers)
    options = kafka_options(context, "why")
    async with open_read_log(options) as log:
        known = await log.topics()
        topics = sorted({str(spec.name) for spec in catalogue.topics(settings.brokers)} & known)
        there = [broker for broker in brokers if SIGNALS_RAW.format(b=broker) in known]
        async with open_batch_reader(options, topics, log.beginnings) as reader:
            tracer = Tracer(
                LogSearch(log, reader),
                Routes(catalogue, None, reading_codec(settings)),
                there,
                topics,
                lambda: _places(options, there),
                since_ms,
                until_ms,
            )
            return await tracer.report(asked)


async def _places(options: KafkaOptions, brokers: Sequence[str]) -> GroupPositions:
    """Return the committed offsets of the daemons' groups."""
    groups = groups_of(brokers)
    async with open_groups(options) as admin:
        known = await admin.names()
        return GroupPositions({name: await admin.committed(name) for name in groups if name in known})


# ---------------------------------------------------------------------- for people
def _show(output: Output, story: TraceReport) -> None:
    output.lines([output.styled(f"{story.asked} is a {story.is_what}".replace("a event", "an event"), Style.BOLD)])
    if story.tick is not None:
        output.lines(_hop_lines(output, story.tick))
        if not story.decisions and not story.gaps:
            output.lines([f"{_INDENT}no strategy decided anything on it"])
    for decision in story.decisions:
        output.lines(["", *_decision_lines(output, decision, with_tick=story.tick is None)])
    if story.others:
        heading = "Fills that were matched with it:" if story.tick is not None else "What belongs to it:"
        output.lines(["", heading, *(line for hop in story.others for line in _hop_lines(output, hop))])
    output.lines(_gap_lines(output, story.gaps))


def _decision_lines(output: Output, decision: DecisionTrace, *, with_tick: bool) -> list[str]:
    lines = [f"decision {decision.decision_id}"]
    if with_tick and decision.tick is not None:
        lines += _hop_lines(output, decision.tick)
    lines += _gap_lines(output, decision.gaps)
    for branch in decision.branches:
        if len(decision.branches) > 1:
            lines.append(f"  {branch.broker}:")
        for hop in branch.hops:
            lines += _hop_lines(output, hop)
        lines += _gap_lines(output, branch.gaps)
    return lines


def _hop_lines(output: Output, hop: TraceSpan) -> list[str]:

    when = to_ist(hop.written_at)
    stamp = f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03}"
    step = output.styled(f"{hop.step.value:<11}", Style.BOLD)
    lines = [f"{stamp} {_ms_text(hop.hop_ms):>10}  {step}{_plain(hop.title)}"]
    lines += [f"{_INDENT}{_plain(note)}" for note in hop.notes]
    width = max((len(check.check) for check in hop.checks), default=0)
    for check in hop.checks:
        mark = output.styled(_PASSED, Style.GOOD) if check.passed else output.styled(_FAILED, Style.BAD)
        lines.append(
            f"{_INDENT}{mark} {check.check:<{width}}  {_plain(check.value)} (limit {_plain(check.limit)})"
        )
    lines.append(output.styled(f"{_INDENT}{hop.position}  {hop.event_id}", Style.FAINT))
    return lines


def _gap_lines(output: Output, gaps: Sequence[MissingEvent]) -> list[str]:
    return [
        f"{'':<23} {'':>10}  {output.styled(f'{gap.step.value:<11}', Style.WARN if gap.pending else Style.BAD)}"
        f"{'not yet' if gap.pending else 'MISSING'}: {_plain(gap.why)}"
        for gap in gaps
    ]


def _ms_text(milliseconds: float | None) -> str:
    if milliseconds is None:
        return ""
    return f"+{milliseconds:,.0f} ms" if milliseconds < 10_000 else f"+{milliseconds / 1000:,.1f} s"


def _plain(text: str) -> str:

    return printable(text)


# ---------------------------------------------------------------------- for programs
def _document(story: TraceReport, seconds: float) -> Mapping[str, object]:
    return {
        "asked": story.asked,
        "is": story.is_what,
        "whole": story.is_whole,
        "seconds": round(seconds, 3),
        "tick": None if story.tick is None else _hop(story.tick),
        "decisions": [
            {
                "decision_id": decision.decision_id,
                "tick": None if decision.tick is None else _hop(decision.tick),
                "missing": [_gap(gap) for gap in decision.gaps],
                "branches": [
                    {
                        "broker": branch.broker,
                        "hops": [_hop(hop) for hop in branch.hops],
                        "missing": [_gap(gap) for gap in branch.gaps],
                    }
                    for branch in decision.branches
                ],
            }
            for decision in story.decisions
        ],
        "others": [_hop(hop) for hop in story.others],
        "missing": [_gap(gap) for gap in story.gaps],
    }


def _hop(hop: TraceSpan) -> Mapping[str, object]:
    position = hop.position
    return {
        "step": hop.step.value,
        "broker": hop.broker,
        "title": hop.title,
        "topic": position.topic,
        "partition": position.partition,
        "offset": position.offset,
        "written_at": hop.written_at,
        "happened_at": hop.happened_at,
        "event_id": hop.event_id,
        "hop_ms": hop.hop_ms,
        "total_ms": hop.total_ms,
        "checks": [
            {"check": one.check, "value": one.value, "limit": one.limit, "passed": one.passed}
            for one in hop.checks
        ],
        "notes": list(hop.notes),
        "data": hop.data,
    }


def _gap(gap: MissingEvent) -> Mapping[str, object]:
    return {"step": gap.step.value, "why": gap.why, "pending": gap.pending}
