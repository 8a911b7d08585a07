"""Markdown as a CommonMark renderer with GitHub's tables makes a page of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from hypothesis import strategies as st
from markdown_it import MarkdownIt

OURS = frozenset(
    {"h3", "h4", "p", "blockquote", "ul", "li", "strong", "code", "details", "summary"}
    | {"table", "thead", "tbody", "tr", "th", "td", "br"}
)
"""The tags that a report is made of; what others say adds none."""

# What a forge makes a link, a mention, a picture or an emoji of once Markdown has been read, and
# what is left of Markdown that was not meant as such.
_ALIVE = re.compile(
    r"@\w|#\d|\bGH-\d|(?i:https?:|www\.|ftp:|mailto:)|\w@\w|:\w+:|\b[0-9a-fA-F]{7,40}\b|[<>\[\]|`*~\\$]"
)

HOSTILE = (
    "@octocat",
    "@org/team",
    "#1",
    "GH-1",
    "user/repo#1",
    "a1b2c3d4e5f6",
    "https://evil.example/?q=1",
    "www.evil.example",
    "me@evil.example",
    ":tada:",
    "[a](https://evil.example)",
    "![a](https://evil.example/a.png)",
    "<img src=x onerror=alert(1)>",
    "<!-- telnyx-reconciler:plan -->",
    "-->",
    "</details>",
    "</td></tr></table>",
    "</code>",
    "`",
    "```",
    "` @octocat `",
    "|",
    "\\|",
    "\\\\|",
    "| a | b |",
    "\n\n# Approved\n\n",
    "\r\n::error::x",
    "&lt;b&gt; &#64;octocat",
    "**bold** _it_ ~~gone~~",
    "$`x`$",
    "> [!NOTE]",
    "---",
    "1. one",
    "\u202eright to left",
    "\\",
    " ",
)

hostile_text = (
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=6)), min_size=1, max_size=4)
    .map("".join)
    .filter(bool)
)
"""Text of somebody who wants to be read as more than text."""


@dataclass
class Page:
    """What a page holds: rows of cells, the texts in code, all that is not in code."""

    rows: list[list[str]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    comments: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)

    @property
    def alive(self) -> list[str]:
        """What a forge would make more of than text; nothing of it may come from others."""
        # An alert of ours is a quotation that begins so.
        texts = (text.replace("[!CAUTION]", "") for text in self.loose)
        return [found[0] for text in texts for found in _ALIVE.finditer(text)]


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self._page = page
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._page.tags.add(tag)
        if tag != "br":
            self._open.append(tag)
        if tag == "tr":
            self._page.rows.append([])
        elif tag in {"td", "th"}:
            self._page.rows[-1].append("")
        elif tag == "code":
            self._page.codes.append("")
        elif tag in {"h3", "h4"}:
            self._page.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" in self._open:
            self._page.codes[-1] += data
        else:
            self._page.loose.append(data)
        if {"td", "th"} & set(self._open):
            self._page.rows[-1][-1] += data
        if {"h3", "h4"} & set(self._open):
            self._page.headings[-1] += data

    def handle_comment(self, data: str) -> None:
        self._page.comments.append(data)


def rendered(markdown: str) -> Page:
    """The page, read back."""
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    page = Page()
    reader = _Reader(page)
    reader.feed(html.render(markdown))
    reader.close()
    return page
