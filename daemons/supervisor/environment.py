"""The environment of a child: made for it, name by name; nothing is inherited by accident.

A process of one broker carries nothing of another: no credentials, no settings, not even its name.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from alphapanda.deployment import HOME_VARIABLE, Deployment
from daemons.credentials import credential_owner

SYSTEM_VARIABLES = frozenset(
    {
        "HOME",
        "LANG",
        "LANGUAGE",
        "LOGNAME",
        "NO_COLOR",
        "PATH",
        "PYTHONHOME",
        "PYTHONPATH",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TMPDIR",
        "TZ",
        "USER",
        "VIRTUAL_ENV",
        "XDG_CACHE_HOME",
    }
)
"""What any program may need of the system it runs on."""

_SYSTEM_PREFIXES = ("LC_",)
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"})


def settings_variables(environ: Mapping[str, str], setting_names: Iterable[str]) -> dict[str, str]:
    """Return the variables of `environ` that are settings: `ACTIVE_BROKERS`, `KAFKA__BOOTSTRAP_SERVERS`."""
    tops = {name.upper() for name in setting_names}
    return {name: value for name, value in environ.items() if name.upper().split("__", 1)[0] in tops}


def system_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of `environ` that describe the machine."""
    return {
        name: value
        for name, value in environ.items()
        if name in SYSTEM_VARIABLES or name.startswith(_SYSTEM_PREFIXES) or name.upper() in _PROXIES
    }


def child_environment(
    deployment: Deployment,
    environ: Mapping[str, str],
    *,
    setting_names: Collection[str],
    broker: str | None = None,
) -> dict[str, str]:
    """Return the whole environment of one daemon.

    Args:
        deployment: named in `ALPHAPANDA_HOME`.
        environ: what the operator's shell had.
        setting_names: the top-level names of the settings.
        broker: whose daemon it is: it is told of no other, and gets no other's credentials. None for a daemon that
            serves all: it gets the credentials of none.
    """
    own = (None, broker)
    settings = {
        name: value
        for name, value in settings_variables(environ, setting_names).items()
        if credential_owner(name) in own
    }
    if broker is not None:
        settings = {name: value for name, value in settings.items() if not _is_of_another(name, broker)}
        settings["ACTIVE_BROKERS"] = broker
    path = python_path(environ)
    return {
        **system_variables(environ),
        **settings,
        **({"PYTHONPATH": path} if path else {}),
        "PYTHONUNBUFFERED": "1",
        HOME_VARIABLE: str(deployment.root),
    }


def _is_of_another(variable: str, broker: str) -> bool:
    """Whether it configures another broker: `BROKERS__PAPER2__LATENCY_MS`, or which are active."""
    table, _, rest = variable.lower().partition("__")
    return table == "active_brokers" or (table == "brokers" and rest.split("__", 1)[0] != broker.lower())


def python_path(environ: Mapping[str, str]) -> str:
    """Return a PYTHONPATH with which a child finds the code that runs here, installed or from a checkout."""
    given = environ.get("PYTHONPATH", "")
    root = Path(__file__).resolve().parents[2]
    if root == Path(sysconfig.get_path("purelib")).resolve() or str(root) in given.split(":"):
        return given
    return f"{root}:{given}".rstrip(":")
