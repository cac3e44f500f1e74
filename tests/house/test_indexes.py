"""Indexes of the community's tables: none is the beginning of another, which it would only make writing dearer beside."""

import pytest
from django.db import connection

_DOUBLED = """
    WITH i AS (
        SELECT x.indrelid, x.indexrelid, c.relname AS name, x.indisunique AS is_unique,
               string_to_array(x.indkey::text, ' ') AS columns, string_to_array(x.indclass::text, ' ') AS classes
        FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid JOIN pg_class AS t ON t.oid = x.indrelid
        WHERE t.relname LIKE %s AND x.indpred IS NULL AND x.indexprs IS NULL)
    SELECT a.name, b.name FROM i AS a JOIN i AS b ON b.indrelid = a.indrelid AND b.indexrelid <> a.indexrelid
    WHERE NOT a.is_unique AND b.columns[1:cardinality(a.columns)] = a.columns
        AND b.classes[1:cardinality(a.classes)] = a.classes
        AND (cardinality(b.columns) > cardinality(a.columns) OR b.is_unique OR b.indexrelid < a.indexrelid)
"""


def doubled(tables: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_DOUBLED, [tables])
        return sorted(cursor.fetchall())


@pytest.mark.django_db
def test_no_index_of_the_community_is_the_beginning_of_another():
    found = doubled("community\\_%")
    # Django makes this one itself, beside the constraint of the table between.
    assert [names for names in found if not names[0].startswith("community_connection_topics")] == []


@pytest.mark.django_db
def test_a_doubled_index_is_found():
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX of_no_use ON community_comment (posting_id)")
    assert ("of_no_use", "comments_in_threads") in doubled("community\\_%")
