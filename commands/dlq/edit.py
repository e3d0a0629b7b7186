"""`alphapanda dlq edit`."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import CheckFailedError, RefusedError, UsageError
from commands.dlq._options import OneArgument
from commands.shell.context import Context
from commands.shell.options import (
    BreakGlassOption,
    ConfirmOption,
    DryRunOption,
    JsonOption,
    ReasonOption,
    YesOption,
)
from commands.shell.output import Column

if TYPE_CHECKING:
    from alphapanda.operations.dead_letters.backlog import FailedRecord
    from alphapanda.operations.dead_letters.republish import FieldChange, RecordEdit
    from alphapanda.operations.policy import Confirmation
    from alphapanda.pipeline.topic_routing import Routes

_COLUMNS = (Column("field", "FIELD"), Column("before", "BEFORE"), Column("after", "AFTER"))


def edit(
    call: typer.Context,
    which: OneArgument,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Take the edited JSON from here; - is stdin; else $EDITOR.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Though it is in doubt or stale.")] = False,
    group: Annotated[
        str, typer.Option("--group", metavar="GROUP", help="Who is to process it, where it names no group.")
    ] = "",
    patience: Annotated[
        float, typer.Option("--patience", min=0.1, metavar="SECONDS", help="How long to wait for it.")
    ] = 30.0,
    reason: ReasonOption = "",
    yes: YesOption = False,
    confirm: ConfirmOption = "",
    break_glass: BreakGlassOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> None:
    """Edit the event in one dead letter and send it again, with its id and the names of the fields that differ.

    What is written must be an event of its topic; its id, type, broker and key stay.

    Example: alphapanda dlq edit 4f0c2a
    """
    from alphapanda.operations.policy import Confirmation

    context = Context.of(call, json=json)
    confirmation = Confirmation.given(yes=yes, confirm=confirm, reason=reason, break_glass=break_glass)
    code = context.run(
        _run(
            context,
            which,
            file,
            confirmation,
            force=force,
            group=group,
            patience=patience,
            dry_run=dry_run,
        )
    )
    if code:
        raise typer.Exit(code)


async def _run(
    context: Context,
    typed: str,
    file: Path | None,
    confirmation: Confirmation,
    *,
    force: bool,
    group: str,
    patience: float,
    dry_run: bool,
) -> int:
    from alphapanda.ids import BrokerId
    from alphapanda.operations.dead_letters.execute import ReplayPace
    from alphapanda.operations.dead_letters.plan import PlannedAction, ReplayOptions
    from alphapanda.pipeline.topic_routing import Routes
    from alphapanda.serialization.codec_factory import writing_codec
    from commands.dlq._acting import alone
    from commands.dlq._asking import verdict_on
    from commands.dlq._replaying import Job, carry_out
    from commands.dlq._session import find, working

    async with working(context, changing=not dry_run) as session:
        item, _ = await find(context, session.log, typed)
        if not item.state.is_unresolved:
            raise RefusedError(f"{item.id} is {item.state.value}.", hint=f"alphapanda dlq show {item.id[:12]}")
        topic = item.newest.place.topic
        target = (await session.service.target(topic)).name
        codec = await writing_codec(context.settings(), session.service.catalogue, {str(target)})
        routes = Routes(session.service.catalogue, None if target.is_shared else BrokerId(target.scope), codec)
        edited, change, differences = _edited(context, item, file, routes)
        _show(context, item, differences)
        if dry_run:
            return 0
        # What was edited is another record: how often the old one came back does not count against it.
        options = ReplayOptions(group=group, force_one=item.id if force else "", max_replays=sys.maxsize)
        with alone(context, topic):
            prepared = await session.service.prepare(
                topic, lambda one: one.id == item.id, options, instead={item.id: edited}
            )
            (planned,) = prepared.plan.records
            if planned.action is not PlannedAction.SEND:
                verdict = planned.assessment.verdict.value
                raise CheckFailedError(
                    f"{item.id} is {verdict} and was not sent: {planned.why}.",
                    hint="--force sends it all the same.",
                )
            pace = ReplayPace(patience_s=patience)
            job = Job(
                context, session, prepared, options, pace, confirmation, edits={item.id: change}, action="dlq edit"
            )  # fmt: skip
            report = await carry_out(job)
    return int(verdict_on(context, prepared.plan, report))


def _edited(
    context: Context, item: FailedRecord, file: Path | None, routes: Routes
) -> tuple[FailedRecord, RecordEdit, list[FieldChange]]:
    from alphapanda.operations.dead_letters.republish import apply_edit, editable_text
    from commands.shell.prompts import on_terminal

    if file is not None:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        return apply_edit(item, text, routes)
    if not on_terminal(context):
        raise UsageError("There is no terminal to edit on.", hint="Give the edited JSON: --file FILE")
    context.deployment.prepare()
    draft = context.deployment.journals / f"dlq-edit-{item.id[:12]}.json"
    draft.write_text(editable_text(item.newest), encoding="utf-8")
    draft.chmod(0o600)
    while True:
        _open_editor(context, draft)
        try:
            edited = apply_edit(item, draft.read_text(encoding="utf-8"), routes)
        except UsageError as error:
            context.output.error(error.message, error.hint)
            context.output.stderr.write("Edit it again? [Y/n] ")
            context.output.stderr.flush()
            if sys.stdin.readline().strip().lower() in {"n", "no"}:
                raise UsageError(f"Nothing was sent; what was written is in {draft}.") from error
            continue
        draft.unlink()
        return edited


def _open_editor(context: Context, draft: Path) -> None:
    import subprocess

    editor = context.environ.get("VISUAL") or context.environ.get("EDITOR") or "vi"
    try:
        ended = subprocess.run([*shlex.split(editor), os.fspath(draft)], check=False)  # noqa: S603 - the user's own
    except OSError as error:
        raise UsageError(
            f"The editor {editor!r} cannot be started: {error.strerror}.", hint="Set EDITOR."
        ) from error
    if ended.returncode:
        raise UsageError(f"The editor {editor!r} ended with {ended.returncode}: nothing was sent.")


def _show(context: Context, item: FailedRecord, differences: list[FieldChange]) -> None:
    rows = [{"field": one.field, "before": _cell(one.before), "after": _cell(one.after)} for one in differences]
    if context.output.as_json:
        raw = [{"field": one.field, "before": one.before, "after": one.after} for one in differences]
        context.output.document("dlq-edit", {"id": item.id, "target": item.target, "differences": raw})
    else:
        context.output.lines(context.output.render(rows, _COLUMNS))


def _cell(value: object) -> str:
    from alphapanda.operations.dead_letters.summary import short

    return "-" if value is None else short(str(value), 50)
