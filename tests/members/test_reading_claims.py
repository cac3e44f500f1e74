"""Each look at a name is on the trail, once an hour for each verifier and claim."""

from datetime import timedelta

import pytest

from auscult.members.actions.evidence import note_claim_read
from auscult.shared.models import AuditEvent
from auscult.shared.refusals import NotFound

from .conftest import claim_it

pytestmark = pytest.mark.django_db


def test_a_look_at_a_name_is_noted_once_an_hour(applicant, record, verifier, second_verifier, make_member, now):
    claim = claim_it(applicant(), record, now)

    def look(standing, minutes):
        note_claim_read(standing=standing, now=now + timedelta(minutes=minutes), claim_id=claim.pk)

    for standing, minutes in ((verifier, 0), (verifier, 59), (second_verifier, 59), (verifier, 61)):
        look(standing, minutes)
    for standing in (make_member(), applicant()):
        with pytest.raises(NotFound):
            look(standing, 0)
    seen = AuditEvent.objects.filter(event="members.claim.read").order_by("at").values_list("actor_id", "at", "thing")
    noted = {(actor, int((at - now).total_seconds() // 60), thing) for actor, at, thing in seen}
    thing = f"claim:{claim.pk}"
    assert noted == {
        (verifier.member_id, 0, thing), (second_verifier.member_id, 59, thing), (verifier.member_id, 61, thing),
    }  # fmt: skip
    assert len(seen) == 3
