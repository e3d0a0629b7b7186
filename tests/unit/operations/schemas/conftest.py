"""One believable event of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from alphapanda.model.envelope import EventEnvelope
from alphapanda.model.kinds import EventType
from alphapanda.model.payloads import PAYLOADS
from alphapanda.serialization.codec import decode

GOLDEN = Path(__file__).parents[3] / "data" / "golden"


@pytest.fixture(scope="session")
def examples() -> Mapping[EventType, EventEnvelope[Any]]:
    """One envelope of every kind that is kept as JSON."""
    return {kind: decode(kind, (GOLDEN / f"{kind}.json").read_bytes().rstrip(b"\n")) for kind in PAYLOADS}
