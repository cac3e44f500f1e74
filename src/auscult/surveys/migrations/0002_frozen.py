"""What was frozen stays: the database itself refuses to change it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("surveys", "0001_initial"), ("shared", "0002_append_only_and_topics")]
    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION refuse_thawing() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.state <> 'draft' AND (
                    NEW.instrument, NEW.ballot_mode, NEW.title, NEW.closes_at, NEW.universe, NEW.freeze, NEW.freeze_hash,
                    NEW.opened_at,
                    NEW.compared_with_id
                ) IS DISTINCT FROM (
                    OLD.instrument, OLD.ballot_mode, OLD.title, OLD.closes_at, OLD.universe, OLD.freeze, OLD.freeze_hash,
                    OLD.opened_at,
                    OLD.compared_with_id
                ) THEN
                    RAISE EXCEPTION 'survey % is frozen', OLD.id USING ERRCODE = 'restrict_violation';
                END IF;
                IF (OLD.state = 'closed' AND NEW.state <> 'closed') OR (OLD.state = 'open' AND NEW.state = 'draft') THEN
                    RAISE EXCEPTION 'survey % cannot go back', OLD.id USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER frozen BEFORE UPDATE ON surveys_survey FOR EACH ROW EXECUTE FUNCTION refuse_thawing();
            CREATE TRIGGER append_only BEFORE UPDATE ON surveys_countedballot
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            """,
            """
            DROP TRIGGER append_only ON surveys_countedballot;
            DROP TRIGGER frozen ON surveys_survey; DROP FUNCTION refuse_thawing();
            """,
        ),
    ]
