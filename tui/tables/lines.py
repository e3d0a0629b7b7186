"""Log lines, and what people ordered and daemons raised."""

from __future__ import annotations

from alphapanda.model.control import Alert, AuditRecord, ControlCommand, ControlEvent, Done
from alphapanda.telemetry.log import LogLevel
from alphapanda.telemetry.record import LogRecord
from tui.render.spec import WIDE, Document, TableColumn, TableSpec
from tui.store.store import Note
from tui.tables.documents import of_record
from tui.theme.formatter import Cell, Formatter
from tui.theme.masking import amounts

_LEVELS = {
    LogLevel.DEBUG: ("DEBUG", "faint"),
    LogLevel.INFO: ("INFO", "dim"),
    LogLevel.WARNING: ("WARN", "warn"),
    LogLevel.ERROR: ("ERROR", "bad"),
    LogLevel.CRITICAL: ("CRIT", "bad"),
}


def lines() -> TableSpec[LogRecord]:
    """Return log lines, merged in the order of time."""
    return TableSpec(
        name="lines",
        title="Logs",
        noun="lines",
        columns=(
            TableColumn(
                key="time",
                title="Time",
                width=12,
                value=lambda r: r.at,
                cell=lambda r, fmt: (fmt.clock(r.at, millis=True), fmt.palette.dim),
            ),
            TableColumn(
                key="level",
                title="Level",
                width=5,
                value=lambda r: (r.level or LogLevel.INFO).value,
                cell=_level,
                scale=tuple(level.value for level in LogLevel),
            ),
            TableColumn(
                key="service",
                title="Source",
                width=15,
                most=24,
                value=lambda r: r.service,
                cell=lambda r, fmt: (r.service, fmt.palette.accent),
            ),
            TableColumn(
                key="channel",
                title="Channel",
                width=12,
                value=lambda r: r.channel,
                rank=WIDE,
                cell=lambda r, fmt: (r.channel, fmt.palette.dim),
            ),
            TableColumn(key="text", title="Line", width=20, wish=60, value=log_text, grow=True, cell=_line),
        ),
        search=lambda r: f"{r.service} {log_text(r)}",
        document=lambda r: Document(
            f"{r.service} {r.event}", {"at": r.at.isoformat(), "event": r.event, **r.fields}, (), r.raw
        ),
        empty="No line yet.",
        tail=True,
    )


def log_text(record: LogRecord) -> str:
    """Return a line's text with the values beside it."""
    fields = " ".join(f"{name}={value}" for name, value in record.fields.items() if name != "trace_id")
    return f"{record.event} {fields}".replace("\n", " ").rstrip()


def _level(record: LogRecord, fmt: Formatter) -> Cell:
    text, style = _LEVELS[record.level or LogLevel.INFO]
    return text, getattr(fmt.palette, style)


def _line(record: LogRecord, fmt: Formatter) -> Cell:
    level = record.level or LogLevel.INFO
    style = fmt.palette.strong if record.marker is not None else None
    if level.rank >= LogLevel.ERROR.rank:
        style = getattr(fmt.palette, _LEVELS[level][1])
    return amounts(log_text(record), fmt), style


def notes() -> TableSpec[Note]:
    """Return what people ordered, who obeyed, and what was raised."""
    return TableSpec(
        name="notes",
        title="Commands, audits, alerts",
        noun="records",
        columns=(
            TableColumn(
                key="written",
                title="Written",
                width=12,
                value=lambda n: n.record.timestamp_ms,
                cell=lambda n, fmt: (fmt.clock_ms(n.record.timestamp_ms), fmt.palette.dim),
            ),
            TableColumn(key="what", title="What", width=9, value=_kind, cell=_kind_cell),
            TableColumn(key="who", title="Who", width=14, value=_who),
            TableColumn(key="text", title="", width=20, value=_note_text, grow=True),
        ),
        search=lambda n: f"{_kind(n)} {_who(n)} {_note_text(n)}",
        document=lambda n: of_record(n.record),
        empty="Nobody ordered anything, and nothing was raised.",
        tail=True,
    )


def _kind(note: Note) -> str:
    match note.event.data:
        case Alert():
            return "alert"
        case AuditRecord():
            return "audit"
        case ControlCommand():
            return "command"
        case _:
            return "obeyed"


def _kind_cell(note: Note, fmt: Formatter) -> Cell:
    kind = _kind(note)
    return (
        kind,
        fmt.palette.warn if kind == "alert" else fmt.palette.accent if kind == "command" else fmt.palette.dim,
    )


def _who(note: Note) -> str:
    match note.event.data:
        case Alert(source=source):
            return source
        case AuditRecord(actor=actor) | ControlCommand(actor=actor):
            return actor
        case ControlEvent(service=service):
            return service
        case _:
            return note.event.envelope.source


def _note_text(note: Note) -> str:
    match note.event.data:
        case Alert() as alert:
            return f"{alert.severity}: {alert.code} {alert.message}"
        case AuditRecord() as audit:
            why = f": {audit.reason}" if audit.reason else ""
            return f"{audit.action} {audit.target} {audit.outcome}{why}"
        case ControlCommand() as command:
            scope = f" ({command.scope})" if command.scope is not None else ""
            return f"{command.command} {command.broker}{scope}: {command.reason}"
        case ControlEvent(done=Done() as done) as event:
            return f"{event.broker} {event.command}: {done} ({event.actor}: {event.reason})"
        case ControlEvent() as event:
            return f"{event.broker} {event.before} → {event.after} ({event.actor}: {event.reason})"
        case _:
            return ""
