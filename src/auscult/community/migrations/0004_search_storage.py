from django.db import migrations


class Migration(migrations.Migration):
    # A search for a common word walks back in time and looks at the words of thousands of texts. PostgreSQL moves the largest
    # column of a long row elsewhere, and that was this one: each look then fetched and unpacked it, a quarter of a search.
    dependencies = [("community", "0003_notification_decision")]
    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ALTER COLUMN search SET STORAGE MAIN",
            f"ALTER TABLE {table} ALTER COLUMN search SET STORAGE EXTENDED",
        )
        for table in ("community_posting", "community_comment")
    ]
