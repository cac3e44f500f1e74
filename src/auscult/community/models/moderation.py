"""Flags, decisions, appeals, sanctions, sessions of staff."""

from django.db import models

from auscult.community.models.postings import Comment, Posting
from auscult.community.rules.moderation import AppealOutcome, FlagReason, Measure, Rule, SanctionKind
from auscult.members.models import Member
from auscult.shared.models import choices_of


class Flag(models.Model):
    """That a member thinks words break a rule. Who flagged is seen by moderators as a count only."""

    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, related_name="+")
    # Null where the posting itself is meant.
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, null=True, related_name="+")
    # Null where this place's own heuristics flagged.
    member = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=16, choices=choices_of(FlagReason))
    words = models.CharField(max_length=500, blank=True)
    flagged_at = models.DateTimeField()
    decision = models.ForeignKey("Decision", on_delete=models.SET_NULL, null=True, related_name="flags")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["posting", "comment", "member"],
                nulls_distinct=False,
                condition=models.Q(decision=None, member__isnull=False),
                name="one_open_flag_of_a_member",
            )
        ]
        indexes = [models.Index(fields=["flagged_at"], condition=models.Q(decision=None), name="open_flags")]


class StaffSession(models.Model):
    """A moderator's power: for a written reason and a limited time."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    reason = models.CharField(max_length=300)
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["member", "-ends_at"], name="staff_sessions")]


class Decision(models.Model):
    """What a moderator decided on words: the measure, the rule, the passage; public without author and words."""

    posting = models.ForeignKey(Posting, on_delete=models.CASCADE, related_name="+")
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, null=True, related_name="+")
    author = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    moderator = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey(StaffSession, on_delete=models.PROTECT, related_name="+")
    measure = models.CharField(max_length=12, choices=choices_of(Measure))
    rule = models.CharField(max_length=16, choices=choices_of(Rule))
    # The words the rule was applied to; the author and moderators see them.
    passage = models.TextField(blank=True)
    # Why, in words for everybody.
    reason = models.TextField()
    flagged_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-decided_at"], name="decisions_newest")]


class ModerationAppeal(models.Model):
    """The author's appeal; somebody else than the first moderator decides."""

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="appeal")
    text = models.TextField()
    appealed_at = models.DateTimeField()
    decided_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=choices_of(AppealOutcome), blank=True)
    reason = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)


class Sanction(models.Model):
    """What a decision means for its author for a while; it expires by itself and ends when the decision is overturned."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+", db_index=False)
    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="sanctions")
    kind = models.CharField(max_length=10, choices=choices_of(SanctionKind))
    step = models.PositiveSmallIntegerField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["member", "-ends_at"], name="sanctions_of_member")]
