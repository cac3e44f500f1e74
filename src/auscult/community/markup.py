"""Markdown to safe HTML, once, when something is written."""

from __future__ import annotations

import re
from collections.abc import Collection

import nh3
from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True}).enable(
    ["table", "strikethrough", "linkify"]
)
# Only what begins with its scheme is an address: «see fig.2 at clinic.org» is not, and an e-mail address stays plain.
_MARKDOWN.linkify = LinkifyIt({}, {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
for _scheme in ("//", "ftp:", "mailto:"):
    _MARKDOWN.linkify.add(_scheme, None)
_TAGS = {"p", "br", "em", "strong", "s", "a", "ul", "ol", "li", "blockquote", "code", "pre", "h3", "h4", "hr"} | {
    "table", "thead", "tbody", "tr", "th", "td", "cite",
}  # fmt: skip
_MENTION = re.compile(r"(?<![\w@/.-])@([A-Za-z0-9][A-Za-z0-9_-]{2,23})\b")
_NUMBER = re.compile(r"(?<![\w#&/])#(\d{1,6})\b")
_QUOTED = re.compile(r"#(\d{1,6}):?\s*")
_LINK = re.compile(r"""<a href="(https?://[^"]+)\"""")
_CITE = re.compile(r'<cite data-comment="(\d{1,6})"></cite>')


def mentions_in(markdown: str) -> set[str]:
    """Handles that a text mentions, in lower case; whether they exist is not known here."""
    return {found.lower() for found in _MENTION.findall(markdown)} if "@" in markdown else set()


def quoted_in(html: str) -> list[int]:
    """Numbers of the comments that a rendered text quotes."""
    return [int(number) for number in _CITE.findall(html)] if "<cite" in html else []


def links_in(html: str) -> list[str]:
    """Addresses outside this place that a rendered text links to, first ones first."""
    return list(dict.fromkeys(link.replace("&amp;", "&") for link in _LINK.findall(html)))


def fill_citations(html: str, who: dict[int, str]) -> str:
    """Put in who is quoted, as they are shown now: a label stated since, or a member who has gone, shows in quotes too.

    Args:
        html: as ``to_html`` rendered it.
        who: number of a comment → safe HTML of its author.
    """
    if "<cite" not in html:
        return html
    return _CITE.sub(
        lambda found: (
            f'<cite><a href="#comment-{found[1]}">#{found[1]}</a> {who.get(int(found[1]), "a comment not here")}</cite>'
        ),
        html,
    )


def to_html(markdown: str, known: Collection[str] = ()) -> str:
    """Render Markdown; HTML inside it is shown as text, links do not leak where the reader came from.

    ``@handle`` of a member becomes a link, ``#12`` one to the comment of that number, and ``> #12`` at the start of a
    quotation names whom it quotes. Pictures of other places become links: loading them would tell those places who reads.

    Args:
        markdown: what was written.
        known: handles, in lower case, that are those of members.
    """
    tokens = _MARKDOWN.parse(markdown)
    quote = 0
    for index, token in enumerate(tokens):
        quote += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type in {"heading_open", "heading_close"}:
            # Headings of the page stand above those of a posting.
            token.tag = "h3" if token.tag == "h1" else "h4"
        elif token.type == "table_open":
            # A wide one is scrolled, by keyboard too.
            token.attrSet("tabindex", "0")
        elif token.type == "inline" and token.children:
            starts = quote > 0 and index >= 2 and tokens[index - 2].type == "blockquote_open"
            token.children = _linked(token.children, known, cites=starts)
    return nh3.clean(
        _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
        tags=_TAGS,
        attributes={"a": {"href"}, "cite": {"data-comment"}, "table": {"tabindex"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )


def _linked(children: list[Token], known: Collection[str], *, cites: bool) -> list[Token]:
    found: list[Token] = []
    inside = 0
    for position, child in enumerate(children):
        inside += {"link_open": 1, "link_close": -1}.get(child.type, 0)
        if child.type == "image":
            found += _link(str(child.attrs.get("src", "")), child.content or "picture")
        elif child.type != "text" or inside:
            found.append(child)
        elif cites and position == 0 and (match := _QUOTED.match(child.content)):
            found.append(_raw(f'<cite data-comment="{match[1]}"></cite>'))
            found.append(_text(child.content[match.end() :]))
        else:
            found += _linked_text(child.content, known)
    return found


def _linked_text(text: str, known: Collection[str]) -> list[Token]:
    if "@" not in text and "#" not in text:
        return [_text(text)]
    found: list[Token] = []
    done = 0
    matches = sorted([*_MENTION.finditer(text), *_NUMBER.finditer(text)], key=lambda match: match.start())
    for match in matches:
        is_mention = match[0].startswith("@")
        if is_mention and match[1].lower() not in known:
            continue
        target = f"/colleagues/{match[1].lower()}/" if is_mention else f"#comment-{match[1]}"
        found += [_text(text[done : match.start()]), *_link(target, match[0])]
        done = match.end()
    return [*found, _text(text[done:])]


def _link(target: str, words: str) -> list[Token]:
    return [Token("link_open", "a", 1, attrs={"href": target}), _text(words), Token("link_close", "a", -1)]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _raw(content: str) -> Token:
    return Token("html_inline", "", 0, content=content)
