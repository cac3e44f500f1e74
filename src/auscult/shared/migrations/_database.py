"""What Django does not generate: the trigger function of append-only tables, the audit trail's trigger, the first topics."""

from django.db import migrations

TOPICS = [
    ("health-reform", "Health reform", "Coverage, costs, legislation"),
    ("organised-medicine", "Organised medicine", "Associations, societies, who speaks for whom"),
    ("payment-and-coding", "Payment and coding", "Fee schedules, codes, denials"),
    ("malpractice", "Malpractice", "Premiums, courts, defensive medicine"),
    ("practice-life", "Practice life", "Staff, call, offices, colleagues"),
    ("health-it", "Health IT", "Records, prescribing, portals"),
    ("clinical-questions", "Clinical questions", "How do you handle …"),
    ("training-and-career", "Training and career", "Residency, boards, the first years"),
]


def add_topics(apps, schema_editor):
    topic = apps.get_model("shared", "Topic")
    for position, (slug, name, description) in enumerate(TOPICS):
        topic.objects.get_or_create(
            slug=slug, defaults={"name": name, "description": description, "position": position}
        )


def append_only(table: str, when: str = "UPDATE OR DELETE") -> migrations.RunSQL:
    """Refuse changes to a table's rows, as a migration operation; its app depends on ``shared``."""
    return migrations.RunSQL(
        f"CREATE TRIGGER append_only BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();",
        f"DROP TRIGGER append_only ON {table};",
    )


def no_statistics(table: str, *columns: str) -> migrations.RunSQL:
    """Keep PostgreSQL from copying values of these columns into its statistics; without columns, of the whole table.

    ANALYZE samples values into ``pg_statistic``, and what it copied stays there after the rows are gone.
    """
    chosen = f"AND attname IN ({', '.join(repr(column) for column in columns)})" if columns else ""
    return migrations.RunSQL(
        f"""
        DO $$ DECLARE name text; BEGIN
            FOR name IN SELECT attname FROM pg_attribute
                WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped {chosen}
            LOOP EXECUTE format('ALTER TABLE {table} ALTER COLUMN %I SET STATISTICS 0', name); END LOOP;
        END $$;
        """,
        migrations.RunSQL.noop,
    )


AFTER = [
    no_statistics("shared_mailmessage", "to", "text"),
    no_statistics("shared_ratewindow", "key"),
    migrations.RunPython(add_topics, migrations.RunPython.noop),
    migrations.RunSQL(
        """
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
            END $$;
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON shared_auditevent
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            """,
        "DROP TRIGGER append_only ON shared_auditevent; DROP FUNCTION refuse_change();",
    ),
]
