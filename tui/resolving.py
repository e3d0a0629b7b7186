"""Acts on dead letters: replay, discard, put aside; by the code of `alphapanda dlq`."""

from __future__ import annotations

import asyncio
from typing import Final

from textual import work

from topics.errors import AlphaPandaError
from tui.acts import RunningAct
from tui.closing import Closing
from tui.dialogs.confirm import ConfirmDialog, Question, inside
from tui.dialogs.consequences import counted, of_letters
from tui.sources.control import ActionProgress, Disposition, PreparedAction, Selection
from tui.store.dead_letters import DeadLetterRow, ReasonRow

SELECT: Final = "Select a reason or a dead letter on DLQ (8)."
WORDS: Final = {
    Disposition.REPLAY: ("Replay", "Replaying", "replayed"),
    Disposition.DISCARD: ("Discard", "Discarding", "discarded"),
    Disposition.QUARANTINE: ("Put aside", "Putting aside", "put aside"),
}
"""On the button, while it is done, and of what cannot be."""


class Resolving(Closing):
    """What is done with the dead letters that are selected; mixed into the dashboard."""

    @work(group="acts")
    async def action_letters(self, disposition: str) -> None:
        """Do something with the selected dead letter, or with all that failed for the selected reason."""
        control, app = self.unlocked(), self._dashboard
        letters = self._selected_letters()
        if control is None:
            return
        if letters is None:
            app.notify(SELECT, severity="warning")
            return
        what = Disposition(disposition)
        verb, doing, done = WORDS[what]
        act = self.acts.begin(f"{doing} {letters.topic.removesuffix('.dlq')}", lambda: "", stoppable=False)
        self.acts.report(act, ActionProgress("looking the dead letters through"))
        app.paint(everything=True)
        try:
            async with control.prepare(letters, what) as prepared:
                self.acts.drop(act)
                app.paint(everything=True)
                preview = prepared.preview
                body = of_letters(preview, what, app.fmt, inside(app.size.width))
                count = counted(preview.touched, "dead letter")
                if not preview.touched:
                    count = "dead letters" if preview.lines else "nothing"
                title = f"{verb} {count} of {letters.topic.removesuffix('.dlq')}"
                if not preview.lines:
                    body.append(f"No dead letter of these is to be {done}.", app.fmt.palette.text)
                question = Question(
                    title, body, verb if preview.touched else "", preview.typed, danger=bool(preview.typed)
                )
                reason = await app.push_screen_wait(ConfirmDialog(question))
                if reason is None:
                    if question.verb:
                        app.notify("Nothing was done.", timeout=2)
                    return
                act = self.acts.begin(act.title, lambda: "", stoppable=what is Disposition.REPLAY)
                await self._carry_out(act, prepared, reason)
        except AlphaPandaError as error:
            self.acts.fail(act, error)
        finally:
            if act.is_under_way:
                self.acts.drop(act)
            app.paint(everything=True)

    async def _carry_out(self, act: RunningAct, prepared: PreparedAction, reason: str) -> None:
        def tell(progress: ActionProgress) -> None:
            self.acts.report(act, progress)

        stop = act.stop or asyncio.Event()
        await self.see_through(act, lambda: prepared.carry_out(reason, tell, stop))

    def _selected_letters(self) -> Selection | None:
        """Return what is selected: one dead letter in its table, all of a reason in the reasons'."""
        app = self._dashboard
        row = app.table.current if app.table is not None else None
        if isinstance(row, ReasonRow):
            return Selection(topic=row.lies_in, code=row.code, group=row.group)
        if isinstance(row, DeadLetterRow):
            topic, code, group = row.record.partition.topic, row.reason[1], row.reason[2]
            return Selection(topic=topic, code=code, group=group, id=row.id)
        return None
