"""Load the settings of a deployment: environment over `.env` over `alphapanda.toml` over defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from alphapanda.deployment import HOME_VARIABLE, Deployment
from alphapanda.settings.brokers import CREDENTIALS, SHORT_FORM_BROKER, BrokerKind
from alphapanda.settings.checks import check
from alphapanda.settings.inventory import ANY, Path, Setting, known_settings, variable_of
from alphapanda.settings.model import Settings
from alphapanda.settings.problems import InvalidSettingsError, Problem
from alphapanda.settings.provenance import Loaded, SettingSource, SourceKind
from alphapanda.settings.toml_file import TomlFile, read_toml
from alphapanda.settings.variables import (
    EnvFile,
    empty_tables,
    flatten,
    gone,
    misspelt,
    nested_values,
    read_env_file,
    suggestion,
    unknown,
    unread,
    variable_names,
)

_SHORT_FORM_TABLE = ("brokers", SHORT_FORM_BROKER)
_SHORT_FORMS: Mapping[Path, Path] = {
    (f"{SHORT_FORM_BROKER}_{name}",): (*_SHORT_FORM_TABLE, name) for name in CREDENTIALS
}


def load(deployment: Deployment, environ: Mapping[str, str]) -> Loaded:
    """Return the validated settings of `deployment`, with where each came from.

    Raises InvalidSettingsError (exit 78), which knows every problem: an unknown key, a misspelt variable, a value
    out of range, a broker that is not configured, and in production what must not be.
    """
    return _Loading(deployment, environ).run()


@dataclass(slots=True)
class _Loading:
    """One load: the sources, and the problems found so far."""

    deployment: Deployment
    environ: Mapping[str, str]
    known: tuple[Setting, ...] = field(default_factory=known_settings)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def run(self) -> Loaded:
        """Read the sources, weakest first, merge, validate and check their values."""
        toml, env_file = self._files()
        values: dict[Path, Any] = {("brokers", "paper", "kind"): "paper"}
        sources: dict[Path, SettingSource] = {}
        layers: tuple[tuple[dict[Path, Any], Callable[[Path], SettingSource]], ...] = (
            (flatten(toml.values), lambda path: SettingSource(SourceKind.CONFIG_FILE, toml.place(path))),
            (flatten(nested_values(env_file.values, self.known)), _env_file_source(env_file)),
            (flatten(nested_values(self.environ, self.known)), _environment_source(self.environ)),
        )
        for leaves, source_of in layers:
            values.update(leaves)
            sources.update({path: source_of(path) for path in leaves})
        if values.get((*_SHORT_FORM_TABLE, "kind")) == BrokerKind.ZERODHA:
            for leaves, source_of in layers:
                for short, path in _SHORT_FORMS.items():
                    if short in leaves and path not in leaves:
                        values[path], sources[path] = leaves[short], source_of(short)
                    elif path in leaves:
                        values[path], sources[path] = leaves[path], source_of(path)
        self._find_unknown(toml, env_file)
        settings = self._validate(values, sources)
        loaded = Loaded(settings, self._provenance(settings, sources))
        problems, warnings = check(loaded, self.deployment, env_file, toml)
        self._stop_if(problems)
        return Loaded(settings, loaded.provenance, (*self.warnings, *warnings))

    def _files(self) -> tuple[TomlFile, EnvFile]:
        path = self.deployment.env_file
        if not path.parent.is_dir():
            what = f"there is no folder {path.parent}."
            raise InvalidSettingsError([Problem(HOME_VARIABLE, what, "alphapanda init makes it.")])
        try:
            env_file = read_env_file(path)
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettingsError(
                [Problem(path.name, f"cannot be read: {error}.", f"ls -l {path}")]
            ) from error
        self.problems.extend(env_file.problems)
        try:
            return read_toml(self.deployment.config_file), env_file
        except InvalidSettingsError as error:
            self._stop_if(error.problems)
            raise

    def _find_unknown(self, toml: TomlFile, env_file: EnvFile) -> None:
        for name, instead in gone((*self.environ, *env_file.values)):
            line = env_file.lines.get(name)
            where = f".env:{line}" if line and name not in self.environ else f"environment {name}"
            self.problems.append(Problem(where, f"{name} is gone.", instead))
        for name, near in misspelt(self.environ, self.known).items():
            self.problems.append(unknown(name, f"environment {name}", near))
        names = variable_names(self.known)
        for name in env_file.values:
            is_known = any(setting.matches(tuple(name.lower().split("__"))) for setting in self.known)
            if not is_known and not gone([name]):
                self.problems.append(
                    unknown(name, f".env:{env_file.lines[name]}", suggestion(name.upper(), names))
                )
        for path in flatten(toml.values):
            self._find_unknown_key(path, toml)
        for path in empty_tables(toml.values):
            self._find_unknown_key(path, toml, is_table=True)
        for name, ours in unread(self.environ, self.known):
            self.warnings.append(f"environment {name}: not read here; ours is {ours}.")

    def _find_unknown_key(self, path: Path, toml: TomlFile, *, is_table: bool = False) -> None:
        """Report the first part of `path` that leads to no setting, with its nearest neighbour."""
        level = [spelling for setting in self.known for spelling in setting.spellings]
        for depth, part in enumerate(path):
            level_names = {known[depth] for known in level if len(known) > depth}
            level = [known for known in level if len(known) > depth and known[depth] in {part, ANY}]
            if not level:
                near = suggestion(part, level_names)
                name = ".".join(path[: depth + 1])
                self.problems.append(Problem(toml.place(path), f"{name} is not a setting.", near))
                return
        if not is_table and not any(len(known) == len(path) for known in level):
            name = ".".join(path)
            self.problems.append(Problem(toml.place(path), f"{name} is a table, not a value.", f"Write [{name}]."))

    def _validate(self, values: Mapping[Path, Any], sources: Mapping[Path, SettingSource]) -> Settings:
        paths = {setting.path for setting in self.known if setting.is_path}
        nested: dict[str, Any] = {}
        for path, value in values.items():
            table = nested
            for key in path[:-1]:
                inner = table.setdefault(key, {})
                table = inner if isinstance(inner, dict) else {}
            is_relative = path in paths and isinstance(value, str) and not value.startswith(("/", "~"))
            table[path[-1]] = str(self.deployment.root / value) if is_relative else value
        try:
            settings = Settings(**nested)
        except ValidationError as error:
            reported = {problem.where for problem in self.problems}
            for detail in error.errors(include_url=False, include_context=False, include_input=False):
                problem = self._problem(detail, sources, values)
                if problem is None:
                    continue
                if problem.where not in reported:  # a value of several kinds has an error for each
                    self.problems.append(problem)
                    reported.add(problem.where)
            self._stop_if([])
            raise  # pragma: no cover - every validation error is a problem
        self._stop_if([])
        return settings

    def _problem(
        self, detail: ErrorDetails, sources: Mapping[Path, SettingSource], values: Mapping[Path, Any]
    ) -> Problem | None:
        """Return what pydantic found as a problem; None when it was found before, with a suggestion."""
        location, message = _location(detail), detail["msg"]
        if detail["type"] == "extra_forbidden":
            if not any(setting.matches(location) for setting in self.known):
                return None
            kind = values.get((*location[:2], "kind"))
            what = f"{'.'.join(location)} is not a setting of a broker of kind {kind}."
            return Problem(str(sources[location]), what)
        path = next((known for known in sources if location[: len(known)] == known), None)
        if path is None:  # a key that is missing: name the table that it belongs to
            inside = next((source for known, source in sources.items() if known[:-1] == location[:-1]), None)
            return Problem(
                str(inside or ".".join(location[:-1])),
                f"{'.'.join(location)} is missing.",
                f"Set it in alphapanda.toml, or {variable_of(location)}.",
            )
        name = ".".join(path)
        setting = next((setting for setting in self.known if setting.matches(path)), None)
        if setting is None:
            return Problem(str(sources[path]), f"{name} is not a setting.")
        return Problem(str(sources[path]), f"{name} must be {setting.kind}: {_plain(message)}.")

    def _provenance(self, settings: Settings, sources: Mapping[Path, SettingSource]) -> dict[str, SettingSource]:
        default = SettingSource(SourceKind.DEFAULT)
        leaves = flatten(settings.model_dump())
        return {".".join(path): sources.get(path, default) for path in leaves}

    def _stop_if(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        if self.problems or problems:
            raise InvalidSettingsError([*self.problems, *problems])


def _location(detail: ErrorDetails) -> Path:
    """Return the path that an error is about; pydantic leaves out `kind`, or puts its value between."""
    location = tuple(str(part) for part in detail["loc"])
    if location[0] != "brokers":
        return location
    return (*location, "kind") if len(location) == 2 else (*location[:2], *location[3:])


def _plain(message: str) -> str:
    if "does not match any of the expected tags" in message:
        return "should be " + " or ".join(f"'{kind}'" for kind in BrokerKind)
    text = message.removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return text[:1].lower() + text[1:]


def _env_file_source(env_file: EnvFile) -> Callable[[Path], SettingSource]:
    lines = {name.lower(): line for name, line in env_file.lines.items()}
    return lambda path: SettingSource(SourceKind.ENV_FILE, f".env:{lines.get('__'.join(path).lower(), 0)}")


def _environment_source(environ: Mapping[str, str]) -> Callable[[Path], SettingSource]:
    names = {name.lower(): name for name in environ}
    return lambda path: SettingSource(
        SourceKind.ENVIRONMENT, names.get("__".join(path).lower(), "__".join(path).upper())
    )
