import auscult.shared.migrations._operations
import auscult.shared.models
import auscult.voice.rules
import django.db.models.deletion
from django.db import migrations, models

from auscult.voice.migrations import _database


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("community", "0001_initial"),
        ("members", "0001_initial"),
        ("organisations", "0001_initial"),
        ("publishing", "0001_initial"),
        ("shared", "0001_initial"),
    ]

    operations = [
        auscult.shared.migrations._operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Appeal",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("title", models.CharField(max_length=160)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("draft", "draft"),
                                    ("review", "review"),
                                    ("refused", "refused"),
                                    ("open", "open"),
                                    ("closed", "closed"),
                                    ("delivered", "delivered"),
                                ],
                                default=auscult.voice.rules.AppealState["DRAFT"],
                                max_length=9,
                            ),
                        ),
                        ("reason", models.CharField(blank=True, max_length=20)),
                        ("drafted_at", models.DateTimeField()),
                        ("opened_at", models.DateTimeField(null=True)),
                        ("closed_at", models.DateTimeField(null=True)),
                        ("outcome", models.CharField(blank=True, max_length=500)),
                        ("outcome_at", models.DateTimeField(null=True)),
                        (
                            "author",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.member"
                            ),
                        ),
                        (
                            "topic",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shared.topic"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-pk"],
                    },
                ),
                migrations.CreateModel(
                    name="Issue",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("title", models.CharField(max_length=160)),
                        ("summary", models.TextField(blank=True)),
                        ("opened_at", models.DateTimeField()),
                        ("outcome", models.CharField(blank=True, max_length=500)),
                        ("closed_at", models.DateTimeField(null=True)),
                        (
                            "opened_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.member"
                            ),
                        ),
                        (
                            "topic",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shared.topic"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-opened_at"],
                    },
                ),
                migrations.CreateModel(
                    name="Position",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("title", models.CharField(max_length=160)),
                        ("text", models.TextField()),
                        ("source", models.CharField(max_length=300)),
                        ("stated_on", models.DateField()),
                        ("published_at", models.DateTimeField()),
                        ("record_index", models.BigIntegerField()),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                            ),
                        ),
                        (
                            "representative",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.representative",
                            ),
                        ),
                        (
                            "topic",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shared.topic"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-stated_on", "-pk"],
                    },
                ),
                migrations.CreateModel(
                    name="MandateSnapshot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("taken_at", models.DateTimeField()),
                        ("eligible", models.PositiveIntegerField()),
                        ("figures", models.JSONField()),
                        ("record_index", models.BigIntegerField()),
                        (
                            "topic",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shared.topic"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-taken_at"],
                        "constraints": [models.UniqueConstraint(fields=("topic", "taken_at"), name="one_snapshot")],
                    },
                ),
                migrations.CreateModel(
                    name="MandateStatement",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "stance",
                            models.CharField(
                                choices=[
                                    ("speaks", "speaks"),
                                    ("partly", "partly"),
                                    ("does_not", "does_not"),
                                    ("no_opinion", "no_opinion"),
                                    ("nobody", "nobody"),
                                    ("revoked", "revoked"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("stated_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField()),
                        (
                            "member",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                            ),
                        ),
                        (
                            "topic",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shared.topic"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["topic", "member", "organisation", "-id"], name="last_statement"),
                            models.Index(fields=["member"], name="statements_of_a_member"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("organisation__isnull", True), ("stance__in", ["nobody", "revoked"])),
                                    models.Q(
                                        ("organisation__isnull", False), models.Q(("stance", "nobody"), _negated=True)
                                    ),
                                    _connector="OR",
                                ),
                                name="nobody_or_an_organisation",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Addressee",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=120)),
                        ("channel", models.CharField(max_length=60)),
                        (
                            "organisation",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                            ),
                        ),
                        (
                            "appeal",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="addressees",
                                to="voice.appeal",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["pk"],
                        "constraints": [models.UniqueConstraint(fields=("appeal", "name"), name="one_addressee")],
                    },
                ),
                migrations.CreateModel(
                    name="AppealVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("written", "Written"), ("published", "Published"), ("refused", "Refused")],
                                default="written",
                                max_length=9,
                            ),
                        ),
                        ("number", models.PositiveSmallIntegerField()),
                        ("preamble", models.TextField()),
                        ("clauses", models.JSONField()),
                        ("sha256", models.CharField(max_length=64)),
                        ("why", models.CharField(blank=True, max_length=300)),
                        ("written_at", models.DateTimeField()),
                        (
                            "appeal",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="voice.appeal"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["number"],
                        "constraints": [
                            models.UniqueConstraint(fields=("appeal", "number"), name="one_version_of_a_number")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="IssueStep",
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
                                    ("posting", "posting"),
                                    ("result", "result"),
                                    ("position", "position"),
                                    ("appeal", "appeal"),
                                    ("delivery", "delivery"),
                                    ("answer", "answer"),
                                    ("silence", "silence"),
                                    ("outcome", "outcome"),
                                ],
                                max_length=9,
                            ),
                        ),
                        ("linked_at", models.DateTimeField()),
                        (
                            "appeal",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="voice.appeal",
                            ),
                        ),
                        (
                            "issue",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="voice.issue"
                            ),
                        ),
                        (
                            "posting",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="community.posting",
                            ),
                        ),
                        (
                            "release",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="publishing.release",
                            ),
                        ),
                        (
                            "position",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="voice.position",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["pk"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("appeal", None),
                                        ("kind", "posting"),
                                        ("position", None),
                                        ("posting__isnull", False),
                                        ("release", None),
                                    ),
                                    models.Q(
                                        ("appeal", None),
                                        ("kind", "result"),
                                        ("position", None),
                                        ("posting", None),
                                        ("release__isnull", False),
                                    ),
                                    models.Q(
                                        ("appeal", None),
                                        ("kind", "position"),
                                        ("position__isnull", False),
                                        ("posting", None),
                                        ("release", None),
                                    ),
                                    models.Q(
                                        ("appeal__isnull", False),
                                        ("kind", "appeal"),
                                        ("position", None),
                                        ("posting", None),
                                        ("release", None),
                                    ),
                                    _connector="OR",
                                ),
                                name="a_step_is_one_thing",
                            ),
                            models.UniqueConstraint(fields=("issue", "posting"), name="posting_once"),
                            models.UniqueConstraint(fields=("issue", "release"), name="release_once"),
                            models.UniqueConstraint(fields=("issue", "position"), name="position_once"),
                            models.UniqueConstraint(fields=("issue", "appeal"), name="appeal_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PositionComparison",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("question", models.CharField(max_length=20)),
                        ("choice", models.CharField(max_length=20)),
                        (
                            "position",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="comparisons",
                                to="voice.position",
                            ),
                        ),
                        (
                            "release",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="publishing.release"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("position", "release", "question"), name="one_comparison")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Delivery",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("sent_at", models.DateTimeField()),
                        ("file_sha256", models.CharField(max_length=64)),
                        ("letter", models.BinaryField()),
                        ("proof", models.CharField(max_length=300)),
                        ("record_index", models.BigIntegerField()),
                        ("answer", models.CharField(blank=True, max_length=8)),
                        ("answer_text", models.TextField(blank=True)),
                        ("answer_html", models.TextField(blank=True)),
                        ("answered_at", models.DateTimeField(null=True)),
                        ("answer_index", models.BigIntegerField(null=True)),
                        ("silence_index", models.BigIntegerField(null=True)),
                        (
                            "addressee",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="delivery",
                                to="voice.addressee",
                            ),
                        ),
                        (
                            "answered_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.representative",
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="voice.appealversion"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("answered_at", None)),
                                fields=["sent_at"],
                                name="deliveries_awaiting",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Signature",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "display",
                            models.CharField(
                                choices=[("name", "name"), ("specialty", "specialty"), ("counted", "counted")],
                                max_length=9,
                            ),
                        ),
                        ("name_sealed", auscult.shared.models.SealedField(null=True, purpose="signature.name")),
                        ("specialty", models.CharField(blank=True, max_length=60)),
                        ("us_state", models.CharField(blank=True, max_length=6)),
                        ("nonce", models.CharField(max_length=32)),
                        ("place", models.CharField(max_length=16)),
                        (
                            "state",
                            models.CharField(
                                choices=[("valid", "Valid"), ("withdrawn", "Withdrawn")], default="valid", max_length=9
                            ),
                        ),
                        ("signed_at", models.DateTimeField()),
                        ("withdrawn_at", models.DateTimeField(null=True)),
                        (
                            "member",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="signatures",
                                to="voice.appealversion",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "valid"), models.Q(("display", "counted"), _negated=True)),
                                fields=["version", "place"],
                                name="shown_signatures",
                            ),
                            models.Index(fields=["member"], name="signatures_of_a_member"),
                        ],
                        "constraints": [models.UniqueConstraint(fields=("version", "member"), name="one_signature")],
                    },
                ),
                migrations.CreateModel(
                    name="SignatureCount",
                    fields=[
                        (
                            "version",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                primary_key=True,
                                related_name="count",
                                serialize=False,
                                to="voice.appealversion",
                            ),
                        ),
                        ("valid", models.PositiveIntegerField(default=0)),
                        ("shown", models.PositiveIntegerField(default=0)),
                        ("reaffirmed", models.PositiveIntegerField(default=0)),
                    ],
                ),
            ],
        ),
        *_database.AFTER,
    ]
