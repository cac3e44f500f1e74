"""What Django does not generate: record, checkpoints, releases, and replies are append-only."""

from auscult.shared.migrations._database import append_only

AFTER = [
    append_only(table)
    for table in (
        "publishing_recordentry",
        "publishing_recorddocument",
        "publishing_checkpoint",
        "publishing_release",
        "publishing_reply",
    )
]
