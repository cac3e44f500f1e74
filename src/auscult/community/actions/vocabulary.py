"""The words that postings use, gathered each night; a search that finds nothing offers the nearest of them."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from auscult.shared import audit
from auscult.shared.standing import Standing

# What a case says stays there. A word that stands in one posting alone may be a slip itself. More postings than these
# hardly bring more words.
_GATHER = """
    INSERT INTO community_vocabularyword (word, postings)
    SELECT word, ndoc FROM ts_stat($$
        SELECT to_tsvector('simple', title || ' ' || body) FROM community_posting
        WHERE state = 'published' AND case_state = '' ORDER BY id DESC LIMIT 50000 $$)
    WHERE ndoc >= 2 AND word ~ '^[[:alpha:]]{4,40}$'
"""


def gather_vocabulary(*, standing: Standing, now: datetime) -> int:
    """Gather the words of the newest postings anew; returns how many there are."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM community_vocabularyword")
        cursor.execute(_GATHER)
        count: int = cursor.rowcount
        audit.record("community.vocabulary.gather", standing=standing, thing="", now=now, count=count)
    return count
