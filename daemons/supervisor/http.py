"""The supervisor's HTTP on loopback: `/metrics`, `/healthz`, `/readyz`.

Its metrics are written by hand: prometheus_client would be 4 MiB for a dozen lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus

from alphapanda import __version__
from alphapanda.infra.control.protocol import SystemStatus
from alphapanda.model.process_status import ProcessState
from alphapanda.telemetry import metric_specs as specs
from alphapanda.telemetry.http_server import HttpHandler, HttpReply, json_reply
from alphapanda.telemetry.metric_specs import MetricSpec
from topics.services import SYSTEM_SCOPE

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def supervisor_routes(status: Callable[[], SystemStatus], dropped: Callable[[], int]) -> Mapping[str, HttpHandler]:
    """Return the handlers by path.

    Args:
        status: returns the states of all processes.
        dropped: returns how many audit records and alerts the full outbox dropped.
    """
    return {
        "/metrics": lambda _: HttpReply(
            "".join(f"{line}\n" for line in metric_lines(status(), dropped())).encode(), content_type=_TEXT
        ),
        "/healthz": lambda _: json_reply({"service": "supervisor", "alive": True, "schema_version": 1}),
        "/readyz": lambda _: _readiness(status()),
    }


def _readiness(status: SystemStatus) -> HttpReply:
    reasons = [
        f"{each.name} is {each.state}{f': {each.reason}' if each.reason else ''}"
        for each in status.processes
        if not each.state.is_well
    ]
    body = {
        "service": "supervisor",
        "ready": status.all_ready,
        "reasons": reasons or ([] if status.all_ready else ["no process is planned"]),
        "since": status.supervisor.since,
        "schema_version": 1,
    }
    return json_reply(body, HTTPStatus.OK if status.all_ready else HTTPStatus.SERVICE_UNAVAILABLE)


def metric_lines(status: SystemStatus, dropped: int) -> Iterator[str]:
    """Yield the lines of `/metrics`."""
    processes = [(each, (each.name, each.kind.value)) for each in status.processes]
    yield from _family(specs.PROCESS_UP, ((labels, each.state.is_up) for each, labels in processes))
    yield from _family(specs.PROCESS_RESTARTS, ((labels, each.restarts or 0) for each, labels in processes))
    yield from _family(specs.PROCESS_CRASHLOOP, ((labels, each.state.is_stuck) for each, labels in processes))
    yield from _family(specs.PROCESS_UPTIME, ((labels, each.uptime_s or 0) for each, labels in processes))
    yield from _family(specs.OUTBOX_DROPPED, [((), dropped)])
    own = status.supervisor
    yield from _family(specs.READY, [((), own.state is ProcessState.READY)])
    yield from _family(specs.BUILD, [((__version__,), 1)])
    yield from _family(specs.RESIDENT_BYTES, [((), own.rss_bytes or 0)])


def _family(spec: MetricSpec, samples: Iterable[tuple[tuple[str, ...], float]]) -> Iterator[str]:
    yield f"# HELP {spec.name} {spec.doc}"
    yield f"# TYPE {spec.name} {spec.kind}"
    for values, value in samples:
        pairs = zip(spec.label_names, ("supervisor", SYSTEM_SCOPE, *values), strict=True)
        yield f"{spec.name}{{{','.join(f'{name}={_quoted(text)}' for name, text in pairs)}}} {float(value)!r}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
