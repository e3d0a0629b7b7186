"""Runs the actions of the registry."""

from __future__ import annotations

from functools import partial
from inspect import isawaitable
from operator import attrgetter

from tui.actions.control import ControlActions
from tui.actions.dead_letters import DeadLetterActions
from tui.actions.display import DisplayActions
from tui.actions.export import ExportActions
from tui.actions.logs import LogActions
from tui.actions.navigation import NavigationActions
from tui.actions.orders import OrderActions
from tui.actions.registry import BY_ID, TaskKind
from tui.actions.runner import ActRunner
from tui.actions.search import SearchActions
from tui.actions.time import TimeActions
from tui.actions.workspace import Workspace


class Dispatcher:
    """The objects that carry out actions; `Action.call` names one of them and its method.

    Args:
        workspace: the dashboard.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        runner = ActRunner(workspace)
        self.navigation = NavigationActions(workspace)
        self.search = SearchActions(workspace)
        self.display = DisplayActions(workspace)
        self.logs = LogActions(workspace, self.navigation)
        self.time = TimeActions(workspace)
        self.export = ExportActions(workspace)
        self.control = ControlActions(workspace, runner)
        self.orders = OrderActions(workspace, runner)
        self.dead_letters = DeadLetterActions(workspace, runner)

    async def run(self, action_id: str) -> None:
        """Run an action."""
        action = BY_ID[action_id]
        method = attrgetter(action.call)(self)
        if action.argument:
            method = partial(method, action.argument)
        if action.task is not None:
            self._workspace.start(method, action.task, exclusive=action.task is TaskKind.QUESTION)
            return
        result = method()
        if isawaitable(result):
            await result
