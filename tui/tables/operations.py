"""Daemons, topics and their records, dead letters, log lines, and what people did."""

from __future__ import annotations

from alphapanda.model.records import Header, Record
from tui.render.spec import ASKED, USUAL, WIDE, TableColumn, TableSpec
from tui.store.system import Daemon, DaemonState
from tui.store.topics import TopicRow, record_fields
from tui.tables.documents import of_record, of_value
from tui.theme.formatter import Cell, Formatter, bytes_text, from_ms, number_text, span
from tui.theme.masking import raw_amounts

_DAEMON_GLYPHS = {
    DaemonState.STOPPED: ("stopped", "dim"),
    DaemonState.STARTING: ("starting", "accent"),
    DaemonState.READY: ("ok", "good"),
    DaemonState.DEGRADED: ("degraded", "warn"),
    DaemonState.STOPPING: ("starting", "dim"),
    DaemonState.BACKOFF: ("loop", "warn"),
    DaemonState.CRASHLOOP: ("loop", "bad"),
    DaemonState.FAILED: ("failed", "bad"),
    DaemonState.DONE: ("done", "good"),
}


def daemon_state(daemon: Daemon, look: Formatter) -> Cell:
    """Return a daemon's state with its glyph."""
    glyph, style = _DAEMON_GLYPHS[daemon.state]
    return f"{getattr(look.glyphs, glyph)} {daemon.state}", getattr(look.palette, style)


def daemons() -> TableSpec[Daemon]:
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
                cell=lambda d, look: ("-" if d.uptime_s is None else span(d.uptime_s), look.palette.dim),
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
                cell=lambda d, look: (_why(d), look.palette.dim),
            ),
            TableColumn(key="needs", title="Needs", width=20, rank=ASKED, value=lambda d: " ".join(d.needs)),
        ),
        search=lambda d: f"{d.name} {d.state} {d.reason}",
        document=lambda d: of_value(d.name, d),
        empty="No daemon runs.",
    )


def _why(daemon: Daemon) -> str:
    adopted = "adopted " if daemon.adopted else ""
    retry = "" if daemon.retry_in_s is None else f"starts again in {daemon.retry_in_s:.0f} s "
    return f"{adopted}{retry}{daemon.reason}"


def _restarts(daemon: Daemon, look: Formatter) -> Cell:
    if daemon.restarts is None:
        return look.glyphs.unknown, look.palette.dim
    return str(daemon.restarts), look.palette.warn if daemon.restarts else look.palette.dim


def _cpu(daemon: Daemon, look: Formatter) -> Cell:
    if daemon.cpu_percent is None:
        return look.glyphs.unknown, look.palette.dim
    return f"{daemon.cpu_percent:.1f}%", look.palette.warn if daemon.cpu_percent > 90 else None


def _memory(daemon: Daemon, look: Formatter) -> Cell:
    if daemon.rss_bytes is None:
        return look.glyphs.unknown, look.palette.dim
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
                cell=lambda t, look: (look.count(t.records), None if t.records else look.palette.dim),
            ),
            TableColumn(
                key="held",
                title="Held",
                width=12,
                right=True,
                rank=WIDE,
                value=lambda t: t.held,
                cell=lambda t, look: ("-" if t.held is None else look.count(t.held), look.palette.dim),
            ),
            TableColumn(key="rate", title="per s", width=8, right=True, value=lambda t: t.rate, cell=_rate),
            TableColumn(
                key="newest",
                title="Newest",
                width=9,
                right=True,
                value=lambda t: t.newest_ms,
                cell=lambda t, look: (
                    "-" if t.newest_ms is None else look.rough_age(from_ms(t.newest_ms)),
                    look.palette.dim,
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
                cell=lambda t, look: (" ".join(f"{g.group}:{g.records}" for g in t.lags), look.palette.dim),
            ),
        ),
        search=lambda t: t.name,
        document=lambda t: of_value(t.name, t),
        empty="No topic: make them with alphapanda up, or alphapanda topics bootstrap.",
        sort="topic",
        ages=True,
    )


def _topic(row: TopicRow, look: Formatter) -> Cell:
    if row.name.endswith(".dlq"):
        return row.name, look.palette.warn if row.records else look.palette.dim
    return row.name, None


def _rate(row: TopicRow, look: Formatter) -> Cell:
    return (number_text(row.rate), look.palette.accent) if row.rate else ("0", look.palette.dim)


def _lag(row: TopicRow, look: Formatter) -> Cell:
    if row.lag is None:
        return "-", look.palette.dim
    most = look.glyphs.at_most if row.lag_at_most else ""
    return f"{most}{look.count(row.lag)}", look.palette.warn if row.lag > 1_000 else look.palette.dim


def _lag_s(row: TopicRow, look: Formatter) -> Cell:
    if row.lag_s is None:
        return look.glyphs.unknown if row.lags else "-", look.palette.dim
    most = look.glyphs.at_most if row.lag_at_most else ""
    return f"{most}{span(row.lag_s)}" if row.lag_s else "0s", look.palette.dim


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
                cell=lambda r, look: (look.clock_ms(r.timestamp_ms), look.palette.dim),
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
                cell=lambda r, look: (_key(r), look.palette.accent),
                rank=USUAL,
            ),
            TableColumn(
                key="bytes",
                title="Bytes",
                width=6,
                right=True,
                value=lambda r: len(r.value or b""),
                rank=WIDE,
                cell=lambda r, look: (str(len(r.value or b"")), look.palette.dim),
            ),
            TableColumn(
                key="text",
                title="Value",
                width=20,
                wish=50,
                value=_text,
                grow=True,
                cell=lambda r, look: (raw_amounts(_text(r), look), None),
            ),
        ),
        search=_text,
        document=of_record,
        record=record_fields,
        empty="Nothing was written here lately.",
        tail=True,
    )


def _place(record: Record, look: Formatter) -> Cell:
    """Return where a record stands; a replayed one is marked."""
    again = record.header(Header.REPLAY_OF) is not None
    place = f"{record.partition.number}:{record.offset}"
    return (f"{look.glyphs.loop} {place}", look.palette.accent) if again else (place, look.palette.dim)


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
