"""Which class makes which screen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tui.screens.base import View
from tui.screens.operations import DaemonsView, DlqView, LogsView, TopicsView
from tui.screens.trading import MarketView, OrdersScreen, OverviewView, PositionsScreen, SignalsView

VIEWS: Final[Mapping[str, type[View]]] = MappingProxyType(
    {
        "overview": OverviewView,
        "market": MarketView,
        "signals": SignalsView,
        "orders": OrdersScreen,
        "positions": PositionsScreen,
        "daemons": DaemonsView,
        "topics": TopicsView,
        "dlq": DlqView,
        "logs": LogsView,
    }
)
"""The screens, by the names in `tui.actions.SCREENS`."""
