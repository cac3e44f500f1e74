"""What Django does not generate: append-only tables, and terms of the same parties and subject that never overlap."""

from django.db import migrations

from auscult.shared.migrations._database import append_only

TABLES = (
    "partnerships_obligation",
    "partnerships_occurrence",
    "partnerships_occurrencestep",
    "partnerships_notice",
    "partnerships_grant",
    "partnerships_accessreceipt",
)

AFTER = [
    *(append_only(table) for table in TABLES),
    # Ranges of one number stand for equality, so that no extension has to be installed.
    migrations.RunSQL(
        """
            ALTER TABLE partnerships_agreement ADD CONSTRAINT one_term_at_a_time EXCLUDE USING gist (
                int8range(least(party_a_id, party_b_id), least(party_a_id, party_b_id), '[]') WITH &&,
                int8range(greatest(party_a_id, party_b_id), greatest(party_a_id, party_b_id), '[]') WITH &&,
                int8range(hashtextextended(subject, 0), hashtextextended(subject, 0), '[]') WITH &&,
                daterange(starts_on, ends_on) WITH &&
            ) WHERE (ratified_a_at IS NOT NULL AND ratified_b_at IS NOT NULL);
            CREATE FUNCTION refuse_new_terms() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF (NEW.party_a_id, NEW.party_b_id, NEW.title, NEW.subject, NEW.starts_on, NEW.ends_on, NEW.terms,
                    NEW.terms_sha256, NEW.proposed_at)
                    IS DISTINCT FROM (OLD.party_a_id, OLD.party_b_id, OLD.title, OLD.subject, OLD.starts_on, OLD.ends_on,
                    OLD.terms, OLD.terms_sha256, OLD.proposed_at) OR OLD.ratified_b_at IS NOT NULL THEN
                    RAISE EXCEPTION 'agreement % is on record', OLD.id USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER on_record BEFORE UPDATE ON partnerships_agreement
                FOR EACH ROW EXECUTE FUNCTION refuse_new_terms();
            """,
        """
            DROP TRIGGER on_record ON partnerships_agreement; DROP FUNCTION refuse_new_terms();
            ALTER TABLE partnerships_agreement DROP CONSTRAINT one_term_at_a_time;
            """,
    ),
]
