"""What Django does not generate: the database refuses to change a registered design, ballots counted, and the ledger."""

from django.db import migrations

from auscult.shared.migrations._database import no_statistics

AFTER = [
    *(
        no_statistics(f"surveys_{table}")
        for table in ("ballot", "ballotkey", "ballotdraft", "ballotchange", "turnout", "liveresult")
    ),
    no_statistics("surveys_survey", "cells_salt"),
    no_statistics("surveys_opentext", "text"),
    migrations.RunSQL(
        """
            CREATE FUNCTION refuse_thawing() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.state <> 'draft' AND (
                    NEW.instrument, NEW.ballot_mode, NEW.title, NEW.questionnaire, NEW.plan, NEW.universe, NEW.freeze, NEW.freeze_hash,
                    NEW.opened_at, NEW.sample_design, NEW.honorarium,
                    NEW.population, NEW.compared_with_id
                ) IS DISTINCT FROM (
                    OLD.instrument, OLD.ballot_mode, OLD.title, OLD.questionnaire, OLD.plan, OLD.universe, OLD.freeze, OLD.freeze_hash,
                    OLD.opened_at, OLD.sample_design, OLD.honorarium,
                    OLD.population, OLD.compared_with_id
                ) THEN
                    RAISE EXCEPTION 'survey % is frozen', OLD.id USING ERRCODE = 'restrict_violation';
                END IF;
                IF OLD.state <> 'draft' AND NEW.closes_at < OLD.closes_at THEN
                    RAISE EXCEPTION 'survey % is frozen: it can be extended, not cut short', OLD.id
                        USING ERRCODE = 'restrict_violation';
                END IF;
                IF (OLD.state = 'closed' AND NEW.state <> 'closed') OR (OLD.state = 'open' AND NEW.state = 'draft') THEN
                    RAISE EXCEPTION 'survey % cannot go back', OLD.id USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER frozen BEFORE UPDATE ON surveys_survey FOR EACH ROW EXECUTE FUNCTION refuse_thawing();
            CREATE TRIGGER append_only BEFORE UPDATE ON surveys_countedballot
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON surveys_honorariumline
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON surveys_honorariumtransaction
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE FUNCTION refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF (SELECT sum(cents) FROM surveys_honorariumline WHERE transaction_id = NEW.transaction_id) <> 0 THEN
                    RAISE EXCEPTION 'the lines of transaction % do not sum to zero', NEW.transaction_id
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON surveys_honorariumline
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_imbalance();
            """,
        """
            DROP TRIGGER balanced ON surveys_honorariumline; DROP FUNCTION refuse_imbalance();
            DROP TRIGGER append_only ON surveys_honorariumline;
            DROP TRIGGER append_only ON surveys_honorariumtransaction;
            DROP TRIGGER append_only ON surveys_countedballot;
            DROP TRIGGER frozen ON surveys_survey; DROP FUNCTION refuse_thawing();
            """,
    ),
]
