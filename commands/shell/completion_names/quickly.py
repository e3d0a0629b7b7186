"""The short way: names that are remembered, told before anything else is loaded."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from alphapanda.deployment import Deployment
from commands.shell.completion_names.live_groups import live_groups
from commands.shell.completion_names.memory import recalled
from commands.shell.completion_names.offers import SERVERS, Offer

WORDS = ("completions", "--names")


def told_quickly(words: Sequence[str]) -> bool:
    """Print what `completions --names KIND` asks for; False where that has to be found out first."""
    *asked, kind = words
    if tuple(asked) != WORDS:
        return False
    environ = dict(os.environ)
    names = remembered(Deployment.find(environ), environ, kind)
    if names is None:
        return False
    sys.stdout.write("".join(f"{name}\n" for name in names))
    return True


def remembered(deployment: Deployment, environ: dict[str, str], kind: str) -> Sequence[str] | None:
    """Return the names of a kind, groups with those that Kafka knows now; None where they are not remembered."""
    names = recalled(deployment, environ, kind)
    if names is None or kind != Offer.GROUPS:
        return names
    return sorted({*names, *live_groups(recalled(deployment, environ, SERVERS) or ())})
