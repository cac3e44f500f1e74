import auscult.registry.rules
import auscult.shared.migrations._operations
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        auscult.shared.migrations._operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Benchmark",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.SlugField(unique=True)),
                        (
                            "words",
                            models.CharField(help_text="how these people are called in a sentence", max_length=80),
                        ),
                        ("persons", models.PositiveIntegerField()),
                        ("as_of", models.DateField()),
                        ("definition", models.CharField(max_length=300)),
                        ("source", models.CharField(max_length=300)),
                    ],
                    options={
                        "ordering": ["code"],
                    },
                ),
                migrations.CreateModel(
                    name="RegisterLoad",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("register", models.CharField(default="nppes", max_length=20)),
                        (
                            "kind",
                            models.CharField(
                                choices=[("full", "full"), ("weekly", "weekly"), ("report", "report")],
                                default=auscult.registry.rules.LoadKind["FULL"],
                                max_length=8,
                            ),
                        ),
                        ("filename", models.CharField(max_length=200)),
                        ("sha256", models.CharField(max_length=64)),
                        ("since", models.DateField(null=True)),
                        ("as_of", models.DateField()),
                        ("rows", models.PositiveIntegerField()),
                        ("kept", models.PositiveIntegerField()),
                        ("deactivated", models.PositiveIntegerField()),
                        ("other", models.PositiveIntegerField()),
                        ("rejected", models.PositiveIntegerField()),
                        ("reasons", models.JSONField(default=dict)),
                        ("changes", models.JSONField(default=dict)),
                        ("loaded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ],
                    options={
                        "ordering": ["-id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("register", "sha256"), name="one_load_of_a_file")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FreshnessCheck",
                    fields=[
                        ("mark", models.BinaryField(primary_key=True, serialize=False)),
                        ("outcome", models.CharField(max_length=12)),
                        ("checked_at", models.DateTimeField()),
                    ],
                ),
                migrations.CreateModel(
                    name="Frame",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(max_length=12)),
                        ("definition", models.CharField(max_length=200)),
                        ("as_of", models.DateField()),
                        ("total", models.PositiveIntegerField()),
                        ("margins", models.JSONField(default=dict)),
                        (
                            "load",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="frames",
                                to="registry.registerload",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-as_of", "-id"],
                        "constraints": [models.UniqueConstraint(fields=("load", "kind"), name="one_frame_of_a_kind")],
                    },
                ),
                migrations.CreateModel(
                    name="RecordVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("register", models.CharField(max_length=20)),
                        ("number", models.CharField(max_length=20)),
                        ("was", models.JSONField()),
                        (
                            "load",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="registry.registerload",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["register", "number"], name="versions_of_a_record")],
                    },
                ),
                migrations.CreateModel(
                    name="RegisterRecord",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "register", "number", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("register", models.CharField(max_length=20)),
                        ("number", models.CharField(max_length=20)),
                        ("last_name", models.TextField()),
                        ("first_name", models.TextField()),
                        ("other_last_name", models.TextField(blank=True)),
                        ("credential", models.TextField(blank=True)),
                        ("sex", models.CharField(max_length=1)),
                        ("specialty_code", models.CharField(max_length=20)),
                        ("specialty_group", models.CharField(max_length=4)),
                        ("state", models.CharField(max_length=6)),
                        ("phone", models.TextField(blank=True)),
                        ("phone_since", models.DateField(null=True)),
                        ("fax", models.TextField(blank=True)),
                        ("fax_since", models.DateField(null=True)),
                        ("address", models.TextField(blank=True)),
                        ("address_since", models.DateField(null=True)),
                        ("licences", models.JSONField(default=list)),
                        ("enumerated_on", models.DateField(null=True)),
                        ("updated_on", models.DateField(null=True)),
                        ("certified_on", models.DateField(null=True)),
                        ("reactivated_on", models.DateField(null=True)),
                        ("deactivated_on", models.DateField(null=True)),
                        (
                            "status",
                            models.CharField(
                                choices=[("active", "active"), ("deactivated", "deactivated"), ("missing", "missing")],
                                default=auscult.registry.rules.RecordStatus["ACTIVE"],
                                max_length=11,
                            ),
                        ),
                        (
                            "load",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="registry.registerload",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["phone"], name="record_phone"),
                            models.Index(fields=["fax"], name="record_fax"),
                            models.Index(fields=["load"], name="record_load"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FrameCell",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("specialty_group", models.CharField(max_length=4)),
                        ("state", models.CharField(max_length=6)),
                        ("sex", models.CharField(max_length=1)),
                        ("career", models.CharField(max_length=5)),
                        ("persons", models.PositiveIntegerField()),
                        (
                            "frame",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="cells", to="registry.frame"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("frame", "specialty_group", "state", "sex", "career"), name="one_cell"
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
