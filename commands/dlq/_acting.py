"""What verbs that change something share: asking first, and one at a time."""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from alphapanda.errors import RefusedError
from commands._safety import Said, need_name, permit_live
from commands.shell.context import Context

if TYPE_CHECKING:
    from topics.names import TopicName


def on_terminal(context: Context) -> bool:
    """Return whether somebody can be asked."""
    return not context.output.as_json and sys.stdin.isatty() and context.output.stderr.isatty()


def is_live(context: Context, topic: TopicName | None) -> bool:
    """Return whether a topic belongs to a broker that is not known to trade on paper."""
    from alphapanda.model.kinds import TradingMode
    from commands.dlq._session import modes_of

    if topic is None or topic.is_shared:
        return False
    return modes_of(context.settings()).get(topic.scope) is not TradingMode.PAPER


def permit(
    context: Context, topic: TopicName | None, question: str, said: Said, *, beyond_new: bool = True
) -> None:
    """Have a change allowed: asked for on a terminal; for a live broker as `permit_live` demands.

    Args:
        context: whose.
        topic: the topic that is changed; None for none of ours.
        question: what is about to be done.
        said: what was said ahead.
        beyond_new: whether it does more than off a terminal may be done unasked.

    Raises:
        RefusedError: it was not allowed.
    """
    if topic is not None and is_live(context, topic):
        permit_live(context, topic.scope, str(topic), question, said)
        return
    if said.yes or not (beyond_new or on_terminal(context)):
        return
    if not on_terminal(context):
        raise RefusedError(f"{question} needs a yes, and there is no terminal to ask on.", hint="Add --yes.")
    context.output.stderr.write(f"{question}? [y/N] ")
    context.output.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise RefusedError("Not confirmed: nothing was changed.")


def permit_removal(context: Context, topic: TopicName, question: str, said: Said) -> None:
    """Have the removal of records allowed: the topic's name has to be typed; on paper --yes says it ahead."""
    if is_live(context, topic):
        permit_live(context, topic.scope, str(topic), question, said)
    elif not said.yes:
        need_name(context, str(topic), question, said.confirm)


@contextmanager
def alone(context: Context, topic: str) -> Iterator[None]:
    """Be the only one in this deployment who replays `topic`; raises RefusedError."""
    context.deployment.prepare()
    path = context.deployment.run / f"dlq-{topic}.lock"
    with path.open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError(
                f"Another replay of {topic} is at work.", hint="Wait for it, or stop it with Ctrl-C."
            ) from None
        yield
