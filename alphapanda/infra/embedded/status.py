"""The embedded tier's own part of `infra status` and `infra reset`."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from alphapanda.deployment import Deployment
from alphapanda.infra.disk import writing
from alphapanda.infra.embedded.aot import AotCache
from alphapanda.infra.embedded.jars import JarStore
from alphapanda.infra.embedded.java import Java
from alphapanda.infra.embedded.kafka_config import kafka_program
from alphapanda.infra.embedded.tier import EmbeddedTier
from alphapanda.infra.embedded.valkey import find_valkey
from alphapanda.infra.identity import IdentityFile
from alphapanda.infra.server_status import (
    InfraStatus,
    ServerState,
    ServerStatus,
    SharedFiles,
    ask_kafka,
    ask_redis,
    memory_of,
    size_of,
    state_of,
)


async def embedded_status(tier: EmbeddedTier) -> InfraStatus:
    """Look at every server and every shared file; changes nothing.

    Raises:
        DependencyError: Java or Valkey cannot be had here at all.
    """
    program, store = kafka_program(tier.options, tier.cache)
    endpoints = tier.endpoints()
    kafka, valkey, valkey_version = await asyncio.gather(
        asyncio.gather(*(ask_kafka(address) for address in endpoints.bootstrap_servers.split(","))),
        ask_redis(endpoints.redis_url),
        _valkey_version(find_valkey()),
    )
    servers = []
    for node, answer in zip(tier.nodes(), kafka, strict=True):
        name = node.data.name
        identity = IdentityFile(tier.identity_file(name)).alive()
        servers.append(
            ServerStatus(
                name=name,
                state=state_of(answer, identity),
                version=program.version,
                address=f"127.0.0.1:{node.client_port}",
                ports=(node.client_port, node.controller_port),
                pid=identity.pid if identity else None,
                memory_bytes=memory_of(identity),
                data=node.data,
                data_bytes=size_of(node.data),
                log=tier.log_file(name),
                reason=answer.reason if identity else "",
            )
        )
    identity = IdentityFile(tier.identity_file("valkey")).alive()
    state = state_of(valkey, identity)
    servers.append(
        ServerStatus(
            name="valkey",
            state=state,
            version=valkey.version if state is ServerState.READY else valkey_version,
            address=endpoints.redacted_redis_url,
            ports=(tier.valkey_port,),
            pid=identity.pid if identity else None,
            memory_bytes=memory_of(identity),
            data=tier.valkey_files.data,
            data_bytes=size_of(tier.valkey_files.data),
            log=tier.log_file("valkey"),
            reason=valkey.reason if identity else "",
        )
    )
    shared = (_java(program.java), _jars(store, program.class_path, program.version), _cache(tier, program.java))
    return InfraStatus(tier="embedded", servers=tuple(servers), shared=shared)


def wipe(deployment: Deployment) -> tuple[Path, ...]:
    """Delete the servers' data of a deployment and return the deleted paths; ports and logs stay.

    Raises:
        DiskAccessError: something may not be deleted.
    """
    found = [
        *sorted(deployment.state.glob(f"{deployment.kafka_data.name}*")),
        *sorted(deployment.state.glob(f"{deployment.valkey_data.name}*")),
    ]
    with writing(deployment.state, "the reset"):
        # The record of the cluster's id goes last: until then a wipe that was killed is seen and can be repeated.
        for path in sorted(found, key=lambda path: path.is_file()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    return tuple(found)


def _java(java: Java) -> SharedFiles:
    home = java.command.parent.parent
    return SharedFiles(what="java", version=str(java.major), path=home, size_bytes=size_of(home), state="found")


def _jars(store: JarStore | None, class_path: tuple[Path, ...], version: str) -> SharedFiles:
    folder = class_path[0].parent
    missing = len(store.missing()) if store else 0
    state = f"{missing} of {len(class_path)} missing" if missing else f"{len(class_path)} jars"
    return SharedFiles(what="kafka jars", version=version, path=folder, size_bytes=size_of(folder), state=state)


def _cache(tier: EmbeddedTier, java: Java) -> SharedFiles:
    cache: AotCache = tier.aot()
    if cache.path.exists():
        state = "trained"
    elif not java.has_aot:
        state = f"not with Java {java.major}"
    elif cache.failure.exists():
        state = "training failed; `alphapanda infra prepare` tries again"
    else:
        state = "not trained yet"
    return SharedFiles(
        what="java cache", version=str(java.major), path=cache.path, size_bytes=size_of(cache.path), state=state
    )


async def _valkey_version(binary: Path) -> str | None:
    process = await asyncio.create_subprocess_exec(
        str(binary), "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await process.communicate()
    # Valkey server v=9.1.2 sha=…
    return next((word[2:] for word in output.decode(errors="replace").split() if word.startswith("v=")), None)
