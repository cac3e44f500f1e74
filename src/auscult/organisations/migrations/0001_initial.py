import auscult.shared.migrations._operations
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from auscult.organisations.migrations import _database


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("shared", "0001_initial"),
        *_database.DEPENDENCIES,
        ("members", "0001_initial"),
    ]

    operations = [
        auscult.shared.migrations._operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Organisation",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("slug", models.SlugField(unique=True)),
                        ("name", models.CharField(max_length=120, unique=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("association", "Association"),
                                    ("specialty society", "Specialty Society"),
                                    ("company", "Company"),
                                    ("agency", "Agency"),
                                    ("journal", "Journal"),
                                    ("operator of this place", "Operator"),
                                ],
                                max_length=24,
                            ),
                        ),
                        ("website", models.URLField(blank=True)),
                        ("added_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ],
                    options={
                        "ordering": ["name"],
                    },
                ),
                migrations.CreateModel(
                    name="Affiliation",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("declared_at", models.DateTimeField()),
                        ("ended_at", models.DateTimeField(null=True)),
                        (
                            "member",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="organisations.organisation",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at", None)),
                                fields=("organisation", "member"),
                                name="one_affiliation",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="QuotedShare",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("words", models.CharField(max_length=20)),
                        ("low", models.FloatField()),
                        ("high", models.FloatField()),
                        ("said_by", models.CharField(max_length=120)),
                        ("said_on", models.DateField()),
                        ("source", models.CharField(max_length=300)),
                        ("noted_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="organisations.organisation",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["low"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("high__gt", models.F("low")), ("low__gte", 0)),
                                name="quote_is_a_share",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Representative",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_name", models.CharField(max_length=120)),
                        ("scope", models.CharField(max_length=200)),
                        ("powers", models.JSONField(default=list)),
                        ("appointed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("ended_at", models.DateTimeField(null=True)),
                        (
                            "member",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
                            ),
                        ),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="representatives",
                                to="organisations.organisation",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at", None)),
                                fields=("organisation", "member"),
                                name="one_appointment",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MembershipClaim",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("as_of", models.DateField()),
                        ("source", models.CharField(max_length=300)),
                        (
                            "grade",
                            models.CharField(
                                choices=[
                                    ("asserted", "asserted"),
                                    ("published", "published"),
                                    ("attested", "attested"),
                                    ("audited", "audited"),
                                    ("measured", "measured"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("published_at", models.DateTimeField()),
                        (
                            "organisation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="membership_claims",
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
                    ],
                    options={
                        "ordering": ["as_of", "pk"],
                    },
                ),
                migrations.CreateModel(
                    name="MembershipCount",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "category",
                            models.CharField(
                                choices=[
                                    ("all", "all"),
                                    ("student", "student"),
                                    ("resident", "resident"),
                                    ("retired", "retired"),
                                    ("reduced", "reduced"),
                                ],
                                max_length=10,
                            ),
                        ),
                        ("persons", models.PositiveIntegerField()),
                        ("definition", models.CharField(max_length=200)),
                        (
                            "claim",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="counts",
                                to="organisations.membershipclaim",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("claim", "category"), name="one_count_of_a_category")
                        ],
                    },
                ),
            ],
        ),
        *_database.AFTER,
    ]
