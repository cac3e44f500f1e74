"""What members are told, and how they want to be told."""

from django.db import models

from auscult.community.models.moderation import Decision
from auscult.community.models.postings import Comment, Posting
from auscult.community.rules.notifying import Kind, Rhythm
from auscult.members.models import Member
from auscult.shared.models import Topic, choices_of


class Notification(models.Model):
    """One thing that a member is told; of the comments in a thread that is followed, one row until it is seen."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=choices_of(Kind))
    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, null=True, related_name="+")
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, null=True, related_name="+")
    # Whose words it is about; null where nobody's.
    actor = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    # For decisions of moderators and appeals: where it stands, and what was decided, in words.
    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, null=True, related_name="+")
    text = models.TextField(blank=True)
    # Comments that this is about, of which ``comment`` and ``actor`` are the last.
    count = models.PositiveIntegerField(default=1, db_default=1)
    made_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    # When a mail with it was queued; null where none was and none is due.
    mail_due = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "posting"],
                condition=models.Q(kind=Kind.COMMENT, seen_at=None),
                name="one_unseen_of_a_thread",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-made_at", "-id"], name="notifications_newest"),
            models.Index(fields=["member"], condition=models.Q(seen_at=None), name="notifications_unseen"),
            models.Index(fields=["member", "id"], condition=models.Q(mail_due=True), name="notifications_to_mail"),
        ]


class NotificationWish(models.Model):
    """How a member wants to be told: rhythm of mails by kind, quiet hours, time zone. None: the defaults of the rules."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True)
    # Kind → rhythm; what is not named follows the default.
    rhythms = models.JSONField(default=dict)
    time_zone = models.CharField(max_length=64, default="UTC")
    # Local hours 0–23; equal: no quiet hours.
    quiet_from = models.PositiveSmallIntegerField(default=22)
    quiet_until = models.PositiveSmallIntegerField(default=7)
    digested_at = models.DateTimeField(null=True)


class TopicRhythm(models.Model):
    """How a member wants to hear of new postings on a topic."""

    pk = models.CompositePrimaryKey("member_id", "topic_id")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    rhythm = models.CharField(max_length=7, choices=choices_of(Rhythm))
