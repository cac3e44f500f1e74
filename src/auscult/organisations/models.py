"""Organisations and representatives."""

from django.db import models
from django.db.models.functions import Now

from auscult.members.models import Member


class Organisation(models.Model):
    """An association, society, company, agency or journal."""

    class Kind(models.TextChoices):
        ASSOCIATION = "association"
        SPECIALTY_SOCIETY = "specialty society"
        COMPANY = "company"
        AGENCY = "agency"
        JOURNAL = "journal"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    website = models.URLField(blank=True)
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Representative(models.Model):
    """A member account that speaks for an organisation, within a stated scope and under an own public name."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="representatives")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    public_name = models.CharField(max_length=120)
    scope = models.CharField(max_length=200)
    appointed_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "member"], condition=models.Q(ended_at=None), name="one_appointment"
            )
        ]
