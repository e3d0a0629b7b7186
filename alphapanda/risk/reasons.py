"""What each denial code means, for people; `docs/reason-codes.md` is made from it.

::

    python -m alphapanda.risk.reasons > docs/reason-codes.md
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from alphapanda.model.signal import DenialCode


class Explanation(msgspec.Struct, frozen=True):
    """One code in words.

    Attributes:
        check: the check that gives it, as in `CheckResult.check`.
        when: what was the case.
        what_to_do: for the operator.
        limit: the field of `risk.toml` that decides; empty for none.
    """

    check: str
    when: str
    what_to_do: str
    limit: str = ""


REASONS: Mapping[DenialCode, Explanation] = MappingProxyType(
    {
        DenialCode.TRADING_HALTED: Explanation(
            "trading_state",
            "The broker is HALTED: nothing new passes, neither entries nor exits.",
            "`alphapanda resume BROKER --reason …` once the cause is dealt with.",
        ),
        DenialCode.TRADING_REDUCING: Explanation(
            "trading_state",
            "The broker is REDUCING: only exits pass, and this was an entry.",
            "`alphapanda resume BROKER --reason …`, or wait until it is flat.",
        ),
        DenialCode.ORDER_UNSUPPORTED: Explanation(
            "order_form",
            "The order is neither MARKET nor LIMIT, or its validity neither DAY nor IOC.",
            "Change the strategy.",
        ),
        DenialCode.INSTRUMENT_UNKNOWN: Explanation(
            "instrument",
            "The instrument is not loaded, or is loaded under another token.",
            "Add it to the instrument file; a token changes when a contract expires.",
        ),
        DenialCode.QUANTITY_INVALID: Explanation(
            "quantity",
            "The quantity is not positive, or not in whole lots.",
            "Set the strategy's quantity to a multiple of the lot.",
        ),
        DenialCode.QUANTITY_EXCEEDS_MAX: Explanation(
            "max_order_quantity",
            "An entry is for more units than allowed.",
            "Lower the strategy's quantity, or raise the limit.",
            "max_order_quantity_units",
        ),
        DenialCode.NOTIONAL_EXCEEDS_MAX: Explanation(
            "max_order_notional",
            "An entry is worth more than allowed, at its limit price or at the price of the tick behind it.",
            "Lower the strategy's quantity, or raise the limit.",
            "max_order_notional_rupees",
        ),
        DenialCode.PRICE_OUTSIDE_COLLAR: Explanation(
            "price_collar",
            "A limit price is too far from the price of the tick behind the signal, above or below.",
            "Look at how the strategy makes its price; the limit is in hundredths of a percent.",
            "price_collar_bps",
        ),
        DenialCode.PRICE_MISSING: Explanation(
            "reference_price",
            "The tick behind the signal has no usable price.",
            "Look at the feed.",
        ),
        DenialCode.PRICE_INVALID: Explanation(
            "limit_price",
            "A LIMIT order has no price, or one that is not positive or not on the instrument's grid; "
            "or a MARKET order has one.",
            "Round the strategy's price to the tick size.",
        ),
        DenialCode.TICK_STALE: Explanation(
            "tick_age, market_lag",
            "The tick behind the signal was old when it was decided on; or, for live and shadow brokers, "
            "the market has moved on by too much since.",
            "Look at the feed's order of ticks, and at how far risk lags behind.",
            "max_tick_age_ms, max_market_lag_ms",
        ),
        DenialCode.SIGNAL_DUPLICATE: Explanation(
            "duplicate_window",
            "The same entry (side, quantity, type, price, product) of the same strategy and instrument passed "
            "a moment before, and nothing else of theirs in between.",
            "Look for a strategy that repeats itself.",
            "duplicate_window_ms",
        ),
        DenialCode.RATE_EXCEEDS_MAX: Explanation(
            "max_orders_per_second",
            "A second of event time would hold more orders than allowed. Exits count and are never denied.",
            "Fewer strategies or instruments, or raise the limit as far as the venue allows.",
            "max_orders_per_second",
        ),
        DenialCode.POSITIONS_EXCEED_MAX: Explanation(
            "max_open_positions",
            "An entry would open one more position (strategy and instrument) than allowed.",
            "Wait for exits, or raise the limit.",
            "max_open_positions",
        ),
        DenialCode.EXIT_WITHOUT_POSITION: Explanation(
            "reduce_only",
            "An exit has nothing to reduce: nothing validated is open on the other side.",
            "Nothing: it keeps an exit from opening a position. Its entry was denied, or it is closed already.",
        ),
    }
)


def render() -> str:
    """Return the page of reason codes, Markdown."""
    lines = [
        "# Reason codes",
        "",
        "Why risk denied a signal: the `code` of a record in `{broker}.signals.rejected`, which also carries the",
        "check that failed with its value and its limit. *Denied* is ours and never becomes an order; *rejected*",
        "is the venue's word. A trader that is halted gives the same codes as the reason of an order that it does",
        "not submit.",
        "",
        "Limits are the fields of `risk.toml`. This page is generated:",
        "`python -m alphapanda.risk.reasons > docs/reason-codes.md`.",
        "",
        "| code | check | when | limit | what to do |",
        "| --- | --- | --- | --- | --- |",
    ]
    for code in DenialCode:
        said = REASONS[code]
        limit = ", ".join(f"`{name}`" for name in said.limit.split(", ")) if said.limit else ""
        lines.append(f"| `{code}` | {said.check} | {said.when} | {limit} | {said.what_to_do} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
