"""Every field of every model has a privacy class. A new field fails this test until somebody has thought about it.

public: on public pages or in bundles. members: seen by registered members. stratum: says what kind of physician.
link: ties rows together. secret: keys and codes. sealed: encrypted identity. person: personal data, plain.
plain: says nothing about a person.
"""

import pytest
from django.apps import apps
from django.db import connection

CLASSES = {
    "shared.auditevent": {
        "id": "plain",
        "event": "plain",
        "actor_id": "link",
        "thing": "plain",
        "details": "plain",
        "at": "plain",
        "written_at": "plain",
    },
    "shared.mailmessage": {
        "id": "plain",
        "to": "person",
        "subject": "plain",
        "text": "secret",
        "state": "plain",
        "created_at": "plain",
        "sent_at": "plain",
        "headers": "plain",
        "if_bounced": "link",
    },
    "shared.ratewindow": {"key": "sealed", "ends_at": "plain", "count": "plain"},
    "shared.topic": {"id": "plain", "slug": "public", "name": "public", "description": "public", "position": "plain"},
    "registry.registerload": dict.fromkeys(
        [
            "id",
            "register",
            "kind",
            "filename",
            "sha256",
            "since",
            "as_of",
            "rows",
            "kept",
            "deactivated",
            "other",
            "rejected",
            "reasons",
            "changes",
            "loaded_at",
        ],
        "public",
    ),
    "registry.registerrecord": {
        **dict.fromkeys(
            [
                "number",
                "last_name",
                "first_name",
                "other_last_name",
                "credential",
                "phone",
                "fax",
                "address",
                "licences",
            ],
            "person",
        ),
        **dict.fromkeys(["sex", "specialty_code", "specialty_group", "state"], "stratum"),
        **dict.fromkeys(
            [
                "register",
                "enumerated_on",
                "updated_on",
                "certified_on",
                "reactivated_on",
                "deactivated_on",
                "phone_since",
                "fax_since",
                "address_since",
                "status",
                "load",
            ],
            "plain",
        ),
    },
    "registry.recordversion": {
        "id": "plain",
        "register": "plain",
        "number": "person",
        "was": "person",
        "load": "plain",
    },
    "registry.freshnesscheck": {"mark": "sealed", "outcome": "plain", "checked_at": "plain"},
    "registry.frame": dict.fromkeys(["id", "load", "kind", "definition", "as_of", "total", "margins"], "public"),
    "registry.framecell": dict.fromkeys(
        ["id", "frame", "specialty_group", "state", "sex", "career", "persons"], "public"
    ),
    "registry.benchmark": dict.fromkeys(["id", "code", "words", "persons", "as_of", "definition", "source"], "public"),
    "members.loginsession": {
        "account": "link",
        **dict.fromkeys(["session_key", "session_data"], "secret"),
        "expire_date": "plain",
    },
    "members.account": {
        "id": "link",
        "password": "secret",
        "last_login": "person",
        "email": "person",
        "is_active": "plain",
        "joined_at": "plain",
    },
    "members.member": {
        "id": "link",
        "account": "link",
        "handle": "members",
        "level": "members",
        "member_class": "members",
        "specialty_group": "stratum",
        "state": "stratum",
        "sex": "stratum",
        "career": "stratum",
        "verified_at": "plain",
        "verified_until": "plain",
        "lapse_notice": "plain",
        "suspends_at": "plain",
        "suspended_at": "plain",
        "suspended_for": "plain",
        "active_on": "plain",
        "erased_at": "plain",
    },
    "members.rolegrant": {"id": "plain", "member": "link", "role": "plain", "granted_at": "plain"},
    "members.claim": {
        **dict.fromkeys(["id", "member", "contested"], "link"),
        **dict.fromkeys(["record_fingerprint", "identity_sealed", "appeal_sealed"], "sealed"),
        **dict.fromkeys(["specialty_group", "practice_state", "sex", "career"], "stratum"),
        **dict.fromkeys(
            [
                "kind",
                "state",
                "wanted",
                "member_class",
                "flags",
                "reason",
                "deadline_at",
                "submitted_at",
                "review_at",
                "decided_at",
                "automatic",
                "appealed_at",
                "emptied",
            ],
            "plain",
        ),
    },
    "members.evidence": {
        "claim": "link",
        **dict.fromkeys(["note_sealed", "document_sealed", "code_sealed", "document_hash"], "sealed"),
        "code_fingerprint": "secret",
        **dict.fromkeys(
            [
                "id",
                "kind",
                "state",
                "points",
                "via",
                "code_until",
                "code_tries",
                "sent_at",
                "offered_at",
                "settled_at",
            ],
            "plain",
        ),
    },
    "members.opinion": {
        "claim": "link",
        "verifier": "link",
        **dict.fromkeys(["id", "decision", "reason", "on_appeal", "given_at"], "plain"),
    },
    "members.leftrecord": {"id": "plain", "record_fingerprint": "sealed", "member": "link", "until": "plain"},
    "members.vouch": {
        **dict.fromkeys(["claim", "voucher", "applicant"], "link"),
        **dict.fromkeys(["id", "vouched_at"], "plain"),
    },
    # The reason and the order are written for the member to read.
    "members.unmasking": {
        **dict.fromkeys(["member", "asked_by", "decided_by"], "link"),
        **dict.fromkeys(["reason", "legal_order"], "person"),
        **dict.fromkeys(["id", "asked_at", "approved", "decided_at", "notice_at", "noticed_at"], "plain"),
    },
    "organisations.organisation": dict.fromkeys(["id", "slug", "name", "kind", "website", "added_at"], "public"),
    "organisations.representative": {
        "id": "plain",
        "organisation": "public",
        "member": "link",
        "public_name": "public",
        "scope": "public",
        "powers": "public",
        "appointed_at": "plain",
        "ended_at": "plain",
    },
    "surveys.survey": {
        **dict.fromkeys(
            [
                "id",
                "public_id",
                "title",
                "instrument",
                "ballot_mode",
                "state",
                "closes_at",
                "universe",
                "frame",
                "compared_with",
                "freeze",
                "freeze_hash",
                "opened_at",
                "closed_at",
                "eligible",
                "respondents",
                "r_indicator",
                "drafted_at",
                "plan",
                "sample_design",
                "honorarium",
                "wave_of",
                "paused_at",
                "population",
                "fieldwork",
                "link_kept_until",
                "is_held_back",
            ],
            "public",
        ),
        # Of a draft only its author's and researchers'; what opens of it stands in the freeze.
        **dict.fromkeys(["questionnaire", "revision", "is_template"], "plain"),
        "author": "link",
        "cells_salt": "secret",
    },
    "surveys.surveyrevision": dict.fromkeys(["id", "survey", "revision", "questionnaire", "saved_at"], "plain"),
    "surveys.fieldworkevent": dict.fromkeys(["id", "survey", "kind", "text", "noted_at"], "public"),
    "surveys.turnout": {"survey": "link", "member": "link", "outcome": "link"},
    "surveys.invitation": {
        "survey": "link",
        "member": "link",
        **dict.fromkeys(["stratum", "design_stratum"], "stratum"),
        **dict.fromkeys(["state", "reminders", "sent_on", "reminded_on", "disposition"], "plain"),
    },
    "surveys.invitationwish": {"member": "link", "most_a_month": "plain"},
    "surveys.honorariumtransaction": {
        "survey": "link",
        "member": "link",
        **dict.fromkeys(["id", "step", "booked_at", "due_on", "note"], "plain"),
    },
    "surveys.honorariumline": dict.fromkeys(["id", "transaction", "account", "cents"], "plain"),
    "surveys.ballotdraft": {
        "locator": "secret",
        "survey": "plain",
        "answers": "secret",
        "seconds": "secret",
    },
    "surveys.quotacount": dict.fromkeys(["survey", "code", "count"], "plain"),
    # Words may tell who wrote them: read by researchers after the close, linked to nobody, never published.
    "surveys.opentext": {
        **dict.fromkeys(["place", "survey", "question", "codes", "is_hidden"], "plain"),
        "text": "secret",
    },
    "surveys.codeframe": dict.fromkeys(["survey", "question", "codes"], "plain"),
    "surveys.ballotkey": {"survey": "plain", "sealed": "sealed"},
    "surveys.ballotchange": {
        "survey": "plain",
        **dict.fromkeys(["locator", "shown", "pending", "current"], "secret"),
    },
    "surveys.ballot": {
        "locator": "secret",
        "survey": "plain",
        "stratum": "stratum",
        "answers": "secret",
        "nonces": "secret",
        "seconds": "secret",
        "state": "stratum",
    },
    "surveys.ballottally": {
        "survey": "plain",
        "stratum": "stratum",
        "question": "plain",
        "choice": "plain",
        "count": "plain",
    },
    "surveys.countedballot": dict.fromkeys(["leaf", "survey", "question", "choice", "nonce", "left_out"], "public"),
    "surveys.liveresult": {
        **dict.fromkeys(["survey", "shown_ballots", "result"], "members"),
        # Researchers see it; members do not.
        "progress": "plain",
        # What is not shown yet could be subtracted from what is.
        **dict.fromkeys(["pending_ballots", "pending", "pending_progress"], "secret"),
    },
    "community.posting": {
        "author": "link",
        "survey": "link",
        "representative": "link",
        "kept_findings": "plain",
        **dict.fromkeys(
            [
                "id",
                "topic",
                "title",
                "body",
                "html",
                "case_state",
                "solved_by",
                "state",
                "specialty_group",
                "connections",
                "posted_at",
                "edited_at",
                "comments",
                "told_comments",
                "commented_at",
                "voices",
                "useful",
                "ratings",
                "rating_total",
                "rank_hours",
                "picture_count",
                "locked_at",
                "slow_seconds",
            ],
            "members",
        ),
    },
    "community.postingwords": dict.fromkeys(["posting", "search"], "members"),
    "community.vocabularyword": dict.fromkeys(["word", "postings"], "members"),
    "community.comment": {
        "author": "link",
        "representative": "link",
        **dict.fromkeys(
            [
                "id",
                "posting",
                "number",
                "path",
                "answers",
                "body",
                "html",
                "state",
                "connections",
                "commented_at",
                "edited_at",
                "search",
            ],
            "members",
        ),
    },
    "community.revision": dict.fromkeys(["id", "posting", "comment", "title", "body", "replaced_at"], "members"),
    "community.usefulnessrating": {"id": "plain", "posting": "plain", "member": "link", "value": "plain"},
    "community.draft": {
        "member": "link",
        **dict.fromkeys(["id", "kind", "posting", "parent", "fields", "reasons", "saved_at"], "plain"),
    },
    "community.picture": {
        "member": "link",
        **dict.fromkeys(["id", "draft", "added_at"], "plain"),
        **dict.fromkeys(
            [
                "public_id",
                "posting",
                "data",
                "thumbnail",
                "media_type",
                "width",
                "height",
                "description",
                "removed",
                "offered",
                "reason",
            ],
            "members",
        ),
    },
    "community.reading": {
        "member": "link",
        "posting": "link",
        **dict.fromkeys(["read_comments", "is_followed", "is_muted", "bookmarked_at"], "plain"),
    },
    "community.topicfollow": {"member": "link", "topic": "plain"},
    "community.mute": {"member": "link", "muted": "link"},
    "community.connection": {
        "member": "link",
        "id": "plain",
        **dict.fromkeys(["kind", "party", "product_class", "began_on", "ended_on", "stated_at"], "members"),
    },
    "community.connection_topics": dict.fromkeys(["id", "connection", "topic"], "members"),
    "community.linkpreview": dict.fromkeys(["id", "url", "title", "summary", "fetched_at"], "members"),
    "community.notification": {
        "member": "link",
        "actor": "link",
        **dict.fromkeys(
            ["id", "kind", "posting", "comment", "decision", "text", "count", "made_at", "seen_at", "mail_due"], "plain"
        ),
    },
    "community.notificationwish": {
        "member": "link",
        **dict.fromkeys(["rhythms", "time_zone", "quiet_from", "quiet_until", "digested_at"], "plain"),
    },
    "community.topicrhythm": {"member": "link", "topic": "plain", "rhythm": "plain"},
    "community.flag": {
        "member": "link",
        **dict.fromkeys(["id", "posting", "comment", "reason", "words", "flagged_at", "decision"], "plain"),
    },
    "community.staffsession": {
        "member": "link",
        **dict.fromkeys(["id", "reason", "began_at", "ends_at"], "plain"),
    },
    "community.decision": {
        **dict.fromkeys(["author", "moderator"], "link"),
        **dict.fromkeys(["id", "posting", "comment", "session", "passage", "flagged_at"], "plain"),
        **dict.fromkeys(["measure", "rule", "reason", "decided_at"], "public"),
    },
    "community.moderationappeal": {
        "decided_by": "link",
        **dict.fromkeys(["id", "decision", "text"], "plain"),
        **dict.fromkeys(["appealed_at", "outcome", "reason", "decided_at"], "public"),
    },
    "community.sanction": {
        "member": "link",
        **dict.fromkeys(["id", "decision", "kind", "step", "begins_at", "ends_at", "lifted_at"], "plain"),
    },
    "publishing.recordentry": dict.fromkeys(["index", "kind", "thing", "payload", "leaf", "written_at"], "public"),
    "publishing.recorddocument": dict.fromkeys(["sha256", "body"], "public"),
    "publishing.checkpoint": dict.fromkeys(["tree_size", "root", "statement", "signature", "public_key"], "public"),
    "publishing.release": dict.fromkeys(
        [
            "number",
            "survey",
            "title",
            "freeze",
            "results",
            "disclosure",
            "strata",
            "manifest",
            "manifest_hash",
            "record_index",
            "bundle",
            "published_at",
        ],
        "public",
    ),
    "publishing.reply": {
        "id": "plain",
        "thing": "public",
        "organisation": "public",
        "representative": "public",
        "text": "public",
        "html": "public",
        "replied_at": "public",
        "record_index": "public",
    },
}
CLASSES |= {
    "organisations.affiliation": {
        "member": "link", "organisation": "secret", **dict.fromkeys(["id", "declared_at", "ended_at"], "plain"),
    },
    "organisations.membershipclaim": dict.fromkeys(
        ["id", "organisation", "as_of", "source", "grade", "representative", "published_at"], "public"
    ),
    "organisations.membershipcount": dict.fromkeys(["id", "claim", "category", "persons", "definition"], "public"),
    "organisations.quotedshare": dict.fromkeys(
        ["id", "organisation", "words", "low", "high", "said_by", "said_on", "source", "noted_at"], "public"
    ),
    # What one member thinks of one organisation is nobody's to read but the member's.
    "voice.mandatestatement": {
        "member": "link",
        **dict.fromkeys(["organisation", "stance"], "secret"),
        **dict.fromkeys(["id", "topic", "stated_at", "expires_at"], "plain"),
    },
    "voice.mandatesnapshot": dict.fromkeys(["id", "topic", "taken_at", "eligible", "figures", "record_index"], "public"),
    "voice.position": dict.fromkeys(
        [
            "id", "organisation", "topic", "title", "text", "source", "stated_on", "representative", "published_at",
            "record_index",
        ],
        "public",
    ),
    "voice.positioncomparison": dict.fromkeys(["id", "position", "release", "question", "choice"], "public"),
    "voice.appeal": {
        "author": "link",
        **dict.fromkeys(
            ["id", "title", "topic", "state", "reason", "drafted_at", "opened_at", "closed_at", "outcome", "outcome_at"],
            "public",
        ),
    },
    "voice.appealversion": dict.fromkeys(
        ["id", "state", "appeal", "number", "preamble", "clauses", "sha256", "why", "written_at"], "public"
    ),
    "voice.signature": {
        "member": "link",
        # Shown only where the signer wishes it, and never beside the handle.
        "name_sealed": "sealed",
        **dict.fromkeys(
            ["id", "version", "display", "specialty", "us_state", "nonce", "place", "state", "signed_at", "withdrawn_at"],
            "plain",
        ),
    },
    "voice.signaturecount": dict.fromkeys(["version", "valid", "shown", "reaffirmed"], "public"),
    "voice.addressee": dict.fromkeys(["id", "appeal", "organisation", "name", "channel"], "public"),
    "voice.delivery": dict.fromkeys(
        [
            "id", "addressee", "version", "sent_at", "file_sha256", "letter", "proof", "record_index", "answer", "answer_text",
            "answer_html", "answered_by", "answered_at", "answer_index", "silence_index",
        ],
        "public",
    ),
    "voice.issue": {
        "opened_by": "link",
        **dict.fromkeys(["id", "title", "topic", "summary", "opened_at", "outcome", "closed_at"], "public"),
    },
    "voice.issuestep": dict.fromkeys(
        ["id", "issue", "kind", "posting", "release", "position", "appeal", "linked_at"], "public"
    ),
    "partnerships.agreement": dict.fromkeys(
        [
            "id", "title", "subject", "party_a", "party_b", "starts_on", "ends_on", "terms", "terms_sha256", "proposed_at",
            "ratified_a_at", "ratified_b_at",
            "declined_at",
        ],
        "public",
    ),
    "partnerships.obligation": dict.fromkeys(["id", "agreement", "code", "debtor", "words", "measure"], "public"),
    "partnerships.occurrence": dict.fromkeys(["id", "obligation", "number", "due_on"], "public"),
    "partnerships.occurrencestep": dict.fromkeys(
        ["id", "occurrence", "kind", "side", "representative", "text", "evidence", "taken_at", "record_index"], "public"
    ),
    "partnerships.notice": dict.fromkeys(
        [
            "id", "agreement", "kind", "side", "representative", "text", "cites", "effective_on", "given_at",
            "record_index",
        ],
        "public",
    ),
    "partnerships.grant": dict.fromkeys(
        ["id", "agreement", "beneficiary", "scope", "purpose", "starts_on", "ends_on", "made_at"], "public"
    ),
    "partnerships.accessreceipt": dict.fromkeys(
        [
            "id", "grant", "representative", "topic", "since", "until", "authors", "refused", "read_at", "record_index",
        ],
        "public",
    ),
}  # fmt: skip
KNOWN = {"public", "members", "stratum", "link", "secret", "sealed", "person", "plain"}


def concrete_fields():
    for model in apps.get_models():
        if model.__module__.startswith("auscult."):
            names = {field.name for field in model._meta.concrete_fields if field.name != "pk"}
            yield model._meta.label_lower, names


def test_every_field_has_a_privacy_class():
    for label, names in concrete_fields():
        assert set(CLASSES.get(label, {})) == names, label
    assert {value for fields in CLASSES.values() for value in fields.values()} <= KNOWN


def test_plain_personal_data_lives_only_where_it_must():
    where = {label for label, fields in CLASSES.items() if "person" in fields.values()}
    assert where == {
        "shared.mailmessage", "registry.registerrecord", "registry.recordversion",
        "members.account", "members.unmasking",
    }  # fmt: skip


#: Tables whose every column says who did what, and columns of other apps that hold addresses and keys.
NO_STATISTICS = {
    "surveys_ballot", "surveys_ballotkey", "surveys_ballotdraft", "surveys_ballotchange", "surveys_turnout",
    "voice_mandatestatement", "voice_signature", "organisations_affiliation", "usersessions_usersession",
}  # fmt: skip
NO_STATISTICS_OF_OTHERS = {("account_emailaddress", "email"), ("mfa_authenticator", "data")}


@pytest.mark.django_db
def test_postgresql_copies_no_secret_into_its_statistics():
    """ANALYZE keeps values of a column after its rows are gone; the register itself is public."""
    expected = set(NO_STATISTICS_OF_OTHERS)
    for label, fields in CLASSES.items():
        model = apps.get_model(label)
        for name, kind in fields.items():
            if kind in {"secret", "sealed", "person"} and not label.startswith("registry."):
                expected.add((model._meta.db_table, model._meta.get_field(name).column))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, a.attname, coalesce(a.attstattarget, -1) FROM pg_attribute a "
            "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
        )
        targets = {(table, column): target for table, column, target in cursor.fetchall()}
    expected |= {place for place in targets if place[0] in NO_STATISTICS}
    assert {place for place in expected if targets[place] != 0} == set()


def test_sealed_columns_are_binary():
    for label, fields in CLASSES.items():
        for name, kind in fields.items():
            if kind == "sealed":
                assert apps.get_model(label)._meta.get_field(name).get_internal_type() == "BinaryField"
