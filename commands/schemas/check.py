"""`alphapanda schemas check`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alphapanda.errors import CheckFailedError
from commands.schemas._options import AllOption, BaselineOption, LevelOption, NamesArgument, OfflineOption
from commands.shell.context import Context
from commands.shell.options import JsonOption
from commands.shell.output import Column, Style

if TYPE_CHECKING:
    from alphapanda.model.kinds import EventType
    from alphapanda.operations.schemas.preflight import SchemaPreflight
    from alphapanda.serialization.compatibility import Incompatibility, Level
    from alphapanda.serialization.schema_files import CommittedSchema
    from commands.schemas._session import Chosen

PreflightOption = Annotated[
    bool, typer.Option("--preflight", help="Also try the open dead letters with the new schemas.")
]

_STYLES = {"incompatible": Style.BAD, "compatible": Style.GOOD, "unchanged": Style.GOOD}
COLUMNS = (
    Column("topic", "TOPIC"),
    Column("event_type", "EVENT TYPE"),
    Column("verdict", "VERDICT", style=lambda word: _STYLES.get(str(word))),
    Column("registry", "REGISTRY"),
    Column("version", "VERSION", right=True),
)


@dataclass(slots=True)
class _Checked:
    """What was found about one topic."""

    topic: str
    event_type: str
    reasons: list[Incompatibility]
    changed: bool
    registry: str | None = None
    version: int | None = None
    level: str | None = None
    before: str = ""
    objections: list[Incompatibility] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        if self.reasons or self.objections:
            return "incompatible"
        return "compatible" if self.changed or self.registry == "differs" else "unchanged"


def check(
    call: typer.Context,
    names: NamesArgument = None,
    everything: AllOption = False,
    offline: OfflineOption = False,
    against: BaselineOption = None,
    compatibility: LevelOption = None,
    preflight: PreflightOption = False,
    json: JsonOption = False,
) -> None:
    """Check that the schemas of this program may follow the committed ones, and those in the registry.

    Ends with 3, and says why, if one may not. Example: alphapanda schemas check --all --preflight
    """
    from commands.schemas._session import choose, kept_schemas, level_of

    context = Context.of(call, json=json)
    level = level_of(compatibility)
    chosen, kept = choose(context, names, everything=everything), kept_schemas(against)
    checked = [_offline(str(topic), kept[kind], level) for topic, kind in chosen]
    backlog = context.run(_rest(context, chosen, kept, checked, level, offline=offline, preflight=preflight))
    gone = _gone(against) if everything else ()
    _show(context, checked, backlog, gone)
    _fail(checked, backlog, gone)


def _offline(topic: str, kept: CommittedSchema, level: Level | None) -> _Checked:
    from alphapanda.serialization.compatibility import Level, incompatibilities
    from alphapanda.serialization.schema_diff import canonical

    earlier = kept.committed
    changed = earlier is None or canonical(earlier) != canonical(kept.generated)
    reasons = incompatibilities(kept.generated, [earlier], level or Level.BACKWARD) if earlier and changed else []
    return _Checked(topic, kept.kind.value, reasons, changed, before=earlier or kept.generated)


async def _rest(
    context: Context,
    chosen: Chosen,
    kept: dict[EventType, CommittedSchema],
    checked: list[_Checked],
    level: Level | None,
    *,
    offline: bool,
    preflight: bool,
) -> list[SchemaPreflight]:
    """Ask the registry, then try the dead letters."""
    from alphapanda.serialization.subjects import objections_to
    from commands.schemas._backlog import try_backlog
    from commands.schemas._session import has_registry, look_at, registry_of

    if not offline and has_registry(context):
        async with registry_of(context) as registry:
            for row, subject in zip(checked, await look_at(registry, chosen, kept), strict=True):
                row.registry, row.level = subject.standing.value, subject.level.value
                if subject.latest is not None:
                    row.version, row.before = subject.latest.version, subject.latest.schema
                row.objections = await objections_to(registry, subject, level)
    elif not offline:
        context.output.say("No registry is named (SCHEMA_REGISTRY_URL): only the committed schemas were compared.")
    if not preflight:
        return []
    return await try_backlog(
        context,
        [
            (topic, kind, row.before, kept[kind].generated)
            for (topic, kind), row in zip(chosen, checked, strict=True)
        ],
    )


def _gone(against: Path | None) -> tuple[str, ...]:
    from alphapanda.serialization.schema_files import orphaned_files
    from topics.schemas import FOLDER

    return orphaned_files(against or FOLDER)


def _show(
    context: Context, checked: list[_Checked], backlog: list[SchemaPreflight], gone: tuple[str, ...]
) -> None:
    from commands.schemas._backlog import rows_of, show_backlog

    rows = [
        {
            "topic": one.topic,
            "event_type": one.event_type,
            "verdict": one.verdict,
            "registry": one.registry,
            "version": one.version,
            "level": one.level,
            "reasons": [{"path": why.path, "message": why.message} for why in one.reasons],
            "registry_reasons": [{"path": why.path, "message": why.message} for why in one.objections],
        }
        for one in checked
    ]
    output = context.output
    if output.as_json:
        output.document("schemas-check", {"items": rows, "gone": gone, "dead_letters": rows_of(backlog)})
        return
    output.lines(output.render(rows, COLUMNS))
    for one in checked:
        for why in one.reasons:
            output.say(f"{one.topic}: {why}")
        for why in one.objections:
            if why not in one.reasons:
                output.say(f"{one.topic} (registry, version {one.version}): {why}")
    show_backlog(context, backlog)


def _fail(checked: list[_Checked], backlog: list[SchemaPreflight], gone: tuple[str, ...]) -> None:
    from commands.schemas._backlog import fail_on_broken

    wrong = [one.topic for one in checked if one.verdict == "incompatible"]
    if wrong:
        raise CheckFailedError(
            f"{len(wrong)} of {len(checked)} schemas are incompatible: {', '.join(wrong)}.",
            hint=f"See what changed: alphapanda schemas diff {wrong[0]}",
        )
    if gone:
        raise CheckFailedError(
            f"The kinds {', '.join(gone)} have a schema and no struct any more: what is in the log of them cannot "
            "be read.",
            hint="Keep the struct, or delete the file once nothing of it is left.",
        )
    fail_on_broken(backlog)
