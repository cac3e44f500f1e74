"""Fills the community of a large demonstration: postings, comments and ratings by COPY, under the same constraints as all.

What actions would have counted (comments, voices, ratings, ranks) is counted here from the same rows, and the words are
sentences of the written postings, put together anew, so that search meets common and rare words as it would in life.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from auscult.community.models.postings import COMMENTS_A_SLICE, POSTINGS_A_SLICE
from auscult.community.rules import writing
from auscult.community.rules.cases import CaseState
from auscult.community.rules.connections import ConnectionKind, Tie, label
from auscult.community.rules.ranking import HOURS_A_DOUBLING, hours_of
from auscult.community.words import render
from auscult.demo.members import copy_rows

_Integers = NDArray[np.int64]
#: Threads of exactly these lengths, first of all: what pages and benchmarks are looked at with.
LENGTHS = (20, 500, 2_000)
_SPAN = timedelta(days=730)
# One member in so many has stated a connection, and it stands on all of that member's words.
_CONNECTED = 50
_TIE = Tie(ConnectionKind.PAID, "a maker of devices (invented)", "infusion pumps", date(2007, 1, 1), None)
# Built once after the rows are there, which costs a third of keeping them up to date row by row.
_LATER = {
    "posting_search": "CREATE INDEX posting_search ON community_postingwords "
    f"USING gin ((posting_id / {POSTINGS_A_SLICE}), search) WITH (fastupdate = off)",
    "comment_search": "CREATE INDEX comment_search ON community_comment "
    f"USING gin ((id / {COMMENTS_A_SLICE}), search) WITH (fastupdate = off)",
}


def fill_community(
    postings: int,
    comments: int,
    *,
    until: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[int]:
    """Write so many postings with so many comments in all, over the two years that end at ``until``.

    Args:
        postings: at least as many as ``LENGTHS``.
        comments: at least the sum of ``LENGTHS``; the rest falls unevenly, as it does.
        until: nothing is younger.
        progress: told rows written and rows in all.

    Returns:
        Ids of the newest postings, one for each of ``LENGTHS``.
    """
    rng = np.random.default_rng(1816)
    lengths = _lengths(postings, comments, rng)
    whole = postings + comments
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem TO '256MB'")
        cursor.execute(
            "SELECT id, specialty_group FROM members_member WHERE level = 2 AND handle IS NOT NULL ORDER BY id"
        )
        members = cursor.fetchall()
        cursor.execute("SELECT id FROM shared_topic ORDER BY id")
        topics = [row[0] for row in cursor.fetchall()]
        first = _first_id(cursor, "community_posting")
        threads = _Threads(lengths, len(members), until, rng)
        for name in _LATER:
            cursor.execute(f"DROP INDEX {name}")
        copy_rows(
            cursor,
            "community_posting",
            "id, author_id, topic_id, title, body, html, survey_id, case_state, solved_by, kept_findings, state, "
            "specialty_group, connections, posted_at, comments, commented_at, voices, useful, ratings, rating_total, "
            "rank_hours, picture_count, slow_seconds",
            _postings(threads, members, topics, first, rng),
        )
        progress(postings, whole)
        copy_rows(
            cursor,
            "community_comment",
            "posting_id, author_id, number, path, answers, body, html, state, connections, commented_at",
            _comments(threads, members, first, rng, lambda done: progress(postings + done, whole)),
        )
        copy_rows(
            cursor,
            "community_usefulnessrating",
            "posting_id, member_id, value",
            (
                (first + int(of), members[who][0], int(value))
                for of, who, value in zip(threads.rated, threads.raters, threads.values, strict=True)
            ),
        )
        copy_rows(
            cursor,
            "community_connection",
            "member_id, kind, party, product_class, began_on, stated_at",
            (
                (members[index][0], _TIE.kind, _TIE.party, _TIE.product_class, _TIE.began_on, until - _SPAN)
                for index in range(7, len(members), _CONNECTED)
            ),
        )
        # Foreign keys are looked at before indexes can be built.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in _LATER.values():
            cursor.execute(statement)
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('community_posting', 'id'), (SELECT max(id) FROM community_posting))"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "VACUUM ANALYZE community_posting, community_postingwords, community_comment, community_usefulnessrating"
        )
    progress(whole, whole)
    return [first + postings - len(LENGTHS) + index for index in range(len(LENGTHS))]


def _first_id(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")  # noqa: S608 - our own table names
    return int(cursor.fetchone()[0])


def _lengths(postings: int, comments: int, rng: np.random.Generator) -> _Integers:
    """Comments of each posting: a few long threads, many short ones; the newest have ``LENGTHS``."""
    rest = comments - sum(LENGTHS)
    if postings <= len(LENGTHS) or rest < 0:
        raise ValueError(f"At least {len(LENGTHS) + 1} postings and {sum(LENGTHS):,} comments are needed.")
    weights = rng.lognormal(0.0, 1.1, postings - len(LENGTHS))
    spread = rng.multinomial(rest, weights / weights.sum())
    return np.concatenate([spread, np.array(LENGTHS)]).astype(np.int64)


class _Threads:
    """Who wrote what when, as arrays; postings and comments both in order of time.

    Attributes:
        at: seconds before ``until`` of each posting.
        author, of, comment_author, comment_at: of each posting; posting, author and time of each comment.
        rated, raters, values: ratings.
    """

    def __init__(self, lengths: _Integers, members: int, until: datetime, rng: np.random.Generator) -> None:
        count, total = len(lengths), int(lengths.sum())
        span = _SPAN.total_seconds()
        self.until, self.lengths = until, lengths
        self.at = np.sort(rng.uniform(-span, -3 * 86_400, count))
        # The long threads have had a few days to grow.
        self.at[-len(LENGTHS) :] = -2 * 86_400 + np.arange(len(LENGTHS)) * 3_600
        self.author = rng.integers(0, members, count)
        of = np.repeat(np.arange(count), lengths)
        late = np.minimum(self.at[of] + rng.exponential(1.2 * 86_400, total) + 60, -60.0)
        order = np.lexsort((of, late))
        self.of, self.comment_at = of[order], late[order]
        # A few write much, most write little.
        self.comment_author = (members * rng.random(total) ** 2.2).astype(np.int64)
        pairs = np.unique(np.column_stack([self.of, self.comment_author]), axis=0)
        others = pairs[pairs[:, 1] != self.author[pairs[:, 0]]]
        self.voices = np.bincount(others[:, 0], minlength=count)
        self.last = np.full(count, np.nan)
        self.last[self.of] = self.comment_at
        rated = np.repeat(np.arange(count), rng.poisson(2.0, count))
        raters = rng.integers(0, members, len(rated))
        pairs = np.unique(np.column_stack([rated, raters]), axis=0)
        pairs = pairs[pairs[:, 1] != self.author[pairs[:, 0]]]
        self.rated, self.raters = pairs[:, 0], pairs[:, 1]
        self.values = rng.choice([0, 1, 2, 3], len(pairs), p=[0.06, 0.2, 0.42, 0.32])
        self.ratings = np.bincount(self.rated, minlength=count)
        self.rating_total = np.bincount(self.rated, weights=self.values, minlength=count).astype(np.int64)
        self.useful = np.bincount(self.rated[self.values >= 2], minlength=count)

    def time(self, seconds: float) -> datetime:
        """The instant of a number of seconds before the end."""
        return self.until + timedelta(seconds=round(float(seconds)))


class _Words:
    """Puts sentences together: (body, html) as ``render`` would give them."""

    def __init__(self, rng: np.random.Generator) -> None:
        texts, self.titles = [], []
        for file in sorted(files("auscult.demo").joinpath("postings").iterdir(), key=lambda file: file.name):
            if file.name.endswith(".jsonl"):
                for line in file.read_text(encoding="utf-8").splitlines():
                    entry = json.loads(line)
                    self.titles.append(entry["title"])
                    texts += [entry["body"], *(comment["body"] for comment in entry["comments"])]
        sentences = {each.strip() for text in texts for each in re.split(r"(?<=[.!?])\s+", text)}
        # Only sentences without marks of any kind may stand anywhere in a paragraph.
        plain = sorted(
            each for each in sentences if 20 < len(each) < 300 and re.fullmatch(r"[A-Z][\w ,.;'’?!%$()-]+", each)
        )
        self.pool = [(each, str(render(each).html).strip().removeprefix("<p>").removesuffix("</p>")) for each in plain]
        self.rng = rng

    def picks(self, count: int) -> _Integers:
        """So many sentences; some are said far more often than others."""
        return (len(self.pool) * self.rng.random(count) ** 1.6).astype(np.int64)

    def text(self, picks: _Integers) -> tuple[str, str]:
        """A paragraph of these sentences."""
        chosen = [self.pool[each] for each in picks]
        return " ".join(each[0] for each in chosen), "<p>" + " ".join(each[1] for each in chosen) + "</p>\n"


def _postings(
    threads: _Threads, members: list[tuple[int, str]], topics: list[int], first: int, rng: np.random.Generator
) -> Iterator[tuple[Any, ...]]:
    words = _Words(rng)
    count = len(threads.lengths)
    of_topic = (len(topics) * rng.random(count) ** 1.3).astype(np.int64)
    cases = rng.random(count)
    for index in range(count):
        member, group = members[threads.author[index]]
        paragraphs = [words.text(words.picks(4)) for _ in range(1 + index % 3)]
        title = words.titles[int(rng.integers(len(words.titles)))]
        at = threads.time(threads.at[index])
        voices, useful = int(threads.voices[index]), int(threads.useful[index])
        last = threads.last[index]
        case = "" if cases[index] > 0.06 else list(CaseState)[index % 3]
        if case == CaseState.SOLVED and not threads.lengths[index]:
            case = CaseState.UNSOLVED
        solved_by = 1 + index % int(threads.lengths[index]) if case == CaseState.SOLVED else None
        yield (
            first + index, member, topics[of_topic[index]], f"{title[: writing.LONGEST_TITLE - 10]} · {index + 1}",
            "\n\n".join(each[0] for each in paragraphs), "".join(each[1] for each in paragraphs), None, case, solved_by,
            "{}", "published", group, _labels(int(threads.author[index])), at, int(threads.lengths[index]),
            None if np.isnan(last) else threads.time(last), voices, useful, int(threads.ratings[index]),
            int(threads.rating_total[index]), hours_of(at) + HOURS_A_DOUBLING * float(np.log2(1 + voices + useful)), 0, 0,
        )  # fmt: skip


def _labels(author: int) -> str:
    return json.dumps([label(_TIE)] if author % _CONNECTED == 7 else [])


def _comments(
    threads: _Threads,
    members: list[tuple[int, str]],
    first: int,
    rng: np.random.Generator,
    progress: Callable[[int], None],
) -> Iterator[tuple[Any, ...]]:
    words = _Words(rng)
    paths: list[list[list[int]]] = [[] for _ in threads.lengths]
    at_once = 20_000
    for begin in range(0, len(threads.of), at_once):
        progress(begin)
        end = min(begin + at_once, len(threads.of))
        answers, sentences = rng.random(end - begin), rng.integers(1, 5, end - begin)
        picks = words.picks(int(sentences.sum()))
        used = 0
        for index in range(begin, end):
            of, author = int(threads.of[index]), int(threads.comment_author[index])
            path = paths[of]
            number = len(path) + 1
            # Every second comment answers one of the last few.
            chance = float(answers[index - begin])
            parent = max(len(path) - 1 - int(chance * 16), 0) if path and chance < 0.5 else None
            path.append(writing.path_of(number, path[parent] if parent is not None else None))
            size = int(sentences[index - begin])
            body, html = words.text(picks[used : used + size])
            used += size
            yield (
                first + of, members[author][0], number, path[-1], parent + 1 if parent is not None else None, body, html,
                "published", _labels(author), threads.time(threads.comment_at[index]),
            )  # fmt: skip
