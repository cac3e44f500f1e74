"""From what was typed to what is stored: rendered text, who is mentioned, whom it quotes."""

from __future__ import annotations

from collections.abc import Sequence
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
    return render_each([body])[0]


def render_each(bodies: Sequence[str]) -> list[Words]:
    """Render several texts, with one query for all who are mentioned in any."""
    mentioned = [markup.mentions_in(body) for body in bodies]
    handles = set().union(*mentioned)
    known = find_members_by_handle(handles) if handles else {}
    found = []
    for body, own in zip(bodies, mentioned, strict=True):
        members = {handle: member for handle, member in known.items() if handle in own}
        html = markup.to_html(body, members)
        found.append(Words(html, list(members.values()), markup.quoted_in(html)))
    return found
