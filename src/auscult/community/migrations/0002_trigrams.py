"""Trigrams of titles, for suggestions where a search finds nothing."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("community", "0001_initial")]
    operations = [
        TrigramExtension(),
        migrations.RunSQL(
            "CREATE INDEX posting_title_trigrams ON community_posting USING gin (title gin_trgm_ops)",
            "DROP INDEX posting_title_trigrams",
        ),
    ]
