"""Organisations among members: their representatives read what members answer them, not who answers, and nothing else."""

import re
from datetime import timedelta

import pytest

from auscult.community.actions.comments import add_comment
from auscult.community.actions.postings import create_posting
from auscult.community.queries.postings import get_posting_page
from auscult.members.models import Account
from auscult.organisations.actions import add_organisation, appoint_representative
from auscult.organisations.models import Organisation, Representative
from auscult.organisations.rules import Power
from auscult.shared.refusals import NotAllowed
from auscult.shared.standing import CONSOLE, Level

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]


@pytest.fixture
def society(now):
    kind = Organisation.Kind.SPECIALTY_SOCIETY
    return add_organisation(standing=CONSOLE, now=now, slug="society", name="A Society", kind=kind)


def appoint(society, make_member, now, email, powers=(Power.POST,)):
    standing = make_member(level=Level.L0, email=email)
    appoint_representative(
        standing=CONSOLE, now=now, organisation=society, email=email, public_name="Office", scope="fees", powers=list(powers)
    )  # fmt: skip
    return standing


@pytest.fixture
def office(society, make_member, now):
    return appoint(society, make_member, now, "office@example.org")


@pytest.fixture
def posting(office, society, now):
    words = {"title": "What we will say about fees", "body": "Ask us.", "topic": "health-reform"}
    return create_posting(standing=office, now=now, organisation_id=society.pk, **words)


@pytest.fixture
def heron(make_member):
    return make_member(handle="quiet-heron")


def sign_in(client, standing):
    client.force_login(Account.objects.get(member__pk=standing.member_id))


def test_a_representative_reads_the_answers_without_handles_and_answers(
    client, office, society, posting, heron, make_member, now
):
    first = add_comment(standing=heron, now=now, posting_id=posting.pk, body="Will you publish the minutes?")
    owl = make_member(handle="other-owl")
    add_comment(
        standing=owl, now=now, posting_id=posting.pk, parent=first.number,
        body=f"> #{first.number}\n> minutes\n\n@quiet-heron asks well.",
    )  # fmt: skip
    sign_in(client, office)
    page = client.get(f"/postings/{posting.pk}/").content.decode()
    assert "Will you publish the minutes?" in page
    assert "a member" in page
    assert not any(handle in page for handle in ("quiet-heron", "other-owl"))
    form = client.get(f"/postings/{posting.pk}/comments?answers=1").content.decode()
    assert f'name="organisation" value="{society.pk}"' in form
    sent = {"body": "Yes, on the day itself.", "parent": "1", "organisation": str(society.pk)}
    answer = client.post(f"/postings/{posting.pk}/comments", sent, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "quiet-heron" not in answer.content.decode()
    seen = get_posting_page(heron, posting.pk, now).threads[0].answers[-1]
    assert (seen.author.organisation, seen.author.handle) == ("A Society", "")


def test_members_read_it_with_handles(posting, heron, now):
    add_comment(standing=heron, now=now, posting_id=posting.pk, body="Hm.")
    page = get_posting_page(heron, posting.pk, now)
    assert page.threads[0].author.handle == "quiet-heron"
    assert page.speaks_in is None


def test_nobody_else_reads_it_and_a_representative_nothing_else(
    client, office, society, posting, heron, make_member, now
):
    words = {"title": "Among us", "body": "No society here.", "topic": "health-reform"}
    other = create_posting(standing=heron, now=now, **words)
    with pytest.raises(NotAllowed):
        get_posting_page(office, other.pk, now)
    with pytest.raises(NotAllowed):
        get_posting_page(office, 10**6, now)
    with pytest.raises(NotAllowed):
        add_comment(standing=office, now=now, posting_id=other.pk, body="Hello", organisation_id=society.pk)
    # Another society's office, one without the power, and one whose appointment has ended
    rival = add_organisation(standing=CONSOLE, now=now, slug="rival", name="Rival", kind=Organisation.Kind.ASSOCIATION)
    strangers = [
        appoint(rival, make_member, now, "rival@example.org"),
        appoint(society, make_member, now, "silent@example.org", powers=(Power.REPLY,)),
    ]
    for stranger in strangers:
        with pytest.raises(NotAllowed):
            get_posting_page(stranger, posting.pk, now)
    Representative.objects.filter(member_id=office.member_id).update(ended_at=now)
    with pytest.raises(NotAllowed):
        get_posting_page(office, posting.pk, now)
    sign_in(client, office)
    for path in ("/feed/", "/search/?q=us", "/colleagues/quiet-heron/", f"/postings/{posting.pk}/"):
        assert client.get(path).status_code == 403, path


def test_its_own_words_can_be_edited_and_taken_back(client, office, posting):
    sign_in(client, office)
    page = client.get(f"/postings/{posting.pk}/").content.decode()
    assert "Take back" in page
    assert "Mute thread" not in page
    assert client.get(f"/postings/{posting.pk}/edit").status_code == 200
    assert client.post(f"/postings/{posting.pk}/retract", {}).status_code == 302


def test_the_organisations_page_lists_what_it_posted_to_whoever_may_read_it(
    client, office, society, posting, heron, make_member, now
):
    for number in range(12):
        title, then = f"Notice {number}", now + timedelta(days=number)
        create_posting(
            standing=office, now=then, organisation_id=society.pk, title=title, body="Words.", topic="health-reform"
        )
    create_posting(standing=heron, now=now, title="Among us", body="No society here.", topic="health-reform")
    assert b"Notice" not in client.get("/organisations/society/").content
    stranger = appoint(society, make_member, now, "silent@example.org", powers=(Power.REPLY,))
    sign_in(client, stranger)
    assert b"Notice" not in client.get("/organisations/society/").content
    for reader, posts in ((heron, False), (office, True)):
        sign_in(client, reader)
        page = client.get("/organisations/society/").content.decode()
        assert page.index("Notice 11") < page.index("Notice 2")
        assert "What we will say about fees" not in page
        assert "Among us" not in page
        assert (f"/postings/new?organisation={society.pk}" in page) is posts
        (older,) = re.findall(r"\?before=(\d+)#posted", page)
        rest = client.get(f"/organisations/society/?before={older}").content.decode()
        assert "What we will say about fees" in rest
        assert "Notice 2" not in rest
        assert client.get("/organisations/society/?before=x").status_code == 200
