"""Serves a dashboard over the seeded market to a browser: `python -m tui.testing.served PORT`."""

from __future__ import annotations

import sys

from alphapanda.clock import SystemClock
from alphapanda.testing.seeded_market import MarketPlan
from tui.app import Dashboard
from tui.serving.server import HOST, LoopbackServer
from tui.testing.seeded_connection import ConnectSeeded

MINUTES = 10


def main(port: str) -> None:
    """Serve on a port of loopback; port 0 runs the dashboard itself, as the server starts it."""
    if port == "0":
        clock = SystemClock()
        Dashboard(ConnectSeeded(MarketPlan(present=clock.now(), minutes=MINUTES), clock), clock).run()
        return

    def ready() -> None:
        print(f"Serving at http://{HOST}:{port}", file=sys.stderr, flush=True)  # noqa: T201 - a program of tests

    LoopbackServer([sys.executable, "-m", __spec__.name, "0"], int(port), ready).serve_until_told()


if __name__ == "__main__":
    main(sys.argv[1])
