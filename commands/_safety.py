"""What stands between a verb and a change: the deployment's safety settings, and the wall around live brokers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alphapanda.errors import CheckFailedError, ConfigError, DependencyError, RefusedError
from commands._acts import Demand
from commands.shell.context import Context

if TYPE_CHECKING:
    from alphapanda.kafka.client import KafkaReadLog
    from alphapanda.settings import Loaded

READ_ONLY = "safety.read_only"
PROTECTED = "safety.protected"


@dataclass(frozen=True, slots=True)
class Said:
    """What was said ahead of a change, on the command line.

    Attributes:
        yes: --yes.
        confirm: names with --confirm, commas between.
        reason: --reason.
        glass: --break-glass; None for a change that the exchange's hours do not matter to.
    """

    yes: bool = False
    confirm: str = ""
    reason: str = ""
    glass: bool | None = None


def permit_act(context: Context, verb: str, demand: Demand, *, reason: str, confirm: str) -> None:
    """Refuse what the deployment's settings forbid, before anything is done.

    Args:
        context: whose.
        verb: its words.
        demand: what a protected deployment asks of it.
        reason: given with --reason.
        confirm: names given ahead with --confirm.

    Raises:
        RefusedError: the deployment is read-only; or protected, and its name or a reason lacks.
    """
    try:
        loaded = context.loaded()
    except ConfigError:
        return  # what needs the settings says so itself; what does not must be able to stop things
    safety = loaded.settings.safety
    if safety.read_only:
        raise RefusedError(
            f"{verb} changes something, and this deployment is read-only: {READ_ONLY}{_place(loaded, READ_ONLY)}.",
            hint=f"For one call: SAFETY__READ_ONLY=false alphapanda {verb} …",
        )
    if not safety.protected or demand is Demand.NOTHING:
        return
    name = context.deployment.root.name
    if demand is Demand.NAME_AND_REASON and not reason.strip():
        raise RefusedError(
            f"{verb} needs a reason: this deployment is protected ({PROTECTED}{_place(loaded, PROTECTED)}).",
            hint='Add --reason "…"; it goes to the audit.',
        )
    need_name(context, name, f"Changing {name}, which is protected, by {verb}", confirm)


def may_control(context: Context) -> bool:
    """Return whether a dashboard opened with --control may act; a protected deployment has its name typed first.

    Raises RefusedError where that name is not typed, ConfigError.
    """
    loaded = context.loaded()
    safety = loaded.settings.safety
    if safety.read_only:
        context.output.warn(f"The dashboard only looks: {READ_ONLY}{_place(loaded, READ_ONLY)}.")
        return False
    if safety.protected:
        name = context.deployment.root.name
        need_name(context, name, f"Changing {name}, which is protected, by the dashboard", "")
    return True


def need_name(context: Context, name: str, question: str, confirm: str) -> None:
    """Have `name` typed, unless it is among those that were given ahead; raises RefusedError.

    Args:
        context: whose terminal.
        name: to be typed.
        question: what is about to be done.
        confirm: names given ahead with --confirm, with commas between.
    """
    given = [each.strip() for each in confirm.split(",") if each.strip()]
    if name in given:
        return
    if given and not _asks(context):
        raise RefusedError(
            f"Not confirmed: {confirm!r} is not {name!r}. Nothing was changed.",
            hint=f"Several names go with commas between: --confirm …,{name}.",
        )
    context.output.confirm(name, question, flag=f"Add --confirm {name}.")


def exchange_trades(context: Context) -> bool:
    """Return whether the exchange trades now, by the wall's clock and its calendar: pre-open to close."""
    from alphapanda.market.calendar import SessionPhase, TradingCalendar

    return TradingCalendar().phase(context.clock.now()) is not SessionPhase.CLOSED


def permit_live(context: Context, broker: str, name: str, question: str, said: Said) -> None:
    """Let a change through the wall around a broker that is not known to trade on paper; raises RefusedError.

    Args:
        context: whose.
        broker: whose topic or group it is.
        name: of the topic or group: it has to be typed.
        question: what is about to be done.
        said: what was said ahead.
    """
    lacking = f"{broker} is not known to trade on paper. {question} needs"
    if not said.yes:
        raise RefusedError(
            f"{lacking} --yes and the name {name}.", hint=f"Add --yes; then type {name}, or add --confirm {name}."
        )
    if not said.reason.strip():
        raise RefusedError(f"{lacking} a reason.", hint='Add --reason "…"; it goes to the audit.')
    if said.glass is False and exchange_trades(context):
        raise RefusedError(
            f"{lacking} --break-glass while the exchange trades (09:00 to 16:00 IST, Monday to Friday).",
            hint="Wait for the close, or add --break-glass.",
        )
    need_name(context, name, question, said.confirm)


async def check_cluster(context: Context, log: KafkaReadLog) -> None:
    """Refuse to change another cluster than this deployment's; raises RefusedError."""
    from commands.topics._pin import check_pin

    check_pin(context.deployment, context.settings(), await log.identity(), changing=True)


async def check_cluster_if_there(context: Context) -> None:
    """Check the cluster for a verb that changes something beside it, and can do so without it."""
    from alphapanda.kafka.client import open_read_log
    from commands.shell.reading import kafka_options

    try:
        async with open_read_log(kafka_options(context, "check")) as log:
            await check_cluster(context, log)
    except (CheckFailedError, DependencyError) as error:
        context.output.warn(f"Which cluster this deployment has was not checked: {error.message}")


def _asks(context: Context) -> bool:
    import sys

    return not context.output.as_json and sys.stdin.isatty() and context.output.stderr.isatty()


def _place(loaded: Loaded, name: str) -> str:
    from alphapanda.settings.provenance import SourceKind

    source = loaded.provenance[name]
    return "" if source.kind is SourceKind.DEFAULT else f", set in {source}"
