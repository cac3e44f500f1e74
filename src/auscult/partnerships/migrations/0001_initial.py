import auscult.shared.migrations._operations
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from auscult.partnerships.migrations import _database


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organisations", "0001_initial"),
        ("shared", "0001_initial"),
    ]

    operations = [
        auscult.shared.migrations._operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Agreement",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("title", models.CharField(max_length=160)),
                        ("subject", models.CharField(max_length=80)),
                        ("starts_on", models.DateField()),
                        ("ends_on", models.DateField()),
                        ("terms", models.TextField()),
                        ("terms_sha256", models.CharField(max_length=64)),
                        ("proposed_at", models.DateTimeField()),
                        ("ratified_a_at", models.DateTimeField(null=True)),
                        ("ratified_b_at", models.DateTimeField(null=True)),
                        ("declined_at", models.DateTimeField(null=True)),
                        (
                            "party_a",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                            ),
                        ),
                        (
                            "party_b",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-starts_on", "-pk"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("party_a", models.F("party_b")), _negated=True), name="two_parties"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("ends_on__gt", models.F("starts_on"))), name="term_has_days"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Grant",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("scope", models.CharField(max_length=120)),
                        ("purpose", models.CharField(max_length=200)),
                        ("starts_on", models.DateField()),
                        ("ends_on", models.DateField()),
                        ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "agreement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="grants",
                                to="partnerships.agreement",
                            ),
                        ),
                        (
                            "beneficiary",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.organisation",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Notice",
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
                                    ("non-renewal", "non-renewal"),
                                    ("renewal offered", "renewal offered"),
                                    ("renewal refused", "renewal refused"),
                                    ("suspension", "suspension"),
                                    ("resumption", "resumption"),
                                    ("termination", "termination"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("side", models.CharField(choices=[("a", "a"), ("b", "b")], max_length=1)),
                        ("text", models.TextField()),
                        ("cites", models.CharField(blank=True, max_length=300)),
                        ("effective_on", models.DateField(null=True)),
                        ("given_at", models.DateTimeField()),
                        ("record_index", models.BigIntegerField()),
                        (
                            "agreement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="notices",
                                to="partnerships.agreement",
                            ),
                        ),
                        (
                            "representative",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.representative",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["pk"],
                    },
                ),
                migrations.CreateModel(
                    name="Obligation",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.SlugField(max_length=20)),
                        ("debtor", models.CharField(choices=[("a", "a"), ("b", "b")], max_length=1)),
                        ("words", models.CharField(max_length=300)),
                        ("measure", models.CharField(max_length=300)),
                        (
                            "agreement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="obligations",
                                to="partnerships.agreement",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["pk"],
                        "constraints": [
                            models.UniqueConstraint(fields=("agreement", "code"), name="one_obligation_of_a_code")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AccessReceipt",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("since", models.DateTimeField()),
                        ("until", models.DateTimeField()),
                        ("authors", models.PositiveIntegerField()),
                        ("refused", models.CharField(blank=True, max_length=200)),
                        ("read_at", models.DateTimeField()),
                        ("record_index", models.BigIntegerField()),
                        (
                            "representative",
                            models.ForeignKey(
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
                        (
                            "grant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="receipts",
                                to="partnerships.grant",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-pk"],
                        "indexes": [models.Index(fields=["topic", "since", "until"], name="receipts_about_words")],
                    },
                ),
                migrations.CreateModel(
                    name="Occurrence",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.PositiveSmallIntegerField()),
                        ("due_on", models.DateField()),
                        (
                            "obligation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="occurrences",
                                to="partnerships.obligation",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["due_on", "pk"],
                        "constraints": [
                            models.UniqueConstraint(fields=("obligation", "number"), name="one_occurrence_of_a_number")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OccurrenceStep",
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
                                    ("submit", "submit"),
                                    ("confirm", "confirm"),
                                    ("return", "return"),
                                    ("allege", "allege"),
                                    ("answer", "answer"),
                                    ("cure", "cure"),
                                    ("excuse", "excuse"),
                                    ("breach", "breach"),
                                    ("remedy", "remedy"),
                                    ("waive", "waive"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "side",
                            models.CharField(choices=[("a", "a"), ("b", "b"), ("arbiter", "arbiter")], max_length=7),
                        ),
                        ("text", models.TextField(blank=True)),
                        ("evidence", models.CharField(blank=True, max_length=300)),
                        ("taken_at", models.DateTimeField()),
                        ("record_index", models.BigIntegerField()),
                        (
                            "occurrence",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="steps",
                                to="partnerships.occurrence",
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
                    ],
                    options={
                        "ordering": ["pk"],
                    },
                ),
            ],
        ),
        *_database.AFTER,
    ]
