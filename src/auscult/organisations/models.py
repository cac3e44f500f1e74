"""Organisations, representatives, affiliations, membership claims."""

from django.db import models
from django.db.models.functions import Now

from auscult.members.models import Member
from auscult.organisations.rules import Category, Grade


class Organisation(models.Model):
    """An association, society, company, agency or journal; and the operator of this place, under the same rules."""

    class Kind(models.TextChoices):
        ASSOCIATION = "association"
        SPECIALTY_SOCIETY = "specialty society"
        COMPANY = "company"
        AGENCY = "agency"
        JOURNAL = "journal"
        OPERATOR = "operator of this place"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=24, choices=Kind)
    website = models.URLField(blank=True)
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Representative(models.Model):
    """An account that speaks for an organisation, within a stated scope and under an own public name.

    ``scope`` says it in words; ``powers`` is the list of ``rules.Power`` that the doors ask for.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="representatives")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    public_name = models.CharField(max_length=120)
    scope = models.CharField(max_length=200)
    powers = models.JSONField(default=list)
    appointed_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "member"], condition=models.Q(ended_at=None), name="one_appointment"
            )
        ]


class Affiliation(models.Model):
    """That a verified member says to belong to an organisation. Private; used in counts of ten or more."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "member"], condition=models.Q(ended_at=None), name="one_affiliation"
            )
        ]


class MembershipClaim(models.Model):
    """How many members an organisation has: as of when, by whose word, with what evidence. Append-only by trigger."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="membership_claims")
    as_of = models.DateField()
    source = models.CharField(max_length=300)
    grade = models.CharField(max_length=10, choices=[(grade.value, grade.value) for grade in Grade])
    # Null where an editor put a public figure on record.
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["as_of", "pk"]


class MembershipCount(models.Model):
    """Members of one category in a claim. Append-only by trigger."""

    claim = models.ForeignKey(MembershipClaim, on_delete=models.PROTECT, related_name="counts")
    category = models.CharField(max_length=10, choices=[(each.value, each.value) for each in Category])
    persons = models.PositiveIntegerField()
    definition = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "category"], name="one_count_of_a_category")]


class QuotedShare(models.Model):
    """A share that was quoted in public without saying of whom; ``low`` to ``high`` is what the words may mean."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    words = models.CharField(max_length=20)
    low = models.FloatField()
    high = models.FloatField()
    said_by = models.CharField(max_length=120)
    said_on = models.DateField()
    source = models.CharField(max_length=300)
    noted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["low"]
        constraints = [
            models.CheckConstraint(name="quote_is_a_share", condition=models.Q(low__gte=0, high__gt=models.F("low")))
        ]
