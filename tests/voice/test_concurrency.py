"""Signing while an appeal is closed, and two statements at once: what is counted is what is there."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from auscult.evidence.checks import FALSE
from auscult.evidence.verifier import verify_bundle
from auscult.publishing.extracts import make_extract
from auscult.publishing.models import RecordEntry
from auscult.shared.refusals import Refused
from auscult.statistics.mandates import Stance
from auscult.voice.actions.appeals import close_appeal, sign_appeal
from auscult.voice.actions.mandates import state_mandate, state_nobody
from auscult.voice.models import Signature, SignatureCount
from auscult.voice.queries.mandates import list_own_mandates

pytestmark = [pytest.mark.django_db(transaction=True)]


def together(*acts):
    """Do them at once; those that are refused say so."""

    def one(act):
        try:
            act()
        except Refused as refusal:
            return refusal
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def test_nothing_is_signed_behind_the_back_of_the_count(opened, author, make_member, now):
    text = opened.versions.get().sha256
    members = [make_member() for _ in range(6)]
    signs = [
        lambda member=member: sign_appeal(standing=member, now=now, appeal_id=opened.pk, sha256=text)
        for member in members
    ]
    together(*signs[:3], lambda: close_appeal(standing=author, now=now, appeal_id=opened.pk), *signs[3:])
    counted = RecordEntry.objects.get(kind="appeal.closed").payload["versions"][0]["signatures"]
    assert counted == SignatureCount.objects.get().valid == Signature.objects.filter(state="valid").count()
    assert [c for c in verify_bundle(make_extract([f"appeal:{opened.pk}"])) if c.verdict == FALSE] == []


def test_the_same_signature_twice_at_once_counts_once(opened, make_member, now):
    member, text = make_member(), opened.versions.get().sha256
    refusals = together(*[lambda: sign_appeal(standing=member, now=now, appeal_id=opened.pk, sha256=text)] * 3)
    assert sum(refusal is None for refusal in refusals) == 1
    assert SignatureCount.objects.get().valid == 6


@pytest.mark.usefixtures("society", "topics")
def test_nobody_and_an_organisation_are_never_both_in_force(make_member, now):
    for _ in range(4):
        member = make_member()
        together(
            lambda m=member: state_mandate(
                standing=m, now=now, topic="health-reform", organisation="society", stance=Stance.SPEAKS
            ),
            lambda m=member: state_nobody(standing=m, now=now, topic="health-reform"),
        )
        assert len(list_own_mandates(member, now)) == 1
