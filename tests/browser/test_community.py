"""The community as people see it: a case and its gate, drafts that save themselves, a report up to its appeal, every page."""

import contextlib
import io
from datetime import timedelta

import playwright.sync_api as playwright
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from .test_posting import WIDTHS, accessible, fits, sign_in, watch

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
TEXT = "Mrs. Eleanor Vance, 93, seen on 3 March 2009, tel. 617-555-0143. The rash wanders."
FOUND = ["Eleanor Vance", "93", "3 March 2009", "617-555-0143"]


@pytest.fixture
def enter(browser):
    """A page of a browser in which a member is signed in."""
    from django.test import Client

    from auscult.members.models import Account

    contexts = []

    def make(site, member, width=390, **options):
        client = Client()
        client.force_login(Account.objects.get(member=member.member_id))
        context = browser.new_context(viewport={"width": width, "height": 860}, **options)
        cookie = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": site}])
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def lettered():
    """A picture with a name on it."""
    picture, out = Image.new("L", (800, 600), 20), io.BytesIO()
    ImageDraw.Draw(picture).text((30, 30), "VANCE ELEANOR 448291", fill=255, font_size=28)
    picture.save(out, "PNG")
    return {"name": "hands.png", "mimeType": "image/png", "buffer": out.getvalue()}


#: What is wider than a telephone.
WIDE = f"""{"long" * 40} https://example.org/{"path/" * 20}

| drug | dose | route | interval | adverse events | comment |
|---|---|---|---|---|---|
| amoxicillin-clavulanate | 875 mg | by mouth | every twelve hours | diarrhoea | with food |

```
{"a line of code that is wider than the screen " * 3}
```

> 1. one
>    - two
>      - three
"""
#: Forms and links whose answer has no place on the page: pressing them would do nothing.
LOST_TARGETS = """[...document.querySelectorAll("[hx-target^='#']")].map(each => each.getAttribute("hx-target"))
    .filter(target => !document.querySelector(target))"""


def by_finger(page, boxes):
    """Draw a box, move it, resize it by its corner, blur and remove it: all that a phone without a keyboard needs."""
    before, area = boxes.count(), page.locator(".redaction-stage").bounding_box()

    def drag(start, end):
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(*end, steps=3)
        page.mouse.up()

    def middle(box):
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    bottom = area["y"] + area["height"]
    drag((area["x"] + 10, bottom - 70), (area["x"] + 70, bottom - 20))
    drawn = boxes.last.bounding_box()
    assert boxes.count() == before + 1
    assert abs(drawn["width"] - 60) < 3
    drag(middle(drawn), (middle(drawn)[0] + 40, middle(drawn)[1]))
    moved = boxes.last.bounding_box()
    assert abs(moved["x"] - drawn["x"] - 40) < 3
    assert abs(moved["width"] - drawn["width"]) < 3
    corner = moved["x"] + moved["width"] - 5, moved["y"] + moved["height"] - 5
    drag(corner, (corner[0] + 30, corner[1]))
    assert abs(boxes.last.bounding_box()["width"] - moved["width"] - 30) < 3
    page.get_by_role("button", name="Blur it").click()
    assert "is-blur" in boxes.last.get_attribute("class")
    page.get_by_role("button", name="Cover it").click()
    page.get_by_role("button", name="Undo").click()
    assert "is-blur" in boxes.last.get_attribute("class")
    page.get_by_role("button", name="Remove it").click()


def test_a_case_goes_through_its_gate_and_is_solved(site, browser, enter, make_member):
    from auscult.shared import clock

    context = browser.new_context(viewport={"width": 390, "height": 860})
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    page.goto(f"{site}/cases/new")
    page.get_by_label("Title").fill("A rash that wanders")
    page.get_by_label("The case").fill(TEXT)
    page.get_by_label("Topic").select_option("health-reform")
    page.get_by_role("button", name="Save and check").click()
    page.get_by_role("heading", name="What may tell who the patient is").wait_for()
    passages = " ".join(page.locator(".finding mark").all_inner_texts())
    assert all(each in passages for each in FOUND)
    assert page.get_by_role("button", name="Publish the case").is_disabled()
    page.locator(".finding", has=page.locator("mark", has_text="93")).get_by_text("It may stay").click()
    page.locator(".finding", has=page.locator("mark", has_text="93")).get_by_label("Because").fill(
        "Her age is the point"
    )
    page.get_by_role("button", name="Keep it").locator("visible=true").click()
    page.get_by_text("Stays, because: Her age is the point").wait_for()
    page.get_by_role("button", name="Replace all").click()
    page.get_by_text("It is answered.").wait_for()

    page.get_by_label("Add a picture").set_input_files(lettered())
    page.get_by_label("What it shows").fill("Both hands")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("only its bare pixels were kept").wait_for()
    page.get_by_role("button", name="Publish the case").click()
    page.get_by_text("Look at the pictures").wait_for()  # refused: nothing was covered yet
    boxes = page.locator(".redaction-box")
    offered = boxes.count()
    assert offered >= 1
    page.get_by_role("button", name="Add a box").click()
    before = boxes.last.bounding_box()
    page.keyboard.press("ArrowRight")
    assert boxes.last.bounding_box()["x"] > before["x"]
    page.keyboard.press("Delete")
    assert boxes.count() == offered
    by_finger(page, boxes)
    assert boxes.count() == offered
    assert accessible(page) == []
    assert fits(page)
    page.get_by_role("button", name="Burn in").click()
    page.get_by_text("What was covered is gone from the picture.").wait_for()
    page.get_by_role("button", name="Publish the case").click()
    page.get_by_text("Your case is published.").wait_for()
    for each in ("Eleanor", "2009", "617-555-0143"):
        assert each not in page.content()
    assert page.get_by_alt_text("Both hands").evaluate("image => image.naturalWidth") > 0
    address = page.url

    colleague = enter(site, make_member(handle="stethos", until=clock.now() + timedelta(days=9)))
    colleague.goto(address)
    colleague.get_by_label("Your comment").fill("Think of *erythema migrans*.")
    colleague.get_by_role("button", name="Comment").click()
    colleague.get_by_role("heading", name="1 comment").wait_for()

    page.goto(address)
    page.get_by_role("link", name="This solved it").click()
    page.get_by_text("Think of erythema migrans").wait_for()
    page.get_by_role("button", name="Yes, mark the case as solved").click()
    page.get_by_text("Solved the case").wait_for()
    colleague.goto(f"{site}/notifications/")
    expect(colleague.get_by_text("A rash that wanders").first).to_be_visible()
    assert said == [] or all("400" in each for each in said)
    context.close()


def test_a_draft_saves_itself_and_is_gone_on_with(site, browser):
    context = browser.new_context(viewport={"width": 390, "height": 860})
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    page.goto(f"{site}/postings/new")
    page.get_by_label("Title").fill("Half a thought")
    page.get_by_label("Text", exact=True).fill("It goes on **later**.")
    page.get_by_text("Draft saved.").wait_for()
    page.goto(f"{site}/feed/")
    page.goto(f"{site}/postings/drafts/")
    page.get_by_role("link", name="Half a thought").click()
    assert page.get_by_label("Text", exact=True).input_value() == "It goes on **later**."
    page.get_by_role("button", name="Preview").click()
    page.locator(".preview strong", has_text="later").wait_for()
    page.get_by_role("button", name="Add pictures").click()
    page.get_by_role("heading", name="Half a thought").wait_for()
    page.get_by_label("Add a picture").set_input_files(lettered())
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Burn in").click()
    page.get_by_text("What was covered is gone").wait_for()
    assert accessible(page) == []
    assert fits(page)
    page.get_by_role("link", name="Back to your posting").click()
    page.get_by_label("Topic").select_option("health-reform")
    page.get_by_role("button", name="Post", exact=True).click()
    page.get_by_role("heading", name="Half a thought").wait_for()
    expect(page.get_by_alt_text("Picture without a description")).to_be_visible()
    page.goto(f"{site}/postings/drafts/")
    expect(page.get_by_text("No drafts.")).to_be_visible()
    assert said == []
    context.close()


def test_an_answer_is_given_on_a_page_of_its_own_too(site, browser):
    """As from the list of drafts, or from a link opened beside the thread."""
    context = browser.new_context(viewport={"width": 390, "height": 860})
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    page.goto(f"{site}/feed/")
    page.get_by_role("link", name="What should come first?").click()
    thread = page.url
    page.get_by_label("Your comment").fill("Begun, not ended.")
    page.get_by_text("Draft saved.").wait_for()
    page.goto(f"{site}/postings/drafts/")
    page.get_by_role("link", name="Your words").click()
    page.get_by_label("Your comment").fill("Begun and ended.")
    page.get_by_role("button", name="Comment").click()
    page.get_by_role("heading", name="1 comment").wait_for()
    page.goto(f"{thread}comments?answers=1")
    page.get_by_label("Your answer").fill("Indeed.")
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("heading", name="2 comments").wait_for()
    page.goto(f"{site}/postings/drafts/")
    expect(page.get_by_text("No drafts.")).to_be_visible()
    assert said == []
    context.close()


def test_a_failed_line_is_told_and_words_are_sent_once(site, browser):
    from auscult.community.models import Comment, Posting

    context = browser.new_context(viewport={"width": 390, "height": 860})
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site}/feed/")
    page.get_by_role("link", name="What should come first?").click()
    page.get_by_label("Your comment").fill("Over a bad line.")

    def lost(route):
        route.fetch()  # it arrives, and its answer is lost
        route.abort()

    page.route("**/comments", lost)
    page.get_by_role("button", name="Comment").click()
    page.get_by_text("No connection").wait_for()
    assert accessible(page) == []
    assert page.get_by_label("Your comment").input_value() == "Over a bad line."
    page.unroute("**/comments")
    page.get_by_role("button", name="Comment").click()
    page.get_by_role("heading", name="1 comment").wait_for()
    assert page.get_by_text("No connection").count() == 0
    assert Comment.objects.count() == 1

    page.goto(f"{site}/postings/new")
    page.get_by_label("Title").fill("Pressed twice")
    page.get_by_label("Text", exact=True).fill("By a cold finger.")
    page.get_by_label("Topic").select_option("health-reform")
    page.get_by_role("button", name="Post", exact=True).dblclick()
    page.get_by_role("heading", name="Pressed twice").wait_for()
    assert Posting.objects.filter(title="Pressed twice").count() == 1
    context.close()


def test_the_time_zone_of_the_device_is_offered(site, browser):
    context = browser.new_context(timezone_id="America/New_York")
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    page.goto(f"{site}/notifications/settings")
    page.get_by_role("button", name="This device: America/New_York").click()
    page.get_by_role("button", name="Save").first.click()
    page.get_by_text("Mails come as you said").wait_for()
    assert page.get_by_label("Your time zone").input_value() == "America/New_York"
    assert page.get_by_role("button", name="This device").count() == 0
    assert said == []
    context.close()


def test_what_is_typed_before_the_script_comes_is_saved_too(site, browser):
    context = browser.new_context()
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    held = []
    page.route("**/writing*.js", lambda route: held.append(route))
    page.goto(f"{site}/postings/new", wait_until="commit")
    page.get_by_label("Title").fill("Early")
    assert len(held) == 1
    held[0].continue_()
    page.get_by_text("Draft saved.").wait_for()
    assert said == []
    context.close()


def test_a_form_sent_while_its_draft_is_being_saved_leaves_one_draft(site, browser):
    from auscult.community.models import Draft

    context = browser.new_context()
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    page.goto(f"{site}/postings/new")

    pressed = []

    def save(route):
        if pressed:
            route.continue_()
            return
        # The draft is stored; its number arrives only after the button was pressed.
        answer = route.fetch()
        pressed.append(page.get_by_role("button", name="Add pictures").click(no_wait_after=True))
        with contextlib.suppress(playwright.Error):  # where the page did not wait for it
            route.fulfill(response=answer)

    page.route("**/postings/drafts/save", save)
    page.get_by_label("Title").fill("In a hurry")
    page.get_by_role("heading", name="In a hurry").wait_for()
    assert [each.fields["title"] for each in Draft.objects.all()] == ["In a hurry"]
    assert said == []
    context.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_report_is_decided_appealed_and_overturned_by_somebody_else(site, enter, make_member, javascript):
    from auscult.community.models import Posting
    from auscult.shared import clock

    until = clock.now() + timedelta(days=9)
    people = {name: make_member(handle=name, until=until) for name in ("seller", "reader")}
    judges = [make_member(handle=name, until=until, roles=("moderator",)) for name in ("judge-one", "judge-two")]
    pages = {name: enter(site, who, java_script_enabled=javascript) for name, who in people.items()}
    posting = f"{site}/postings/{Posting.objects.get().pk}/"

    seller, reader = pages["seller"], pages["reader"]
    seller.goto(posting)
    seller.get_by_label("Your comment").fill("Write to me for a discount.")
    seller.get_by_role("button", name="Comment").click()
    seller.get_by_role("heading", name="1 comment").wait_for()

    reader.goto(posting)
    reader.locator(".comment-tools").get_by_role("link", name="Report").click()
    reader.get_by_label("advertis").first.check()
    reader.get_by_role("button", name="Report").click()
    reader.wait_for_url(lambda url: "flag" not in url)

    first = enter(site, judges[0], 1280, java_script_enabled=javascript)
    first.goto(f"{site}/moderation/")
    expect(first.get_by_text("Write to me for a discount.")).to_be_visible()
    assert "reader" not in first.content().replace("readers", "")  # nobody sees who reported
    first.get_by_label("You look; to decide, begin a session").fill("The queue of the morning")
    first.get_by_role("button", name="Begin a session").click()
    first.get_by_text("Decide", exact=True).first.click()
    first.get_by_label("Measure").select_option("remove")
    first.get_by_label("Rule").select_option("advertising")
    first.get_by_label("Passage").fill("a discount")
    first.get_by_label("Reason, for the author").fill("It sells something.")
    first.get_by_role("button", name="Decide").click()
    first.get_by_text("Nothing waits.").wait_for()

    seller.goto(f"{site}/notifications/")
    seller.get_by_role("link", name="Open").first.click()
    seller.get_by_text("It sells something.").wait_for()
    seller.get_by_label("Appeal").fill("It is a price that everybody gets.")
    seller.get_by_role("button", name="Appeal").click()
    seller.get_by_text("It waits for another moderator.").wait_for()
    first.goto(f"{site}/moderation/")
    expect(first.get_by_text("You decided this; somebody else decides the appeal.")).to_be_visible()

    second = enter(site, judges[1], java_script_enabled=javascript)
    second.goto(f"{site}/moderation/")
    second.get_by_label("You look; to decide, begin a session").fill("The appeals of the week")
    second.get_by_role("button", name="Begin a session").click()
    second.get_by_label("Why").fill("A list price is no advertisement.")
    second.get_by_role("button", name="Overturn it").click()
    second.get_by_text("Write to me for a discount.").wait_for(state="detached")
    reader.goto(posting)
    expect(reader.get_by_text("Write to me for a discount.")).to_be_visible()
    reader.goto(f"{site}/moderation/log/")
    expect(reader.get_by_text("It sells something.")).to_be_visible()
    assert "seller" not in reader.locator("main").inner_text()


@pytest.fixture
def lively(site, make_member):
    """A site on which a thread, a case, a flag, a decision and a draft exist; its moderator, and the pages to look at."""
    from auscult.community.actions.comments import add_comment, edit_comment
    from auscult.community.actions.connections import state_connection
    from auscult.community.actions.drafts import save_draft
    from auscult.community.actions.moderation import begin_staff_session, flag_words, take_measure
    from auscult.community.actions.pictures import add_picture
    from auscult.community.actions.postings import create_posting
    from auscult.community.models import Decision, Posting
    from auscult.community.rules.moderation import FlagReason, Measure, Rule
    from auscult.members.models import Account
    from auscult.members.queries.standing import get_standing
    from auscult.shared import clock

    now = clock.now()
    until = now + timedelta(days=90)
    me = get_standing(Account.objects.get(email="physician@example.org").pk, now)
    moderator = make_member(handle="judge", until=until, roles=("moderator",))
    other = make_member(handle="lamp", until=until)
    posting = Posting.objects.get().pk
    state_connection(standing=other, now=now, kind="paid", party="Larkspur Therapeutics", product_class="inhibitors",
                     topics=[], began_on=now.date(), ended_on=None)  # fmt: skip
    above = 0
    for n in range(5):
        above = add_comment(
            standing=other, now=now, posting_id=posting, parent=above or None, body=f"Deeper, {n}."
        ).number
    edit_comment(
        standing=other, now=now + timedelta(hours=1), posting_id=posting, number=1, body="> Quoted\n\nEdited, @judge."
    )
    mine = add_comment(standing=me, now=now, posting_id=posting, body="Mine.").number
    flag_words(standing=me, now=now, posting_id=posting, number=2, reason=FlagReason.SPAM, words="It sells.")
    flag_words(standing=other, now=now, posting_id=posting, number=mine, reason=FlagReason.SPAM, words="It sells.")
    begin_staff_session(standing=moderator, now=now, reason="The queue of the morning")
    take_measure(standing=moderator, now=now, posting_id=posting, number=mine, measure=Measure.REMOVE, rule=Rule.ADVERTISING,
                 passage="Mine", reason="It sells something.")  # fmt: skip
    fields = {"title": "A rash", "body": TEXT, "topic": "health-reform", "case_state": "unsolved"}
    case = save_draft(standing=me, now=now, draft_id=None, kind="case", posting_id=None, parent=0, fields=fields)
    words = save_draft(standing=me, now=now, draft_id=None, kind="posting", posting_id=None, parent=0, fields=fields)
    for draft in (case, words):
        add_picture(standing=me, now=now, draft_id=draft, data=lettered()["buffer"], description="Hands")
    shown = save_draft(standing=me, now=now, draft_id=None, kind="posting", posting_id=None, parent=0, fields=fields)
    plain = io.BytesIO()
    Image.new("L", (300, 200), 90).save(plain, "PNG")
    add_picture(standing=me, now=now, draft_id=shown, data=plain.getvalue(), description="A hand")
    decision = Decision.objects.get().pk
    words_of_mine = {"title": "A posting of mine", "body": WIDE, "topic": "health-reform"}
    own = create_posting(standing=me, now=now, draft_id=shown, **words_of_mine).pk
    return site, moderator, [
        "/feed/", "/feed/?sort=newest", "/feed/ranking", "/feed/health-reform/", f"/postings/{posting}/",
        f"/postings/{posting}/?at=5", f"/postings/{own}/", f"/postings/{own}/edit", f"/postings/{own}/pictures",
        f"/postings/{posting}/history?comment=1",
        f"/postings/{posting}/comments", f"/postings/{posting}/comments?quote=1", f"/postings/{posting}/flag?comment=1",
        "/search/", "/search/?q=deeper", "/search/?q=nothinglikeit", "/colleagues/lamp/", "/colleagues/morning-rounds/",
        "/mine/connections/", "/notifications/", "/notifications/settings", "/moderation/log/", "/moderation/figures/",
        f"/moderation/decisions/{decision}/", "/rules/", "/cases/new", f"/cases/drafts/{case}/", "/postings/drafts/",
        f"/postings/drafts/{words}/pictures", f"/postings/new?draft={words}",
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_and_is_accessible(lively, browser, enter, width, scheme):
    site, moderator, paths = lively
    context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
    page = context.new_page()
    said = watch(page)
    sign_in(page, site)
    wrong = {}
    for who, those in (
        (page, paths),
        (enter(site, moderator, width, color_scheme=scheme), ["/moderation/", *paths[4:7]]),
    ):
        for path in those:
            status = who.goto(site + path).status
            problems = accessible(who) if status == 200 else [status]
            if problems or not fits(who):
                wrong[path] = problems or "wider than the screen"
            if lost := who.evaluate(LOST_TARGETS):
                wrong[path] = lost
    assert wrong == {}
    assert said == []
    context.close()
