"""The ranked feed and its reasons."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.community.actions.comments import add_comment, rate_usefulness
from auscult.community.actions.postings import create_posting
from auscult.community.actions.ties import follow_topic
from auscult.community.models import Posting
from auscult.community.queries.feed import get_feed
from auscult.community.rules import ranking
from auscult.shared.refusals import NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(topics):
    def make(author, at, title, topic="health-reform"):
        return create_posting(standing=author, now=at, title=title, body="b", topic=topic)

    return make


def titles(page):
    return [line.title for line in page.postings]


def test_the_rank_is_the_hour_and_twelve_for_each_doubling(now):
    base = ranking.rank_hours(now, 0, 0)
    assert ranking.rank_hours(now + timedelta(hours=5), 0, 0) - base == pytest.approx(5)
    assert ranking.rank_hours(now, 1, 0) - base == pytest.approx(12)
    assert ranking.rank_hours(now, 2, 1) - base == pytest.approx(24)
    assert ranking.rank_hours(now, 0, 7) - base == pytest.approx(36)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_voices_never_lower_a_posting(voices, useful):
    assert ranking.lift_hours(voices + 1, useful) > ranking.lift_hours(voices, useful)


def test_the_reasons_name_what_enters_and_add_up():
    why = ranking.why(3, 4, is_followed=True, is_own_specialty=True)
    assert why.sentence == (
        "When it was written; 3 colleagues commented and 4 found it useful (+36 h); you follow its topic (+12 h); "
        "its author is of your specialty (+6 h)."
    )
    assert ranking.why(0, 0, is_followed=False, is_own_specialty=False).sentence == "When it was written."


def test_nothing_but_voices_ratings_and_the_readers_choices_enters():
    """Money, organisations and the standing of an author have no way in."""
    from inspect import signature

    assert list(signature(ranking.rank_hours).parameters) == ["posted_at", "voices", "useful"]
    assert list(signature(ranking.why).parameters) == ["voices", "useful", "is_followed", "is_own_specialty"]


def test_comments_of_distinct_colleagues_and_useful_ratings_move_a_posting_up(make_member, write, now):
    author = make_member()
    old = write(author, now - timedelta(hours=20), "old")
    write(author, now, "new")
    reader, other = make_member(group="WG02"), make_member()
    assert titles(get_feed(reader)) == ["new", "old"]
    for _ in range(3):
        add_comment(standing=other, now=now, posting_id=old.pk, body="x")
    add_comment(standing=author, now=now, posting_id=old.pk, body="mine does not count")
    assert Posting.objects.get(pk=old.pk).voices == 1
    assert titles(get_feed(reader)) == ["new", "old"]
    rate_usefulness(standing=other, now=now, posting_id=old.pk, value=1)
    assert Posting.objects.get(pk=old.pk).useful == 0
    for standing in (other, reader):
        rate_usefulness(standing=standing, now=now, posting_id=old.pk, value=3)
    page = get_feed(reader)
    assert titles(page) == ["old", "new"]
    assert "1 colleague commented and 2 found it useful (+24 h)" in page.postings[0].why.sentence
    assert titles(get_feed(reader, order="newest")) == ["new", "old"]


def test_followed_topics_and_the_own_specialty_count_for_the_reader_alone(make_member, write, now):
    surgeon, internist = make_member(group="WG17"), make_member(group="WG01")
    write(surgeon, now - timedelta(hours=5), "of a surgeon")
    write(internist, now, "of an internist")
    write(internist, now - timedelta(hours=10), "on the other topic", "organised-medicine")
    reader = make_member(group="WG17")
    assert titles(get_feed(reader)) == ["of a surgeon", "of an internist", "on the other topic"]
    follow_topic(standing=reader, now=now, topic="organised-medicine", follow=True)
    assert titles(get_feed(reader)) == ["on the other topic", "of a surgeon", "of an internist"]
    assert titles(get_feed(make_member(group="WG02"))) == ["of an internist", "of a surgeon", "on the other topic"]


@pytest.mark.parametrize("order", ["ranked", "newest"])
@pytest.mark.parametrize("kind", ["", "polls"])
def test_pages_hold_every_posting_once_and_in_order(make_member, write, now, monkeypatch, order, kind):
    monkeypatch.setattr("auscult.community.rules.moderation.NEW_POSTINGS_A_DAY", 100)
    authors = [make_member(group=group) for group in ("WG01", "WG17")]
    reader = make_member(group="WG17")
    follow_topic(standing=reader, now=now, topic="organised-medicine", follow=True)
    for n in range(67):
        topic = "health-reform" if n % 3 else "organised-medicine"
        write(authors[n % 2], now + timedelta(minutes=37 * (n * 29 % 67)), f"p{n}", topic)
    Posting.objects.filter(title__in=["p5", "p6", "p60"]).update(voices=5)
    seen, after = [], ""
    for _ in range(8):
        page = get_feed(reader, order=order, after=after, kind=kind)
        seen += titles(page)
        after = page.next_after
        if not after:
            break
    assert after == ""
    assert len(seen) == len(set(seen)) == (0 if kind else 67)


@pytest.mark.parametrize("after", ["x", "_", "nan_5", "1e400_5", "2009_9", "1_" + "9" * 40, "0001-01-01_3"])
def test_nonsense_in_the_address_shows_a_page(make_member, write, now, after):
    reader = make_member()
    write(reader, now, "t")
    for order in ("ranked", "newest"):
        assert len(get_feed(reader, order=order, after=after).postings) <= 1


def test_lists_by_topic_specialty_and_kind(make_member, write, now):
    surgeon, internist = make_member(group="WG17"), make_member(group="WG01")
    write(surgeon, now, "s")
    write(internist, now, "i", "organised-medicine")
    assert titles(get_feed(surgeon, topic="organised-medicine")) == ["i"]
    assert titles(get_feed(surgeon, specialty="WG17")) == ["s"]
    assert titles(get_feed(surgeon, kind="cases")) == []
    for wrong in ({"topic": "none"}, {"kind": "none"}, {"specialty": "WG99"}):
        with pytest.raises(NotFound):
            get_feed(surgeon, **wrong)
