"""Mandates: private, expiring, revocable; counted once a month; nothing below ten."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from auscult.members.models import Member
from auscult.organisations.actions import add_organisation, declare_affiliation
from auscult.publishing.models import RecordEntry
from auscult.shared.models import AuditEvent, Topic
from auscult.shared.refusals import Conflict, NotAllowed, NotFound
from auscult.shared.standing import CONSOLE, READER, Level
from auscult.statistics.mandates import Stance
from auscult.voice import rules
from auscult.voice.actions.mandates import (
    CannotStateMandate,
    count_mandates,
    revoke_mandate,
    state_mandate,
    state_nobody,
)
from auscult.voice.models import MandateSnapshot, MandateStatement
from auscult.voice.queries.mandates import get_topic_page, list_own_mandates, list_topics

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics", "society")]
TOPIC = "health-reform"


def say(standing, now, stance=Stance.SPEAKS, organisation="society", topic=TOPIC):
    state_mandate(standing=standing, now=now, topic=topic, organisation=organisation, stance=stance)


def own(standing, now):
    return [(line.organisation, line.words) for line in list_own_mandates(standing, now)]


def figures(now):
    return {row["slug"]: row for row in get_topic_page(READER, TOPIC, now).figures}


def test_set_change_take_back_expire(make_member, now):
    member = make_member()
    say(member, now, Stance.PARTLY)
    say(member, now + timedelta(days=1), Stance.SPEAKS)
    assert own(member, now + timedelta(days=2)) == [("Example Society", "speaks for me")]
    assert own(member, now + timedelta(days=1) + rules.MANDATE_LASTS) == []
    revoke_mandate(standing=member, now=now + timedelta(days=3), topic=TOPIC, organisation="society")
    assert own(member, now + timedelta(days=3)) == []
    assert MandateStatement.objects.count() == 3  # nothing is overwritten
    with pytest.raises(Conflict):
        revoke_mandate(standing=member, now=now, topic=TOPIC, organisation="society")


def test_nobody_and_an_organisation_exclude_each_other(make_member, now):
    member = make_member()
    say(member, now)
    state_nobody(standing=member, now=now, topic=TOPIC)
    assert own(member, now) == [("Nobody", "speaks for me")]
    say(member, now)
    assert own(member, now) == [("Example Society", "speaks for me")]
    state_nobody(standing=member, now=now, topic=TOPIC)
    revoke_mandate(standing=member, now=now, topic=TOPIC, organisation="")
    assert own(member, now) == []


def test_topics_do_not_inherit(make_member, now):
    member = make_member()
    say(member, now)
    assert get_topic_page(member, "organised-medicine", now).forms[0].stance == ""


def test_refusals(make_member, now):
    add_organisation(standing=CONSOLE, now=now, slug="operator", name="Us", kind="operator of this place")
    with pytest.raises(NotAllowed):
        say(make_member(level=Level.L1), now)
    with pytest.raises(NotAllowed):
        say(READER, now)
    with pytest.raises(NotFound):
        say(make_member(), now, organisation="none")
    with pytest.raises(NotFound):
        say(make_member(), now, topic="none")
    with pytest.raises(CannotStateMandate, match="speaks for nobody"):
        say(make_member(), now, organisation="operator")
    with pytest.raises(NotAllowed):
        count_mandates(standing=make_member(), now=now)
    assert MandateStatement.objects.count() == 0


def test_a_statement_is_never_changed_and_leaves_no_trace_of_what_it_says(make_member, now):
    say(make_member(), now)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        MandateStatement.objects.update(stance="partly")
    (event,) = AuditEvent.objects.filter(event="voice.mandate.state")
    assert (event.thing, event.details) == ("", {})


def test_below_ten_nothing_is_shown(make_member, now):
    for _ in range(9):
        say(make_member(), now)
    count_mandates(standing=CONSOLE, now=now)
    assert figures(now)["society"]["withheld"] is True
    assert not figures(now)["society"].keys() & {"shares", "respondents", "coverage"}
    assert list_topics()[0].badges == [] or not any(badge for topic in list_topics() for badge in topic.badges)


def test_the_count_of_members_who_may_say_so(make_member, register, now):
    members = [make_member(state=["NY", "CA", "TX", "IL"][n % 4], sex="FM"[n % 2]) for n in range(40)]
    for n, member in enumerate(members[:36]):
        say(member, now, [Stance.SPEAKS, Stance.PARTLY, Stance.DOES_NOT][n % 3])
    state_nobody(standing=members[36], now=now, topic=TOPIC)
    declare_affiliation(standing=members[0], now=now, slug="society")
    # One lapses, one expires: neither counts, nor do they among the eligible.
    Member.objects.filter(pk=members[1].member_id).update(verified_until=now)
    count_mandates(standing=CONSOLE, now=now + timedelta(hours=1))
    row = figures(now + timedelta(hours=1))["society"]
    assert (row["eligible"], row["respondents"]) == (39, 36)
    assert [share["count"] for share in row["shares"]] == [12, 11, 13, 0]
    assert row["badge"] == "contested"
    assert row["coverage"] == pytest.approx(36 / 39)
    # One who belongs, one who says «nobody»: too few to be told from the rest.
    assert (row["belong_share"], row["nobody_share"]) == (None, None)
    assert row["recently_joined_share"] == 1.0
    assert all(0 <= share["low"] <= share["share"] <= share["high"] <= 1 for share in row["shares"])
    assert row["shares"][0]["weighted"] is not None
    assert RecordEntry.objects.filter(kind="mandates.counted", thing=f"mandates:{TOPIC}").exists()


def test_fewer_than_ten_changes_repeat_the_figures(make_member, now):
    members = [make_member() for _ in range(30)]
    for member in members[:12]:
        say(member, now)
    count_mandates(standing=CONSOLE, now=now + timedelta(days=1))
    for member in members[12:21]:
        say(member, now + timedelta(days=2), Stance.DOES_NOT)
    count_mandates(standing=CONSOLE, now=now + timedelta(days=31))
    row = figures(now)["society"]
    assert (row["respondents"], row["repeated"]) == (12, True)
    say(members[21], now + timedelta(days=32))
    count_mandates(standing=CONSOLE, now=now + timedelta(days=61))
    assert figures(now)["society"]["respondents"] == 22


def test_small_changes_are_not_lost_for_ever(make_member, now):
    """Nine changes a month would never be shown if each month were compared with the month before."""
    members = [make_member() for _ in range(40)]
    for member in members[:12]:
        say(member, now)
    count_mandates(standing=CONSOLE, now=now + timedelta(days=1))
    for month in range(1, 4):
        at = now + timedelta(days=30 * month)
        for member in members[12 + 9 * (month - 1) : 12 + 9 * month]:
            say(member, at)
        count_mandates(standing=CONSOLE, now=at + timedelta(days=1))
    assert figures(now)["society"]["respondents"] > 12


def test_the_badge_needs_two_counts(make_member, now):
    for _ in range(200):
        say(make_member(), now)
    count_mandates(standing=CONSOLE, now=now + timedelta(days=1))
    assert (figures(now)["society"]["badge"], figures(now)["society"]["waits"]) == ("insufficient", True)
    for _ in range(10):
        say(make_member(), now + timedelta(days=2))
    count_mandates(standing=CONSOLE, now=now + timedelta(days=31))
    row = figures(now)["society"]
    assert (row["badge"], row["respondents"], row["flows"]["new"]) == ("mandated", 210, 10)


def test_snapshots_cannot_be_changed(make_member, now):
    say(make_member(), now)
    count_mandates(standing=CONSOLE, now=now)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        MandateSnapshot.objects.update(eligible=1)


def test_the_page_costs_the_same_at_any_size(make_member, now):
    reader = make_member()

    def cost():
        with CaptureQueriesContext(connection) as queries:
            get_topic_page(reader, TOPIC, now)
        return len(queries)

    for _ in range(10):
        say(make_member(), now)
    count_mandates(standing=CONSOLE, now=now)
    few = cost()
    topic = Topic.objects.get(slug=TOPIC)
    society = MandateStatement.objects.first().organisation_id
    MandateStatement.objects.bulk_create(
        MandateStatement(
            member_id=reader.member_id, topic=topic, organisation_id=society, stance="speaks", stated_at=now,
            expires_at=now + timedelta(days=365),
        )
        for _ in range(2000)
    )  # fmt: skip
    count_mandates(standing=CONSOLE, now=now + timedelta(days=1))
    assert cost() == few <= 6


def test_the_order_of_organisations_is_drawn(make_member, now):
    for n in range(6):
        add_organisation(standing=CONSOLE, now=now, slug=f"s{n}", name=f"Society {n}", kind="association")
    reader = make_member()

    def order(day):
        return tuple(form.slug for form in get_topic_page(reader, TOPIC, now + timedelta(days=day)).forms)

    assert order(0) == order(0)  # it does not jump under the finger
    assert len({order(day) for day in range(12)}) > 1


def test_one_statement_among_many_nobodies_is_not_shown(make_member, now):
    for _ in range(12):
        state_nobody(standing=make_member(), now=now, topic=TOPIC)
    say(make_member(), now)
    count_mandates(standing=CONSOLE, now=now)
    assert figures(now)["society"]["withheld"] is True


def test_that_an_organisation_is_named_at_all_tells_nothing(make_member, now):
    add_organisation(standing=CONSOLE, now=now, slug="quiet", name="Quiet Society", kind="association")
    say(make_member(), now)
    count_mandates(standing=CONSOLE, now=now)
    assert {slug: row["withheld"] for slug, row in figures(now).items()} == {"quiet": True, "society": True}


def test_renewals_do_not_let_a_single_switch_through(make_member, now):
    members = [make_member() for _ in range(15)]
    for member in members:
        say(member, now)
    count_mandates(standing=CONSOLE, now=now + timedelta(days=1))
    for member in members[:9]:
        say(member, now + timedelta(days=2))
    say(members[9], now + timedelta(days=2), Stance.DOES_NOT)
    count_mandates(standing=CONSOLE, now=now + timedelta(days=31))
    row = figures(now)["society"]
    assert (row["repeated"], [share["count"] for share in row["shares"]]) == (True, [15, 0, 0, 0])


def test_moving_to_nobody_counts_each_member_once(make_member, now):
    members = [make_member() for _ in range(20)]
    for member in members:
        say(member, now)
    count_mandates(standing=CONSOLE, now=now + timedelta(days=1))
    for member in members[:5]:
        state_nobody(standing=member, now=now + timedelta(days=2), topic=TOPIC)
    count_mandates(standing=CONSOLE, now=now + timedelta(days=31))
    assert figures(now)["society"]["repeated"] is True


def test_a_badge_stops_waiting_even_if_nothing_changes(make_member, now):
    for _ in range(200):
        say(make_member(), now)
    for month in range(2):
        count_mandates(standing=CONSOLE, now=now + timedelta(days=30 * month + 1))
    row = figures(now)["society"]
    assert (row["repeated"], row["badge"], row["waits"]) == (True, "mandated", False)
