"""From what was typed to what is stored: rendered text, who is mentioned, whom it quotes."""

from __future__ import annotations

from dataclasses import dataclass

from auscult.community import markup
from auscult.members.queries.standing import find_members_by_handle


@dataclass(frozen=True)
class Words:
    """Rendered words.

    Attributes:
        html: safe HTML.
        mentioned: numbers of the members mentioned.
        quoted: numbers of the comments quoted.
    """

    html: str
    mentioned: list[int]
    quoted: list[int]


def render(body: str) -> Words:
    """Render Markdown, and find who is mentioned in it; one query where it mentions anybody."""
    handles = markup.mentions_in(body)
    members = find_members_by_handle(handles) if handles else {}
    html = markup.to_html(body, members)
    return Words(html, list(members.values()), markup.quoted_in(html))
