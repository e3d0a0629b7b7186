"""What verbs that change something share: asking first, and one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from alphapanda.files import lock_or_refuse
from alphapanda.model.kinds import TradingMode
from alphapanda.operations.policy import Confirmation, Target
from commands.shell import prompts
from commands.shell.context import Context

if TYPE_CHECKING:
    from topics.names import TopicName


def is_live(context: Context, topic: TopicName | None) -> bool:
    """Return whether a topic belongs to a broker that is not known to trade on paper."""
    from commands.dlq._session import modes_of

    if topic is None or topic.is_shared:
        return False
    return modes_of(context.settings()).get(topic.scope) is not TradingMode.PAPER


def permit(
    context: Context,
    act: str,
    topic: TopicName | None,
    question: str,
    confirmation: Confirmation,
    *,
    beyond_new: bool = True,
) -> None:
    """Let a change of a topic through the policy of `act`.

    Args:
        context: the call.
        act: its name in the policy: `dlq replay`.
        topic: the topic that is changed; None for none of ours.
        question: what is about to be done.
        confirmation: what was given ahead.
        beyond_new: whether it does more than may be done unasked off a terminal.

    Raises:
        RefusedError: something is missing, and was not given.
    """
    target = Target(str(topic or ""))
    if topic is not None and not topic.is_shared:
        target = Target(
            str(topic), topic.scope, TradingMode.LIVE if is_live(context, topic) else TradingMode.PAPER
        )
    prompts.permit(context, act, target, question, confirmation, unasked_off_terminal=not beyond_new)


@contextmanager
def alone(context: Context, topic: str) -> Iterator[None]:
    """Be the only one in this deployment who replays `topic`; raises RefusedError."""
    context.deployment.prepare()
    path = context.deployment.run / f"dlq-{topic}.lock"
    with lock_or_refuse(
        path, f"Another replay of {topic} is at work", hint="Wait for it, or stop it with Ctrl-C."
    ):
        yield
