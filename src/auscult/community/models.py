"""Postings, comments, usefulness ratings."""

from django.db import models
from django.db.models.functions import Coalesce

from auscult.members.models import Member
from auscult.shared.models import Topic
from auscult.surveys.models import Survey


class Posting(models.Model):
    """A posting, with a question attached or without. ``html`` is rendered when written."""

    author = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    body = models.TextField()
    html = models.TextField()
    survey = models.OneToOneField(Survey, on_delete=models.PROTECT, null=True, related_name="+")
    posted_at = models.DateTimeField()
    comments = models.PositiveIntegerField(default=0)
    commented_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-posted_at", "-id"], name="posting_newest"),
            models.Index(fields=["topic", "-posted_at", "-id"], name="posting_newest_of_topic"),
        ]


class Comment(models.Model):
    """A comment, on the posting or on another comment."""

    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    # The first comment of the thread; of that one itself, null.
    thread = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    body = models.TextField()
    html = models.TextField()
    commented_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index("posting", Coalesce("thread", "id"), "id", name="comments_in_threads")]


class UsefulnessRating(models.Model):
    """How useful a member found a posting, 0 to 3; changeable."""

    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    value = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["posting", "member"], name="one_rating"),
            models.CheckConstraint(name="rating_in_range", condition=models.Q(value__lte=3)),
        ]
