"""Membership claims and their counts are append-only."""

from django.db import migrations

TABLES = ("organisations_membershipclaim", "organisations_membershipcount")


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_initial"), ("shared", "0002_append_only_and_topics")]
    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change();",
            f"DROP TRIGGER append_only ON {table};",
        )
        for table in TABLES
    ]
