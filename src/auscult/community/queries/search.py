"""Search in postings and comments.

A common word matches hundreds of thousands of texts, and ranking them all costs a tenth of a second and more. So the newest
hundreds of matches are found first, and only they are ranked. They are found by slices of the indexes of words, newest first.
Where few texts are asked for, the cheap way depends on how common the words are among them: PostgreSQL knows from its
statistics, plans anew for each such search, and chooses. All ways end at ``LOOKED_AT`` matches of a kind.
"""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from markupsafe import Markup, escape

from auscult.community import access
from auscult.community.models.postings import COMMENTS_A_SLICE, POSTINGS_A_SLICE
from auscult.community.queries.people import AUTHOR_COLUMNS, AUTHOR_JOINS, Author, author_of
from auscult.config.database import planned_anew
from auscult.registry.taxonomy import group_names
from auscult.shared.refusals import NotFound
from auscult.shared.standing import Standing
from auscult.shared.topics import TopicLine, list_topics

LOOKED_AT, PER_PAGE, LONGEST_QUERY = 120, 20, 200
#: Slices that are looked into one by one: 30,000 postings, a quarter of a million comments.
SLICES = 32
KINDS = {
    "": "Postings and comments",
    "postings": "Postings",
    "comments": "Comments",
    "cases": "Cases",
    "polls": "Polls",
}
_OPEN, _CLOSE = "\x02", "\x03"


@dataclass(frozen=True)
class Hit:
    """One text that matches.

    Attributes:
        number: of the comment; None for a posting.
        snippet: words around the match, which is marked.
    """

    posting_id: int
    number: int | None
    title: Markup
    snippet: Markup
    author: Author
    topic: str
    at: datetime


@dataclass(frozen=True)
class Search:
    """What is looked for."""

    words: str = ""
    kind: str = ""
    topic: str = ""
    specialty: str = ""
    author: str = ""
    since: date | None = None
    until: date | None = None
    order: str = "best"

    @property
    def is_narrowed(self) -> bool:
        """Whether more than words decides what matches."""
        by = (self.topic, self.specialty, self.author, self.since, self.until, self.kind in {"cases", "polls"})
        return any(by)


@dataclass(frozen=True)
class SearchPage:
    """What was found.

    Attributes:
        many: whether more than those looked at match.
        instead: the words with others in the place of those that no posting uses, where nothing matches; or empty.
        too_common: whether only words were typed that stand everywhere and are not looked for.
    """

    search: Search
    hits: list[Hit]
    many: bool
    next_page: int
    topics: list[TopicLine]
    instead: str = ""
    too_common: bool = False


# Written out in each place: where a search is narrowed and planned anew, the planner knows how common the words are.
_QUERY = "websearch_to_tsquery('english', %(words)s)"
_HIDDEN = (
    """NOT EXISTS (SELECT FROM community_mute AS x WHERE x.member_id = %(member)s AND x.muted_id = {words}.author_id)"""
)
_HEADLINE = f"'StartSel={_OPEN},StopSel={_CLOSE},MaxFragments=2,MaxWords=22,MinWords=8,FragmentDelimiter= … '"


# A word that stands in a hundredth of the texts is dear both ways, by the index of words and by walking back. So the indexes
# of words are divided into slices of neighbouring ids: the newest slices are looked into one after another until enough is
# found (a lateral join under a limit goes on only while it must), and all older texts at once where they hold too few: then
# the words are rare, and "+ 0" keeps PostgreSQL from walking back for them. So one plan is good for all words, and is kept.
# Where a topic or specialty narrows, words need not be rare to be found too seldom: then it goes on slice by slice.
def _in_slices(matches: str, key: str, table: str, size: int, *, to_the_end: bool) -> str:
    newest = f"(SELECT max({key}) / {size} FROM {table})"  # noqa: S608 - constants of ours
    last = "0" if to_the_end else f"GREATEST({newest} - {SLICES - 1}, 0)"
    newer = f"""
        SELECT m.* FROM generate_series({newest}, {last}, -1) AS s (slice),
        LATERAL ({matches} AND w.{key} / {size} = s.slice ORDER BY w.{key} DESC LIMIT %(looked)s) AS m
        LIMIT %(looked)s
    """  # noqa: S608 - constants of ours
    if to_the_end:
        return newer
    return f"""
        ({newer}) UNION ALL
        ({matches} AND w.{key} + 0 < ({newest} - {SLICES - 1}) * {size} ORDER BY w.{key} + 0 DESC LIMIT %(looked)s)
        LIMIT %(looked)s
    """


def _is_broad(cursor: Any, search: Search, values: dict[str, Any]) -> bool:
    """Whether slices of all texts soon hold enough: nothing narrows, or a topic or specialty of at least a fiftieth."""
    if search.author or search.since or search.until or search.kind in {"cases", "polls"}:
        return False
    only = ["topic_id = %(topic)s"] if search.topic else []
    only += ["specialty_group = %(specialty)s"] if search.specialty else []
    if not only:
        return True
    newest = "SELECT topic_id, specialty_group FROM community_posting ORDER BY id DESC LIMIT 500"
    cursor.execute(f"SELECT count(*) >= 10 FROM ({newest}) AS p WHERE {' AND '.join(only)}", values)  # noqa: S608 - ours
    return bool(cursor.fetchone()[0])


def _postings(search: Search, *, broad: bool) -> str:
    only = [f"w.search @@ {_QUERY}", "p.state = 'published'", _HIDDEN.format(words="p")]
    narrow = ["p.case_state <> ''"] if search.kind == "cases" else []
    narrow += ["p.survey_id IS NOT NULL"] if search.kind == "polls" else []
    narrow += ["p.topic_id = %(topic)s"] if search.topic else []
    narrow += ["p.specialty_group = %(specialty)s"] if search.specialty else []
    narrow += ["p.author_id = %(author)s"] if search.author else []
    narrow += ["p.posted_at >= %(since)s"] if search.since else []
    narrow += ["p.posted_at < %(until)s::date + 1"] if search.until else []
    matches = f"""
        SELECT p.id, p.posted_at, w.search FROM community_postingwords AS w JOIN community_posting AS p ON p.id = w.posting_id
        WHERE {" AND ".join(only + narrow)}
    """  # noqa: S608 - constants of ours
    newest = f"{matches} ORDER BY p.posted_at DESC, p.id DESC LIMIT %(looked)s"
    if broad:
        end = search.is_narrowed
        newest = _in_slices(matches, "posting_id", "community_postingwords", POSTINGS_A_SLICE, to_the_end=end)
    # Found first and ranked then: in one step PostgreSQL ranks all that match before it keeps the newest.
    return f"""
        (SELECT n.id AS posting_id, NULL::int AS number, n.id AS row_id, ts_rank_cd(n.search, {_QUERY}) * 2 AS rank,
                n.posted_at AS at
         FROM ({newest}) AS n)
    """  # noqa: S608 - constants of ours


def _comments(search: Search, *, broad: bool) -> str:
    only = [f"w.search @@ {_QUERY}", "w.state = 'published'", _HIDDEN.format(words="w")]
    narrow = ["w.author_id = %(author)s"] if search.author else []
    narrow += ["w.commented_at >= %(since)s"] if search.since else []
    narrow += ["w.commented_at < %(until)s::date + 1"] if search.until else []
    of_posting = ["p.topic_id = %(topic)s"] if search.topic else []
    of_posting += ["p.specialty_group = %(specialty)s"] if search.specialty else []
    # Only what narrows down needs the postings before the newest are kept; few are taken down, and they are left out then.
    join = "JOIN community_posting AS p ON p.id = w.posting_id" if of_posting else ""
    matches = f"""
        SELECT w.id, w.posting_id, w.number, w.commented_at, w.search FROM community_comment AS w {join}
        WHERE {" AND ".join(only + narrow + of_posting)}
    """  # noqa: S608 - constants of ours
    newest = f"{matches} ORDER BY w.commented_at DESC, w.id DESC LIMIT %(looked)s"
    if broad:
        newest = _in_slices(matches, "id", "community_comment", COMMENTS_A_SLICE, to_the_end=search.is_narrowed)
    return f"""
        (SELECT n.posting_id, n.number, n.id AS row_id, ts_rank_cd(n.search, {_QUERY}) AS rank, n.commented_at AS at
         FROM ({newest}) AS n JOIN community_posting AS o ON o.id = n.posting_id AND o.state = 'published')
    """  # noqa: S608 - constants of ours


def _sql(search: Search, *, broad: bool) -> str:
    streams = []
    if search.kind != "comments":
        streams.append(_postings(search, broad=broad))
    if search.kind in {"", "comments"}:
        streams.append(_comments(search, broad=broad))
    order = "h.at DESC" if search.order == "newest" else "h.rank DESC, h.at DESC"
    return " ".join(
        f"""
    WITH h AS ({" UNION ALL ".join(streams)})
    SELECT h.row_id, h.number IS NOT NULL, count(*) OVER () FROM h ORDER BY {order}, h.row_id DESC
    LIMIT %(most)s OFFSET %(skip)s
    """.split()  # noqa: S608 - constants of ours
    )


# What is shown of those that were found.
_SHOWN = " ".join(
    f"""
    SELECT p.id, c.number, ts_headline('english', p.title, {_QUERY}, {_HEADLINE}),
           ts_headline('english', left(COALESCE(c.body, p.body), 8000), {_QUERY}, {_HEADLINE}),
           {AUTHOR_COLUMNS}, COALESCE(c.connections, p.connections), t.name, COALESCE(c.commented_at, p.posted_at)
    FROM unnest(%(rows)s::bigint[], %(comments)s::boolean[]) WITH ORDINALITY AS s (row_id, is_comment, place)
    LEFT JOIN community_comment AS c ON s.is_comment AND c.id = s.row_id
    JOIN community_posting AS p ON p.id = CASE WHEN s.is_comment THEN c.posting_id ELSE s.row_id END
    JOIN shared_topic AS t ON t.id = p.topic_id
    {
        AUTHOR_JOINS.format(words="w")
        .replace("w.author_id", "COALESCE(c.author_id, p.author_id)")
        .replace("w.representative_id", "CASE WHEN c.id IS NULL THEN p.representative_id ELSE c.representative_id END")
    }
    ORDER BY s.place
    """.split()  # noqa: S608 - constants of ours
)

# A slip of two letters in a word of eight shares about so much of its threes of letters.
_LIKE_ENOUGH = 0.4
# The nearest word that postings use, for each typed one of which they use no form.
_INSTEAD = f"""
    SELECT numnode({_QUERY}) = 0, (
        SELECT jsonb_object_agg(t.word, n.word) FROM unnest(%(typed)s::text[]) AS t (word)
        JOIN LATERAL (
            SELECT v.word FROM community_vocabularyword AS v
            WHERE v.word %% t.word AND similarity(v.word, t.word) >= {_LIKE_ENOUGH}
            ORDER BY similarity(v.word, t.word) DESC, v.postings DESC, v.word LIMIT 1) AS n ON true
        WHERE NOT EXISTS (
            SELECT FROM community_vocabularyword AS v WHERE v.word %% t.word
            AND ts_lexize('english_stem', v.word) = ts_lexize('english_stem', t.word)))::text
"""  # noqa: S608 - constants of ours
_WORD = re.compile(r"[^\W\d_]{4,40}")


def find_words(standing: Standing, search: Search, page: int = 0) -> SearchPage:
    """Search, in three queries; four or five where it is narrowed or nothing is found.

    Args:
        search: what is looked for.
        page: which twenty of the few hundred that were looked at.

    Raises:
        NotAllowed: not registered.
        NotFound: no such topic, specialty or kind.
    """
    access.require_reading(standing)
    topics = list_topics()
    chosen = next((each for each in topics if each.slug == search.topic), None)
    if (search.topic and chosen is None) or search.kind not in KINDS:
        raise NotFound("There is no such list to search.")
    if search.specialty and search.specialty not in group_names():
        raise NotFound("There is no such specialty.")
    if not re.search(r"\w", search.words):
        return SearchPage(search, [], False, 0, topics)
    page = min(max(page, 0), 2 * LOOKED_AT // PER_PAGE)
    values: dict[str, Any] = {
        "member": standing.member_id or 0,
        "words": search.words[:LONGEST_QUERY],
        "looked": LOOKED_AT,
        "most": PER_PAGE,
        "skip": page * PER_PAGE,
    }
    values |= {"topic": chosen.id} if chosen else {}
    values |= {key: getattr(search, key) for key in ("specialty", "since", "until") if getattr(search, key)}
    with connection.cursor() as cursor:
        if search.author:
            cursor.execute(
                "SELECT id FROM members_member WHERE lower(handle) = %s", [search.author.lower().lstrip("@")]
            )
            author = cursor.fetchone()
            values["author"] = author[0] if author else 0
        broad = _is_broad(cursor, search, values)
        with nullcontext() if broad else planned_anew(connection):
            cursor.execute(_sql(search, broad=broad), values)
            matches = cursor.fetchall()
        rows = []
        instead, too_common = "", False
        if matches:
            shown = {"rows": [match[0] for match in matches], "comments": [match[1] for match in matches]}
            cursor.execute(_SHOWN, {"words": values["words"], **shown})
            rows = cursor.fetchall()
        elif page == 0:
            cursor.execute(
                _INSTEAD, {"words": values["words"], "typed": sorted(set(_WORD.findall(values["words"].lower())))}
            )
            too_common, others = cursor.fetchone()
            instead = _replaced(values["words"], json.loads(others)) if others else ""
    hits = [
        Hit(posting, number, _marked(title), _marked(snippet), author_of(tuple(author_row), _labels(labels)), topic, at)
        for posting, number, title, snippet, *author_row, labels, topic, at in rows
    ]
    found = matches[0][2] if matches else 0
    return SearchPage(
        search,
        hits,
        found >= LOOKED_AT,
        page + 1 if found > (page + 1) * PER_PAGE else 0,
        topics,
        instead,
        too_common,
    )


def _replaced(words: str, others: dict[str, str]) -> str:
    return _WORD.sub(lambda found: others.get(found[0].lower(), found[0]), words)


def _marked(text: str) -> Markup:
    safe = str(escape(text)).replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")
    return Markup(safe)  # noqa: S704 - escaped before the marks were put in


def _labels(connections: Any) -> list[str]:
    return list(json.loads(connections) if isinstance(connections, str) else connections)
