import auscult.shared.migrations._operations
import auscult.shared.models
import auscult.surveys.rules
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models

from auscult.surveys.migrations import _database


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("shared", "0001_initial"),
        ("members", "0001_initial"),
        ("organisations", "0001_initial"),
        ("registry", "0001_initial"),
    ]

    operations = [
        auscult.shared.migrations._operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Survey",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=uuid.uuid4, unique=True)),
                        ("title", models.CharField(max_length=200)),
                        (
                            "instrument",
                            models.CharField(
                                choices=[
                                    ("straw_poll", "straw_poll"),
                                    ("community_poll", "community_poll"),
                                    ("sample_survey", "sample_survey"),
                                    ("attempted_census", "attempted_census"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "ballot_mode",
                            models.CharField(
                                choices=[("detached", "detached"), ("linked", "linked")],
                                default=auscult.surveys.rules.BallotMode["DETACHED"],
                                max_length=12,
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("draft", "draft"), ("open", "open"), ("closed", "closed")],
                                default=auscult.surveys.rules.SurveyState["DRAFT"],
                                max_length=6,
                            ),
                        ),
                        ("closes_at", models.DateTimeField()),
                        ("universe", models.SlugField(blank=True)),
                        ("questionnaire", models.JSONField(default=dict)),
                        ("revision", models.PositiveIntegerField(default=0)),
                        ("plan", models.JSONField(default=dict)),
                        ("sample_design", models.JSONField(null=True)),
                        ("honorarium", models.JSONField(null=True)),
                        ("is_template", models.BooleanField(default=False)),
                        ("freeze", models.JSONField(null=True)),
                        ("freeze_hash", models.CharField(blank=True, max_length=64)),
                        ("opened_at", models.DateTimeField(null=True)),
                        ("closed_at", models.DateTimeField(null=True)),
                        ("paused_at", models.DateTimeField(null=True)),
                        ("population", models.JSONField(null=True)),
                        ("eligible", models.PositiveIntegerField(default=0)),
                        ("respondents", models.PositiveIntegerField(default=0)),
                        ("is_held_back", models.BooleanField(default=False)),
                        ("r_indicator", models.FloatField(null=True)),
                        ("fieldwork", models.JSONField(null=True)),
                        ("link_kept_until", models.DateTimeField(null=True)),
                        ("cells_salt", models.CharField(blank=True, max_length=32)),
                        ("drafted_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "author",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "compared_with",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                            ),
                        ),
                        (
                            "frame",
                            models.ForeignKey(
                                null=True, on_delete=django.db.models.deletion.PROTECT, to="registry.frame"
                            ),
                        ),
                        (
                            "wave_of",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="later_waves",
                                to="surveys.survey",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["state", "closes_at"], name="surveys_sur_state_c13791_idx")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state", "draft"), models.Q(("freeze_hash", ""), _negated=True), _connector="OR"
                                ),
                                name="frozen_when_opened",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InvitationWish",
                    fields=[
                        (
                            "member",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                serialize=False,
                                to="members.member",
                            ),
                        ),
                        ("most_a_month", models.PositiveSmallIntegerField()),
                    ],
                ),
                migrations.CreateModel(
                    name="Ballot",
                    fields=[
                        ("locator", models.BinaryField(primary_key=True, serialize=False)),
                        ("stratum", models.TextField()),
                        ("answers", models.JSONField()),
                        ("nonces", models.JSONField()),
                        ("seconds", models.PositiveIntegerField(default=0)),
                        ("state", models.CharField(blank=True, max_length=8)),
                        ("survey", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="surveys.survey")),
                    ],
                ),
                migrations.CreateModel(
                    name="BallotChange",
                    fields=[
                        ("locator", models.BinaryField(primary_key=True, serialize=False)),
                        ("shown", models.BinaryField()),
                        ("pending", models.BinaryField()),
                        ("current", models.BinaryField()),
                        ("survey", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="surveys.survey")),
                    ],
                ),
                migrations.CreateModel(
                    name="BallotDraft",
                    fields=[
                        ("locator", models.BinaryField(primary_key=True, serialize=False)),
                        ("answers", models.JSONField()),
                        ("seconds", models.PositiveIntegerField(default=0)),
                        ("survey", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="surveys.survey")),
                    ],
                ),
                migrations.CreateModel(
                    name="BallotKey",
                    fields=[
                        (
                            "survey",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                serialize=False,
                                to="surveys.survey",
                            ),
                        ),
                        ("sealed", auscult.shared.models.SealedField(purpose="surveys.ballot_key")),
                    ],
                ),
                migrations.CreateModel(
                    name="BallotTally",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "survey_id",
                                "stratum",
                                "question",
                                "choice",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("stratum", models.TextField()),
                        ("question", models.CharField(max_length=44)),
                        ("choice", models.CharField(max_length=20)),
                        ("count", models.IntegerField()),
                        ("survey", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="surveys.survey")),
                    ],
                ),
                migrations.CreateModel(
                    name="CodeFrame",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "survey_id", "question", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("question", models.CharField(max_length=20)),
                        ("codes", models.JSONField(default=list)),
                        ("survey", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="surveys.survey")),
                    ],
                ),
                migrations.CreateModel(
                    name="CountedBallot",
                    fields=[
                        ("leaf", models.BinaryField(primary_key=True, serialize=False)),
                        ("question", models.CharField(max_length=44)),
                        ("choice", models.CharField(max_length=20)),
                        ("nonce", models.CharField(max_length=32)),
                        ("left_out", models.CharField(blank=True, max_length=60)),
                        ("survey", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="surveys.survey")),
                    ],
                ),
                migrations.CreateModel(
                    name="FieldworkEvent",
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
                                    ("deviation", "deviation"),
                                    ("extension", "extension"),
                                    ("pause", "pause"),
                                    ("resumption", "resumption"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("text", models.CharField(max_length=1000)),
                        ("noted_at", models.DateTimeField()),
                        (
                            "survey",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="events", to="surveys.survey"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["noted_at", "pk"],
                    },
                ),
                migrations.CreateModel(
                    name="HonorariumTransaction",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "step",
                            models.CharField(
                                choices=[
                                    ("offer", "offer"),
                                    ("earn", "earn"),
                                    ("approve", "approve"),
                                    ("refuse", "refuse"),
                                    ("pay", "pay"),
                                    ("lapse", "lapse"),
                                ],
                                max_length=9,
                            ),
                        ),
                        ("booked_at", models.DateTimeField()),
                        ("due_on", models.DateField(null=True)),
                        ("note", models.CharField(blank=True, max_length=300)),
                        ("member", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="members.member")),
                        (
                            "survey",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="honorarium_transactions",
                                to="surveys.survey",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["member", "survey"], name="surveys_hon_member__68e9af_idx")],
                    },
                ),
                migrations.CreateModel(
                    name="Invitation",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "survey_id", "member_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("stratum", models.TextField()),
                        ("design_stratum", models.TextField(blank=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "waiting"),
                                    ("sent", "sent"),
                                    ("held", "held"),
                                    ("declined", "declined"),
                                    ("undeliverable", "undeliverable"),
                                ],
                                default=auscult.surveys.rules.InvitationState["WAITING"],
                                max_length=13,
                            ),
                        ),
                        ("reminders", models.PositiveSmallIntegerField(default=0)),
                        ("sent_on", models.DateField(null=True)),
                        ("reminded_on", models.DateField(null=True)),
                        ("disposition", models.CharField(blank=True, max_length=5)),
                        ("member", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="members.member")),
                        ("survey", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="surveys.survey")),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["survey", "state"], name="surveys_inv_survey__be52cb_idx"),
                            models.Index(fields=["member", "sent_on"], name="invitations_of_member"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LiveResult",
                    fields=[
                        (
                            "survey",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                serialize=False,
                                to="surveys.survey",
                            ),
                        ),
                        ("shown_ballots", models.PositiveIntegerField(default=0)),
                        ("result", models.JSONField(null=True)),
                        ("progress", models.JSONField(null=True)),
                        ("pending_ballots", models.PositiveIntegerField(default=0)),
                        ("pending", models.JSONField(null=True)),
                        ("pending_progress", models.JSONField(null=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="OpenText",
                    fields=[
                        ("place", models.BinaryField(primary_key=True, serialize=False)),
                        ("question", models.CharField(max_length=20)),
                        ("text", models.TextField()),
                        ("codes", models.JSONField(default=list)),
                        ("is_hidden", models.BooleanField(default=False)),
                        (
                            "survey",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="texts", to="surveys.survey"
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="QuotaCount",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "survey_id", "code", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("code", models.CharField(max_length=20)),
                        ("count", models.PositiveIntegerField(default=0)),
                        ("survey", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="surveys.survey")),
                    ],
                ),
                migrations.CreateModel(
                    name="SurveyRevision",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("revision", models.PositiveIntegerField()),
                        ("questionnaire", models.JSONField()),
                        ("saved_at", models.DateTimeField()),
                        (
                            "survey",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="revisions",
                                to="surveys.survey",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("survey", "revision"), name="one_survey_revision")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Turnout",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "survey_id", "member_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("complete", "complete"),
                                    ("screened_out", "screened_out"),
                                    ("quota_full", "quota_full"),
                                ],
                                default=auscult.surveys.rules.Outcome["COMPLETE"],
                                max_length=12,
                            ),
                        ),
                        ("member", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="members.member")),
                        ("survey", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="surveys.survey")),
                    ],
                ),
                migrations.CreateModel(
                    name="HonorariumLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "account",
                            models.CharField(
                                choices=[
                                    ("budget", "budget"),
                                    ("offered", "offered"),
                                    ("earned", "earned"),
                                    ("approved", "approved"),
                                    ("paid", "paid"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("cents", models.BigIntegerField()),
                        (
                            "transaction",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lines",
                                to="surveys.honorariumtransaction",
                            ),
                        ),
                    ],
                ),
            ],
        ),
        *_database.AFTER,
    ]
