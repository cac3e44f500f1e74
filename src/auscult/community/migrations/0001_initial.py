import auscult.community.rules.moderation
import auscult.community.rules.notifying
import auscult.shared.migrations._operations
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.expressions
import uuid
from django.db import migrations, models

from auscult.community.migrations import _database


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("members", "0001_initial"),
        ("organisations", "0001_initial"),
        ("shared", "0001_initial"),
        ("surveys", "0001_initial"),
    ]

    operations = [
        *_database.BEFORE,
        auscult.shared.migrations._operations.CreateModels(
            models=[
                migrations.CreateModel(
                    name="Posting",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("title", models.CharField(max_length=160)),
                        ("body", models.TextField()),
                        ("html", models.TextField()),
                        (
                            "case_state",
                            models.CharField(
                                blank=True,
                                choices=[("unsolved", "unsolved"), ("solved", "solved"), ("case study", "case study")],
                                max_length=10,
                            ),
                        ),
                        ("solved_by", models.PositiveIntegerField(null=True)),
                        ("kept_findings", models.JSONField(default=dict)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("published", "published"),
                                    ("hidden", "hidden"),
                                    ("removed", "removed"),
                                    ("retracted", "retracted"),
                                    ("purged", "purged"),
                                ],
                                default=auscult.community.rules.moderation.WordsState["PUBLISHED"],
                                max_length=9,
                            ),
                        ),
                        ("specialty_group", models.CharField(blank=True, max_length=4)),
                        ("connections", models.JSONField(default=list)),
                        ("posted_at", models.DateTimeField()),
                        ("edited_at", models.DateTimeField(null=True)),
                        ("comments", models.PositiveIntegerField(default=0)),
                        ("told_comments", models.PositiveIntegerField(null=True)),
                        ("commented_at", models.DateTimeField(null=True)),
                        ("voices", models.PositiveIntegerField(default=0)),
                        ("useful", models.PositiveIntegerField(default=0)),
                        ("ratings", models.PositiveIntegerField(default=0)),
                        ("rating_total", models.PositiveIntegerField(default=0)),
                        ("rank_hours", models.FloatField()),
                        ("locked_at", models.DateTimeField(null=True)),
                        ("picture_count", models.PositiveSmallIntegerField(default=0)),
                        ("slow_seconds", models.PositiveIntegerField(default=0)),
                        (
                            "author",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="members.member",
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
                            "survey",
                            models.OneToOneField(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="surveys.survey",
                            ),
                        ),
                        (
                            "topic",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="shared.topic",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["-posted_at", "-id"], name="posting_newest"),
                            models.Index(fields=["topic", "-posted_at", "-id"], name="posting_newest_of_topic"),
                            models.Index(
                                fields=["specialty_group", "-posted_at", "-id"], name="posting_newest_of_specialty"
                            ),
                            models.Index(fields=["-rank_hours", "-id"], name="posting_ranked"),
                            models.Index(fields=["topic", "-rank_hours", "-id"], name="posting_ranked_of_topic"),
                            models.Index(
                                fields=["specialty_group", "-rank_hours", "-id"], name="posting_ranked_of_specialty"
                            ),
                            models.Index(fields=["author", "-posted_at"], name="posting_of_author"),
                            models.Index(
                                condition=models.Q(("case_state", ""), _negated=True),
                                fields=["-rank_hours"],
                                name="cases_ranked",
                            ),
                            models.Index(
                                condition=models.Q(("survey__isnull", False)),
                                fields=["-rank_hours"],
                                name="polls_ranked",
                            ),
                            models.Index(
                                condition=models.Q(("case_state", ""), _negated=True),
                                fields=["-posted_at"],
                                name="cases_newest",
                            ),
                            models.Index(
                                condition=models.Q(("survey__isnull", False)),
                                fields=["-posted_at"],
                                name="polls_newest",
                            ),
                            models.Index(
                                condition=models.Q(("representative__isnull", False)),
                                fields=["-posted_at"],
                                name="organisations_newest",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Connection",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(max_length=10)),
                        ("party", models.CharField(max_length=120)),
                        ("product_class", models.CharField(blank=True, max_length=120)),
                        ("began_on", models.DateField()),
                        ("ended_on", models.DateField(null=True)),
                        ("stated_at", models.DateTimeField()),
                        (
                            "member",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        ("topics", models.ManyToManyField(related_name="+", to="shared.topic")),
                    ],
                    options={
                        "indexes": [models.Index(fields=["member"], name="connections_of_member")],
                    },
                ),
                migrations.CreateModel(
                    name="StaffSession",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("reason", models.CharField(max_length=300)),
                        ("began_at", models.DateTimeField()),
                        ("ends_at", models.DateTimeField()),
                        (
                            "member",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["member", "-ends_at"], name="staff_sessions")],
                    },
                ),
                migrations.CreateModel(
                    name="LinkPreview",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("url", models.URLField(max_length=1000, unique=True)),
                        ("title", models.CharField(blank=True, max_length=200)),
                        ("summary", models.CharField(blank=True, max_length=400)),
                        ("fetched_at", models.DateTimeField(null=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="Mute",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "member_id", "muted_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "member",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "muted",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="NotificationWish",
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
                        ("rhythms", models.JSONField(default=dict)),
                        ("time_zone", models.CharField(default="UTC", max_length=64)),
                        ("quiet_from", models.PositiveSmallIntegerField(default=22)),
                        ("quiet_until", models.PositiveSmallIntegerField(default=7)),
                        ("digested_at", models.DateTimeField(null=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="TopicFollow",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "member_id", "topic_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "member",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "topic",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="shared.topic",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["topic"], name="followers_of_topic")],
                    },
                ),
                migrations.CreateModel(
                    name="TopicRhythm",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "member_id", "topic_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "rhythm",
                            models.CharField(
                                choices=[
                                    ("instant", "instant"),
                                    ("daily", "daily"),
                                    ("weekly", "weekly"),
                                    ("never", "never"),
                                ],
                                max_length=7,
                            ),
                        ),
                        (
                            "member",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "topic",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="shared.topic"
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="VocabularyWord",
                    fields=[
                        ("word", models.CharField(max_length=40, primary_key=True, serialize=False)),
                        ("postings", models.PositiveIntegerField()),
                    ],
                    options={
                        "indexes": [
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass("word", "gin_trgm_ops"),
                                name="vocabulary_trigrams",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Comment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.PositiveIntegerField()),
                        ("path", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField())),
                        ("answers", models.PositiveIntegerField(null=True)),
                        ("body", models.TextField()),
                        ("html", models.TextField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("published", "published"),
                                    ("hidden", "hidden"),
                                    ("removed", "removed"),
                                    ("retracted", "retracted"),
                                    ("purged", "purged"),
                                ],
                                default=auscult.community.rules.moderation.WordsState["PUBLISHED"],
                                max_length=9,
                            ),
                        ),
                        ("connections", models.JSONField(default=list)),
                        ("commented_at", models.DateTimeField()),
                        ("edited_at", models.DateTimeField(null=True)),
                        (
                            "search",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.contrib.postgres.search.SearchVector("body", config="english"),
                                output_field=django.contrib.postgres.search.SearchVectorField(),
                            ),
                        ),
                        (
                            "author",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="members.member",
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
                            "posting",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="community.posting",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["posting", "path"], name="comments_in_threads"),
                            models.Index(fields=["author", "-commented_at"], name="comment_of_author"),
                            models.Index(fields=["-commented_at", "-id"], name="comment_newest"),
                            django.contrib.postgres.indexes.GinIndex(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("id"), "/", models.Value(8192)
                                ),
                                models.F("search"),
                                fastupdate=False,
                                name="comment_search",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("posting", "number"), name="one_comment_of_a_number")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Draft",
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
                                choices=[("posting", "Posting"), ("case", "Case"), ("comment", "Comment")], max_length=7
                            ),
                        ),
                        ("parent", models.PositiveIntegerField(default=0)),
                        ("fields", models.JSONField(default=dict)),
                        ("reasons", models.JSONField(default=dict)),
                        ("saved_at", models.DateTimeField()),
                        (
                            "member",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "posting",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="community.posting",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["member", "-saved_at"], name="drafts_of_member")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("kind", "comment")),
                                fields=("member", "posting", "parent"),
                                name="one_draft_of_a_comment",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PostingWords",
                    fields=[
                        (
                            "posting",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="words",
                                serialize=False,
                                to="community.posting",
                            ),
                        ),
                        ("search", django.contrib.postgres.search.SearchVectorField()),
                    ],
                    options={
                        "indexes": [
                            django.contrib.postgres.indexes.GinIndex(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("posting_id"), "/", models.Value(1024)
                                ),
                                models.F("search"),
                                fastupdate=False,
                                name="posting_search",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Reading",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "member_id", "posting_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("read_comments", models.PositiveIntegerField(default=0)),
                        ("is_followed", models.BooleanField(default=False)),
                        ("is_muted", models.BooleanField(default=False)),
                        ("bookmarked_at", models.DateTimeField(null=True)),
                        (
                            "member",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "posting",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="community.posting"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("is_followed", True)),
                                fields=["posting"],
                                name="followers_of_posting",
                            ),
                            models.Index(
                                condition=models.Q(("bookmarked_at__isnull", False)),
                                fields=["member", "-bookmarked_at"],
                                name="bookmarks",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UsefulnessRating",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("value", models.PositiveSmallIntegerField()),
                        (
                            "member",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
                            ),
                        ),
                        (
                            "posting",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="community.posting",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("posting", "member"), name="one_rating"),
                            models.CheckConstraint(condition=models.Q(("value__lte", 3)), name="rating_in_range"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Decision",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "measure",
                            models.CharField(
                                choices=[
                                    ("keep", "keep"),
                                    ("remove", "remove"),
                                    ("purge", "purge"),
                                    ("lock", "lock"),
                                    ("unlock", "unlock"),
                                    ("slow", "slow"),
                                    ("move", "move"),
                                    ("split", "split"),
                                ],
                                max_length=12,
                            ),
                        ),
                        (
                            "rule",
                            models.CharField(
                                choices=[
                                    ("patients", "patients"),
                                    ("colleagues", "colleagues"),
                                    ("respect", "respect"),
                                    ("advertising", "advertising"),
                                    ("connections", "connections"),
                                    ("topic", "topic"),
                                    ("law", "law"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("passage", models.TextField(blank=True)),
                        ("reason", models.TextField()),
                        ("flagged_at", models.DateTimeField(null=True)),
                        ("decided_at", models.DateTimeField()),
                        (
                            "author",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.member"
                            ),
                        ),
                        (
                            "comment",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="community.comment",
                            ),
                        ),
                        (
                            "moderator",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.member"
                            ),
                        ),
                        (
                            "posting",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="community.posting"
                            ),
                        ),
                        (
                            "session",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="community.staffsession",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["-decided_at"], name="decisions_newest")],
                    },
                ),
                migrations.CreateModel(
                    name="Revision",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("title", models.CharField(blank=True, max_length=160)),
                        ("body", models.TextField()),
                        ("replaced_at", models.DateTimeField()),
                        (
                            "comment",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="community.comment",
                            ),
                        ),
                        (
                            "posting",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="community.posting",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("comment__isnull", True), ("posting__isnull", False)),
                                    models.Q(("comment__isnull", False), ("posting__isnull", True)),
                                    _connector="OR",
                                ),
                                name="revision_of_one_thing",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Picture",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ("data", models.BinaryField()),
                        ("thumbnail", models.BinaryField()),
                        ("media_type", models.CharField(max_length=20)),
                        ("width", models.PositiveIntegerField()),
                        ("height", models.PositiveIntegerField()),
                        ("description", models.CharField(blank=True, max_length=300)),
                        ("removed", models.JSONField(default=list)),
                        ("offered", models.JSONField(default=list)),
                        ("reason", models.CharField(blank=True, max_length=300)),
                        ("added_at", models.DateTimeField()),
                        (
                            "draft",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="pictures",
                                to="community.draft",
                            ),
                        ),
                        (
                            "member",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.member"
                            ),
                        ),
                        (
                            "posting",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="pictures",
                                to="community.posting",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Flag",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("patient", "patient"),
                                    ("person", "person"),
                                    ("abuse", "abuse"),
                                    ("spam", "spam"),
                                    ("undisclosed", "undisclosed"),
                                    ("off topic", "off topic"),
                                    ("other", "other"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("words", models.CharField(blank=True, max_length=500)),
                        ("flagged_at", models.DateTimeField()),
                        (
                            "comment",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="community.comment",
                            ),
                        ),
                        (
                            "decision",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="flags",
                                to="community.decision",
                            ),
                        ),
                        (
                            "member",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "posting",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="community.posting"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("decision", None)), fields=["flagged_at"], name="open_flags"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("decision", None), ("member__isnull", False)),
                                fields=("posting", "comment", "member"),
                                name="one_open_flag_of_a_member",
                                nulls_distinct=False,
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ModerationAppeal",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("text", models.TextField()),
                        ("appealed_at", models.DateTimeField()),
                        (
                            "outcome",
                            models.CharField(
                                blank=True, choices=[("upheld", "upheld"), ("overturned", "overturned")], max_length=10
                            ),
                        ),
                        ("reason", models.TextField(blank=True)),
                        ("decided_at", models.DateTimeField(null=True)),
                        (
                            "decided_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "decision",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="appeal",
                                to="community.decision",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Notification",
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
                                    ("answer", "answer"),
                                    ("mention", "mention"),
                                    ("quote", "quote"),
                                    ("comment", "comment"),
                                    ("posting", "posting"),
                                    ("solved", "solved"),
                                    ("decision", "decision"),
                                    ("appeal", "appeal"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("text", models.TextField(blank=True)),
                        ("count", models.PositiveIntegerField(db_default=1, default=1)),
                        ("made_at", models.DateTimeField()),
                        ("seen_at", models.DateTimeField(null=True)),
                        ("mail_due", models.BooleanField(default=False)),
                        (
                            "actor",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "comment",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="community.comment",
                            ),
                        ),
                        (
                            "decision",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="community.decision",
                            ),
                        ),
                        (
                            "member",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                        (
                            "posting",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="community.posting",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["member", "-made_at", "-id"], name="notifications_newest"),
                            models.Index(
                                condition=models.Q(("seen_at", None)), fields=["member"], name="notifications_unseen"
                            ),
                            models.Index(
                                condition=models.Q(("mail_due", True)),
                                fields=["member", "id"],
                                name="notifications_to_mail",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("kind", auscult.community.rules.notifying.Kind["COMMENT"]), ("seen_at", None)
                                ),
                                fields=("member", "posting"),
                                name="one_unseen_of_a_thread",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Sanction",
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
                                choices=[("warning", "warning"), ("slowed", "slowed"), ("silenced", "silenced")],
                                max_length=10,
                            ),
                        ),
                        ("step", models.PositiveSmallIntegerField()),
                        ("begins_at", models.DateTimeField()),
                        ("ends_at", models.DateTimeField()),
                        ("lifted_at", models.DateTimeField(null=True)),
                        (
                            "decision",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="sanctions",
                                to="community.decision",
                            ),
                        ),
                        (
                            "member",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="members.member",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["member", "-ends_at"], name="sanctions_of_member")],
                    },
                ),
            ],
        ),
        *_database.AFTER,
    ]
