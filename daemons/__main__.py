"""`python -m daemons NAME`: one daemon under the supervisor. People use `alphapanda run NAME`."""

from __future__ import annotations

import argparse
import os
import sys

from daemons.parent import die_with


def main(arguments: list[str]) -> int:
    """Run the daemon that the supervisor asks for."""
    parser = argparse.ArgumentParser(prog="python -m daemons")
    parser.add_argument("name")
    parser.add_argument("--supervisor", type=int, metavar="PID", help="The process whose death ends this one.")
    parser.add_argument("--gated", action="store_true", help="Start up, then wait for SIGUSR1.")
    parser.add_argument("--accept-log-reset", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.supervisor:
        die_with(asked.supervisor)

    # Only now anything heavy: a supervisor that died meanwhile has been noticed already.
    from alphapanda.deployment import Deployment  # noqa: PLC0415
    from daemons.runtime import RunOptions, run_daemon  # noqa: PLC0415

    options = RunOptions(gated=asked.gated, console=False, accept_log_reset=asked.accept_log_reset)
    environ = dict(os.environ)
    return run_daemon(asked.name, Deployment.find(environ), environ, options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
