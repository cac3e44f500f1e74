"""Record, checkpoints, releases and replies are append-only: the database itself refuses to change them."""

from django.db import migrations

TABLES = (
    "publishing_recordentry",
    "publishing_recorddocument",
    "publishing_checkpoint",
    "publishing_release",
    "publishing_reply",
)


class Migration(migrations.Migration):
    dependencies = [("publishing", "0001_initial"), ("shared", "0002_append_only_and_topics")]
    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change();",
            f"DROP TRIGGER append_only ON {table};",
        )
        for table in TABLES
    ]
