"""A plan as a file: what was reviewed is what is applied."""

from __future__ import annotations

import hashlib

import msgspec

from topics.errors import RefusedError, UsageError
from topics.live import LiveState
from topics.plan import TopicPlan

_FORMAT = 1
_AGAIN = "Make a new one: alphapanda topics plan --out FILE"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    digest: str
    plan: TopicPlan


def encode_plan(plan: TopicPlan) -> bytes:
    """Return `plan` as JSON that people can read, with a digest that shows whether it was edited."""
    document = _File(_FORMAT, _digest(plan), plan)
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2) + b"\n"


def decode_plan(data: bytes) -> TopicPlan:
    """Return the plan in `data`; raises UsageError if it is none, RefusedError if it was edited."""
    try:
        document = msgspec.json.decode(data, type=_File)
    except msgspec.MsgspecError as error:
        raise UsageError(f"This is not a plan: {error}.", hint=_AGAIN) from error
    if document.format != _FORMAT:
        raise UsageError(f"This plan has format {document.format}, not {_FORMAT}.", hint=_AGAIN)
    if document.digest != _digest(document.plan):
        raise RefusedError("This plan was changed after it was made.", hint=_AGAIN)
    return document.plan


def check_fresh(plan: TopicPlan, live: LiveState) -> None:
    """Raise RefusedError unless `live` is the cluster and state that `plan` was made from."""
    if plan.cluster_id != live.cluster_id:
        raise RefusedError(
            f"The plan is for cluster {plan.cluster_id}, this is cluster {live.cluster_id}.",
            hint="Point this deployment at the plan's cluster, or make a new plan.",
        )
    if plan.fingerprint != live.fingerprint(plan.declared):
        raise RefusedError(
            f"The topics of cluster {live.cluster_id} have changed since the plan was made "
            f"({plan.made_at.isoformat(timespec='seconds')}).",
            hint=_AGAIN,
        )


def _digest(plan: TopicPlan) -> str:
    return hashlib.sha256(msgspec.json.encode(plan, order="deterministic")).hexdigest()
