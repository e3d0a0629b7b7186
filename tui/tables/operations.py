"""Daemons, topics and their records, dead letters, log lines, and what people did."""

from __future__ import annotations

from alphapanda.model.process_status import ProcessState, ProcessStatus
from alphapanda.model.records import Header, Record
from tui.render.spec import ASKED, USUAL, WIDE, TableColumn, TableSpec
from tui.store.topics import TopicRow, record_fields
from tui.tables.documents import of_record, of_value
from tui.theme.formatter import Cell, Formatter, bytes_text, from_ms, number_text, span
from tui.theme.masking import raw_amounts

_DAEMON_GLYPHS = {
    ProcessState.STOPPED: ("stopped", "dim"),
    ProcessState.STARTING: ("starting", "accent"),
    ProcessState.READY: ("ok", "good"),
    ProcessState.DEGRADED: ("degraded", "warn"),
    ProcessState.STOPPING: ("starting", "dim"),
    ProcessState.BACKOFF: ("loop", "warn"),
    ProcessState.CRASHLOOP: ("loop", "bad"),
    ProcessState.FAILED: ("failed", "bad"),
    ProcessState.DONE: ("done", "good"),
}


def daemon_state(daemon: ProcessStatus, fmt: Formatter) -> Cell:
    """Return a daemon's state with its glyph."""
    glyph, style = _DAEMON_GLYPHS[daemon.state]
    return f"{getattr(fmt.glyphs, glyph)} {daemon.state}", getattr(fmt.palette, style)


def daemons() -> TableSpec[ProcessStatus]:
    """Return the table of daemons."""
    return TableSpec(
        name="daemons",
        title="Daemons",
        noun="daemons",
        columns=(
            TableColumn(key="name", title="Daemon", width=16, most=28, value=lambda d: d.name),
            TableColumn(key="state", title="State", width=11, value=lambda d: d.state.value, cell=daemon_state),
            TableColumn(
                key="uptime",
                title="Up",
                width=8,
                right=True,
                value=lambda d: d.uptime_s,
                cell=lambda d, fmt: ("-" if d.uptime_s is None else span(d.uptime_s), fmt.palette.dim),
            ),
            TableColumn(key="cpu", title="CPU", width=7, right=True, value=lambda d: d.cpu_percent, cell=_cpu),
            TableColumn(
                key="memory",
                title="Memory",
                width=8,
                right=True,
                value=lambda d: d.rss_bytes,
                cell=_memory,
            ),
            TableColumn(
                key="restarts",
                title="Restarts",
                width=8,
                right=True,
                value=lambda d: d.restarts,
                cell=_restarts,
            ),
            TableColumn(key="pid", title="PID", width=8, right=True, rank=WIDE, value=lambda d: d.pid),
            TableColumn(
                key="last_exit", title="Last exit", width=18, rank=WIDE, value=lambda d: d.last_exit or None
            ),
            TableColumn(
                key="reason",
                title="What it says",
                width=14,
                grow=True,
                value=lambda d: d.reason,
                cell=lambda d, fmt: (_why(d), fmt.palette.dim),
            ),
            TableColumn(key="needs", title="Needs", width=20, rank=ASKED, value=lambda d: " ".join(d.needs)),
        ),
        search=lambda d: f"{d.name} {d.state} {d.reason}",
        document=lambda d: of_value(d.name, d),
        empty="No daemon runs.",
    )


def _why(daemon: ProcessStatus) -> str:
    adopted = "adopted " if daemon.adopted else ""
    retry = "" if daemon.retry_in_s is None else f"starts again in {daemon.retry_in_s:.0f} s "
    return f"{adopted}{retry}{daemon.reason}"


def _restarts(daemon: ProcessStatus, fmt: Formatter) -> Cell:
    if daemon.restarts is None:
        return fmt.glyphs.unknown, fmt.palette.dim
    return str(daemon.restarts), fmt.palette.warn if daemon.restarts else fmt.palette.dim


def _cpu(daemon: ProcessStatus, fmt: Formatter) -> Cell:
    if daemon.cpu_percent is None:
        return fmt.glyphs.unknown, fmt.palette.dim
    return f"{daemon.cpu_percent:.1f}%", fmt.palette.warn if daemon.cpu_percent > 90 else None


def _memory(daemon: ProcessStatus, fmt: Formatter) -> Cell:
    if daemon.rss_bytes is None:
        return fmt.glyphs.unknown, fmt.palette.dim
    return bytes_text(daemon.rss_bytes), None


def topics() -> TableSpec[TopicRow]:
    """Return the table of topics."""
    return TableSpec(
        name="topics",
        title="Topics",
        noun="topics",
        columns=(
            TableColumn(key="topic", title="Topic", width=28, value=lambda t: t.name, grow=True, cell=_topic),
            TableColumn(
                key="partitions", title="Part", width=4, right=True, rank=USUAL, value=lambda t: t.partitions
            ),
            TableColumn(
                key="records",
                title="Records",
                width=12,
                right=True,
                value=lambda t: t.records,
                cell=lambda t, fmt: (fmt.count(t.records), None if t.records else fmt.palette.dim),
            ),
            TableColumn(
                key="held",
                title="Held",
                width=12,
                right=True,
                rank=WIDE,
                value=lambda t: t.held,
                cell=lambda t, fmt: ("-" if t.held is None else fmt.count(t.held), fmt.palette.dim),
            ),
            TableColumn(key="rate", title="per s", width=8, right=True, value=lambda t: t.rate, cell=_rate),
            TableColumn(
                key="newest",
                title="Newest",
                width=9,
                right=True,
                value=lambda t: t.newest_ms,
                cell=lambda t, fmt: (
                    "-" if t.newest_ms is None else fmt.rough_age(from_ms(t.newest_ms)),
                    fmt.palette.dim,
                ),
            ),
            TableColumn(key="lag", title="Lag", width=8, right=True, value=lambda t: t.lag, cell=_lag),
            TableColumn(
                key="lag_s",
                title="Lag s",
                width=8,
                right=True,
                rank=USUAL,
                value=lambda t: t.lag_s,
                cell=_lag_s,
            ),
            TableColumn(
                key="groups",
                title="Readers",
                width=30,
                rank=WIDE,
                value=lambda t: " ".join(g.group for g in t.lags),
                cell=lambda t, fmt: (" ".join(f"{g.group}:{g.records}" for g in t.lags), fmt.palette.dim),
            ),
        ),
        search=lambda t: t.name,
        document=lambda t: of_value(t.name, t),
        empty="No topic: make them with alphapanda up, or alphapanda topics bootstrap.",
        sort="topic",
        ages=True,
    )


def _topic(row: TopicRow, fmt: Formatter) -> Cell:
    if row.name.endswith(".dlq"):
        return row.name, fmt.palette.warn if row.records else fmt.palette.dim
    return row.name, None


def _rate(row: TopicRow, fmt: Formatter) -> Cell:
    return (number_text(row.rate), fmt.palette.accent) if row.rate else ("0", fmt.palette.dim)


def _lag(row: TopicRow, fmt: Formatter) -> Cell:
    if row.lag is None:
        return "-", fmt.palette.dim
    most = fmt.glyphs.at_most if row.lag_at_most else ""
    return f"{most}{fmt.count(row.lag)}", fmt.palette.warn if row.lag > 1_000 else fmt.palette.dim


def _lag_s(row: TopicRow, fmt: Formatter) -> Cell:
    if row.lag_s is None:
        return fmt.glyphs.unknown if row.lags else "-", fmt.palette.dim
    most = fmt.glyphs.at_most if row.lag_at_most else ""
    return f"{most}{span(row.lag_s)}" if row.lag_s else "0s", fmt.palette.dim


def tail() -> TableSpec[Record]:
    """Return the live tail of a topic; its filter is the language of `alphapanda topics`."""
    return TableSpec(
        name="tail",
        title="Tail",
        noun="records",
        columns=(
            TableColumn(
                key="written",
                title="Written",
                width=12,
                value=lambda r: r.timestamp_ms,
                cell=lambda r, fmt: (fmt.clock_ms(r.timestamp_ms), fmt.palette.dim),
            ),
            TableColumn(
                key="place",
                title="At",
                width=9,
                most=14,
                right=True,
                value=lambda r: r.offset,
                cell=_place,
            ),
            TableColumn(
                key="key",
                title="Key",
                width=12,
                value=_key,
                cell=lambda r, fmt: (_key(r), fmt.palette.accent),
                rank=USUAL,
            ),
            TableColumn(
                key="bytes",
                title="Bytes",
                width=6,
                right=True,
                value=lambda r: len(r.value or b""),
                rank=WIDE,
                cell=lambda r, fmt: (str(len(r.value or b"")), fmt.palette.dim),
            ),
            TableColumn(
                key="text",
                title="Value",
                width=20,
                wish=50,
                value=_text,
                grow=True,
                cell=lambda r, fmt: (raw_amounts(_text(r), fmt), None),
            ),
        ),
        search=_text,
        document=of_record,
        record=record_fields,
        empty="Nothing was written here lately.",
        tail=True,
    )


def _place(record: Record, fmt: Formatter) -> Cell:
    """Return where a record stands; a replayed one is marked."""
    again = record.header(Header.REPLAY_OF) is not None
    place = f"{record.partition.number}:{record.offset}"
    return (f"{fmt.glyphs.loop} {place}", fmt.palette.accent) if again else (place, fmt.palette.dim)


def _key(record: Record) -> str:
    return "-" if record.key is None else record.key.decode(errors="replace")


def _text(record: Record) -> str:
    """Return the payload's own part of a value, which says most in few cells."""
    value = record.value
    if value is None:
        return "(no value)"
    head = value[:2048]
    start = head.find(b'"data":')
    return (head[start + 7 :] if start >= 0 else head).decode(errors="replace").replace("\n", " ")
