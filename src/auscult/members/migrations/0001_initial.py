import auscult.members.rules
import auscult.shared.migrations._operations
import auscult.shared.models
import auscult.shared.standing
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from auscult.members.migrations import _database


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("shared", "0001_initial"),
    ]

    operations = [
        auscult.shared.migrations._operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Account",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("password", models.CharField(max_length=128, verbose_name="password")),
                        ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                        ("email", models.EmailField(max_length=254, unique=True)),
                        ("is_active", models.BooleanField(default=True)),
                        ("joined_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="LoginSession",
                    fields=[
                        (
                            "session_key",
                            models.CharField(
                                max_length=40, primary_key=True, serialize=False, verbose_name="session key"
                            ),
                        ),
                        ("session_data", models.TextField(verbose_name="session data")),
                        ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                        (
                            "account",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "session",
                        "verbose_name_plural": "sessions",
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Member",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("handle", models.CharField(max_length=24, null=True)),
                        (
                            "level",
                            models.PositiveSmallIntegerField(
                                choices=[(0, "L0"), (1, "L1"), (2, "L2"), (3, "L3")],
                                default=auscult.shared.standing.Level["L0"],
                            ),
                        ),
                        (
                            "member_class",
                            models.CharField(
                                choices=[
                                    ("physician", "physician"),
                                    ("resident", "resident"),
                                    ("student", "student"),
                                    ("retired", "retired"),
                                ],
                                default=auscult.shared.standing.MemberClass["PHYSICIAN"],
                                max_length=9,
                            ),
                        ),
                        ("specialty_group", models.CharField(blank=True, max_length=4)),
                        ("state", models.CharField(blank=True, max_length=6)),
                        ("sex", models.CharField(blank=True, max_length=1)),
                        ("career", models.CharField(blank=True, max_length=5)),
                        ("verified_at", models.DateTimeField(null=True)),
                        ("verified_until", models.DateTimeField(null=True)),
                        ("lapse_notice", models.CharField(blank=True, max_length=6)),
                        ("suspends_at", models.DateTimeField(null=True)),
                        ("suspended_at", models.DateTimeField(null=True)),
                        (
                            "suspended_for",
                            models.CharField(
                                blank=True, choices=[("register", "Register"), ("dispute", "Dispute")], max_length=8
                            ),
                        ),
                        ("active_on", models.DateField(null=True)),
                        ("erased_at", models.DateTimeField(null=True)),
                        (
                            "account",
                            models.OneToOneField(
                                null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("level__gte", 2)),
                                fields=["verified_until"],
                                name="verified_members",
                            ),
                            models.Index(
                                condition=models.Q(("suspends_at__isnull", False)),
                                fields=["suspends_at"],
                                name="announced_suspensions",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(django.db.models.functions.text.Lower("handle"), name="one_handle"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("level__lt", auscult.shared.standing.Level["L2"]),
                                    models.Q(
                                        ("verified_until__isnull", False),
                                        models.Q(
                                            models.Q(
                                                ("member_class", auscult.shared.standing.MemberClass["PHYSICIAN"]),
                                                _negated=True,
                                            ),
                                            models.Q(
                                                models.Q(("specialty_group", ""), _negated=True),
                                                models.Q(("state", ""), _negated=True),
                                                models.Q(("sex", ""), _negated=True),
                                                models.Q(("career", ""), _negated=True),
                                            ),
                                            _connector="OR",
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="verified_has_stratum",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Claim",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("record", "record"),
                                    ("review", "review"),
                                    ("training", "training"),
                                    ("retired", "retired"),
                                    ("assurance", "assurance"),
                                    ("defence", "defence"),
                                    ("recovery", "recovery"),
                                ],
                                default=auscult.members.rules.ClaimKind["RECORD"],
                                max_length=9,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("submitted", "submitted"),
                                    ("in_review", "in_review"),
                                    ("more_information", "more_information"),
                                    ("verified", "verified"),
                                    ("rejected", "rejected"),
                                    ("withdrawn", "withdrawn"),
                                ],
                                default=auscult.members.rules.ClaimState["SUBMITTED"],
                                max_length=16,
                            ),
                        ),
                        ("wanted", models.PositiveSmallIntegerField(default=auscult.shared.standing.Level["L2"])),
                        (
                            "member_class",
                            models.CharField(
                                choices=[
                                    ("physician", "physician"),
                                    ("resident", "resident"),
                                    ("student", "student"),
                                    ("retired", "retired"),
                                ],
                                default=auscult.shared.standing.MemberClass["PHYSICIAN"],
                                max_length=9,
                            ),
                        ),
                        ("record_fingerprint", models.BinaryField(null=True)),
                        ("identity_sealed", auscult.shared.models.SealedField(purpose="claim.identity")),
                        ("specialty_group", models.CharField(blank=True, max_length=4)),
                        ("practice_state", models.CharField(blank=True, max_length=6)),
                        ("sex", models.CharField(blank=True, max_length=1)),
                        ("career", models.CharField(blank=True, max_length=5)),
                        ("flags", models.JSONField(default=list)),
                        ("reason", models.CharField(blank=True, max_length=30)),
                        ("deadline_at", models.DateTimeField(null=True)),
                        ("submitted_at", models.DateTimeField()),
                        ("review_at", models.DateTimeField(null=True)),
                        ("decided_at", models.DateTimeField(null=True)),
                        ("automatic", models.BooleanField(default=False)),
                        ("emptied", models.BooleanField(default=False)),
                        ("appealed_at", models.DateTimeField(null=True)),
                        ("appeal_sealed", auscult.shared.models.SealedField(null=True, purpose="claim.appeal")),
                        (
                            "contested",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="disputes",
                                to="members.claim",
                            ),
                        ),
                        (
                            "member",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="claims", to="members.member"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["state", "submitted_at"], name="members_cla_state_c8dde5_idx"),
                            models.Index(fields=["record_fingerprint"], name="claims_on_a_record"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", auscult.members.rules.ClaimState["VERIFIED"])),
                                fields=("record_fingerprint",),
                                name="one_verified_claim",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    (
                                        "state__in",
                                        (
                                            auscult.members.rules.ClaimState["SUBMITTED"],
                                            auscult.members.rules.ClaimState["IN_REVIEW"],
                                            auscult.members.rules.ClaimState["MORE_INFORMATION"],
                                        ),
                                    )
                                ),
                                fields=("member",),
                                name="one_open_claim",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeftRecord",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("record_fingerprint", models.BinaryField()),
                        ("until", models.DateTimeField()),
                        (
                            "member",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["record_fingerprint"], name="left_records")],
                    },
                ),
                migrations.CreateModel(
                    name="RoleGrant",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("role", models.CharField(max_length=12)),
                        ("granted_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "member",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="role_grants",
                                to="members.member",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [models.UniqueConstraint(fields=("member", "role"), name="one_grant")],
                    },
                ),
                migrations.CreateModel(
                    name="Unmasking",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("reason", models.TextField()),
                        ("legal_order", models.CharField(blank=True, max_length=200)),
                        ("asked_at", models.DateTimeField()),
                        ("approved", models.BooleanField(null=True)),
                        ("decided_at", models.DateTimeField(null=True)),
                        ("notice_at", models.DateTimeField(null=True)),
                        ("noticed_at", models.DateTimeField(null=True)),
                        (
                            "asked_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "member",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="unmaskings",
                                to="members.member",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="Evidence",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("institutional_email", "institutional_email"),
                                    ("call_back", "call_back"),
                                    ("post_card", "post_card"),
                                    ("vouches", "vouches"),
                                    ("document", "document"),
                                    ("board_lookup", "board_lookup"),
                                    ("video", "video"),
                                    ("proofing", "proofing"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("offered", "Offered"), ("confirmed", "Confirmed"), ("refused", "Refused")],
                                default="offered",
                                max_length=9,
                            ),
                        ),
                        ("points", models.PositiveSmallIntegerField(default=0)),
                        (
                            "via",
                            models.CharField(
                                blank=True,
                                choices=[("telephone", "telephone"), ("fax", "fax"), ("post", "post")],
                                max_length=9,
                            ),
                        ),
                        ("note_sealed", auscult.shared.models.SealedField(null=True, purpose="evidence.note")),
                        ("document_sealed", auscult.shared.models.SealedField(null=True, purpose="evidence.document")),
                        ("document_hash", models.BinaryField(null=True)),
                        ("code_fingerprint", models.BinaryField(null=True)),
                        ("code_sealed", auscult.shared.models.SealedField(null=True, purpose="evidence.code")),
                        ("code_until", models.DateTimeField(null=True)),
                        ("code_tries", models.PositiveSmallIntegerField(default=0)),
                        ("sent_at", models.DateTimeField(null=True)),
                        ("offered_at", models.DateTimeField()),
                        ("settled_at", models.DateTimeField(null=True)),
                        (
                            "claim",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="evidence", to="members.claim"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("kind", auscult.members.rules.EvidenceKind["VOUCHES"])),
                                fields=["code_fingerprint"],
                                name="vouch_codes",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("claim", "kind"), name="one_evidence_of_a_kind")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Opinion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "decision",
                            models.CharField(
                                choices=[("verify", "verify"), ("reject", "reject"), ("ask", "ask")], max_length=6
                            ),
                        ),
                        ("reason", models.CharField(max_length=30)),
                        ("on_appeal", models.BooleanField(default=False)),
                        ("given_at", models.DateTimeField()),
                        (
                            "claim",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="opinions", to="members.claim"
                            ),
                        ),
                        (
                            "verifier",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("claim", "verifier", "on_appeal"), name="one_opinion")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Vouch",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("vouched_at", models.DateTimeField()),
                        (
                            "applicant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="vouches_received",
                                to="members.member",
                            ),
                        ),
                        (
                            "claim",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="vouches",
                                to="members.claim",
                            ),
                        ),
                        (
                            "voucher",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="vouches_given",
                                to="members.member",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["voucher", "vouched_at"], name="vouches_of_a_year")],
                        "constraints": [models.UniqueConstraint(fields=("claim", "voucher"), name="one_vouch")],
                    },
                ),
            ],
        ),
        *_database.AFTER,
    ]
