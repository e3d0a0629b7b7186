"""The stage that runs the strategies: ticks in, signals for every active broker out.

A strategy works on each of its instruments by itself, so how partitions interleave changes no decision.
A tick is evaluated once: `decide` computes the next states beside the present ones, `evolve` of the same
event puts them in place. Positions are folded from the signals themselves, so after a restart the log
counts. A strategy that raises is fenced off by its id: an alert goes out, the others run on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from alphapanda.ids import SYSTEM, BrokerId, InstrumentId, StrategyId, derive_event_id
from alphapanda.model.control import Alert, Severity
from alphapanda.model.envelope import Event, EventEnvelope, LogPosition, follow
from alphapanda.model.kinds import EventType, TradingMode
from alphapanda.model.signal import Signal
from alphapanda.strategies import saved
from alphapanda.strategies.base import Holding
from alphapanda.strategies.fanout import SOURCE, InstrumentLookup, fan_out
from alphapanda.strategies.instance import Instance, intentions
from alphapanda.strategies.instrument_group import QUIET, InstrumentGroup, Outlook
from alphapanda.strategies.loader import BoundStrategy
from alphapanda.strategies.saved import (
    Fence,
    SavedInstance,
    SavedInstrumentGroup,
    SavedStage,
    SavedStrategy,
    describe_error,
)

FENCED = "STRATEGY_FENCED"
"""Code of the alert."""

_TICK = EventType.MARKET_TICK


def _unknown(_: InstrumentId) -> None:
    return None


class StrategiesStage:
    """All strategies over all instruments. Implements `alphapanda.model.stage.Stage`.

    Args:
        strategies: from `alphapanda.strategies.loader.bind_strategies`; their order is the order of signals.
        active_brokers: their trading modes; in this order each decision is fanned out.
        instruments: knows price grids, for limit prices.
    """

    def __init__(
        self,
        strategies: Sequence[BoundStrategy],
        active_brokers: Mapping[BrokerId, TradingMode],
        instruments: InstrumentLookup = _unknown,
    ) -> None:
        self._instruments = instruments
        self._brokers = {s.config.id: _brokers_of(s, active_brokers) for s in strategies}
        self._strategies = {s.config.id: s for s in strategies if self._brokers[s.config.id]}
        self._groups: dict[InstrumentId, InstrumentGroup | None] = {}
        self._fences: dict[StrategyId, Fence] = {}
        self._failing: dict[StrategyId, Fence] = {}
        self._failures: dict[StrategyId, int] = {}
        self._notes: tuple[str, ...] = ()
        self._seen: Event | None = None
        self._group: InstrumentGroup | None = None
        self._outlook = QUIET

    # ------------------------------------------------------------ the stage

    def decide(self, event: Event) -> Iterable[Event]:
        """Return the signals, and the alerts, that follow from a tick; from anything else nothing."""
        envelope, at = event.envelope, event.at
        if envelope.type is not _TICK or at is None or self._evaluate(event) is None or self._outlook is QUIET:
            return ()
        return self._outputs(envelope, at, self._outlook)

    def evolve(self, event: Event) -> None:
        """Fold a tick, or one of our own signals and alerts."""
        envelope = event.envelope
        if envelope.type is _TICK:
            group = self._evaluate(event) if event.at is not None else None
            self._seen = None
            if group is not None:
                group.advance()
                for instance, error in self._outlook.failed:
                    self._failing[instance.config.id] = _fence(envelope, error)
        elif envelope.type is EventType.SIGNAL_RAW:
            self._seen = None
            self._fold_signal(envelope.data)
        elif envelope.type is EventType.ALERT_RAISED:
            self._seen = None
            self._fold_alert(envelope)

    def snapshot(self) -> bytes:
        """Return the whole state."""
        strategies = {
            strategy_id: SavedStrategy(
                fingerprint=bound.fingerprint,
                code=bound.code,
                fence=self._fences.get(strategy_id),
                failing=self._failing.get(strategy_id),
                failures=self._failures.get(strategy_id, 0),
            )
            for strategy_id, bound in self._strategies.items()
        }
        groups = {
            instrument: _save_group(group)
            for instrument, group in sorted(self._groups.items())
            if group is not None and group.has_begun
        }
        return saved.encode(SavedStage(format=saved.FORMAT, strategies=strategies, groups=groups))

    def restore(self, data: bytes) -> None:
        """Take the state that `snapshot` returned, as far as the configuration is still the same.

        A strategy whose class, parameters or bars have changed begins anew but keeps its position; a changed
        configuration or source lifts its fence. `notes` then says what was left behind.
        """
        stage = saved.decode(data)
        notes: list[str] = []
        self._seen = None
        self._groups = {}
        self._restore_strategies(stage, notes)
        for instrument, group in stage.groups.items():
            self._restore_group(stage, instrument, group, notes)
        self._notes = tuple(notes)

    # ------------------------------------------------------------ views

    @property
    def fenced(self) -> Mapping[StrategyId, Fence]:
        """The strategies that are fenced off, and why."""
        return dict(self._fences)

    @property
    def failures(self) -> Mapping[StrategyId, int]:
        """How often each strategy was fenced off."""
        return dict(self._failures)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes of the last `restore` on the state that it left behind, for the log."""
        return self._notes

    def holding(self, strategy_id: StrategyId, instrument: InstrumentId) -> Holding | None:
        """Return a strategy's position by its own signals; None where it does not run."""
        group = self._groups.get(instrument)
        instance = group.instance_of(strategy_id) if group is not None else None
        return instance.holding if instance is not None else None

    # ------------------------------------------------------------ inside

    def _group_of(self, instrument: InstrumentId) -> InstrumentGroup | None:
        """Return the instrument's group, made at its first tick; None when no strategy wants it."""
        if instrument in self._groups:
            return self._groups[instrument]
        instances = tuple(
            Instance(bound, instrument)
            for bound in self._strategies.values()
            if any(fnmatchcase(instrument, pattern) for pattern in bound.config.instruments)
        )
        group = InstrumentGroup(instrument, instances) if instances else None
        if group is not None:
            group.fence(self._fences.__contains__)
        self._groups[instrument] = group
        return group

    def _evaluate(self, event: Event) -> InstrumentGroup | None:
        """Evaluate a tick, once for `decide` and the `evolve` after it; return its group, None if it has none."""
        if self._seen is event:
            return self._group
        tick = event.envelope.data
        groups = self._groups
        group = groups[tick.instrument] if tick.instrument in groups else self._group_of(tick.instrument)
        if group is not None:
            self._outlook = group.look_ahead(tick)
        self._group = group
        self._seen = event
        return group

    def _outputs(self, envelope: EventEnvelope[Any], at: LogPosition, outlook: Outlook) -> list[Event]:
        outputs: list[Event] = []
        for instance, decision in outlook.decisions:
            config = instance.config
            steps = intentions(config, instance.holding, decision)
            outputs += fan_out(envelope, at, config, steps, self._brokers[config.id], self._instruments)
        for instance, error in outlook.failed:
            outputs.append(_alert(envelope, instance, error))
        return outputs

    def _fold_signal(self, signal: Signal) -> None:
        group = self._group_of(signal.instrument)
        instance = group.instance_of(signal.strategy_id) if group is not None else None
        if group is not None and instance is not None:
            group.has_begun = True
            instance.fold(signal)

    def _fold_alert(self, envelope: EventEnvelope[Any]) -> None:
        for strategy_id, failing in tuple(self._failing.items()):
            if envelope.id == derive_event_id(failing.tick_id, f"{SYSTEM}/{_alert_name(strategy_id)}"):
                del self._failing[strategy_id]
                self._fences[strategy_id] = failing
                self._failures[strategy_id] = self._failures.get(strategy_id, 0) + 1
                self._fence_groups()

    def _fence_groups(self) -> None:
        for group in self._groups.values():
            if group is not None:
                group.fence(self._fences.__contains__)

    def _restore_strategies(self, stage: SavedStage, notes: list[str]) -> None:
        self._fences, self._failing, self._failures = {}, {}, {}
        for strategy_id, was in stage.strategies.items():
            bound = self._strategies.get(strategy_id)
            if bound is None:
                continue
            if was.failures:
                self._failures[strategy_id] = was.failures
            same = was.fingerprint == bound.fingerprint and was.code == bound.code
            if was.fence is not None and same:
                self._fences[strategy_id] = was.fence
                notes.append(f"{strategy_id} is still fenced off: {was.fence.error}")
            elif was.fence is not None:
                notes.append(f"{strategy_id} has changed: its fence is lifted")
            if was.failing is not None and same:
                self._failing[strategy_id] = was.failing

    def _restore_group(
        self, stage: SavedStage, instrument: InstrumentId, was: SavedInstrumentGroup, notes: list[str]
    ) -> None:
        group = self._group_of(instrument)
        for strategy_id, instance_was in was.instances.items():
            instance = group.instance_of(strategy_id) if group is not None else None
            if instance is None:
                if instance_was.holding.quantity:
                    held = f"{instance_was.holding.quantity:+d} {instrument}"
                    notes.append(f"{strategy_id} held {held} and does not work there any more: nobody closes it")
                continue
            same = stage.strategies[strategy_id].fingerprint == self._strategies[strategy_id].fingerprint
            _restore_instance(instance, instance_was, notes, keep_state=same)
        if group is not None:
            group.has_begun = was.has_begun
            group.bars.update({seconds: state for seconds, state in was.bars.items() if seconds in group.bars})


def _brokers_of(bound: BoundStrategy, active: Mapping[BrokerId, TradingMode]) -> dict[BrokerId, TradingMode]:
    chosen = bound.config.brokers
    return {broker: mode for broker, mode in active.items() if chosen is None or broker in chosen}


def _alert_name(strategy_id: StrategyId) -> str:
    return f"fence/{strategy_id}"


def _fence(envelope: EventEnvelope[Any], error: Exception) -> Fence:
    return Fence(tick_id=envelope.id, instrument=envelope.data.instrument, error=describe_error(error))


def _alert(envelope: EventEnvelope[Any], instance: Instance, error: Exception) -> Event:
    config, held = instance.config, instance.holding.quantity
    message = (
        f"Strategy {config.id} is fenced off: on {instance.instrument} it raised {describe_error(error)}. "
        f"It holds {held:+d} there. Correct it, then: alphapanda restart strategies."
    )
    alert = Alert(severity=Severity.CRITICAL, source=SOURCE, code=FENCED, message=message)
    return follow(
        envelope,
        EventType.ALERT_RAISED,
        alert,
        key=SOURCE,
        source=SOURCE,
        broker=SYSTEM,
        name=_alert_name(config.id),
    )


def _save_group(group: InstrumentGroup) -> SavedInstrumentGroup:
    instances = {instance.config.id: _save_instance(instance) for instance in group.instances}
    return SavedInstrumentGroup(has_begun=group.has_begun, bars=dict(group.bars), instances=instances)


def _save_instance(instance: Instance) -> SavedInstance:
    return SavedInstance(
        state=encode_state(instance.state),
        warm=instance.warm,
        holding=instance.holding,
        decided_on=instance.decided_on,
        decided=instance.decided,
    )


def encode_state(state: Any) -> bytes | None:
    """Return a strategy's state as bytes; None for one that holds what bytes cannot, which begins anew then."""
    try:
        return msgspec.msgpack.encode(state)
    except (TypeError, ValueError, OverflowError):
        return None


def _restore_instance(instance: Instance, was: SavedInstance, notes: list[str], *, keep_state: bool) -> None:
    instance.holding = was.holding
    instance.decided_on, instance.decided = was.decided_on, was.decided
    name = f"{instance.config.id} on {instance.instrument}"
    if not keep_state:
        notes.append(f"{name} was configured otherwise: it warms up anew and keeps {was.holding.quantity:+d}")
        return
    try:
        state = msgspec.msgpack.decode(was.state or b"", type=instance.state_type)
    except (msgspec.MsgspecError, ValueError) as error:
        notes.append(f"{name} begins anew, its state cannot be read: {error}")
        return
    instance.resume(state, was.warm)
