"""What Django does not generate: columns of which PostgreSQL keeps no statistics."""

from auscult.shared.migrations._database import no_statistics

AFTER = [
    no_statistics("members_loginsession", "session_key", "session_data"),
    no_statistics("members_account", "password", "last_login", "email"),
    no_statistics("members_claim", "record_fingerprint", "identity_sealed", "appeal_sealed"),
    no_statistics(
        "members_evidence", "note_sealed", "document_sealed", "code_sealed", "document_hash", "code_fingerprint"
    ),
    no_statistics("members_leftrecord", "record_fingerprint"),
    no_statistics("members_unmasking", "reason", "legal_order"),
]
