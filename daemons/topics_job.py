"""`python -m daemons.topics_job`: creates the declared topics once Kafka is up, then ends.

A process of its own, so that the supervisor holds no Kafka client.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

from daemons.notify import Notifier
from daemons.parent import die_with

NAME = "topics"


def main(arguments: list[str]) -> int:
    """Start, wait at the gate if there is one, create the topics."""
    parser = argparse.ArgumentParser(prog="python -m daemons.topics_job")
    parser.add_argument("--supervisor", type=int, metavar="PID", help="The process whose death ends this one.")
    parser.add_argument("--gated", action="store_true", help="Start up, then wait for SIGUSR1.")
    asked = parser.parse_args(arguments)
    if asked.supervisor:
        die_with(asked.supervisor)
    return asyncio.run(_work(gated=asked.gated))


async def _work(*, gated: bool) -> int:
    gate = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, gate.set)

    # Imported while Kafka starts: this is most of the job's time.
    from alphapanda.clock import SystemClock  # noqa: PLC0415
    from alphapanda.deployment import Deployment  # noqa: PLC0415
    from alphapanda.errors import AlphaPandaError  # noqa: PLC0415
    from alphapanda.infra.tiers import tier_for  # noqa: PLC0415
    from alphapanda.kafka.topic_admin import Cluster  # noqa: PLC0415
    from alphapanda.kafka.topic_bootstrap import bootstrap  # noqa: PLC0415
    from alphapanda.settings import load  # noqa: PLC0415
    from alphapanda.settings.model import declared_topics  # noqa: PLC0415
    from daemons.exit_report import code_of, lines_of  # noqa: PLC0415

    clock = SystemClock()
    environ = dict(os.environ)
    deployment = Deployment.find(environ)
    try:
        settings = load(deployment, environ).settings
        declared = declared_topics(settings)
        endpoints = tier_for(settings, deployment, clock, environ=environ).endpoints()
        with Notifier.from_environ(environ, NAME) as notifier:
            if gated:
                notifier.waiting("waits for Kafka")
                await gate.wait()
            async with Cluster.connect(
                endpoints.bootstrap_servers, request_timeout_ms=settings.kafka.request_timeout_ms
            ) as cluster:
                report = await bootstrap(cluster, declared, made_at=clock.now())
    except AlphaPandaError as error:
        for line in lines_of(error):
            sys.stderr.write(f"{line}\n")
        return code_of(error)
    drift = f", {len(report.drift)} drifted (alphapanda topics plan)" if report.drift else ""
    sys.stdout.write(f"{len(report.made)} topics made, {len(report.present)} there{drift}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
