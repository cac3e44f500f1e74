"""Markdown to safe HTML, once, when something is written."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_TAGS = {"p", "br", "em", "strong", "s", "a", "ul", "ol", "li", "blockquote", "code", "pre", "h3", "h4", "hr"} | {
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


def to_html(markdown: str) -> str:
    """Render Markdown; HTML inside it is shown as text, links do not leak where the reader came from."""
    # Headings of the page stand above those of a posting.
    html = _MARKDOWN.render(markdown).replace("<h1>", "<h3>").replace("</h1>", "</h3>")
    html = html.replace("<h2>", "<h4>").replace("</h2>", "</h4>")
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
