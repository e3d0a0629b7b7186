"""Kafka's data directory: formatted once, whole or not at all, and tied to its deployment by the cluster's id."""

from __future__ import annotations

import asyncio
import base64
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

import msgspec

from alphapanda.errors import DependencyError, IncompatibleServerError
from alphapanda.files import write_atomically
from alphapanda.infra.disk import DiskFullError, require_room, writing
from alphapanda.infra.embedded.java import OWN_JRE, NoJavaError, this_platform
from alphapanda.infra.embedded.kafka_config import STORAGE_CLASS, KafkaNode, KafkaProgram

ROOM = 256 * 1024 * 1024
"""What must be free before Kafka starts, in bytes: a few segments and their indexes."""
FORMAT_LIMIT_S = 60
"""Formatting takes 0.3-0.9 s; on a machine that is busy with other things, more."""


class ForeignDataError(IncompatibleServerError):
    """The data directory belongs to another cluster than the deployment."""


class FormatError(DependencyError):
    """A data directory could not be made."""


def cluster_id_of(data: Path) -> str | None:
    """Return the id of the cluster that a formatted directory belongs to, None when it is not formatted."""
    try:
        lines = (data / "meta.properties").read_text().splitlines()
    except FileNotFoundError:
        return None
    return next((line.partition("=")[2].strip() for line in lines if line.startswith("cluster.id=")), None)


def new_cluster_id() -> str:
    """Return 16 random bytes as Kafka writes them: 22 characters of base64url, the first not a dash."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        continue
    return text


class ClusterRecord(msgspec.Struct, frozen=True):
    """Which cluster a deployment is; kept beside the data directory, so that exchanged data is noticed.

    Attributes:
        cluster_id: Kafka's id of it.
        kafka: the version that formatted it.
    """

    cluster_id: str
    kafka: str


class Storage:
    """The data directories of an embedded cluster's nodes and the id they share."""

    def __init__(self, record: Path) -> None:
        self._record = record

    def cluster(self) -> ClusterRecord | None:
        """Return which cluster this deployment is, None before its first start."""
        try:
            return msgspec.json.decode(self._record.read_bytes(), type=ClusterRecord)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise ForeignDataError(
                f"{self._record} cannot be read ({error}), so it is not known whose data lies beside it.",
                hint="Put the file back, or wipe the deployment's data with `alphapanda infra reset`.",
            ) from error

    async def prepare(
        self, node: KafkaNode, program: KafkaProgram, env: Mapping[str, str], flags: tuple[str, ...]
    ) -> None:
        """Format the node's directory on first use, else check that it belongs to this cluster.

        Raises:
            ForeignDataError: it belongs to another cluster.
            DiskFullError: no room to run.
            FormatError: Kafka's tool refused.
        """
        require_room(node.data, ROOM, "Kafka")
        found, known = cluster_id_of(node.data), self.cluster()
        if found is not None:
            self._check(node.data, found, known, program)
            return
        if node.data.exists() and any(node.data.iterdir()):
            raise ForeignDataError(
                f"{node.data} holds files but no meta.properties: no data directory of Kafka, or a damaged one.",
                hint="Put its content back, or wipe the deployment's data with `alphapanda infra reset`.",
            )
        with writing(node.data, "formatting Kafka's data directory"):
            if known is None:
                known = ClusterRecord(cluster_id=new_cluster_id(), kafka=program.version)
                self._keep(known)
            await _format(node, program, known.cluster_id, env, flags)

    def _check(self, data: Path, found: str, known: ClusterRecord | None, program: KafkaProgram) -> None:
        if known is None:
            # The record was deleted by hand: the data is all there is, so it decides.
            self._keep(ClusterRecord(cluster_id=found, kafka=program.version))
        elif known.cluster_id != found:
            raise ForeignDataError(
                f"{data} belongs to cluster {found}, this deployment is cluster {known.cluster_id} "
                f"({self._record.name} beside it).",
                hint=(
                    "Put back the data of this deployment; to take over the other data, delete "
                    f"{self._record}; to start empty, `alphapanda infra reset`."
                ),
            )

    def _keep(self, record: ClusterRecord) -> None:
        write_atomically(self._record, msgspec.json.encode(record))


async def _format(
    node: KafkaNode, program: KafkaProgram, cluster_id: str, env: Mapping[str, str], flags: tuple[str, ...]
) -> None:
    """Format beside the real place, then rename: a format that was killed leaves nothing that looks like data."""
    part = node.data.with_name(f"{node.data.name}.part")
    if part.exists():
        shutil.rmtree(part)
    part.mkdir(mode=0o700, parents=True)
    properties = part.with_name(f"{part.name}.properties")
    properties.write_text(msgspec.structs.replace(node, data=part).properties())
    try:
        command = program.command(STORAGE_CLASS, "format", "-t", cluster_id, "-c", str(properties), extra=flags)
        code, output = await _run(command, env, part.parent)
        if code != 0:
            if "No space left on device" in output:
                raise DiskFullError(
                    f"The disk under {node.data} is full; Kafka's data directory was not made.",
                    hint="Free some room and try again; nothing half-written was left.",
                )
            raise FormatError(
                f"{node.data} could not be formatted: {_last_line(output)}.",
                hint="Check the Java runtime and the jars with `alphapanda infra status`.",
            )
        if node.data.exists():
            node.data.rmdir()
        part.rename(node.data)
    finally:
        properties.unlink(missing_ok=True)
        shutil.rmtree(part, ignore_errors=True)


async def _run(command: tuple[str, ...], env: Mapping[str, str], cwd: Path) -> tuple[int, str]:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
        )
    except OSError as error:
        raise NoJavaError(
            f"{command[0]} does not run on this platform ({this_platform()}): {error.strerror}.", hint=OWN_JRE
        ) from error
    try:
        async with asyncio.timeout(FORMAT_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        return -1, f"no end after {FORMAT_LIMIT_S} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace")


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    return lines[-1].rstrip(".") if lines else "it said nothing"
