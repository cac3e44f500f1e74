"""Reading under a grant: numbers only, a receipt each time, refused outside the term."""

import pytest
from django.db import DatabaseError, transaction

from auscult.community.actions.comments import add_comment
from auscult.community.actions.postings import create_posting
from auscult.community.queries.aggregates import get_topic_aggregate
from auscult.evidence.checks import FALSE
from auscult.evidence.verifier import verify_bundle
from auscult.organisations.models import Representative
from auscult.partnerships.actions.grants import GrantNotInForce, read_topic_aggregate
from auscult.partnerships.models import AccessReceipt, Grant
from auscult.partnerships.queries.receipts import get_access_page, list_receipts_about
from auscult.publishing.extracts import make_extract
from auscult.publishing.models import RecordEntry
from auscult.shared.models import Topic
from auscult.shared.refusals import NotFound
from auscult.shared.standing import READER

from .conftest import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]


def read(standing, now, topic="health-reform"):
    grant = Grant.objects.get()
    return read_topic_aggregate(standing=standing, now=now, grant_id=grant.pk, topic=topic)


@pytest.fixture
def talk(make_member):
    """Twelve internists and ten surgeons write in one topic, three psychiatrists too; one writes elsewhere."""
    authors = [make_member(group=g) for g in ["WG01"] * 12 + ["WG17"] * 10 + ["WG12"] * 3]
    first = create_posting(standing=authors[0], now=at(2008, 1, 1), title="t", body="b", topic="health-reform")
    for author in authors[1:]:
        add_comment(standing=author, now=at(2008, 1, 2), posting_id=first.pk, body="x")
    elsewhere = make_member()
    create_posting(standing=elsewhere, now=at(2008, 1, 1), title="t", body="b", topic="organised-medicine")
    return authors, elsewhere


def test_numbers_with_a_receipt_that_each_author_sees(parties, agreement, talk):
    authors, elsewhere = talk
    found = read(parties["society"], at(2008, 3, 1))
    assert (found.postings, found.comments, found.authors) == (0, 20, 20)
    # Three psychiatrists would be a small group; alone among the others they could be had by subtraction.
    assert found.groups == [("Internal medicine", 10), ("others", 10)]
    for author in authors:
        (line,) = list_receipts_about(author)
        assert (line.client, line.purpose, line.authors) == ("The Society", "to learn", 20)
    assert list_receipts_about(elsewhere) == []
    assert list_receipts_about(READER) == []


def test_later_words_are_not_behind_an_earlier_read(parties, agreement, talk, make_member):
    read(parties["society"], at(2008, 3, 1))
    late = make_member()
    create_posting(standing=late, now=at(2008, 3, 2), title="t", body="b", topic="health-reform")
    assert list_receipts_about(late) == []


def test_two_reads_cannot_be_subtracted(parties, agreement, talk, make_member):
    before = read(parties["society"], at(2008, 3, 2))
    create_posting(standing=make_member(), now=at(2008, 3, 3), title="t", body="b", topic="health-reform")
    assert read(parties["society"], at(2008, 3, 4)) == before


def test_below_ten_authors_nothing_is_shown(parties, agreement, make_member):
    for _ in range(9):
        create_posting(standing=make_member(), now=at(2008, 1, 1), title="t", body="b", topic="health-reform")
    found = read(parties["society"], at(2008, 3, 1))
    assert (found.postings, found.authors, found.groups) == (0, 0, [])


def test_the_same_request_after_the_term_is_refused_and_the_refusal_is_on_record(parties, agreement, talk):
    read(parties["society"], at(2009, 5, 24))
    with pytest.raises(GrantNotInForce, match="Access ended with the agreement on 24 May 2009"):
        read(parties["society"], at(2009, 5, 25))
    with pytest.raises(GrantNotInForce, match="not in force yet"):
        read(parties["society"], at(2007, 5, 24))
    receipts = get_access_page(READER, agreement.pk, at(2009, 6, 1)).receipts
    assert [bool(line.refused) for line in receipts] == [True, True, False]
    assert RecordEntry.objects.filter(kind="access.refused").count() == 2
    # A refused request is nobody's to worry about: no words were counted.
    assert len(list_receipts_about(talk[0][0])) == 1
    assert [c for c in verify_bundle(make_extract([f"agreement:{agreement.pk}"])) if c.verdict == FALSE] == []


def test_only_the_beneficiary_reads(parties, agreement, make_member, talk):
    for standing in (parties["operator"], parties["arbiter"], make_member(), READER):
        with pytest.raises(NotFound):
            read(standing, at(2008, 3, 1))
    with pytest.raises(NotFound):
        read(parties["society"], at(2008, 3, 1), topic="none")
    Representative.objects.filter(member_id=parties["society"].member_id).update(powers=["reply"])
    with pytest.raises(NotFound):
        read(parties["society"], at(2008, 3, 1))
    assert not AccessReceipt.objects.exists()


def test_a_receipt_cannot_be_removed(parties, agreement, talk):
    read(parties["society"], at(2008, 3, 1))
    for act in (AccessReceipt.objects.all().delete, lambda: AccessReceipt.objects.update(authors=0)):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()


def test_all_large_groups_stand_alone(make_member):
    for group in ["WG01"] * 10 + ["WG17"] * 11:
        create_posting(
            standing=make_member(group=group), now=at(2008, 1, 1), title="t", body="b", topic="health-reform"
        )
    found = get_topic_aggregate(Topic.objects.get(slug="health-reform"), at(2007, 1, 1), at(2009, 1, 1))
    assert sorted(count for _, count in found.groups) == [10, 10]
