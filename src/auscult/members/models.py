"""Accounts, members, claims and evidence.

The firewall: whoever knows a handle finds the member, not the claim; only the functions of this room join the two, and
what a claim says of a person is sealed. No other room imports ``Account``, ``Claim`` or ``Evidence`` (tests/house).
"""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now

from auscult.members.rules import OPEN_STATES, ClaimState, EvidenceKind
from auscult.shared.standing import Level


class AccountManager(BaseUserManager["Account"]):
    """Makes accounts."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "Account":
        """Make an account with a hashed (or unusable) password."""
        account = self.model(email=self.normalize_email(email).lower(), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """A log-in. Everything else about a person hangs on Member (public, pseudonymous) or Claim (sealed)."""

    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(db_default=Now())

    objects = AccountManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    def __str__(self) -> str:
        return f"account {self.pk}"


class Member(models.Model):
    """A pseudonymous person: handle, level, stratum. Never a name."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE)
    # Null, not empty: many members have none yet, and those that exist are unique.
    handle = models.CharField(max_length=24, null=True)  # noqa: DJ001 - as said above
    level = models.PositiveSmallIntegerField(choices=[(level.value, level.name) for level in Level], default=Level.L0)
    specialty_group = models.CharField(max_length=4, blank=True)
    state = models.CharField(max_length=2, blank=True)
    sex = models.CharField(max_length=1, blank=True)
    career = models.CharField(max_length=5, blank=True)
    verified_at = models.DateTimeField(null=True)
    verified_until = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    # Day of the last request; a day, not an instant, so that it tells nobody when somebody voted.
    active_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("handle"), name="one_handle"),
            models.CheckConstraint(
                name="verified_has_stratum",
                condition=models.Q(level__lt=Level.L2)
                | (
                    ~models.Q(specialty_group="")
                    & ~models.Q(state="")
                    & ~models.Q(sex="")
                    & ~models.Q(career="")
                    & models.Q(verified_until__isnull=False)
                ),
            ),
        ]
        indexes = [models.Index(fields=["verified_until"], condition=models.Q(level__gte=2), name="verified_members")]


class RoleGrant(models.Model):
    """A role that an operator gave."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=12)
    granted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "role"], name="one_grant")]


class Claim(models.Model):
    """A member's claim to be the holder of one register record. Sealed columns are encrypted (shared.crypto)."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="claims")
    state = models.CharField(
        max_length=16, choices=[(state.value, state.value) for state in ClaimState], default=ClaimState.SUBMITTED
    )
    npi_fingerprint = models.BinaryField()
    identity_sealed = models.BinaryField()
    specialty_group = models.CharField(max_length=4)
    practice_state = models.CharField(max_length=2)
    sex = models.CharField(max_length=1)
    career = models.CharField(max_length=5)
    reason = models.CharField(max_length=30, blank=True)
    submitted_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # One person, one account; pending claims on one NPI never block each other.
            models.UniqueConstraint(
                fields=["npi_fingerprint"], condition=models.Q(state=ClaimState.VERIFIED), name="one_verified_claim"
            ),
            models.UniqueConstraint(
                fields=["member"], condition=models.Q(state__in=OPEN_STATES), name="one_open_claim"
            ),
        ]
        indexes = [models.Index(fields=["state", "submitted_at"])]


class Evidence(models.Model):
    """One piece of evidence for a claim."""

    class State(models.TextChoices):
        OFFERED = "offered"
        CONFIRMED = "confirmed"
        REFUSED = "refused"

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in EvidenceKind])
    state = models.CharField(max_length=9, choices=State, default=State.OFFERED)
    note_sealed = models.BinaryField(null=True)
    document_sealed = models.BinaryField(null=True)
    code_fingerprint = models.BinaryField(null=True)
    code_until = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    offered_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "kind"], name="one_evidence_of_a_kind")]
