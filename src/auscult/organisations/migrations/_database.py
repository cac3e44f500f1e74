"""What Django does not generate: membership claims and their counts are append-only."""

from auscult.shared.migrations._database import append_only

AFTER = [append_only("organisations_membershipclaim"), append_only("organisations_membershipcount")]
