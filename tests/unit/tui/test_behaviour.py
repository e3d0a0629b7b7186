"""What the keys do, on the seeded market."""

from __future__ import annotations

import csv
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from textual.pilot import Pilot

from alphapanda.clock import ManualClock
from alphapanda.model.kinds import TradingState
from alphapanda.testing.seeded_market import MarketPlan, SeededMarket
from topics.errors import AlphaPandaError, KafkaUnreachableError
from tui.app import Dashboard
from tui.appearance import Options
from tui.dialogs.confirm import ConfirmDialog
from tui.dialogs.inspect import InspectDialog
from tui.dialogs.text import TextDialog
from tui.panes.status_bar import Banner
from tui.render.table import LiveTable
from tui.session import LayoutFile
from tui.sources.connection import Connection
from tui.store.orders import OrderRow
from tui.store.topics import record_fields
from tui.testing.seeded_connection import ConnectSeeded

Make = Callable[..., Dashboard]
Step = Callable[[Pilot[int]], Awaitable[None]]


def table_of(app: Dashboard) -> LiveTable[OrderRow]:
    table = app.table
    assert table is not None
    return table


def text_of(app: Dashboard, selector: str) -> str:
    widget = app.query_one(selector)
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


async def test_freeze_keeps_what_it_shows_and_counts_what_comes(
    make: Make, own_market: SeededMarket, ready: Step, repaint: Step, clock: ManualClock
) -> None:
    app = make(over=own_market)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await repaint(pilot)
        before = table_of(app).shown
        assert before
        await pilot.press("p")
        clock.at += timedelta(minutes=2)
        own_market.run_until(clock.at)
        for _ in range(100):
            await pilot.pause(0.02)
            if len(app.store.orders.rows) > len(before):
                break
        await repaint(pilot)
        assert table_of(app).shown == before
        subtitle = str(app.pane.border_subtitle) if app.pane else ""
        assert "FROZEN 09:20:00" in subtitle
        assert " while frozen" in subtitle
        assert " +0 " not in subtitle
        await pilot.press("p")
        await repaint(pilot)
        assert len(table_of(app).shown) > len(before)


async def test_the_selected_row_stays_selected_through_sorts(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await repaint(pilot)
        await pilot.press("j", "j", "j")
        table = table_of(app)
        selected, place = table.current_key, table.order.places[table.current_key]
        assert place == 3
        await pilot.press("r")
        await repaint(pilot)
        assert table.current_key == selected
        assert table.order.places[selected] != place


async def test_a_filter_narrows_while_it_is_typed_and_esc_ends_it(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await repaint(pilot)
        everything = len(table_of(app).shown)
        await pilot.press("slash", *"side:BUY")
        await repaint(pilot)
        shown = table_of(app).shown
        assert 0 < len(shown) < everything
        assert {row.order.side.value for row in shown} == {"BUY"}
        await pilot.press("enter")
        assert "/side:BUY" in str(app.pane.border_title if app.pane else "")
        await pilot.press("escape")
        await repaint(pilot)
        assert len(table_of(app).shown) == everything


async def test_a_filter_is_of_the_pane_that_has_the_focus(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("7")
        await repaint(pilot)
        topics = len(table_of(app).shown)
        await pilot.press("tab", "slash", *"=data.last_price > 20000", "enter")
        await repaint(pilot)
        assert table_of(app).spec.name == "tail"
        instruments = {record_fields(row)["data"]["instrument"] for row in app.table.shown} if app.table else set()
        assert instruments == {"NFO:NIFTY26DECFUT", "NFO:BANKNIFTY26DECFUT"}
        await pilot.press("shift+tab")
        await repaint(pilot)
        assert len(table_of(app).shown) == topics


async def test_without_control_nothing_is_done(
    make: Make, own_market: SeededMarket, ready: Step, repaint: Step
) -> None:
    app = make(over=own_market)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("X")
        await repaint(pilot)
        assert [n.message for n in app._notifications] == ["Read-only. Restart with --control to enable actions."]
        assert len(app.screen_stack) == 1
        assert all(row.state is None for row in app.store.money.brokers.values())


async def test_taking_risk_with_real_money_asks_for_its_name(
    make: Make, own_market: SeededMarket, ready: Step, repaint: Step
) -> None:
    app = make(over=own_market, control=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("U")
        await repaint(pilot)
        await pilot.press(*"zerod", "enter")
        await repaint(pilot)
        dialog = app.screen
        assert isinstance(dialog, ConfirmDialog)

        def is_locked() -> bool:
            return dialog.query_one("#confirm-yes").disabled

        await pilot.click("#confirm-reason")
        await pilot.press(*"news")
        assert is_locked()
        await pilot.click("#confirm-name")
        await pilot.press(*"paper")
        assert is_locked()
        await pilot.press(*["backspace"] * 5, *"zerodha")
        assert not is_locked()
        await pilot.press("enter")
        for _ in range(100):
            await pilot.pause(0.02)
            if app.store.money.brokers["zerodha"].state is TradingState.ACTIVE:
                break
        assert app.store.money.brokers["zerodha"].state is TradingState.ACTIVE
        assert app.store.money.brokers["paper"].state is None


async def test_cancel_has_the_focus(make: Make, own_market: SeededMarket, ready: Step, repaint: Step) -> None:
    app = make(over=own_market, control=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("X")
        await repaint(pilot)
        await pilot.press("enter")
        await repaint(pilot)
        assert app.focused is not None
        assert app.focused.id == "confirm-cancel"
        await pilot.press("enter")
        await repaint(pilot)
        assert len(app.screen_stack) == 1
        assert all(row.state is None for row in app.store.money.brokers.values())


async def test_a_lost_log_is_said_and_its_return_too(
    make: Make, own_market: SeededMarket, ready: Step, repaint: Step
) -> None:
    app = make(over=own_market)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        assert not app.query_one(Banner).display
        own_market.log_access.failing = KafkaUnreachableError(
            "Kafka did not answer.", hint="Run: alphapanda doctor"
        )
        own_market.log_access.arrived.set()
        for _ in range(200):
            await pilot.pause(0.02)
            if app.status.handles[0].fault is not None:
                break
        await repaint(pilot)
        said = text_of(app, "#banner")
        assert "Kafka does not answer" in said
        assert "alphapanda doctor" in said
        assert "next try in" in said
        assert "last data 09:20:00" in said
        assert "Kafka does not answer" in text_of(app, "#attention-body")
        own_market.log_access.failing = None
        await pilot.press("ctrl+r")
        for _ in range(200):
            await pilot.pause(0.02)
            if app.status.handles[0].fault is None:
                break
        await repaint(pilot)
        assert not app.query_one(Banner).display


async def test_against_nothing_it_says_what_to_type_and_comes_alive(
    own_market: SeededMarket, clock: ManualClock, ready: Step, repaint: Step
) -> None:
    class Absent:
        """A deployment that is started after the dashboard."""

        def __init__(self) -> None:
            self.started = False
            self.connect = ConnectSeeded(MarketPlan(present=clock.at), clock, still=True)
            self.connect.market = own_market

        async def __call__(self) -> Connection:
            if not self.started:
                raise AlphaPandaError("Nothing was ever started in /desk.", hint="Run: alphapanda up")
            return await self.connect()

    absent = Absent()
    app = Dashboard(absent, clock, options=Options(calm=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await repaint(pilot)
        said = text_of(app, "#banner")
        assert "Nothing was ever started in /desk." in said
        assert "Run: alphapanda up" in said
        absent.started = True
        await pilot.pause(2.1)
        await ready(pilot)
        assert app.store.orders.rows
        assert not app.query_one(Banner).display


async def test_the_past_shows_less_and_plays_on(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await repaint(pilot)
        now = len(app.store.orders.rows)
        await pilot.press("at", *"09:17", "enter")
        for _ in range(200):
            await pilot.pause(0.02)
            if app.rewind is not None and app.rewind.loaded:
                break
        await repaint(pilot)
        then = len(app.store.orders.rows)
        assert 0 < then < now
        assert all(row.order.submitted_at <= app.formatter.now for row in table_of(app).shown)
        assert "09:17:00 IST ×1 PAST" in text_of(app, "#vitals")
        await pilot.press("x", "x", "x", "space")
        for _ in range(200):
            await pilot.pause(0.02)
            if len(app.store.orders.rows) > then:
                break
        assert then < len(app.store.orders.rows) <= now
        await pilot.press("L")
        await repaint(pilot)
        assert app.rewind is None
        assert len(app.store.orders.rows) == now


async def test_a_time_to_come_is_refused(make: Make, ready: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("at", *"23:00", "enter")
        await pilot.pause()
        assert app.rewind is None
        assert any("in the future" in n.message for n in app._notifications)


async def test_acts_are_refused_in_the_past(
    make: Make, own_market: SeededMarket, ready: Step, repaint: Step
) -> None:
    app = make(over=own_market, control=True)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("at", *"09:19:30", "enter")
        await repaint(pilot)
        await pilot.press("X")
        await repaint(pilot)
        assert any("The past is read-only" in n.message for n in app._notifications)


async def test_inspect_and_trace(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await repaint(pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, InspectDialog)
        await pilot.press("escape", "w")
        await pilot.pause(0.1)
        dialog = app.screen
        assert isinstance(dialog, TextDialog)
        said = str(dialog._text)
        assert "risk allowed" in said
        assert "order submitted" in said
        assert "market.ticks:" in said


def read_exports(folder: Path) -> tuple[list[dict[str, str]], list[str]]:
    with next(folder.glob("*.csv")).open() as file:
        rows = list(csv.DictReader(file))
    return rows, next(folder.glob("*.jsonl")).read_text().splitlines()


async def test_exports_are_raw(make: Make, ready: Step, repaint: Step, tmp_path: Path) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("5")
        await repaint(pilot)
        await pilot.press("e", "E")
        shown = len(app.table.shown) if app.table else 0
    rows, lines = read_exports(tmp_path)
    assert len(rows) == shown > 0
    assert all("₹" not in value and "," not in value for row in rows for value in row.values())
    assert {json.loads(line)["strategy_id"] for line in lines} == {row["strategy"] for row in rows}


def read_picture(folder: Path) -> str:
    (picture,) = folder.glob("*.svg")
    return picture.read_text(encoding="utf-8")


async def test_a_picture_needs_nothing_from_elsewhere(
    make: Make, ready: Step, repaint: Step, tmp_path: Path
) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await repaint(pilot)
        await pilot.press("s")
    svg = read_picture(tmp_path)
    assert "What needs attention" not in svg
    assert "P&amp;L today" in svg
    assert "url(http" not in svg.replace('"', "")
    assert 'xml:space="preserve"' in svg
    assert "&#160;" not in svg


async def test_money_is_hidden_in_texts_and_documents_too(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(200, 60)) as pilot:
        await ready(pilot)
        await pilot.press("3", "H", "slash", *"code:NOTIONAL", "enter")
        await repaint(pilot)
        assert "₹•••" in text_of(app, "#table-signals")
        assert "₹•••" in text_of(app, "#verdict-body")
        for where in ("#table-signals", "#verdict-body"):
            assert not any(f"₹{digit}" in text_of(app, where) for digit in range(10))
        await pilot.press("4", "enter")
        await pilot.pause()
        assert isinstance(app.screen, InspectDialog)
        fields = app.screen._document.data
        assert fields["average_price"] == "•••"
        assert fields["quantity"] == 10


async def test_keys_work_after_a_dialog_where_nothing_has_the_focus(make: Make, ready: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("question_mark", "escape")
        assert app.focused is None
        await pilot.press("4")
        assert app.status.screen == "orders"


async def test_money_can_be_hidden(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        assert "₹2" in text_of(app, "#cards")
        await pilot.press("H")
        await repaint(pilot)
        assert "₹•••" in text_of(app, "#cards")
        assert not any(f"₹{digit}" in text_of(app, "#cards") for digit in range(10))
        assert "₹•••" in text_of(app, "#vitals")


async def test_the_layout_is_remembered(make: Make, ready: Step, repaint: Step, tmp_path: Path) -> None:
    layout = LayoutFile(tmp_path / "tui.json")
    app = make(layout=layout)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("4", "greater_than_sign", "slash", *"infy", "enter", "T")
        await repaint(pilot)
        sort = table_of(app).order.sort
    again = make(layout=layout)
    async with again.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        assert again.status.screen == "orders"
        assert again.theme == "panda-light"
        assert table_of(again).order.sort == sort != "time"
        assert table_of(again).order.filter is not None
        assert {row.order.instrument for row in table_of(again).shown} == {"NSE:INFY"}


async def test_screens_have_a_history(make: Make, ready: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("2", "4", "left_square_bracket")
        assert app.status.screen == "market"
        await pilot.press("right_square_bracket")
        assert app.status.screen == "orders"
        await pilot.press("backspace")
        assert app.status.screen == "market"


async def test_one_pane_can_fill_the_screen(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await repaint(pilot)
        small = table_of(app).size.width
        await pilot.press("f")
        await repaint(pilot)
        assert table_of(app).size.width > small
        await pilot.press("escape")
        await repaint(pilot)
        assert table_of(app).size.width == small


async def test_the_palette_finds_actions(make: Make, ready: Step, repaint: Step) -> None:
    app = make()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("colon", *"positions", "enter")
        await repaint(pilot)
        assert app.status.screen == "positions"
