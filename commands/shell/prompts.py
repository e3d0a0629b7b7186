"""Asking before an act: what the policy finds missing is asked for on a terminal, and refused without one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from alphapanda.errors import AlphaPandaError, CheckFailedError, ConfigError, RefusedError
from alphapanda.operations.policy import (
    ACTS,
    PROTECTED,
    READ_ONLY,
    ActPolicy,
    Confirmation,
    Missing,
    Need,
    Permit,
    Rule,
    Target,
    missing_for_deployment,
    missing_for_target,
    refusal,
)
from commands.shell.context import Context

if TYPE_CHECKING:
    from alphapanda.settings import Loaded, Settings

_TARGETS = ("broker", "topic", "what", "group", "names")
"""Arguments that say what a verb changes."""


def on_terminal(context: Context) -> bool:
    """Return whether there is a person to ask."""
    return not context.output.as_json and sys.stdin.isatty() and context.output.stderr.isatty()


def ask_yes(context: Context, question: str) -> None:
    """Ask for a yes on the terminal; raises RefusedError for anything else."""
    context.output.stderr.write(f"{question}? [y/N] ")
    context.output.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise RefusedError("Not confirmed: nothing was changed.")


def type_name(
    context: Context, name: str, question: str, given: frozenset[str] = frozenset(), *, flag: str = ""
) -> None:
    """Have `name` typed before a change; raises RefusedError if it is not.

    Args:
        context: the call.
        name: to be typed.
        question: what is about to be done.
        given: names that were given ahead.
        flag: how to confirm without a terminal; `--confirm NAME` when not given.
    """
    if name in given:
        return
    if not on_terminal(context):
        if given:
            raise RefusedError(
                f"Not confirmed: {','.join(sorted(given))!r} is not {name!r}. Nothing was changed.",
                hint=f"Separate several names with commas: --confirm …,{name}.",
            )
        raise RefusedError(
            f"{question} needs a confirmation, and there is no terminal to ask on.",
            hint=flag or f"Add --confirm {name}.",
        )
    ended = question if question.endswith(("?", ".")) else f"{question}."
    context.output.stderr.write(f"{ended} Type {name} to go on: ")
    context.output.stderr.flush()
    if sys.stdin.readline().strip() != name:
        raise RefusedError("Not confirmed: nothing was changed.")


def needed_reason(act: str, reason: str) -> str:
    """Return the reason, stripped; raises UsageError where the act demands one and none was given."""
    if ACTS[act].reason and not reason.strip():
        raise refusal(Missing(Need.REASON, Rule.ACT), ACTS[act], Target(""))
    return reason.strip()


def permit(
    context: Context,
    act: str,
    target: Target,
    question: str,
    confirmation: Confirmation,
    *,
    unasked_off_terminal: bool = False,
) -> None:
    """Let an act through the rules for its target.

    Args:
        context: the call.
        act: its name.
        target: what is changed.
        question: what is about to be done: "Flatten paper (everything)".
        confirmation: what was given ahead.
        unasked_off_terminal: whether it may be done without a yes where nobody can be asked.

    Raises:
        RefusedError: something is missing, and was not given.
    """
    policy = ACTS[act]
    exchange_open = target.is_live and exchange_trades(context)
    for missing in missing_for_target(policy, target, confirmation, exchange_open=exchange_open):
        if missing.need is Need.NAME:
            type_name(context, missing.name, question, confirmation.names)
        elif missing.need is not Need.YES or missing.rule is Rule.LIVE:
            raise refusal(missing, policy, target, question)
        elif on_terminal(context):
            ask_yes(context, question)
        elif not unasked_off_terminal:
            raise refusal(missing, policy, target, question)


def permit_with(context: Context, confirmation: Confirmation, *, unasked_off_terminal: bool = False) -> Permit:
    """Return what lets acts through with what was confirmed ahead, and asks for the rest as `permit` does."""

    def permit_act(act: str, target: Target, question: str) -> None:
        permit(context, act, target, question, confirmation, unasked_off_terminal=unasked_off_terminal)

    return permit_act


def permit_on_deployment(context: Context, act: str, options: Mapping[str, object]) -> None:
    """Let an act through the deployment's safety settings before its verb begins; a refused one is audited.

    Settings that cannot be read let it pass: a verb that needs them reports the error itself, and one that does
    not need them must be able to stop the system.

    Raises:
        RefusedError: the deployment is read-only; or it is protected, and its name or a reason is missing.
    """
    try:
        loaded = context.loaded()
    except ConfigError:
        return
    confirmation = Confirmation.given(
        confirm=str(options.get("confirm") or ""), reason=str(options.get("reason") or "")
    )
    policy, name = ACTS[act], context.deployment.root.name
    try:
        for missing in missing_for_deployment(policy, loaded.settings.safety, name, confirmation):
            if missing.need is Need.NAME:
                question = f"Changing {name}, which is protected, by {act}"
                type_name(context, name, question, confirmation.names)
            else:
                raise refusal(missing, policy, Target(name), place=_place(loaded, missing))
    except RefusedError as error:
        _audit_refusal(context, policy, options, confirmation.reason, error)
        raise


def confirm_control(context: Context) -> frozenset[str]:
    """Return the names typed before a dashboard with --control opens: a protected deployment asks for its own.

    Raises RefusedError where that name is not typed, ConfigError.
    """
    loaded = context.loaded()
    safety = loaded.settings.safety
    if safety.read_only:
        place = _place(loaded, Missing(Need.WRITABLE, Rule.READ_ONLY))
        where = f" ({READ_ONLY}, set in {place})" if place else f" ({READ_ONLY})"
        context.output.warn(f"This deployment is read-only{where}: only halt, reduce and cancel work.")
    if not safety.protected:
        return frozenset()
    name = context.deployment.root.name
    type_name(context, name, f"Changing {name}, which is protected, by the dashboard")
    return frozenset({name})


def exchange_trades(context: Context) -> bool:
    """Return whether the exchange trades now, by the wall clock and the deployment's calendar."""
    from alphapanda.settings.calendar_file import load_calendar

    return load_calendar(context.deployment).trades_at(context.clock.now())


def broker_target(settings: Settings, broker: str, name: str = "") -> Target:
    """Return a target of a configured broker; its own name is the one to type unless another is given."""
    return Target(name or broker, broker, settings.brokers[broker].kind.mode)


def _audit_refusal(
    context: Context, act: ActPolicy, options: Mapping[str, object], reason: str, error: AlphaPandaError
) -> None:
    """Record a refused act, where there is a log to record it in."""
    from alphapanda.model.control import Outcome
    from alphapanda.operations.audit import AuditedAct
    from commands.shell.reading import endpoints_of

    try:
        endpoints_of(context)
    except CheckFailedError:
        return  # never started: no log, and nothing to protect
    found = next((options[name] for name in _TARGETS if options.get(name)), context.deployment.root.name)
    target = (
        found
        if isinstance(found, str)
        else ",".join(map(str, found if isinstance(found, (list, tuple)) else [found]))
    )
    record = AuditedAct(act.name, target, reason, {"refused": error.message}, Outcome.REFUSED)
    context.run(context.audit().record_act(record))


def _place(loaded: Loaded, missing: Missing) -> str:
    """Return where the setting that demands it is set; empty for its default."""
    from alphapanda.settings.provenance import SourceKind

    source = loaded.provenance[READ_ONLY if missing.rule is Rule.READ_ONLY else PROTECTED]
    return "" if source.kind is SourceKind.DEFAULT else str(source)
