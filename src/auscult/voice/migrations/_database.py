"""What Django does not generate: published versions, snapshots, and positions cannot be changed."""

from django.db import migrations

from auscult.shared.migrations._database import append_only, no_statistics

AFTER = [
    no_statistics("voice_mandatestatement"),
    no_statistics("voice_signature"),
    append_only("voice_mandatesnapshot"),
    # Erasing a member deletes statements, so only changes are refused.
    append_only("voice_mandatestatement", "UPDATE"),
    append_only("voice_positioncomparison", "UPDATE"),
    migrations.RunSQL(
        """
            CREATE FUNCTION refuse_new_version_text() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' OR (OLD.state <> 'written' AND (
                    NEW.appeal_id, NEW.number, NEW.preamble, NEW.clauses, NEW.sha256, NEW.why, NEW.written_at, NEW.state
                ) IS DISTINCT FROM (
                    OLD.appeal_id, OLD.number, OLD.preamble, OLD.clauses, OLD.sha256, OLD.why, OLD.written_at, OLD.state
                )) THEN
                    RAISE EXCEPTION 'version % is append-only', OLD.id USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER on_record BEFORE UPDATE OR DELETE ON voice_appealversion
                FOR EACH ROW EXECUTE FUNCTION refuse_new_version_text();
            """,
        "DROP TRIGGER on_record ON voice_appealversion; DROP FUNCTION refuse_new_version_text();",
    ),
    migrations.RunSQL(
        """
            CREATE FUNCTION refuse_rewording() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF (NEW.organisation_id, NEW.topic_id, NEW.title, NEW.text, NEW.source, NEW.stated_on)
                    IS DISTINCT FROM (OLD.organisation_id, OLD.topic_id, OLD.title, OLD.text, OLD.source, OLD.stated_on) THEN
                    RAISE EXCEPTION 'position % is on record', OLD.id USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER on_record BEFORE UPDATE ON voice_position FOR EACH ROW EXECUTE FUNCTION refuse_rewording();
            """,
        "DROP TRIGGER on_record ON voice_position; DROP FUNCTION refuse_rewording();",
    ),
]
