"""Dead letters: by reason, and one by one."""

from __future__ import annotations

from alphapanda.model.dead_letter import LedgerState
from alphapanda.serialization.codec import to_jsonable
from tui.render.spec import USUAL, WIDE, Document, TableColumn, TableSpec
from tui.store.dead_letters import DeadLetterRow, ReasonRow
from tui.tables.documents import headers_of, of_record, of_value
from tui.theme.formatter import Cell, Formatter, from_ms


def reasons() -> TableSpec[ReasonRow]:
    """Return dead letters by their reason."""
    return TableSpec(
        name="reasons",
        title="Reasons",
        noun="reasons",
        columns=(
            TableColumn(key="topic", title="Topic", width=22, most=40, value=lambda r: r.topic),
            TableColumn(
                key="code",
                title="Reason",
                width=18,
                value=lambda r: r.code,
                cell=lambda r, fmt: (r.code, fmt.palette.bad),
            ),
            TableColumn(
                key="count",
                title="Count",
                width=7,
                right=True,
                value=lambda r: r.count,
                cell=lambda r, fmt: (fmt.count(r.count), None),
            ),
            TableColumn(
                key="open",
                title="Open",
                width=6,
                right=True,
                value=lambda r: r.unresolved,
                cell=lambda r, fmt: (
                    fmt.count(r.unresolved),
                    fmt.palette.warn if r.unresolved else fmt.palette.dim,
                ),
            ),
            TableColumn(key="stage", title="Stage", width=9, value=lambda r: r.stage, rank=WIDE),
            TableColumn(
                key="retryable",
                title="Again?",
                width=7,
                value=lambda r: r.retryable,
                cell=lambda r, fmt: (
                    r.retryable,
                    fmt.palette.good if r.retryable == "yes" else fmt.palette.dim,
                ),
            ),
            TableColumn(
                key="last",
                title="Newest",
                width=8,
                right=True,
                value=lambda r: r.last_ms,
                cell=lambda r, fmt: (fmt.rough_age(from_ms(r.last_ms)), fmt.palette.dim),
            ),
            TableColumn(key="group", title="Group", width=14, most=26, value=lambda r: r.group, rank=USUAL),
            TableColumn(
                key="message", title="Message", width=16, wish=30, value=lambda r: r.message, grow=True, rank=USUAL
            ),
        ),
        search=lambda r: f"{r.topic} {r.code} {r.group} {r.message}",
        document=lambda r: of_value(f"{r.topic} {r.code}", r),
        empty="No dead letter: everything could be processed.",
        sort="count",
        reverse=True,
        ages=True,
    )


def letters() -> TableSpec[DeadLetterRow]:
    """Return the dead letters themselves."""
    return TableSpec(
        name="letters",
        title="Dead letters",
        noun="records",
        columns=(
            TableColumn(
                key="written",
                title="Written",
                width=12,
                value=lambda d: d.record.timestamp_ms,
                cell=lambda d, fmt: (fmt.clock_ms(d.record.timestamp_ms), fmt.palette.dim),
            ),
            TableColumn(key="state", title="State", width=11, value=lambda d: d.state.value, cell=_state),
            TableColumn(key="origin", title="Came from", width=24, most=44, value=_origin, rank=USUAL),
            TableColumn(
                key="code",
                title="Reason",
                width=18,
                value=lambda d: d.failure.error_code,
                cell=lambda d, fmt: (d.failure.error_code, fmt.palette.bad),
            ),
            TableColumn(
                key="tries", title="Tries", width=5, right=True, value=lambda d: d.failure.attempts, rank=USUAL
            ),
            TableColumn(
                key="again", title="Again?", width=7, value=lambda d: d.failure.retryable.value, rank=USUAL
            ),
            TableColumn(key="message", title="Message", width=16, value=lambda d: d.failure.message, grow=True),
        ),
        search=lambda d: f"{_origin(d)} {d.state} {d.id} {d.failure.error_code} {d.failure.message}",
        document=_letter_document,
        empty="No dead letter.",
        sort="written",
        reverse=True,
    )


_STATES = {
    LedgerState.OPEN: "warn",
    LedgerState.RETURNED: "bad",
    LedgerState.PLANNED: "accent",
    LedgerState.REPLAYED: "accent",
    LedgerState.CONFIRMED: "good",
    LedgerState.QUARANTINED: "bad",
    LedgerState.DISCARDED: "dim",
}


def _state(letter: DeadLetterRow, fmt: Formatter) -> Cell:
    """Return where it stands, as `alphapanda dlq` says it."""
    return letter.state.value, getattr(fmt.palette, _STATES[letter.state])


def _origin(letter: DeadLetterRow) -> str:
    failure = letter.failure
    return f"{failure.topic}:{failure.partition}:{failure.offset}"


def _letter_document(letter: DeadLetterRow) -> Document:
    inside = of_record(letter.record)
    return Document(
        letter.key,
        {"state": letter.state.value, "failure": _plain_failure(letter), "value": inside.data},
        headers_of(letter.record),
        inside.raw,
    )


def _plain_failure(letter: DeadLetterRow) -> object:
    failure = letter.failure
    names = (
        "topic",
        "partition",
        "offset",
        "group",
        "attempts",
        "error_code",
        "message",
        "exception",
        "retryable",
        "stage",
        "service",
        "failed_at",
        "first_failed_at",
        "traceback",
        "id",
    )
    return {name: to_jsonable(value) for name in names if (value := getattr(failure, name)) is not None}
