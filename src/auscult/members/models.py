"""Accounts, members, claims and evidence.

The firewall: whoever knows a handle finds the member, not the claim; only the functions of this room join the two, and
what a claim says of a person is sealed. No other room imports ``Account``, ``Claim`` or ``Evidence`` (tests/house).
"""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower, Now

from auscult.members.rules import OPEN_STATES, ClaimKind, ClaimState, Decision, EvidenceKind, Via
from auscult.shared.models import SealedField, choices_of
from auscult.shared.standing import Level, MemberClass


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


class LoginSession(AbstractBaseSession):
    """A session that names its account, so that one query reads session, account and standing (members.sessions)."""

    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="+")

    @classmethod
    def get_session_store_class(cls) -> type:
        """Where Django finds the store of these sessions."""
        from auscult.members.sessions import SessionStore

        return SessionStore


class Member(models.Model):
    """A pseudonymous person: handle, level, class, stratum. Never a name.

    A member who was erased is a row without account, handle and stratum, to which what others answered still hangs.
    """

    class Suspension(models.TextChoices):
        REGISTER = "register"
        DISPUTE = "dispute"

    account = models.OneToOneField(Account, null=True, on_delete=models.SET_NULL)
    # Null, not empty: many members have none yet, and those that exist are unique.
    handle = models.CharField(max_length=24, null=True)  # noqa: DJ001 - as said above
    level = models.PositiveSmallIntegerField(choices=[(level.value, level.name) for level in Level], default=Level.L0)
    member_class = models.CharField(max_length=9, choices=choices_of(MemberClass), default=MemberClass.PHYSICIAN)
    specialty_group = models.CharField(max_length=4, blank=True)
    state = models.CharField(max_length=6, blank=True)
    sex = models.CharField(max_length=1, blank=True)
    career = models.CharField(max_length=5, blank=True)
    verified_at = models.DateTimeField(null=True)
    verified_until = models.DateTimeField(null=True)
    # The last notice of a lapse that was sent (rules.LAPSE_NOTICES).
    lapse_notice = models.CharField(max_length=6, blank=True)
    # Announced: the record was deactivated, and the member has until then.
    suspends_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    suspended_for = models.CharField(max_length=8, choices=Suspension, blank=True)
    # Day of the last request; a day, not an instant, so that it tells nobody when somebody voted.
    active_on = models.DateField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("handle"), name="one_handle"),
            models.CheckConstraint(
                name="verified_has_stratum",
                condition=models.Q(level__lt=Level.L2)
                | (
                    models.Q(verified_until__isnull=False)
                    & (
                        ~models.Q(member_class=MemberClass.PHYSICIAN)
                        | ~models.Q(specialty_group="") & ~models.Q(state="") & ~models.Q(sex="") & ~models.Q(career="")
                    )
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["verified_until"], condition=models.Q(level__gte=2), name="verified_members"),
            models.Index(
                fields=["suspends_at"], condition=models.Q(suspends_at__isnull=False), name="announced_suspensions"
            ),
        ]


class RoleGrant(models.Model):
    """A role that an operator gave."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=12)
    granted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "role"], name="one_grant")]


class Claim(models.Model):
    """A member's case: mostly, to be the holder of one register record. Sealed columns are encrypted (shared.crypto)."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="claims")
    kind = models.CharField(max_length=9, choices=choices_of(ClaimKind), default=ClaimKind.RECORD)
    state = models.CharField(max_length=16, choices=choices_of(ClaimState), default=ClaimState.SUBMITTED)
    wanted = models.PositiveSmallIntegerField(default=Level.L2)
    member_class = models.CharField(max_length=9, choices=choices_of(MemberClass), default=MemberClass.PHYSICIAN)
    # Keyed hash of the record's number; null for trainees, who have no record.
    record_fingerprint = models.BinaryField(null=True)
    identity_sealed = SealedField(purpose="claim.identity")
    specialty_group = models.CharField(max_length=4, blank=True)
    practice_state = models.CharField(max_length=6, blank=True)
    sex = models.CharField(max_length=1, blank=True)
    career = models.CharField(max_length=5, blank=True)
    flags = models.JSONField(default=list)
    reason = models.CharField(max_length=30, blank=True)
    # The verified claim of another member that this one disputes.
    contested = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="disputes")
    deadline_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField()
    # When the clock of a decision began to run.
    review_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    automatic = models.BooleanField(default=False)
    # A claim that failed says nothing of a person any more.
    emptied = models.BooleanField(default=False)
    appealed_at = models.DateTimeField(null=True)
    appeal_sealed = SealedField(null=True, purpose="claim.appeal")

    class Meta:
        constraints = [
            # One person, one account; pending claims on one record never block each other.
            models.UniqueConstraint(
                fields=["record_fingerprint"], condition=models.Q(state=ClaimState.VERIFIED), name="one_verified_claim"
            ),
            models.UniqueConstraint(
                fields=["member"], condition=models.Q(state__in=OPEN_STATES), name="one_open_claim"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "submitted_at"]),
            models.Index(fields=["record_fingerprint"], name="claims_on_a_record"),
        ]


class Evidence(models.Model):
    """One piece of evidence for a claim."""

    class State(models.TextChoices):
        OFFERED = "offered"
        CONFIRMED = "confirmed"
        REFUSED = "refused"

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=20, choices=choices_of(EvidenceKind))
    state = models.CharField(max_length=9, choices=State, default=State.OFFERED)
    points = models.PositiveSmallIntegerField(default=0)
    via = models.CharField(max_length=9, choices=choices_of(Via), blank=True)
    note_sealed = SealedField(null=True, purpose="evidence.note")
    document_sealed = SealedField(null=True, purpose="evidence.document")
    # SHA-256 of the document; it stays when the document is deleted.
    document_hash = models.BinaryField(null=True)
    code_fingerprint = models.BinaryField(null=True)
    # A code that somebody must still say, fax or post, or hand to colleagues.
    code_sealed = SealedField(null=True, purpose="evidence.code")
    code_until = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    offered_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "kind"], name="one_evidence_of_a_kind")]
        indexes = [
            models.Index(fields=["code_fingerprint"], condition=models.Q(kind=EvidenceKind.VOUCHES), name="vouch_codes")
        ]


class Opinion(models.Model):
    """What one verifier thinks of a claim; a claim is decided when as many as it needs think the same."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="opinions")
    verifier = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    decision = models.CharField(max_length=6, choices=choices_of(Decision))
    reason = models.CharField(max_length=30)
    # Whether it was given after an appeal; who decided before does not decide again.
    on_appeal = models.BooleanField(default=False)
    given_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "verifier", "on_appeal"], name="one_opinion")]


class Vouch(models.Model):
    """One verified member's word that an applicant is the physician of the record; nobody but this room sees whose."""

    # The word counts for «five a year» and «not mutual» after the claim has gone.
    claim = models.ForeignKey(Claim, null=True, on_delete=models.SET_NULL, related_name="vouches")
    voucher = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="vouches_given")
    applicant = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="vouches_received")
    vouched_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "voucher"], name="one_vouch")]
        indexes = [models.Index(fields=["voucher", "vouched_at"], name="vouches_of_a_year")]


class LeftRecord(models.Model):
    """That the holder of a record left, and until when it is not verified for another account; a keyed hash."""

    record_fingerprint = models.BinaryField()
    member = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["record_fingerprint"], name="left_records")]


class Unmasking(models.Model):
    """Two custodians, a written reason, and a notice to the member: the only way from a handle to a name."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="unmaskings")
    asked_by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.TextField()
    # A legal order that forbids telling the member before ``notice_at``; empty for none.
    legal_order = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    approved = models.BooleanField(null=True)
    decided_at = models.DateTimeField(null=True)
    notice_at = models.DateTimeField(null=True)
    noticed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
