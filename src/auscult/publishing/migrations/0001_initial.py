import auscult.shared.migrations._operations
import django.db.models.deletion
from django.db import migrations, models

from auscult.publishing.migrations import _database


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("shared", "0001_initial"),
        ("organisations", "0001_initial"),
        ("surveys", "0001_initial"),
    ]

    operations = [
        auscult.shared.migrations._operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Checkpoint",
                    fields=[
                        ("tree_size", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("root", models.CharField(max_length=64)),
                        ("statement", models.JSONField()),
                        ("signature", models.CharField(max_length=100)),
                        ("public_key", models.CharField(max_length=60)),
                    ],
                    options={
                        "ordering": ["-tree_size"],
                    },
                ),
                migrations.CreateModel(
                    name="RecordDocument",
                    fields=[
                        ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                        ("body", models.BinaryField()),
                    ],
                ),
                migrations.CreateModel(
                    name="RecordEntry",
                    fields=[
                        ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("kind", models.CharField(max_length=40)),
                        ("thing", models.CharField(blank=True, max_length=60)),
                        ("payload", models.JSONField()),
                        ("leaf", models.BinaryField()),
                        ("written_at", models.DateTimeField()),
                    ],
                    options={
                        "ordering": ["-index"],
                        "indexes": [
                            models.Index(fields=["thing", "index"], name="record_of_a_thing"),
                            models.Index(fields=["leaf"], name="publishing__leaf_fc36d3_idx"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Release",
                    fields=[
                        ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                        ("title", models.CharField(max_length=200)),
                        ("freeze", models.JSONField()),
                        ("results", models.JSONField()),
                        ("disclosure", models.JSONField()),
                        ("strata", models.JSONField()),
                        ("manifest", models.JSONField()),
                        ("manifest_hash", models.CharField(max_length=64)),
                        ("record_index", models.BigIntegerField()),
                        ("bundle", models.BinaryField()),
                        ("published_at", models.DateTimeField()),
                        (
                            "survey",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="surveys.survey"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-number"],
                    },
                ),
                migrations.CreateModel(
                    name="Reply",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("thing", models.CharField(max_length=60)),
                        ("text", models.TextField()),
                        ("html", models.TextField()),
                        ("replied_at", models.DateTimeField()),
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
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="organisations.representative",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["pk"],
                        "indexes": [models.Index(fields=["thing", "organisation"], name="replies_to_a_thing")],
                    },
                ),
            ],
        ),
        *_database.AFTER,
    ]
