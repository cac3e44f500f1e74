"""Members' pages, connections and their labels, search."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from auscult.community.actions.comments import add_comment, rate_usefulness, retract_comment
from auscult.community.actions.connections import CannotStateConnection, end_connection, state_connection
from auscult.community.actions.postings import create_posting, retract_posting
from auscult.community.actions.ties import mute_member
from auscult.community.actions.vocabulary import gather_vocabulary
from auscult.community.models import Comment, Connection, Posting, VocabularyWord
from auscult.community.models.postings import COMMENTS_A_SLICE
from auscult.community.queries import search as searching
from auscult.community.queries.colleagues import get_colleague
from auscult.community.queries.postings import get_posting_page
from auscult.community.queries.search import PER_PAGE, SLICES, Search, find_words
from auscult.community.rules.bands import band
from auscult.community.rules.connections import ConnectionKind, Tie, is_shown, label
from auscult.members.models import Account, Member
from auscult.shared.refusals import NotAllowed, NotFound
from auscult.shared.standing import CONSOLE, READER, Level
from auscult.shared.topics import list_topics

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("topics")]


@pytest.fixture
def author(make_member):
    return make_member(handle="calm-heron")


def post(author, now, title="Title", body="b", topic="health-reform", **changes):
    return create_posting(standing=author, now=now, title=title, body=body, topic=topic, **changes)


def comment(standing, posting, now, body="words"):
    return add_comment(standing=standing, now=now, posting_id=posting.pk, body=body)


# Members' pages


def test_bands_are_words_and_their_thresholds_stand_in_the_rules():
    assert [band(*each) for each in ((0, 0), (5, 0), (1, 10), (1, 49), (1, 50))] == [
        "new here", "heard", "often found useful", "often found useful", "widely found useful",
    ]  # fmt: skip


def test_a_page_shows_what_was_said_and_nothing_that_unmasks(make_member, author, now):
    posting = post(author, now, body="My words on coverage.")
    other = make_member()
    comment(author, post(other, now, "Another"), now + timedelta(minutes=1), "A comment.")
    rate_usefulness(standing=other, now=now, posting_id=posting.pk, value=3)
    page = get_colleague(other, "Calm-Heron")
    assert (page.handle, page.since, page.is_own) == ("calm-heron", 2009, False)
    assert [(line.title, line.number) for line in page.texts] == [("Another", 1), ("Title", None)]
    assert page.bands == [("health-reform", page.bands[0][1], "new here")]
    # Two members of a specialty are too few to say how long they practise.
    assert page.career == ""
    text = repr(page)
    assert "NY" not in text
    assert "12:0" not in text
    for _ in range(10):
        make_member()
    assert get_colleague(other, "calm-heron").career == "18 years or more in practice"


def test_who_has_no_page_and_who_may_not_look(make_member, author, now):
    for handle in ("nobody-here", ""):
        with pytest.raises(NotFound):
            get_colleague(author, handle)
    for standing in (READER, make_member(level=Level.L0)):
        with pytest.raises(NotAllowed):
            get_colleague(standing, "calm-heron")


def test_words_taken_back_leave_the_page_and_pages_hold_everything_once(make_member, author, now):
    posting = post(author, now)
    for index in range(30):
        comment(author, posting, now + timedelta(minutes=5 * index), f"c{index}")
    first = get_colleague(author, "calm-heron")
    second = get_colleague(author, "calm-heron", first.next_before)
    seen = [(line.posting_id, line.number) for line in (*first.texts, *second.texts)]
    assert len(seen) == len(set(seen)) == 31
    retract_posting(standing=author, now=now, posting_id=posting.pk)
    assert get_colleague(author, "calm-heron").texts == []


# Connections


def tie(**changes):
    fields = {
        "kind": ConnectionKind.PAID, "party": "Example Pharma", "product_class": "statins",
        "began_on": date(2008, 1, 1), "ended_on": None,
    } | changes  # fmt: skip
    return Tie(**fields)


def test_labels_say_what_and_end_after_24_months():
    assert label(tie()) == "paid by Example Pharma on statins in the last 24 months"
    assert label(tie(kind=ConnectionKind.EMPLOYEE)) == "employee of Example Pharma"
    ended = tie(ended_on=date(2008, 6, 15))
    assert is_shown(ended, date(2010, 6, 15))
    assert not is_shown(ended, date(2010, 6, 16))
    assert not is_shown(tie(), date(2007, 12, 31))


def state(standing, now, **changes):
    fields = {
        "kind": "paid", "party": "Example Pharma", "product_class": "statins", "topics": ["health-reform"],
        "began_on": date(2008, 1, 1), "ended_on": None,
    } | changes  # fmt: skip
    return state_connection(standing=standing, now=now, **fields)


def test_a_stated_connection_stands_on_words_before_and_after_on_its_topics(make_member, author, now):
    reader = make_member()
    before, other = post(author, now), post(author, now, topic="organised-medicine")
    state(author, now)
    after = post(author, now, "Another title")
    words = "paid by Example Pharma on statins in the last 24 months"
    assert [get_posting_page(reader, each.pk, now).author.connections for each in (before, after, other)] == [
        [words], [words], [],
    ]  # fmt: skip
    comment(author, before, now)
    assert get_posting_page(reader, before.pk, now).threads[0].author.connections == [words]
    assert get_colleague(reader, "calm-heron").connections == [words]


def test_a_connection_ends_and_a_mistake_of_today_is_deleted(make_member, author, now):
    mistake = state(author, now)
    end_connection(standing=author, now=now + timedelta(hours=1), connection_id=mistake.pk)
    assert not Connection.objects.exists()
    stated = state(author, now)
    with pytest.raises(NotFound):
        end_connection(standing=make_member(), now=now, connection_id=stated.pk)
    end_connection(standing=author, now=now + timedelta(days=2), connection_id=stated.pk)
    assert Connection.objects.get().ended_on == (now + timedelta(days=2)).date()
    with pytest.raises(NotFound):
        end_connection(standing=author, now=now + timedelta(days=3), connection_id=stated.pk)


@pytest.mark.parametrize("changes", [
    {"kind": "friend"}, {"party": " "}, {"began_on": date(2010, 1, 1)}, {"ended_on": date(2007, 1, 1)},
    {"ended_on": date(2010, 1, 1)},
])  # fmt: skip
def test_connections_that_are_refused(author, now, changes):
    with pytest.raises(CannotStateConnection):
        state(author, now, **changes)
    assert not Connection.objects.exists()


def test_who_is_not_verified_states_none(make_member, now):
    with pytest.raises(NotAllowed):
        state(make_member(level=Level.L1), now)


# Search


def titles(standing, words="", **narrowed):
    page = find_words(standing, Search(words, **narrowed))
    return [(str(hit.title).replace("<mark>", "").replace("</mark>", ""), hit.number) for hit in page.hits]


@pytest.fixture
def corpus(make_member, author, now):
    surgeon = make_member(group="WG17", handle="stern-owl")
    one = post(author, now, "Statins in the elderly", "Who stops statins after eighty? I <b>do</b>.")
    two = post(
        surgeon, now - timedelta(days=700), "Prior authorisation", "The third denial this week.", "organised-medicine"
    )
    comment(surgeon, one, now, "I never stop a statin on age alone.")
    comment(author, two, now, "Denials are a business model.")
    return one, two


def test_words_phrases_and_their_absence(author, corpus):
    assert titles(author, "statin") == [("Statins in the elderly", None), ("Statins in the elderly", 1)]
    assert titles(author, '"third denial"') == [("Prior authorisation", None)]
    assert titles(author, '"denial third"') == []
    assert titles(author, "denial -business") == [("Prior authorisation", None)]
    assert titles(author, "") == titles(author, " -- ") == []


def test_searches_are_narrowed(author, corpus, now):
    assert titles(author, "denial", kind="comments") == [("Prior authorisation", 1)]
    assert titles(author, "denial", kind="postings") == [("Prior authorisation", None)]
    assert titles(author, "denial", topic="health-reform") == []
    assert len(titles(author, "denial", specialty="WG17")) == 2
    assert titles(author, "statin", author="@Stern-Owl") == [("Statins in the elderly", 1)]
    assert titles(author, "statin", author="nobody") == []
    assert titles(author, "denial", until=date(2008, 12, 31)) == [("Prior authorisation", None)]
    assert titles(author, "denial", since=date(2009, 1, 1)) == [("Prior authorisation", 1)]
    assert titles(author, "denial", kind="cases") == titles(author, "denial", kind="polls") == []
    for wrong in ({"topic": "none"}, {"kind": "none"}, {"specialty": "WG99"}):
        with pytest.raises(NotFound):
            titles(author, "denial", **wrong)


def test_snippets_mark_the_words_and_hold_no_markup_of_others(author, corpus):
    hit = find_words(author, Search("eighty")).hits[0]
    assert "<mark>eighty</mark>" in hit.snippet
    assert "<b>" not in hit.snippet
    assert "<mark>statins</mark>" in str(find_words(author, Search("statins")).hits[0].snippet).lower()


def test_what_is_muted_or_taken_down_is_not_found(make_member, author, corpus, now):
    reader = make_member()
    mute_member(standing=reader, now=now, handle="stern-owl", mute=True)
    assert titles(reader, "statin") == [("Statins in the elderly", None)]
    retract_posting(standing=author, now=now, posting_id=corpus[0].pk)
    assert titles(reader, "statin") == []


@pytest.fixture
def vocabulary(author, corpus, now):
    post(author, now, "Insurance", "Prior authorisation of statins, and who gave it.")
    post(author, now, "Insurance again", "An appeal to the insurance, Smithsonia once.")
    gather_vocabulary(standing=CONSOLE, now=now)


def test_the_vocabulary_holds_words_of_two_postings_that_stand(make_member, author, vocabulary, now):
    words = dict(VocabularyWord.objects.values_list("word", "postings"))
    assert (words["insurance"], words["statins"]) == (2, 2)
    assert not {"smithsonia", "appeal", "it"} & set(words)
    retract_posting(standing=author, now=now, posting_id=Posting.objects.get(title="Insurance").pk)
    assert gather_vocabulary(standing=CONSOLE, now=now) == VocabularyWord.objects.count()
    assert "insurance" not in VocabularyWord.objects.values_list("word", flat=True)


@pytest.mark.parametrize(("words", "instead"), [
    ("insurrance", "insurance"),
    ("Prior autorisaton", "Prior authorisation"),
    ('"insurrance appeel" -statins', '"insurance appeel" -statins'),
    ("statin insurrance", "statin insurance"),  # a form of a word that is used stays
    ("xyzzy", ""), ("statins xyzzy", ""), ("123456", ""), ("insurrance " * 15, "insurance " * 15),
])  # fmt: skip
def test_the_nearest_words_are_offered_where_nothing_matches(author, vocabulary, words, instead):
    page = find_words(author, Search(words.strip()))
    assert (page.hits, page.instead) == ([], instead.strip())


def test_an_offer_keeps_what_narrows_and_leads_somewhere(client, author, vocabulary):
    client.force_login(Account.objects.get(pk=Member.objects.get(pk=author.member_id).account_id))
    answer = client.get("/search/", {"q": "insurrance", "kind": "postings", "page": "0"}).text
    assert 'Did you mean <a href="?q=insurance&amp;kind=postings' in answer
    assert "Did you mean" not in client.get("/search/", {"q": "insurance", "kind": "postings"}).text


def test_what_narrows_is_told_and_leaves_the_screen_to_the_hits(client, author, corpus):
    client.force_login(Account.objects.get(pk=Member.objects.get(pk=author.member_id).account_id))
    narrow = {"topic": "health-reform", "since": "2009-01-01", "author": "calm-heron", "order": "newest"}
    answer = client.get("/search/", {"q": "statin", **narrow}).text
    told = "Health reform · by calm-heron · from 1 January 2009 · newest first"
    assert f"<details><summary>Narrow down <small>{told}</small></summary>" in answer
    assert "<details open><summary>" in client.get("/search/", {"q": "zebra", **narrow}).text  # to be changed
    assert "<details><summary>Narrow down</summary>" in client.get("/search/", {"q": "statin"}).text


def test_words_that_stand_everywhere_are_called_so(author, corpus):
    assert find_words(author, Search("who")).too_common
    assert not find_words(author, Search("who statins")).too_common
    assert not find_words(author, Search("zebra")).too_common


@pytest.mark.parametrize("words", ["'", '"', "a' OR 1=1 --", "%", "\\", "&|!", "(" * 50, "x" * 5000, "<mark>"])
def test_odd_words_are_harmless(author, corpus, words):
    assert titles(author, words) == []


def test_pages_of_hits_and_a_fixed_number_of_queries(make_member, author, now):
    posting = post(author, now)
    comment(author, posting, now, "gallstones")

    def cost():
        with CaptureQueriesContext(connection) as queries:
            find_words(author, Search("gallstones"))
        return len(queries)

    few = cost()
    first = Posting.objects.get(pk=posting.pk)
    for index in range(45):
        first.pk, first.title = None, f"Gallstones {index}"
        first.save(force_insert=True)
    assert cost() == few <= 3
    seen, page = [], 0
    while True:
        found = find_words(author, Search("gallstones"), page)
        seen += [(hit.posting_id, hit.number) for hit in found.hits]
        assert len(found.hits) <= PER_PAGE
        if not found.next_page:
            break
        page = found.next_page
    assert len(seen) == len(set(seen)) == 46


# Slices of comments


@pytest.fixture
def sliced(make_member, author, now):
    """Comments of one posting whose ids lie in many slices; gives their numbers by slice."""
    posting = post(author, now)
    first = Comment.objects.defer("search").get(pk=comment(author, posting, now, "gallstones").pk)
    slices = (0, 0, 1, 5, 5, 5, SLICES, SLICES + 1, 3 * SLICES)
    Comment.objects.all().delete()
    for number, each in enumerate(slices, 1):
        first.pk, first.number, first.path = each * COMMENTS_A_SLICE + number, number, [number]
        first.save(force_insert=True)
    return dict(enumerate(slices, 1))


def found_numbers(standing, **narrowed):
    page = find_words(standing, Search("gallstones", kind="comments", **narrowed))
    return sorted(hit.number for hit in page.hits)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 8, 9])
def test_the_newest_comments_are_found_whatever_their_slice(author, sliced, monkeypatch, most):
    monkeypatch.setattr(searching, "LOOKED_AT", most)
    numbers = sorted(sliced)
    assert found_numbers(author) == numbers[-most:]
    assert found_numbers(author, since=date(2000, 1, 1)) == numbers[-most:]  # the way of narrowed searches


@pytest.mark.parametrize("broad", [True, False])
@pytest.mark.parametrize("narrowed", [{"topic": "health-reform"}, {"specialty": "WG01"}, {}])
def test_both_ways_find_the_same(author, sliced, monkeypatch, broad, narrowed):
    monkeypatch.setattr(searching, "_is_broad", lambda *_: broad)
    assert found_numbers(author, **narrowed) == sorted(sliced)
    assert found_numbers(author, topic="malpractice") == []
    monkeypatch.setattr(searching, "LOOKED_AT", 4)
    assert found_numbers(author, **narrowed) == sorted(sliced)[-4:]
    assert [title for title, _ in titles(author, "gallstones", kind="postings", **narrowed)] == []
    assert [title for title, _ in titles(author, "title", kind="postings", **narrowed)] == ["Title"]


def test_a_topic_of_many_postings_is_broad(author, now):
    for number in range(10):
        assert not broad(topic="health-reform")
        post(author, now + timedelta(days=number), f"Number {number}")
    assert broad(topic="health-reform")
    assert broad()
    assert not broad(topic="malpractice")
    assert not broad(topic="health-reform", since=date(2009, 1, 1))
    assert not broad(kind="polls")


def broad(**narrowed):
    topics = {line.slug: line.id for line in list_topics()}
    with connection.cursor() as cursor:
        search = Search("words", **narrowed)
        return searching._is_broad(cursor, search, {"topic": topics.get(search.topic)})


def test_slices_hold_what_was_not_taken_down_and_not_muted(make_member, author, sliced, now):
    retract_comment(standing=author, now=now, posting_id=Posting.objects.get().pk, number=4)
    assert found_numbers(author) == [1, 2, 3, 5, 6, 7, 8, 9]
    reader = make_member()
    mute_member(standing=reader, now=now, handle="calm-heron", mute=True)
    assert found_numbers(reader) == []


def test_slices_are_found_by_their_index(author, sliced):
    values = {"words": "gallstones", "member": 0, "looked": 120, "most": 20, "skip": 0}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        cursor.execute("EXPLAIN " + searching._sql(Search("gallstones", kind="comments"), broad=True), values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert f"Index Cond: (((id / {COMMENTS_A_SLICE}) = s.slice) AND (search @@" in plan
