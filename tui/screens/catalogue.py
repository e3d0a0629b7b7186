"""Which class makes which screen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tui.screens.base import DashboardScreen
from tui.screens.operations import DaemonsScreen, DlqScreen, LogsScreen, TopicsScreen
from tui.screens.trading import MarketScreen, OrdersScreen, OverviewScreen, PositionsScreen, SignalsScreen

SCREEN_CLASSES: Final[Mapping[str, type[DashboardScreen]]] = MappingProxyType(
    {
        "overview": OverviewScreen,
        "market": MarketScreen,
        "signals": SignalsScreen,
        "orders": OrdersScreen,
        "positions": PositionsScreen,
        "daemons": DaemonsScreen,
        "topics": TopicsScreen,
        "dlq": DlqScreen,
        "logs": LogsScreen,
    }
)
"""The screens, by the names in `tui.actions.registry.SCREENS`."""
