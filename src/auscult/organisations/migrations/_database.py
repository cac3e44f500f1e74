"""What Django does not generate: membership claims and their counts are append-only."""

from auscult.shared.migrations._database import append_only, no_statistics

# Tables of other people's apps, here because theirs depend on the members' room.
DEPENDENCIES = [
    ("account", "0009_emailaddress_unique_primary_email"),
    ("mfa", "0003_authenticator_type_uniq"),
    ("usersessions", "0001_initial"),
]
AFTER = [
    no_statistics("account_emailaddress", "email"),
    no_statistics("mfa_authenticator", "data"),
    no_statistics("usersessions_usersession"),
    no_statistics("organisations_affiliation"),
    append_only("organisations_membershipclaim"),
    append_only("organisations_membershipcount"),
]
