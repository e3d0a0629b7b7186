"""A row whole: a tree of its fields, the headers of its record, and the bytes."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static, TabbedContent, TabPane, Tree
from textual.widgets.tree import TreeNode

from tui.render.spec import Document
from tui.theme.formatter import Formatter

MOST_NODES = 2_000
RAW_SHOWN = 16_384


class InspectDialog(ModalScreen[None]):
    """Shows a document.

    Args:
        document: what.
        fmt: of the moment.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", "Close"),
        ("q", "dismiss", "Close"),
        ("y", "copy", "Copy"),
    ]

    def __init__(self, document: Document, fmt: Formatter) -> None:
        super().__init__()
        self._document = document
        self._fmt = fmt

    def compose(self) -> ComposeResult:
        """Have three tabs in a frame."""
        document, palette = self._document, self._fmt.palette
        with Vertical(classes="dialog") as frame:
            frame.border_title = document.title.replace("[", r"\[")
            frame.border_subtitle = "esc closes · y copies the JSON"
            with TabbedContent(id="inspect-tabs"):
                with TabPane("Fields"):
                    tree: Tree[None] = Tree(Text(document.title, palette.accent), id="inspect-tree")
                    tree.root.expand()
                    self._left = MOST_NODES
                    self._grow(tree.root, document.data)
                    yield tree
                with TabPane(f"Headers {len(document.headers)}"), VerticalScroll():
                    text = Text()
                    for name, value in document.headers:
                        text.append(f"{name}  ", palette.accent)
                        text.append(f"{value}\n")
                    if not document.headers:
                        text.append("It is no single record of the log, so it has no headers.", palette.dim)
                    yield Static(text)
                with TabPane("Raw"), VerticalScroll():
                    yield Static(self._raw())

    def on_mount(self) -> None:
        """Move in the tree at once."""
        self.query_one("#inspect-tree").focus()

    def _grow(self, node: TreeNode[None], value: Any) -> None:
        palette = self._fmt.palette
        pairs = (
            value.items()
            if isinstance(value, dict)
            else enumerate(value)
            if isinstance(value, list | tuple)
            else ()
        )
        for name, inner in pairs:
            self._left -= 1
            if self._left < 0:
                node.add_leaf(Text("more than can be shown", palette.warn))
                return
            label = Text(f"{name}", palette.dim)
            if isinstance(inner, dict | list | tuple) and inner:
                self._grow(
                    node.add(label.append(f"  {len(inner)}", palette.faint), expand=self._left > 100), inner
                )
            else:
                shown = "null" if inner is None else str(inner)
                style = (
                    palette.dim
                    if inner is None
                    else palette.buy
                    if isinstance(inner, int | float)
                    else palette.text
                )
                node.add_leaf(label.append("  ").append(shown[:2_000], style))
        if not pairs and value is not None:
            node.add_leaf(Text(str(value)[:4_000]))

    def _raw(self) -> Text:
        raw = self._document.raw
        if not raw:
            return Text("It is a fold of several records: there are no bytes of its own.", self._fmt.palette.dim)
        text = Text(raw[:RAW_SHOWN].decode(errors="replace"))
        if len(raw) > RAW_SHOWN:
            text.append(f"\n{len(raw) - RAW_SHOWN} bytes more", self._fmt.palette.warn)
        return text

    def action_copy(self) -> None:
        """Copy the document as JSON."""
        self.app.copy_to_clipboard(json.dumps(self._document.data, default=str, indent=2))
        self.notify("Copied as JSON.")
