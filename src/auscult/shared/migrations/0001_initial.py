import auscult.shared.migrations._operations
import django.db.models.functions.datetime
from django.db import migrations, models

from auscult.shared.migrations import _database


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        auscult.shared.migrations._operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="AuditEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("event", models.CharField(max_length=80)),
                        ("actor_id", models.BigIntegerField(null=True)),
                        ("thing", models.CharField(blank=True, max_length=80)),
                        ("details", models.JSONField(default=dict)),
                        ("at", models.DateTimeField()),
                        ("written_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["event", "at"], name="shared_audi_event_54605e_idx"),
                            models.Index(fields=["thing"], name="shared_audi_thing_eacc81_idx"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MailMessage",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("to", models.TextField()),
                        ("subject", models.CharField(max_length=300)),
                        ("text", models.TextField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "Queued"),
                                    ("sent", "Sent"),
                                    ("kept", "Kept"),
                                    ("failed", "Failed"),
                                ],
                                default="queued",
                                max_length=10,
                            ),
                        ),
                        ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                        ("sent_at", models.DateTimeField(null=True)),
                        ("headers", models.JSONField(default=dict)),
                        ("if_bounced", models.JSONField(null=True)),
                    ],
                    options={
                        "indexes": [models.Index(fields=["-id"], name="mail_newest")],
                    },
                ),
                migrations.CreateModel(
                    name="RateWindow",
                    fields=[
                        ("key", models.BinaryField(primary_key=True, serialize=False)),
                        ("ends_at", models.DateTimeField()),
                        ("count", models.PositiveIntegerField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["ends_at"], name="rate_windows_end")],
                    },
                ),
                migrations.CreateModel(
                    name="Topic",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("slug", models.SlugField(unique=True)),
                        ("name", models.CharField(max_length=80)),
                        ("description", models.CharField(blank=True, max_length=300)),
                        ("position", models.PositiveSmallIntegerField(default=0)),
                    ],
                    options={
                        "ordering": ["position", "name"],
                    },
                ),
            ],
        ),
        *_database.AFTER,
    ]
