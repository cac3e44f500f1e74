"""What Django does not generate: extensions, where search columns are stored, and the trigger that fills them."""

from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.db import migrations

_WORDS = "setweight(to_tsvector('english', {0}title), 'A') || setweight(to_tsvector('english', {0}body), 'B')"
_KEEP = f"""
    CREATE FUNCTION keep_words_of_posting() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO community_postingwords (posting_id, search) VALUES (NEW.id, {_WORDS.format("NEW.")})
        ON CONFLICT (posting_id) DO UPDATE SET search = EXCLUDED.search;
        RETURN NULL;
    END $$;
    CREATE TRIGGER keep_words AFTER INSERT OR UPDATE OF title, body ON community_posting
        FOR EACH ROW EXECUTE FUNCTION keep_words_of_posting();
"""

BEFORE = [TrigramExtension(), BtreeGinExtension()]
AFTER = [
    # A search for a common word walks back in time through thousands of texts. PostgreSQL moves the largest column of
    # a long row out of line, and that was this one: fetching it again took a quarter of a search.
    *(
        migrations.RunSQL(f"ALTER TABLE {table} ALTER COLUMN search SET STORAGE MAIN", migrations.RunSQL.noop)
        for table in ("community_comment", "community_postingwords")
    ),
    migrations.RunSQL(_KEEP, "DROP TRIGGER keep_words ON community_posting; DROP FUNCTION keep_words_of_posting();"),
    # Searches read the number of rows per slice from the statistics, which autovacuum would fill only later.
    migrations.RunSQL("ANALYZE community_comment, community_postingwords", migrations.RunSQL.noop),
]
