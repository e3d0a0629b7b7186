"""Replay, discard, quarantine dead letters."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from topics.errors import AlphaPandaError
from tui.actions.runner import NOTHING_DONE, ActRunner
from tui.actions.workspace import Workspace
from tui.dialogs.confirm import ConfirmDialog, Question, inside
from tui.dialogs.consequences import counted, of_letters
from tui.running_acts import RunningAct
from tui.sources.control import ActionProgress, Disposition, PreparedAction, Preview, Selection
from tui.store.dead_letters import DeadLetterRow, ReasonRow

SELECT: Final = "Select a reason or a dead letter on the DLQ screen (8)."
WORDS: Final = {
    Disposition.REPLAY: ("Replay", "Replaying", "replayed"),
    Disposition.DISCARD: ("Discard", "Discarding", "discarded"),
    Disposition.QUARANTINE: ("Quarantine", "Quarantining", "quarantined"),
}
"""The verb, its present and its past participle."""


class DeadLetterActions:
    """Resolves the selected dead letters.

    Args:
        workspace: the dashboard.
        runner: tells whether acts are unlocked, and runs them.
    """

    def __init__(self, workspace: Workspace, runner: ActRunner) -> None:
        self._workspace = workspace
        self._runner = runner

    async def resolve(self, disposition: str) -> None:
        """Resolve the selected dead letter, or all with the selected reason."""
        control, workspace, running = self._runner.control(), self._workspace, self._workspace.running
        if control is None:
            return
        selection = self._selection()
        if selection is None:
            workspace.notify(SELECT, severity="warning")
            return
        what = Disposition(disposition)
        act = running.begin(f"{WORDS[what][1]} {selection.topic.removesuffix('.dlq')}", lambda: "")
        running.report(act, ActionProgress("reading the dead letters"))
        workspace.paint(everything=True)
        try:
            async with control.prepare(selection, what) as prepared:
                running.drop(act)
                workspace.paint(everything=True)
                question = self._question(selection.topic.removesuffix(".dlq"), what, prepared.preview)
                reason = await workspace.ask(ConfirmDialog(question))
                if reason is None:
                    if question.verb:
                        workspace.notify(NOTHING_DONE, timeout=2)
                    return
                act = running.begin(act.title, lambda: "", stoppable=what is Disposition.REPLAY)
                await self._carry_out(act, prepared, reason)
        except AlphaPandaError as error:
            running.fail(act, error)
        finally:
            if act.is_under_way:
                running.drop(act)
            workspace.paint(everything=True)

    def _question(self, topic: str, what: Disposition, preview: Preview) -> Question:
        fmt, (verb, _, done) = self._workspace.formatter, WORDS[what]
        body = of_letters(preview, what, fmt, inside(self._workspace.size.width))
        count = counted(preview.touched, "dead letter")
        if not preview.touched:
            count = "dead letters" if preview.lines else "nothing"
        if not preview.lines:
            body.append(f"None of these dead letters can be {done}.", fmt.palette.text)
        typed = preview.typed
        title = f"{verb} {count} of {topic}"
        return Question(title, body, verb if preview.touched else "", typed, danger=bool(typed))

    async def _carry_out(self, act: RunningAct, prepared: PreparedAction, reason: str) -> None:
        report = partial(self._workspace.running.report, act)
        stop = act.stop or asyncio.Event()
        await self._runner.run(act, lambda: prepared.carry_out(reason, report, stop))

    def _selection(self) -> Selection | None:
        """Return the selected dead letter, or all of the selected reason."""
        table = self._workspace.table
        row = table.current if table is not None else None
        if isinstance(row, ReasonRow):
            return Selection(topic=row.lies_in, code=row.code, group=row.group)
        if isinstance(row, DeadLetterRow):
            topic, code, group = row.record.partition.topic, row.reason[1], row.reason[2]
            return Selection(topic=topic, code=code, group=group, id=row.id)
        return None
