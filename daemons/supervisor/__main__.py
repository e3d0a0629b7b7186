"""`python -m daemons.supervisor`: the detached supervisor that `alphapanda up` starts."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from alphapanda.deployment import Deployment
from alphapanda.errors import AlphaPandaError
from daemons.exit_report import code_of, lines_of
from daemons.supervisor.process import SupervisorProcess
from daemons.supervisor.supervisor import Supervisor


def main(arguments: list[str]) -> int:
    """Supervise this deployment until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m daemons.supervisor")
    parser.add_argument("--announce", type=int, metavar="FD", help="Where to write a line once it listens.")
    asked = parser.parse_args(arguments)
    environ = dict(os.environ)

    async def announce(_supervisor: Supervisor) -> None:
        if asked.announce is not None:
            os.write(asked.announce, b"listening\n")
            os.close(asked.announce)

    try:
        asyncio.run(SupervisorProcess(Deployment.find(environ), environ).run(ready=announce))
    except AlphaPandaError as error:
        for line in lines_of(error):
            sys.stderr.write(f"{line}\n")
        return code_of(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
