"""What the voice forgets of a member who leaves."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from auscult.shared import audit
from auscult.shared.standing import Standing
from auscult.voice.actions.appeals import withdraw_signature
from auscult.voice.models import MandateStatement, Signature, SignatureCount
from auscult.voice.rules import AppealState, Display


def forget_member(*, standing: Standing, now: datetime) -> None:
    """Forget a member who erases the account; called by ``web.privacy`` in its transaction.

    What changes: mandates are deleted, and count no more from the next snapshot. Signatures of appeals that are not closed
    are withdrawn; those counted and on record stay counted, without a name.
    """
    member = standing.require_member()
    with transaction.atomic():
        MandateStatement.objects.filter(member_id=member).delete()
        own = Signature.objects.filter(member_id=member, state=Signature.State.VALID)
        open_appeals = own.exclude(version__appeal__state__in=[AppealState.CLOSED, AppealState.DELIVERED])
        for appeal_id in set(open_appeals.values_list("version__appeal_id", flat=True)):
            withdraw_signature(standing=standing, now=now, appeal_id=appeal_id)
        # What stays is counted and shown no longer, so the kept count of shown signatures falls with it.
        shown = own.exclude(display=Display.COUNTED).values_list("version_id", flat=True)
        SignatureCount.objects.filter(version__in=list(shown)).update(shown=F("shown") - 1)
        Signature.objects.filter(member_id=member).update(
            name_sealed=None, display=Display.COUNTED, specialty="", us_state=""
        )
        audit.record("voice.member.forget", standing=standing, thing=f"member:{member}", now=now)
