"""Membership claims: what is counted, what each share means, what is refused."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from auscult.organisations import rules
from auscult.organisations.actions import (
    CannotDeclareAffiliation,
    CannotPublishMembershipClaim,
    add_organisation,
    appoint_representative,
    declare_affiliation,
    end_affiliation,
    note_quoted_share,
    publish_membership_claim,
)
from auscult.organisations.models import Affiliation, MembershipClaim
from auscult.organisations.queries import get_membership_figures, is_affiliated, own_figures
from auscult.organisations.rules import Category, Denominator, Grade, Power, Quote
from auscult.registry.actions import set_benchmark
from auscult.shared.models import AuditEvent
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.standing import CONSOLE, READER, Level

pytestmark = pytest.mark.django_db
ALL, STUDENT, RESIDENT = Category.ALL, Category.STUDENT, Category.RESIDENT


@pytest.fixture
def society(now):
    return add_organisation(standing=CONSOLE, now=now, slug="society", name="Example Society", kind="association")


@pytest.fixture
def editor(make_member):
    return make_member(level=Level.L0, roles=("editor",))


def publish(standing, now, counts=None, grade=Grade.PUBLISHED, source="A report", as_of=date(2009, 1, 1)):
    counts = counts or {ALL: (1000, "members"), STUDENT: (200, "students")}
    return publish_membership_claim(
        standing=standing, now=now, slug="society", as_of=as_of, counts=counts, source=source, grade=grade
    )


def test_numerators_need_their_categories():
    given_counts = {ALL: 1000, STUDENT: 205, RESIDENT: 90}
    found = rules.read_numerators(given_counts, as_of=date(2006, 1, 1), source="s", grade=Grade.PUBLISHED, claim_id=1)
    assert [(n.persons, n.words) for n in found] == [
        (1000, "all members"),
        (795, "members without medical students"),
        (705, "members without medical students and residents and fellows"),
    ]


@given(
    st.dictionaries(st.sampled_from(list(Category)), st.integers(0, 10**6)).map(lambda d: d | {ALL: sum(d.values())}),
    st.integers(1, 10**7),
)
def test_no_share_without_its_definitions(counts, persons):
    numerators = rules.read_numerators(counts, as_of=date(2006, 1, 1), source="s", grade=Grade.ASSERTED, claim_id=1)
    below = Denominator("d", persons, "physicians", "with a licence", date(2007, 1, 1), "s")
    shares = rules.every_share(numerators, [below])
    assert len(shares) == len(numerators)
    for share in shares:
        assert share.share == share.numerator.persons / persons
        assert share.numerator.words
        assert share.denominator.definition


def test_a_quote_is_traced_to_what_was_known_when_it_was_said():
    def at(year, persons):
        counts = {ALL: persons}
        return rules.read_numerators(counts, as_of=date(year, 12, 31), source="s", grade=Grade.PUBLISHED, claim_id=1)

    below = [Denominator("d", 1000, "physicians", "x", date(2009, 12, 31), "s")]
    shares = rules.every_share([*at(2006, 231), *at(2009, 234), *at(2012, 233), *at(2008, 400)], below)
    quote = Quote("23%", 0.225, 0.24, "somebody", date(2010, 6, 1), "s")
    assert [s.numerator.as_of.year for s in rules.trace_quote(quote, shares)] == [2009, 2006, 2012]
    assert rules.trace_quote(Quote("50%", 0.495, 0.505, "x", date(2010, 1, 1), "s"), shares) == []


def test_the_page_computes_every_share_and_our_own_figures_head_it(society, editor, make_member, now):
    for _ in range(3):
        make_member()
    set_benchmark(
        standing=CONSOLE, now=now, code="us", words="physicians", persons=4000, as_of=date(2009, 1, 1), definition="d",
        source="s",
    )  # fmt: skip
    publish(editor, now)
    note_quoted_share(
        standing=editor, now=now, slug="society", words="20%", low=0.195, high=0.21, said_by="x",
        said_on=date(2009, 6, 1), source="y",
    )  # fmt: skip
    figures = get_membership_figures(society.pk, now)
    assert [figure.words for figure in figures.own] == [
        "registered",
        "verified",
        "active in 90 days",
        "active in 30 days",
    ]
    assert [figure.persons for figure in figures.own] == [4, 3, 0, 0]
    assert [[s.share for s in shares] for _, shares in figures.rows] == [[0.25], [0.2]]
    (traced,) = figures.quotes
    assert traced.shares[0].numerator.words == "members without medical students"


@pytest.mark.parametrize(
    ("counts", "grade", "source", "words"),
    [
        ({STUDENT: (1, "x")}, Grade.PUBLISHED, "s", "needs the number of all members"),
        ({ALL: (10, "x"), STUDENT: (11, "x")}, Grade.PUBLISHED, "s", "larger than all"),
        ({ALL: (10, "x"), STUDENT: (6, "x"), RESIDENT: (6, "x")}, Grade.PUBLISHED, "s", "more than all"),
        ({ALL: (-1, "x")}, Grade.PUBLISHED, "s", "not negative"),
        ({ALL: (10, "x")}, Grade.PUBLISHED, " ", "Say where"),
        ({ALL: (10, "x")}, Grade.MEASURED, "s", "own counts"),
    ],
)
def test_contradictions_are_refused_and_nothing_is_written(society, editor, now, counts, grade, source, words):
    with pytest.raises(CannotPublishMembershipClaim, match=words):
        publish(editor, now, counts, grade, source)
    assert not MembershipClaim.objects.exists()


def test_who_may_publish(society, editor, make_member, now):
    rep = make_member(level=Level.L0, email="rep@example.org")
    appoint = {"organisation": society, "email": "rep@example.org", "public_name": "R", "scope": "s"}
    appoint_representative(standing=CONSOLE, now=now, **appoint, powers=[Power.REPLY])
    for standing in (rep, make_member(), READER):
        with pytest.raises(NotAllowed):
            publish(standing, now)
    society.representatives.update(powers=["claim"])
    assert publish(rep, now).representative.public_name == "R"
    assert publish(editor, now).representative is None
    with pytest.raises(NotFound):
        publish_membership_claim(
            standing=editor, now=now, slug="none", as_of=date(2009, 1, 1), counts={ALL: (1, "x")}, source="s",
            grade=Grade.PUBLISHED,
        )  # fmt: skip


def test_claims_cannot_be_changed(society, editor, now):
    publish(editor, now)
    for act in (
        lambda: MembershipClaim.objects.update(source="other"),
        lambda: MembershipClaim.objects.get().counts.update(persons=1),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()


def test_affiliation_is_said_once_taken_back_and_leaves_no_trace_of_where(society, make_member, now):
    member = make_member()
    declare_affiliation(standing=member, now=now, slug="society")
    assert is_affiliated(member.member_id, society.pk)
    with pytest.raises(CannotDeclareAffiliation):
        declare_affiliation(standing=member, now=now, slug="society")
    end_affiliation(standing=member, now=now, slug="society")
    assert not is_affiliated(member.member_id, society.pk)
    with pytest.raises(CannotDeclareAffiliation):
        end_affiliation(standing=member, now=now, slug="society")
    declare_affiliation(standing=member, now=now, slug="society")
    assert Affiliation.objects.count() == 2
    events = AuditEvent.objects.filter(event__startswith="organisations.affiliation")
    assert {event.thing for event in events} == {""}
    with pytest.raises(NotAllowed):
        declare_affiliation(standing=make_member(level=Level.L1), now=now, slug="society")


def test_the_operator_counts_itself(make_member, now):
    for _ in range(2):
        make_member()
    assert {figure.words: figure.persons for figure in own_figures(now)}["verified"] == 2
