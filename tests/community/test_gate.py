"""The de-identification gate: what it finds, what it leaves alone, and that nothing passes it unanswered."""

import itertools
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.community.actions.cases import (
    CannotAnswerFinding,
    CannotPublishCase,
    CannotSolveCase,
    answer_finding,
    publish_case,
    reopen_case,
    replace_findings,
    solve_case,
)
from auscult.community.actions.comments import CannotAddComment, CannotEditComment, add_comment, edit_comment
from auscult.community.actions.drafts import save_draft
from auscult.community.actions.postings import CannotEditPosting, edit_posting
from auscult.community.deidentification import IdentifierClass, find_identifiers, finding_key, remove_findings
from auscult.community.models import Draft, Notification, Posting
from auscult.community.queries.cases import get_case_draft
from auscult.community.queries.history import get_history
from auscult.shared.refusals import NotFound

C = IdentifierClass

#: One text for each way of writing; the finding is what stands in brackets.
FOUND = [
    (C.NAME, "Mrs. [Eleanor Vance] came in with a cough."),
    (C.NAME, "A boy named [Toby] fell."),
    (C.NAME, "pt [Harold Finch], known diabetic"),
    (C.PLACE, "She lives in [Dayton] and works nights."),
    (C.PLACE, "Sent to [1420 Maple Street] twice."),
    (C.PLACE, "ZIP [45402], no relatives."),
    (C.PLACE, "Transferred from [Saint Brendan Hospital] overnight."),
    (C.DATE, "Seen [March 3, 2009] with a rash."),
    (C.DATE, "Onset on the [14th of May]."),
    (C.DATE, "Echo on [3/14/2009] normal."),
    (C.DATE, "admitted [2009-03-14] for observation"),
    (C.DATE, "Surgery in [June 2008]."),
    (C.DATE, "seen on [3/14] again"),
    (C.DATE, "fell [last Tuesday] at home"),
    (C.DATE, "A [93-year-old] woman."),
    (C.DATE, "[94F] with hip fracture"),
    (C.DATE, "a [ninety-three-year-old] man"),
    (C.TELEPHONE, "Daughter at [(937) 555-0142]."),
    (C.TELEPHONE, "call [937-555-0142] with questions"),
    (C.FAX, "fax: [937-555-0143]"),
    (C.EMAIL, "write to [e.vance@example.org] please"),
    (C.SOCIAL_SECURITY, "SSN [123-45-6789]"),
    (C.MEDICAL_RECORD, "MRN [448291] old chart"),
    (C.MEDICAL_RECORD, "accession no. [A-20931]"),
    (C.HEALTH_PLAN, "Medicare ID [1234-567-890A]"),
    (C.ACCOUNT, "account number [0099321]"),
    (C.LICENCE, "driver's license [B1234567]"),
    (C.VEHICLE, "VIN [1HGCM82633A004352]"),
    (C.VEHICLE, "license plate [ABC 1234]"),
    (C.DEVICE, "pacemaker serial [PM-88213X]"),
    (C.URL, "her page [https://example.org/eleanor]"),
    (C.IP_ADDRESS, "logged from [192.0.2.17] at night"),
    (C.BIOMETRIC, "unlocked by [fingerprint] only"),
    (C.PHOTOGRAPH, "I attach a [photo of her face]."),
    (C.OTHER, "study ID [PX-2201]"),
    (C.OTHER, "[the only transplant surgeon in our county]"),
]
LEFT_ALONE = [
    "A 54-year-old man with Parkinson's disease and BP 120/80, pulse 72, T 38.4.",
    "Crohn's for ten years; Hodgkin lymphoma in 2004; Cushing was excluded.",
    "L4/5 stenosis, C5/6 disc, EF 55-60 %, FEV1/FVC 0.68, INR 2.5.",
    "Metoprolol 25 mg twice a day since 2008, then 50 mg; potassium 3.4, sodium 138.",
    "T2N1M0, ICD 250.00, CPT 99213, Gleason 3+4.",
    "In 2008 she had a stroke. She may improve. He was seen in the ED of a teaching hospital.",
    "Foley placed, Murphy's sign negative, Babinski upgoing, Bell's palsy on the left, Apgar 8/9.",
    "A 6-month-old infant, 7.2 kg, rectal temperature 39.1.",
    "Troponin 0.04, BNP 1,250, creatinine 1.4 to 2.1 in 48 hours.",
    "What would you try next? I read of it in the NEJM of 2007.",
]


@pytest.mark.parametrize(("kind", "marked"), FOUND)
def test_each_way_of_writing_an_identifier_is_found(kind, marked):
    start, end = marked.index("["), marked.index("]") - 1
    text = marked.replace("[", "").replace("]", "")
    hits = [each for each in find_identifiers(text) if each.start < end and each.end > start]
    assert [each.kind for each in hits] == [kind], find_identifiers(text)
    assert all(each.text == text[each.start : each.end] for each in hits)


def test_every_class_has_its_cases():
    assert {kind for kind, _ in FOUND} == set(IdentifierClass)


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_clinicians_write_every_day_is_left_alone(text):
    assert find_identifiers(text) == []


@given(st.text(alphabet="aA1 9-/.@:(),\nMr", max_size=300))
def test_findings_index_the_text_and_do_not_overlap(text):
    found = find_identifiers(text)
    assert all(text[each.start : each.end] == each.text for each in found)
    assert all(one.end <= two.start for one, two in itertools.pairwise(found))
    for each in found:
        assert finding_key(each)


def test_removing_leaves_nothing_of_what_was_found():
    text = "Mrs. Eleanor Vance, MRN 448291, seen March 3, 2009, lives in Dayton."
    cleaned = remove_findings(text, find_identifiers(text))
    assert not any(word in cleaned for word in ("Eleanor", "448291", "March", "Dayton"))


@pytest.mark.parametrize(
    "text", ["1" * 20_000, "a " * 10_000, "Mr. " * 5_000, "A" * 20_000, "1-" * 10_000, "(" * 20_000]
)
def test_hostile_texts_cost_linear_time(text):
    def seconds(part):
        began = time.process_time()
        find_identifiers(part)
        return time.process_time() - began

    seconds(text[:1000])
    # Ten times the text may cost a hundred times the noise, and must not cost a hundred times the time.
    assert seconds(text) < 100 * max(seconds(text[:2000]), 0.002)


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]
BODY = "Mrs. Eleanor Vance came on March 3, 2009. What would you do?"


@pytest.fixture
def author(make_member):
    return make_member()


def draft_of(standing, now, **changes):
    fields = {"title": "A rash", "body": BODY, "topic": "health-reform", "case_state": "unsolved"} | changes
    return save_draft(standing=standing, now=now, draft_id=None, kind="case", posting_id=None, parent=0, fields=fields)


def test_a_case_waits_until_each_finding_is_removed_or_answered(make_member, author, now):
    draft = draft_of(author, now)
    page = get_case_draft(author, draft)
    assert page.waiting == 2
    with pytest.raises(CannotPublishCase, match="2 findings wait"):
        publish_case(standing=author, now=now, draft_id=draft)
    date = next(line for line in page.findings if line.finding.kind == C.DATE)
    for reason, key, why in (("ok", date.key, "few words"), ("A long reason.", "NAME:nobody", "not stand")):
        with pytest.raises(CannotAnswerFinding, match=why):
            answer_finding(standing=author, now=now, draft_id=draft, key=key, reason=reason)
    answer_finding(standing=author, now=now, draft_id=draft, key=date.key, reason="The day of a public disaster.")
    with pytest.raises(CannotPublishCase, match="1 finding waits"):
        publish_case(standing=author, now=now, draft_id=draft)
    assert replace_findings(standing=author, now=now, draft_id=draft) == 1
    posting = publish_case(standing=author, now=now, draft_id=draft)
    assert "Eleanor" not in posting.body
    assert "March 3, 2009" in posting.body
    assert list(posting.kept_findings.values()) == ["The day of a public disaster."]
    assert not Draft.objects.exists()


def test_what_was_found_once_is_found_again_when_the_words_around_it_are_replaced(author, now):
    draft = draft_of(author, now, body="In bed 4: Vance, Eleanor, 94; transferred.")
    page = get_case_draft(author, draft)
    name = next(line for line in page.findings if line.finding.kind == C.NAME)
    before = {line.finding.text for line in page.findings}
    assert "94" in before
    replace_findings(standing=author, now=now, draft_id=draft, keys=[name.key])
    after = get_case_draft(author, draft)
    assert "Vance" not in after.fields["body"]
    assert "94" in {line.finding.text for line in after.findings}
    with pytest.raises(CannotPublishCase, match="wait"):
        publish_case(standing=author, now=now, draft_id=draft)


def test_known_names_are_found_as_names_only():
    found = find_identifiers(
        "It may be so. They told May, and 94 others.", known=["NAME:may", "DATE:94", "nonsense", "ODD:x"]
    )
    assert [(each.text, each.start) for each in found if each.why.startswith("This was found before")] == [
        ("May", 24),
        ("94", 33),
    ]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Mrs. Eleanor Vance came.", "The patient came."),
        ("Seen with Mrs. Eleanor Vance.", "Seen with the patient."),
        ("She is a 93-year-old.", "She is an over-90-year-old."),
        ("Better.\nMr. Vance left.", "Better.\nThe patient left."),
    ],
)
def test_what_is_put_in_place_reads_like_a_sentence(text, cleaned):
    assert remove_findings(text, find_identifiers(text)) == cleaned


def test_an_edit_of_a_published_case_goes_through_the_same_gate(author, now):
    draft = draft_of(author, now, body="A rash on both hands.")
    posting = publish_case(standing=author, now=now, draft_id=draft)
    with pytest.raises(CannotEditPosting, match="Eleanor Vance"):
        edit_posting(standing=author, now=now, posting_id=posting.pk, title="A rash", body=BODY)
    assert "Eleanor" not in Posting.objects.get(pk=posting.pk).body


def test_what_its_author_adds_beneath_a_case_goes_through_the_gate_and_what_others_say_does_not(
    make_member, author, now
):
    posting = publish_case(standing=author, now=now, draft_id=draft_of(author, now, body="A rash on both hands."))
    said = {"now": now, "posting_id": posting.pk}
    with pytest.raises(CannotAddComment, match="Mercy General Hospital.*Leave it out"):
        add_comment(standing=author, **said, body="Update: sent to Mercy General Hospital.")
    add_comment(standing=make_member(), **said, body="As Eleanor Vance of Mercy General Hospital wrote.")
    mine = add_comment(
        standing=author, **said, body="> #1\n> As Eleanor Vance wrote.\n\nAs in https://example.org/paper."
    )
    with pytest.raises(CannotEditComment, match="3/14"):
        edit_comment(standing=author, **said, number=mine.number, body="Seen on 3/14 again.")
    edit_comment(standing=author, **said, number=mine.number, body="Seen again.")


def test_what_a_case_said_before_is_for_its_author_and_moderators(make_member, author, now, client):
    from auscult.members.models import Account

    posting = publish_case(standing=author, now=now, draft_id=draft_of(author, now, body="A rash on both hands."))
    said = {"posting_id": posting.pk, "now": now + timedelta(hours=1)}
    edit_posting(standing=author, **said, title="A rash", body="A rash.")
    mine = add_comment(standing=author, now=now, posting_id=posting.pk, body="He is a known juggler.")
    edit_comment(standing=author, **said, number=mine.number, body="He is known.")
    reader, moderator = make_member(), make_member(roles=["moderator"])
    for number, before in ((None, "A rash on both hands."), (mine.number, "He is a known juggler.")):
        assert get_history(author, posting.pk, number).versions[1].body == before
        assert get_history(moderator, posting.pk, number).versions[1].body == before
        assert get_history(reader, posting.pk, number).versions[1].body is None
    client.force_login(Account.objects.get(member=reader.member_id))
    page = client.get(f"/postings/{posting.pk}/history").content.decode()
    assert "is kept back" in page
    assert "both hands" not in page


def test_a_draft_is_its_authors_alone(make_member, author, now):
    draft, other = draft_of(author, now), make_member()
    for act in (
        lambda: get_case_draft(other, draft),
        lambda: publish_case(standing=other, now=now, draft_id=draft),
        lambda: replace_findings(standing=other, now=now, draft_id=draft),
        lambda: answer_finding(standing=other, now=now, draft_id=draft, key="x", reason="long enough"),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_case_says_what_kind_it_is_and_what_solved_it(make_member, author, now):
    with pytest.raises(CannotPublishCase, match="unsolved"):
        publish_case(standing=author, now=now, draft_id=draft_of(author, now, body="A rash.", case_state="odd"))
    posting = publish_case(standing=author, now=now, draft_id=draft_of(author, now, body="A rash."))
    helper = make_member()
    comment = add_comment(standing=helper, now=now, posting_id=posting.pk, body="It is scabies.")
    with pytest.raises(NotFound):
        solve_case(standing=helper, now=now, posting_id=posting.pk, number=1)
    with pytest.raises(CannotSolveCase):
        solve_case(standing=author, now=now, posting_id=posting.pk, number=7)
    solve_case(standing=author, now=now, posting_id=posting.pk, number=comment.number)
    solved = Posting.objects.get(pk=posting.pk)
    assert (solved.case_state, solved.solved_by) == ("solved", 1)
    assert Notification.objects.filter(member_id=helper.member_id, kind="solved").count() == 1
    reopen_case(standing=author, now=now, posting_id=posting.pk)
    assert Posting.objects.get(pk=posting.pk).case_state == "unsolved"
