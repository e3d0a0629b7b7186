"""`docs/topics.md`, generated from the catalogue: `python -m topics.reference` writes it, a test compares it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from topics.catalogue import Catalogue, is_processed
from topics.declaration import DAY_MS, Declaration, duration_ms, read_catalogue
from topics.services import SERVICE_KINDS, readers_of, writers_of
from topics.spec import CatalogueEnvironment

PAGE = Path("docs/topics.md")

_HEAD = """\
# Topics

Generated from `topics/catalogue.toml` and `topics/services.py`. `{b}` is a broker's name: each broker has its own.

- `alphapanda topics list` shows them, `topics describe TOPIC` one of them, `topics bootstrap` makes what is
  missing; `topics diff`, `plan` and `apply` bring a cluster back to this page. `infra reset` alone deletes topics.
- Three values stand for development, testing and production (`SETTINGS__ENVIRONMENT`).
- `TOPIC_PARTITIONS_MULTIPLIER` multiplies the partitions of volume topics (↔). The others have one partition, so
  that each broker has exactly one risk and one trader at work.
- Who is marked ‡ reads or writes the topic for brokers that trade real money only."""


def topics_page() -> str:
    """Return `docs/topics.md`."""
    catalogue = Catalogue.load()
    rule = read_catalogue()
    copies = (
        f"- Each record has {rule.replication} copies, or as many as there are nodes (`REDPANDA_BROKER_COUNT`);\n"
        "  of three, two must have it before it is acknowledged."
    )
    dead_letters = (
        "- Each topic has dead letters, `TOPIC.dlq`: as many partitions, never compacted, kept at least\n"
        f"  {rule.dead_letters.retention}. With `CREATE_DLQ_FOR_ALL=false` only those marked † have."
    )
    lines = [
        _HEAD,
        copies,
        dead_letters,
        "",
        *_table(
            ("topic", "event type", "key", "partitions", "kept", "written by", "read by"),
            (_row(entry) for entry in catalogue.declarations),
        ),
        "",
        "## What is in them",
        "",
        *_table(
            ("topic", "payload", "meaning"),
            ((f"`{entry.name}`", f"`{entry.payload}`", entry.description) for entry in catalogue.declarations),
        ),
        "",
    ]
    return "\n".join(lines)


def _row(entry: Declaration) -> tuple[str, ...]:
    partitions = _each([entry.partitions_in(environment) for environment in CatalogueEnvironment])
    return (
        f"`{entry.name}`{' †' if is_processed(entry) else ''}",
        f"`{entry.event_type}`",
        entry.key,
        f"{partitions} ↔" if entry.volume else partitions,
        _each([_days(entry, environment) for environment in CatalogueEnvironment]),
        _services(writers_of(entry.name), entry.name),
        _services(readers_of(entry.name), entry.name),
    )


def _services(labels: Iterable[str], topic: str) -> str:
    """Return the services in one cell; what one does with the topic for real money only is marked."""
    live = {kind.label for kind in SERVICE_KINDS if topic in (*kind.live_reads, *kind.live_writes)}
    return ", ".join(f"{label} ‡" if label in live else label for label in labels)


def _days(entry: Declaration, environment: CatalogueEnvironment) -> str:
    milliseconds = entry.retention_in(environment)
    return "for ever" if milliseconds == duration_ms("forever") else f"{milliseconds / DAY_MS:g} d"


def _each(values: Iterable[object]) -> str:
    """Return one value if all are the same, else all of them."""
    texts = [str(value) for value in values]
    return texts[0] if len(set(texts)) == 1 else " / ".join(texts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    PAGE.write_text(topics_page(), encoding="utf-8")
