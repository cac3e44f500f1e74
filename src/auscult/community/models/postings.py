"""Postings, their words for search, the vocabulary, comments, ratings, earlier versions, pictures, drafts."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models

from auscult.community.rules.cases import CaseState
from auscult.community.rules.moderation import WordsState
from auscult.members.models import Member
from auscult.organisations.models import Representative
from auscult.shared.models import Topic, choices_of
from auscult.surveys.models import Survey

#: Texts with neighbouring ids, by which the indexes of search are divided: a search goes back in time from slice to slice.
POSTINGS_A_SLICE, COMMENTS_A_SLICE = 1024, 8192


class Posting(models.Model):
    """A posting, with a question attached or without; or a clinical case. ``html`` is rendered when written."""

    author = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(max_length=160)
    body = models.TextField()
    html = models.TextField()
    survey = models.OneToOneField(Survey, on_delete=models.PROTECT, null=True, related_name="+")
    # Empty for a posting that is no case.
    case_state = models.CharField(max_length=10, choices=choices_of(CaseState), blank=True)
    # The comment that solved the case, by its number in the thread.
    solved_by = models.PositiveIntegerField(null=True)
    # Findings of the gate that the author of a case kept: key of the finding → reason.
    kept_findings = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=choices_of(WordsState), default=WordsState.PUBLISHED)
    # Specialty group of the author when it was written: what a filter by specialty asks for.
    specialty_group = models.CharField(max_length=4, blank=True)
    # The appointment by which an organisation posted; null for a member's own words.
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT, null=True, related_name="+")
    # Connections that the author stated and that bear on the words, as labels (rules.connections).
    connections = models.JSONField(default=list)
    posted_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    comments = models.PositiveIntegerField(default=0)
    # Comments of which followers were told; null before the first pass (actions.notifying).
    told_comments = models.PositiveIntegerField(null=True)
    commented_at = models.DateTimeField(null=True)
    # What ranking rests on: distinct members who commented, ratings of 2 and 3, and the hour it stands at.
    voices = models.PositiveIntegerField(default=0)
    useful = models.PositiveIntegerField(default=0)
    ratings = models.PositiveIntegerField(default=0)
    rating_total = models.PositiveIntegerField(default=0)
    rank_hours = models.FloatField()
    locked_at = models.DateTimeField(null=True)
    picture_count = models.PositiveSmallIntegerField(default=0)
    # Slow mode: seconds between two comments of one member; 0 is off.
    slow_seconds = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["-posted_at", "-id"], name="posting_newest"),
            models.Index(fields=["topic", "-posted_at", "-id"], name="posting_newest_of_topic"),
            models.Index(fields=["specialty_group", "-posted_at", "-id"], name="posting_newest_of_specialty"),
            models.Index(fields=["-rank_hours", "-id"], name="posting_ranked"),
            models.Index(fields=["topic", "-rank_hours", "-id"], name="posting_ranked_of_topic"),
            models.Index(fields=["specialty_group", "-rank_hours", "-id"], name="posting_ranked_of_specialty"),
            models.Index(fields=["author", "-posted_at"], name="posting_of_author"),
            models.Index(fields=["-rank_hours"], condition=~models.Q(case_state=""), name="cases_ranked"),
            models.Index(fields=["-rank_hours"], condition=models.Q(survey__isnull=False), name="polls_ranked"),
            models.Index(fields=["-posted_at"], condition=~models.Q(case_state=""), name="cases_newest"),
            models.Index(fields=["-posted_at"], condition=models.Q(survey__isnull=False), name="polls_newest"),
            models.Index(
                fields=["-posted_at"], condition=models.Q(representative__isnull=False), name="organisations_newest"
            ),
        ]


class PostingWords(models.Model):
    """The words of a posting for search; a trigger keeps them.

    They stand beside the posting because each comment and each rating writes its row anew, for its place in the feed: the
    index of search would then be written anew with it, an entry for each word.
    """

    posting = models.OneToOneField(Posting, on_delete=models.CASCADE, primary_key=True, related_name="words")
    search = SearchVectorField()

    class Meta:
        indexes = [
            GinIndex(models.F("posting_id") / POSTINGS_A_SLICE, "search", name="posting_search", fastupdate=False),
        ]


class VocabularyWord(models.Model):
    """A word that postings use, and in how many it stands: what is offered for a word that nobody wrote."""

    word = models.CharField(max_length=40, primary_key=True)
    postings = models.PositiveIntegerField()

    class Meta:
        indexes = [GinIndex(OpClass("word", "gin_trgm_ops"), name="vocabulary_trigrams")]


class Comment(models.Model):
    """A comment, on the posting or on another comment.

    ``number`` counts within the posting and is what people quote; ``path`` holds the numbers from the first comment of the
    thread down to this one, so that one index gives a thread in the order in which it is read.
    """

    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, related_name="+", db_index=False)
    author = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    path = ArrayField(models.IntegerField())
    # The comment that is answered, by its number; it may stand deeper than ``path`` can show.
    answers = models.PositiveIntegerField(null=True)
    body = models.TextField()
    html = models.TextField()
    state = models.CharField(max_length=9, choices=choices_of(WordsState), default=WordsState.PUBLISHED)
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT, null=True, related_name="+")
    connections = models.JSONField(default=list)
    commented_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    search = models.GeneratedField(
        expression=SearchVector("body", config="english"), output_field=SearchVectorField(), db_persist=True
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["posting", "number"], name="one_comment_of_a_number")]
        indexes = [
            models.Index(fields=["posting", "path"], name="comments_in_threads"),
            models.Index(fields=["author", "-commented_at"], name="comment_of_author"),
            models.Index(fields=["-commented_at", "-id"], name="comment_newest"),
            # A search would read for each slice what waits for a batch, so nothing waits: 0.15 ms a comment.
            GinIndex(models.F("id") / COMMENTS_A_SLICE, "search", name="comment_search", fastupdate=False),
        ]


class Revision(models.Model):
    """What a posting or a comment said before it was edited."""

    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, null=True, related_name="+")
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, null=True, related_name="+")
    title = models.CharField(max_length=160, blank=True)
    body = models.TextField()
    replaced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="revision_of_one_thing",
                condition=models.Q(posting__isnull=False, comment__isnull=True)
                | models.Q(posting__isnull=True, comment__isnull=False),
            )
        ]


class UsefulnessRating(models.Model):
    """How useful a member found a posting, 0 to 3; changeable."""

    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    value = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["posting", "member"], name="one_rating"),
            models.CheckConstraint(name="rating_in_range", condition=models.Q(value__lte=3)),
        ]


class Draft(models.Model):
    """What a member is writing and nobody else sees; it saves itself.

    A comment's draft names its posting and the comment it answers (0: the posting itself).
    """

    class Kind(models.TextChoices):
        POSTING = "posting"
        CASE = "case"
        COMMENT = "comment"

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=7, choices=Kind)
    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, null=True, related_name="+")
    parent = models.PositiveIntegerField(default=0)
    fields = models.JSONField(default=dict)
    # Findings of the de-identification gate: key of the finding → why the author keeps it; empty while it is not answered.
    reasons = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "posting", "parent"],
                condition=models.Q(kind="comment"),
                name="one_draft_of_a_comment",
            )
        ]
        indexes = [models.Index(fields=["member", "-saved_at"], name="drafts_of_member")]


class Picture(models.Model):
    """A picture of a draft or a posting: bare pixels, re-encoded; what was uploaded is not kept."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, null=True, related_name="pictures")
    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, null=True, related_name="pictures")
    data = models.BinaryField()
    thumbnail = models.BinaryField()
    media_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    description = models.CharField(max_length=300, blank=True)
    # What was stripped, in words without its values.
    removed = models.JSONField(default=list)
    # Faces and lettering that were found and not yet covered or answered: boxes as shares of the picture.
    offered = models.JSONField(default=list)
    # Why what was found stays, in the author's words.
    reason = models.CharField(max_length=300, blank=True)
    added_at = models.DateTimeField()
