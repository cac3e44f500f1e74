"""What ties a member to postings, topics and other members; all of it private."""

from django.db import models

from auscult.community.models.postings import Posting
from auscult.members.models import Member
from auscult.shared.models import Topic


class Reading(models.Model):
    """How far a member has read a posting, and whether it is followed, muted, kept: one row for each of the two."""

    pk = models.CompositePrimaryKey("member_id", "posting_id")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, related_name="+")
    # Comments there were when it was last read.
    read_comments = models.PositiveIntegerField(default=0)
    is_followed = models.BooleanField(default=False)
    is_muted = models.BooleanField(default=False)
    bookmarked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["posting"], condition=models.Q(is_followed=True), name="followers_of_posting"),
            models.Index(
                fields=["member", "-bookmarked_at"], condition=models.Q(bookmarked_at__isnull=False), name="bookmarks"
            ),
        ]


class TopicFollow(models.Model):
    """That a member follows a topic."""

    pk = models.CompositePrimaryKey("member_id", "topic_id")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["topic"], name="followers_of_topic")]


class Mute(models.Model):
    """That a member does not want to read another; the other never learns of it."""

    pk = models.CompositePrimaryKey("member_id", "muted_id")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    muted = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")


class Connection(models.Model):
    """What a member says of ties to a company or organisation; shown as a label wherever the words appear."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=10)
    # Who employs or pays, and for «paid» on what class of product.
    party = models.CharField(max_length=120)
    product_class = models.CharField(max_length=120, blank=True)
    # Topics it bears on; all of them where empty.
    topics = models.ManyToManyField(Topic, related_name="+")
    began_on = models.DateField()
    ended_on = models.DateField(null=True)
    stated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["member"], name="connections_of_member")]


class LinkPreview(models.Model):
    """Title and summary of a page that somebody linked to, fetched once by this server, so that no reader is seen there."""

    url = models.URLField(max_length=1000, unique=True)
    title = models.CharField(max_length=200, blank=True)
    summary = models.CharField(max_length=400, blank=True)
    fetched_at = models.DateTimeField(null=True)
