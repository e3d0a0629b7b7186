"""Pages generated from the settings' definitions: starter files, `.env.example`, `docs/settings.md`.

`python -m alphapanda.settings.reference` writes the committed ones anew, in the folder it is run in.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import groupby
from pathlib import Path

from pydantic import SecretStr

from alphapanda.settings.brokers import BrokerKind
from alphapanda.settings.inventory import ANY, Setting, known_settings, variable_of

_WIDTH = 110
_EXAMPLES: Mapping[tuple[str, ...], str] = {
    ("brokers", ANY, "kind"): "paper",
    ("brokers", ANY, "latency_ms"): "0",
    ("logging", "channels", ANY): "warning",
    ("kafka", "bootstrap_servers"): "localhost:9092",
    ("serialization", "topics"): "market.ticks,paper.orders.filled",
    ("redis", "url"): "redis://:password@localhost:6379/0",
    ("embedded", "java_home"): "/usr/lib/jvm/default-java",
    ("embedded", "kafka_home"): "/opt/kafka",
    ("embedded", "maven_mirror"): "https://maven.example.com/repository/central",
    ("feed", "file"): "ticks.csv",
    ("feed", "instruments_file"): "instruments.csv",
    ("feed", "instruments"): "NSE:INFY,NSE:TCS",
    ("api", "cors_origins"): "https://desk.example.com",
    ("schema_registry_url",): "http://localhost:8081",
}
"""Examples for settings with an empty default."""


def env_text() -> str:
    """Return `.env.example`, which is also the starter of `.env`: every setting, commented out."""
    lines = [
        "# Secrets and settings of this machine; all optional. Keep this file private: chmod 600 .env",
        "# The environment's own variables win over this file, this file over alphapanda.toml.",
    ]
    for setting in known_settings():
        if setting.broker_kind is BrokerKind.ZERODHA:  # its short form is there, and the kind comes later
            continue
        lines += ["", *_comment(setting), f"# {_example_name(setting)}={_shown(setting)}"]
    return "\n".join(lines) + "\n"


def config_text() -> str:
    """Return the starter of `alphapanda.toml`: every setting but the secrets, commented out."""
    lines = [
        "# Settings of the whole system. Each value is the default, or an example where there is none.",
        "# An environment variable wins over this file: [kafka] request_timeout_ms is KAFKA__REQUEST_TIMEOUT_MS.",
        "# Put secrets into .env. Show every value and its source: alphapanda config show",
    ]
    settings = [setting for setting in known_settings() if not setting.is_secret]
    settings.sort(key=lambda setting: len(setting.path) > 1)  # keys of no table come first in TOML
    for table, group in groupby(settings, key=lambda setting: setting.path[:-1]):
        names = ["paper" if part == ANY else part for part in table]
        lines += ["", f"[{'.'.join(names)}]"] if table else []
        for setting in group:
            key = "api" if setting.path[-1] == ANY else setting.path[-1]
            is_kind = setting.path == ("brokers", ANY, "kind")
            lines += ["", *_comment(setting), f"{'' if is_kind else '# '}{key} = {_toml(setting)}"]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Return `docs/settings.md`."""
    lines = [
        "# Settings",
        "",
        "A value comes from the environment, else from `.env`, else from `alphapanda.toml`, else by default.",
        "Names follow one rule: `[kafka] request_timeout_ms` in the file is `KAFKA__REQUEST_TIMEOUT_MS` in the",
        "environment. Any other key or variable of ours is an error, which names the nearest setting.",
        "",
        "`alphapanda init` writes commented starters, `alphapanda config show` prints every value and its source,",
        "`alphapanda config check` validates all files. `ALPHAPANDA_HOME` names the deployment's folder, which is",
        "the current one by default.",
    ]
    for head, group in groupby(known_settings(), key=lambda setting: setting.path[0] if setting.path[1:] else ""):
        lines += ["", f"## `[{head}]`" if head else "## Without a table", ""]
        lines += ["| key | variable | value | default | meaning |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(setting) for setting in group]
    return "\n".join(lines) + "\n"


GENERATED: Mapping[str, Callable[[], str]] = {".env.example": env_text, "docs/settings.md": settings_page}
"""The committed files that are generated here."""


def _row(setting: Setting) -> str:
    default = "" if setting.default is None else _plain(setting.default)
    shown = "required" if setting.required else f"`{default}`" if default else ""
    cells = (f"`{setting.name}`", f"`{_example_name(setting, ANY)}`", setting.kind, shown, setting.description)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _comment(setting: Setting) -> Iterator[str]:
    for line in textwrap.wrap(setting.description, _WIDTH):
        yield f"# {line}"


def _example_name(setting: Setting, name: str = "") -> str:
    chosen = name or ("api" if setting.path[0] == "logging" else "paper")
    return variable_of(tuple(chosen if part == ANY else part for part in setting.path))


def _shown(setting: Setting) -> str:
    return _EXAMPLES.get(setting.path) or _plain(setting.default)


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(str(part) for part in value)
        case SecretStr():
            return value.get_secret_value()
        case _:
            return str(value)


def _toml(setting: Setting) -> str:
    text = _shown(setting)
    if isinstance(setting.default, tuple):
        return "[" + ", ".join(f'"{part}"' for part in text.split(",") if part) + "]"
    is_bare = isinstance(setting.default, bool | int | float | date) or text.isdigit()
    return text if is_bare else f'"{text}"'


def write(folder: Path) -> None:
    """Write the generated files into the source tree at `folder`."""
    for name, text in GENERATED.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write(Path.cwd())
